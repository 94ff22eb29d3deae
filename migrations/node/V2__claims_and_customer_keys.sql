-- V2 : who has an order open for handing over, what other devices told about it, the keys of customers' personal
-- data, and the numbers of this node's seats.
-- Older builds: may not open the file; they would hand an order out twice.

-- One row an order: the counter that has it open now, or had it last.
create table claim (
    order_id   blob    not null primary key,
    claim_id   blob    not null unique,
    generation integer not null,
    device_id  blob    not null,
    counter_id blob    not null,
    seat_id    blob    not null,
    seat       integer not null,
    staff_id   blob    not null,
    seen       text    not null,
    at_ms      integer not null,
    expires_ms integer not null,
    offline    integer not null,
    state      text    not null,
    code       text,             -- the token itself, while its order has not arrived here
    constraint claim_state_is_known check (state in ('open', 'released', 'handed')),
    constraint claim_seen_is_known check (seen in ('qr', 'number', 'confirmed', 'refund'))
) strict, without rowid;

-- What another device did with an order, as it told us, until its fact arrives.
create table told_move (
    kind       text    not null,
    subject_id blob    not null,
    n          integer not null,
    order_id   blob    not null,
    line       integer not null,
    from_place integer not null,
    to_place   integer not null,
    milli      integer not null,
    counter_id blob    not null,
    seat       integer not null,
    staff_id   blob,
    at_ms      integer not null,
    primary key (kind, subject_id, n),
    constraint told_kind_is_known check (kind in ('handover', 'undo', 'refund'))
) strict, without rowid;

create index told_move_of_order on told_move (order_id);

-- What this device did and the claim authority has not heard yet.
create table untold (
    kind       text    not null,
    subject_id blob    not null,
    order_id   blob    not null,
    primary key (kind, subject_id)
) strict, without rowid;

-- A customer's key: what is sealed under it is erased with it.
create table customer_key (
    customer_id blob not null primary key,
    key         blob not null
) strict, without rowid;

-- The seats of this node by the order in which they were first used.
create table seat (
    seat_id blob    not null primary key,
    number  integer not null unique
) strict, without rowid;

update guard set oldest_build = 2;
