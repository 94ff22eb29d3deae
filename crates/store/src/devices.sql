-- What people call a device and what it is for. A device that nobody named is not here.
create table device_name (
    device_id blob not null primary key,
    name      text not null,
    role      text not null,
    record    blob not null
) strict, without rowid;

-- Every place that a device was ever given: letting it in comes before any move, whatever the clocks said. The last one
-- holds; the numbers of all of them stay taken.
create table device_place (
    device_id  blob    not null,
    rank       integer not null, -- 0 let in, 1 moved
    stamp      integer not null,
    given_by   blob    not null, -- the device that wrote it
    branch_id  blob    not null,
    counter_id blob    not null,
    ordinal    integer not null,
    lane       integer not null,
    given_ms   integer not null,
    primary key (device_id, rank, stamp, given_by)
) strict, without rowid;

-- Revocations: what is accepted of a device's series at all. Of several the strictest counts.
create table device_revoked (
    device_id  blob    not null primary key,
    last_seq   integer not null,
    last_hash  blob    not null,
    stamp      integer not null,
    revoked_by blob    not null, -- the device that wrote it
    revoked_ms integer not null
) strict, without rowid;

-- Facts of one thing whose order matters, in the order in which they count; and patches of a record that nobody has
-- made yet.
create table fact_scope (
    scope_id  blob    not null,
    rank      integer not null,
    stamp     integer not null,
    device_id blob    not null,
    seq       integer not null,
    primary key (scope_id, rank, stamp, device_id)
) strict, without rowid;
