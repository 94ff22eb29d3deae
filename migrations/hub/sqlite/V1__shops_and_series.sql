-- V1 : organisations, shops, the series of their devices.
-- Older builds: there are none.
-- The same tables and names as on PostgreSQL.

create table organisation (
    organisation_id blob    not null primary key,
    name            text    not null unique,
    most_shops      integer not null,
    most_devices    integer not null,
    suspended       integer not null,
    created_ms      integer not null
) strict, without rowid;

-- What lets somebody register shops. Only the hash of the word is kept.
create table invitation (
    word_hash       blob    not null primary key,
    organisation_id blob    not null references organisation (organisation_id),
    shops_left      integer not null,
    until_ms        integer not null,
    constraint invitation_is_not_overdrawn check (shops_left >= 0)
) strict, without rowid;

create table shop (
    shop_id         blob    not null primary key,
    organisation_id blob    not null references organisation (organisation_id),
    founder_id      blob    not null,
    founder_key     blob    not null,
    -- Raised with every ruling, so that each instance sees that its list of devices is old.
    rulings           integer not null,
    series          integer not null,
    created_ms      integer not null
) strict, without rowid;

-- Where each series stands. Growing one is a compare-and-swap of this row.
create table series (
    shop_id   blob    not null references shop (shop_id),
    device_id blob    not null,
    seq       integer not null,
    hash      blob    not null,
    stamp     integer not null,
    primary key (shop_id, device_id)
) strict, without rowid;

-- The transactions of a series, as they came and as they are sent on.
create table series_part (
    shop_id     blob    not null,
    device_id   blob    not null,
    upto_seq    integer not null,
    after_seq   integer not null,
    hash        blob    not null,
    received_ms integer not null,
    bytes       blob    not null,
    constraint series_part_has_facts check (upto_seq > after_seq and after_seq >= 0),
    primary key (shop_id, device_id, upto_seq)
) strict;

-- Who was let in and shut out, taken from the facts.
create table ruling (
    shop_id   blob    not null,
    by_id     blob    not null,
    seq       integer not null,
    device_id blob    not null,
    public_key blob,
    ordinal   integer,
    until_seq integer,
    until_hash blob,
    constraint ruling_lets_in_or_shuts_out check ((public_key is null) <> (until_seq is null)),
    primary key (shop_id, by_id, seq)
) strict, without rowid;

-- What a device signed under a number that it had given to other facts.
create table fork (
    shop_id   blob    not null,
    device_id blob    not null,
    seq       integer not null,
    hash      blob    not null,
    seen_ms   integer not null,
    bytes     blob    not null,
    primary key (shop_id, device_id, seq, hash)
) strict;
