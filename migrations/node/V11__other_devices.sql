-- V11 : what came in from other devices and could not be taken as it was.
-- Older builds: cannot open the file; they know no revocation and would show what it struck out.

-- A device that signed two different facts with one number, and the head that proves it.
create table fork (
    device_id blob    not null,
    seq       integer not null,
    hash      blob    not null, -- theirs; ours stands in the log
    signature blob    not null,
    seen_ms   integer not null,
    primary key (device_id, seq, hash)
) strict, without rowid;

-- Facts that had come in before it was known that their device is revoked from earlier on. They count no more and are
-- kept for whoever asks what happened.
create table struck_fact (
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
    primary key (device_id, seq)
) strict, without rowid;

create table struck_head (
    device_id blob    not null,
    seq       integer not null,
    hash      blob    not null,
    signature blob    not null,
    primary key (device_id, seq)
) strict, without rowid;

-- The facts that say which devices belong to the shop are few and asked for with every delivery.
create index fact_of_devices on fact (kind) where kind in (1, 2, 3);

update guard set oldest_build = 11;
