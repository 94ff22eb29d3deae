-- Whom the owner chose to decide for a branch, for each term by the last stamp. A reader takes the highest that counts.
create table hub_appointed (
    branch_id    blob    not null,
    term         integer not null,
    device_id    blob    not null,
    stamp        integer not null,
    appointed_by blob    not null, -- the device that wrote it
    appointed_ms integer not null,
    primary key (branch_id, term)
) strict, without rowid;

-- Carts that were at more than one till and became an order; two orders of one cart were paid apart.
create table cart_order (
    cart_id   blob    not null,
    order_id  blob    not null,
    paid_ms   integer not null,
    primary key (cart_id, order_id)
) strict, without rowid;
