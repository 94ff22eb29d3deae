-- V1 : organisations, shops, the series of their devices.
-- Older builds: there are none.
-- The same tables and names as in SQLite. Whatever belongs to a shop has the shop in its key, so that the tables can be
-- spread by shop; organisation, invitation and shop are small and stay whole.

create table organisation (
    organisation_id uuid    not null primary key,
    name            text    not null unique,
    most_shops      bigint  not null,
    most_devices    bigint  not null,
    suspended       boolean not null,
    created_ms      bigint  not null
);

-- What lets somebody register shops. Only the hash of the word is kept.
create table invitation (
    word_hash       bytea   not null primary key,
    organisation_id uuid    not null references organisation (organisation_id),
    shops_left      bigint  not null,
    until_ms        bigint  not null,
    constraint invitation_is_not_overdrawn check (shops_left >= 0)
);

create table shop (
    shop_id         uuid    not null primary key,
    organisation_id uuid    not null references organisation (organisation_id),
    founder_id      uuid    not null,
    founder_key     bytea   not null,
    -- Raised with every ruling, so that each instance sees that its list of devices is old.
    rulings           bigint  not null,
    series          bigint  not null,
    created_ms      bigint  not null
);

-- Where each series stands. Growing one is a compare-and-swap of this row, which leaves room for it on its page.
create table series (
    shop_id   uuid    not null,
    device_id uuid    not null,
    seq       bigint  not null,
    hash      bytea   not null,
    stamp     bigint  not null,
    primary key (shop_id, device_id)
) with (fillfactor = 50);

-- The transactions of a series, as they came and as they are sent on. They are dense already: squeezing them again
-- only costs time.
create table series_part (
    shop_id     uuid    not null,
    device_id   uuid    not null,
    upto_seq    bigint  not null,
    after_seq   bigint  not null,
    hash        bytea   not null,
    received_ms bigint  not null,
    bytes       bytea   not null,
    constraint series_part_has_facts check (upto_seq > after_seq and after_seq >= 0),
    primary key (shop_id, device_id, upto_seq)
);
alter table series_part alter column bytes set storage external;

-- Who was let in and shut out, taken from the facts.
create table ruling (
    shop_id    uuid   not null,
    by_id      uuid   not null,
    seq        bigint not null,
    device_id  uuid   not null,
    public_key bytea,
    ordinal    bigint,
    until_seq  bigint,
    until_hash bytea,
    constraint ruling_lets_in_or_shuts_out check ((public_key is null) <> (until_seq is null)),
    primary key (shop_id, by_id, seq)
);

-- What a device signed under a number that it had given to other facts.
create table fork (
    shop_id   uuid   not null,
    device_id uuid   not null,
    seq       bigint not null,
    hash      bytea  not null,
    seen_ms   bigint not null,
    bytes     bytea  not null,
    primary key (shop_id, device_id, seq, hash)
);
