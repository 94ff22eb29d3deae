-- V9 : since when recovery cards with backups here do not hold any more.
-- Older builds can still open the books.
-- The same tables and names as in SQLite.

create table former_card (
    shop_id  uuid    not null,
    -- The public half.
    card_key bytea   not null,
    since_ms bigint  not null,
    primary key (shop_id, card_key)
);
