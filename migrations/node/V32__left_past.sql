-- V32 : what a device signed in a past that is not the one which the owner named when it was shut out.
-- Older builds: can open the file; they keep whichever of the two pasts they heard of first.

create table left_fact (
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
    wrong     integer not null, -- 1: known not to lead to the end; 0: taken back to find where the pasts part
    primary key (device_id, seq, hash)
) strict, without rowid;

create table left_head (
    device_id blob    not null,
    seq       integer not null,
    hash      blob    not null,
    signature blob    not null,
    primary key (device_id, seq, hash)
) strict, without rowid;
