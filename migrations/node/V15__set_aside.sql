-- V15 : what people said about facts that are set aside here, and which facts a newer build wrote.
-- Older builds: can open the file; they keep no notes and count no newer facts.

-- "Leave it aside": somebody looked at it and knows why it can stay as it is.
create table set_aside_note (
    device_id blob    not null,
    seq       integer not null,
    note      text    not null,
    staff_id  blob,
    at_ms     integer not null,
    primary key (device_id, seq)
) strict, without rowid;

-- Facts of kinds or versions that this build does not know. They are kept and passed on; a build that knows them shows
-- them with its first start.
create table newer_fact (
    device_id blob    not null,
    seq       integer not null,
    kind      integer not null,
    version   integer not null,
    primary key (device_id, seq)
) strict, without rowid;
