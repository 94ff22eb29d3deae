-- Prices beside the catalogue's plain ones, and what else a product is made of.

create table price (
    price_id    blob    not null primary key,
    product_id  blob,
    unit        text    not null,
    level       text,             -- null: for everybody
    customer_id blob,
    from_milli  integer not null,
    first_day   integer,
    last_day    integer,
    minor       integer not null,
    ended_ms    integer,
    branch_id   blob,             -- null: everywhere
    record      blob    not null
) strict, without rowid;

create index price_of_product on price (product_id, unit);
create index price_of_customer on price (customer_id) where customer_id is not null;

-- Every plain price that was ever set, one row a fact and unit. What it was before is the row before.
create table price_change (
    product_id blob    not null,
    stamp      integer not null,
    device_id  blob    not null,
    unit       text    not null, -- empty: the base unit
    minor      integer,          -- null: what it holds times the base unit's price
    staff_id   blob,
    primary key (product_id, stamp, device_id, unit)
) strict, without rowid;

create table price_level (
    level_id       blob    not null primary key,
    name           text    not null,
    names          text    not null,
    position       integer not null,
    customer_types text    not null, -- a JSON array
    percents       text    not null, -- a JSON array: category, percent, category …
    step_minor     integer not null,
    inclusive      integer,          -- null: as the shop's prices
    archived_ms    integer,
    record         blob    not null
) strict, without rowid;

create table brand (
    brand_id    blob    not null primary key,
    name        text    not null,
    archived_ms integer,
    record      blob    not null
) strict, without rowid;

create table modifier_group (
    group_id    blob    not null primary key,
    name        text    not null,
    names       text    not null,
    least       integer not null,
    most        integer not null,
    options     text    not null, -- a JSON array
    position    integer not null,
    archived_ms integer,
    record      blob    not null
) strict, without rowid;

-- Where each picture lies in the log; its bytes stay in the fact.
create table picture (
    picture_id blob    not null primary key,
    mime       text    not null,
    width      integer not null,
    height     integer not null,
    device_id  blob    not null,
    seq        integer not null
) strict, without rowid;
