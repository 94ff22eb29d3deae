-- V20 : when browsers that were let in by a link were last at this device.
-- Older builds: can open the file; they let no such browser in.
-- Nothing of it is synced.

create table link_seen (
    link_id blob    not null primary key,
    seen_ms integer not null,
    address text    not null
) strict, without rowid;
