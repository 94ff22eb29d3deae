-- V3 : small sums of what shops sold, computed from their facts.
-- Older builds can still open the books; they leave the sums where they are.
-- The same tables and names as on PostgreSQL. All of it can be deleted: it is computed again.

create table rollup_shop (
    shop_id blob    not null primary key,
    -- As of how many rulings: what one cuts off has the sums computed anew.
    rulings integer not null
) strict, without rowid;

-- How far each series is counted.
create table rollup_place (
    shop_id   blob    not null,
    device_id blob    not null,
    seq       integer not null,
    primary key (shop_id, device_id)
) strict, without rowid;

-- What counts once: orders, payments, refunds; and what each of them adds.
create table rollup_item (
    shop_id blob    not null,
    item_id blob    not null,
    -- The order of a payment; else itself.
    of_id   blob    not null,
    counted integer not null,
    parts   blob    not null,
    primary key (shop_id, item_id)
) strict, without rowid;
create index rollup_item_of on rollup_item (shop_id, of_id);

-- Cancelled orders and void payments, whether or not they have arrived.
create table rollup_strike (
    shop_id blob not null,
    id      blob not null,
    primary key (shop_id, id)
) strict, without rowid;

create table rollup_sum (
    shop_id   blob    not null,
    day       integer not null,
    branch_id blob    not null,
    what      integer not null,
    key       blob    not null,
    number    integer not null,
    milli     integer not null,
    minor     integer not null,
    primary key (shop_id, day, branch_id, what, key)
) strict, without rowid;

-- What products, branches and counters are called.
create table rollup_word (
    shop_id   blob    not null,
    about     text    not null,
    id        blob    not null,
    text      text    not null,
    stamp     integer not null,
    device_id blob    not null,
    primary key (shop_id, about, id)
) strict, without rowid;
