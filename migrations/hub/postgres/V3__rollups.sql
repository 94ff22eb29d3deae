-- V3 : small sums of what shops sold, computed from their facts.
-- Older builds can still open the books; they leave the sums where they are.
-- The same tables and names as in SQLite. All of it can be deleted: it is computed again.

create table rollup_shop (
    shop_id uuid    not null primary key,
    -- As of how many rulings: what one cuts off has the sums computed anew.
    rulings bigint  not null
);

-- How far each series is counted.
create table rollup_place (
    shop_id   uuid    not null,
    device_id uuid    not null,
    seq       bigint  not null,
    primary key (shop_id, device_id)
);

-- What counts once: orders, payments, refunds; and what each of them adds.
create table rollup_item (
    shop_id uuid    not null,
    item_id uuid    not null,
    -- The order of a payment; else itself.
    of_id   uuid    not null,
    counted boolean not null,
    parts   bytea    not null,
    primary key (shop_id, item_id)
);
create index rollup_item_of on rollup_item (shop_id, of_id);

-- Cancelled orders and void payments, whether or not they have arrived.
create table rollup_strike (
    shop_id uuid not null,
    id      uuid not null,
    primary key (shop_id, id)
);

create table rollup_sum (
    shop_id   uuid    not null,
    day       bigint  not null,
    branch_id uuid    not null,
    what      bigint  not null,
    key       bytea    not null,
    number    bigint  not null,
    milli     bigint  not null,
    minor     bigint  not null,
    primary key (shop_id, day, branch_id, what, key)
);

-- What products, branches and counters are called.
create table rollup_word (
    shop_id   uuid    not null,
    about     text    not null,
    id        uuid    not null,
    text      text    not null,
    stamp     bigint  not null,
    device_id uuid    not null,
    primary key (shop_id, about, id)
);
