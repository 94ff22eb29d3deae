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
