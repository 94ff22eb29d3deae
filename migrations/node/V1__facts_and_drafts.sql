-- V1 : the fact log, who this device is, and what belongs to this device alone.
-- Older builds: there are none.
-- Views are not made here: they can be dropped and computed again (crates/store/src/views.sql).

create table fact (
    device_id blob    not null,
    seq       integer not null,
    fact_id   blob    not null,
    shop_id   blob    not null,
    branch_id blob    not null,
    stamp     integer not null,
    actor_id  blob,
    kind      integer not null,
    version   integer not null,
    body      blob    not null,
    hash      blob    not null,
    constraint fact_seq_is_positive check (seq > 0),
    primary key (device_id, seq)
) strict, without rowid;

create index fact_by_stamp on fact (stamp, device_id);

-- The signed end of each transaction.
create table head (
    device_id blob    not null,
    seq       integer not null,
    hash      blob    not null,
    signature blob    not null,
    primary key (device_id, seq)
) strict, without rowid;

-- Facts whose bodies could not be read or whose views could not be updated. They block nothing.
create table quarantine (
    device_id blob    not null,
    seq       integer not null,
    reason    text    not null,
    primary key (device_id, seq)
) strict, without rowid;

-- One row: this device.
create table identity (
    only_one   integer not null primary key,
    device_id  blob    not null,
    shop_id    blob    not null,
    branch_id  blob    not null,
    counter_id blob    not null,
    ordinal    integer not null,
    lane       integer not null,
    secret_key blob    not null,
    number_key blob    not null,
    currency   text    not null,
    demo       integer not null,
    last_stamp integer not null,
    constraint identity_is_one check (only_one = 1)
) strict;

-- Open and parked carts: durable drafts of this device, not facts. The cart that was paid last stays for a while, so
-- that a payment that is undone brings it back.
create table cart (
    cart_id   blob    not null primary key,
    seat_id   blob    not null,
    state     text    not null,
    label     text    not null default '',
    parked_ms integer,
    order_id  blob,
    draft     blob    not null,
    constraint cart_state_is_known check (state in ('open', 'parked', 'paid'))
) strict, without rowid;

create unique index cart_open_once on cart (seat_id) where state = 'open';

-- Wrong PINs in a row, by person and by where they were typed.
create table pin_failure (
    staff_id  blob    not null,
    place     text    not null,
    failures  integer not null,
    last_ms   integer not null,
    primary key (staff_id, place)
) strict, without rowid;

-- Writes that were answered: the same id and content gets the same answer, another content is refused.
create table answered_write (
    write_id blob    not null primary key,
    content  blob    not null,
    answer   text    not null,
    at_ms    integer not null
) strict, without rowid;

-- What this device wants to remember for itself (the demo's PINs, the paired second monitor …).
create table local_value (
    name  text not null primary key,
    value text not null
) strict, without rowid;

-- Which build may open this file.
create table guard (
    only_one     integer not null primary key,
    oldest_build integer not null,
    views        integer not null,
    constraint guard_is_one check (only_one = 1)
) strict;

insert into guard values (1, 1, 0);
