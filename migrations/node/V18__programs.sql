-- V18 : what other programs need: keys, the order in which facts came in, and addresses that are told of them.
-- Older builds: cannot open the file; they would write facts that no program hears of.
-- Nothing of it is synced: a key and a place belong to the node where they were made.

-- The order of arrival. Facts of other devices come when they come, so stamps and series cannot say what is new here.
create table arrival (
    n         integer primary key autoincrement, -- never given twice, whatever is struck out
    device_id blob    not null,
    seq       integer not null
) strict;

insert into arrival (device_id, seq) select device_id, seq from fact order by stamp, device_id, seq;

create table api_key (
    key_id      blob    not null primary key, -- its record of staff goes by the same id
    name        text    not null,
    hash        blob    not null,             -- of the key; the key itself is nowhere
    permissions text    not null,             -- words with blanks between
    near        integer not null,             -- only from this machine
    ends_ms     integer,
    made_ms     integer not null,
    made_by     blob    not null,
    used_ms     integer,
    revoked_ms  integer
) strict, without rowid;

create unique index api_key_by_hash on api_key (hash);

-- An address that is told. Its place in the order of arrival is its whole outbox.
create table webhook (
    hook_id     blob    not null primary key,
    name        text    not null,
    address     text    not null,
    near        integer not null,             -- an address in the house
    events      text    not null,             -- words with blanks between; none is all
    personal    integer not null,             -- customers too
    secret      text    not null,
    state       text    not null,
    place       integer not null,             -- everything up to here is settled
    attempts    integer not null,             -- in vain, for what comes next
    failing_ms  integer,                      -- since when
    next_ms     integer not null,
    made_ms     integer not null,
    made_by     blob    not null,
    constraint webhook_state_is_known check (state in ('on', 'off', 'gave_up'))
) strict, without rowid;

-- The last deliveries of each, for people to look at.
create table webhook_delivery (
    n           integer primary key autoincrement,
    hook_id     blob    not null,
    event_id    blob    not null,
    event       text    not null,
    arrival     integer,                      -- none for a test
    attempt     integer not null,
    status      integer,
    why         text,                         -- one word; none when it was taken
    said        text    not null,
    duration_ms integer not null,
    at_ms       integer not null
) strict;

create index webhook_delivery_of_hook on webhook_delivery (hook_id, n);

update guard set oldest_build = 18;
