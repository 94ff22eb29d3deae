-- V9 : since when recovery cards with backups here do not hold any more.
-- Older builds can still open the books.
-- The same tables and names as on PostgreSQL.

create table former_card (
    shop_id  blob    not null references shop (shop_id),
    -- The public half.
    card_key blob    not null,
    since_ms integer not null,
    primary key (shop_id, card_key)
) strict, without rowid;
