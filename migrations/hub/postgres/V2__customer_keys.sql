-- V2 : the keys of customers, sealed by the shop's devices, and who confirmed that one is erased.
-- Older builds can still open the books.
-- The same tables and names as in SQLite.

create table sealed_key (
    shop_id     uuid   not null,
    customer_id uuid   not null,
    -- Null: erased, and never kept again.
    sealed      bytea,
    since_ms    bigint not null,
    primary key (shop_id, customer_id)
);

create table key_erasure (
    shop_id      uuid   not null,
    customer_id  uuid   not null,
    device_id    uuid   not null,
    confirmed_ms bigint not null,
    primary key (shop_id, customer_id, device_id)
);
