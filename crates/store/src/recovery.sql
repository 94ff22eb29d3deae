-- The shop's recovery keys. Backups are made for the one of the highest generation.
create table recovery_key (
    device_id  blob    not null, -- who set it
    seq        integer not null,
    generation integer not null,
    recipient  text    not null,
    public_key blob    not null,
    stamp      integer not null,
    set_ms     integer not null,
    actor_id   blob,
    primary key (device_id, seq)
) strict, without rowid;

-- Devices that began from a backup, and from whose.
create table device_restored (
    device_id    blob    not null primary key,
    recovery_key blob    not null,
    backup_by    blob    not null,
    backup_ms    integer not null,
    restored_ms  integer not null
) strict, without rowid;
