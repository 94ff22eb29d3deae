-- Goods taken back without a receipt.
create table goods_return (
    return_id    blob    not null primary key,
    staff_id     blob,
    at_ms        integer not null,
    business_day integer not null,
    total_minor  integer not null,
    body         blob    not null -- as the fact says it
) strict, without rowid;

create index goods_return_by_day on goods_return (business_day, at_ms, return_id);

-- A refund and an order that are one exchange.
create table exchange (
    order_id     blob    not null primary key,
    refund_id    blob    not null,
    of_order_id  blob    not null,
    amount_minor integer not null,
    at_ms        integer not null
) strict, without rowid;

create unique index exchange_of_refund on exchange (refund_id);

-- Which products an order has, their ids one after the other: one small row, where an index of the lines would change a
-- page for each of them. Ids of orders begin with their time, so what was sold lately lies together.
create table order_products (
    order_id blob not null primary key,
    products blob not null
) strict, without rowid;
