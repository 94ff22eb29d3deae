-- V2 : the keys of customers, sealed by the shop's devices, and who confirmed that one is erased.
-- Older builds can still open the books.
-- The same tables and names as on PostgreSQL.

create table sealed_key (
    shop_id     blob    not null references shop (shop_id),
    customer_id blob    not null,
    -- Null: erased, and never kept again.
    sealed      blob,
    since_ms    integer not null,
    primary key (shop_id, customer_id)
) strict, without rowid;

create table key_erasure (
    shop_id      blob    not null references shop (shop_id),
    customer_id  blob    not null,
    device_id    blob    not null,
    confirmed_ms integer not null,
    primary key (shop_id, customer_id, device_id)
) strict, without rowid;
