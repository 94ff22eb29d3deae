-- Tax classes and the shop's tax numbers: every version that was ever set; the newest counts.

create table tax_class_version (
    class_id  blob    not null,
    stamp     integer not null,
    device_id blob    not null,
    staff_id  blob,
    body      blob    not null, -- as the fact says it
    primary key (class_id, stamp, device_id)
) strict, without rowid;

create table tax_identity_version (
    identity_id blob    not null,
    stamp       integer not null,
    device_id   blob    not null,
    staff_id    blob,
    body        blob    not null,
    primary key (identity_id, stamp, device_id)
) strict, without rowid;
