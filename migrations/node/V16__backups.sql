-- V16 : where this device's backups go, and what became of the last one.
-- Older builds: cannot open the file; they know no devices that began from a backup, and would refuse their facts.
-- Nothing of it is synced: a folder or a stick is this device's own.

create table backup_target (
    target_id  blob    not null primary key,
    kind       text    not null,
    -- A folder; the id that was written onto a stick; a hub's address.
    place      text    not null,
    label      text    not null,
    added_ms   integer not null,
    -- The last backup that was written, read back and found whole, and how many facts it had.
    made_ms    integer,
    file       text    not null default '',
    bytes      integer not null default 0,
    facts      integer not null default 0,
    -- The last time that it was tried, and the code of what was wrong then; empty when nothing was.
    tried_ms   integer,
    problem    text    not null default '',
    constraint backup_target_kind_is_known check (kind in ('folder', 'stick', 'hub')),
    constraint backup_target_once unique (kind, place)
) strict, without rowid;

update guard set oldest_build = 16;
