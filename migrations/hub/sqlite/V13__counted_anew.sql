-- V13 : whether a shop's sums are all there; payments that count once somebody says that the money came.
-- Older builds can still open the books, but count nothing.
-- The same tables and names as on PostgreSQL.

-- 0: they stand; 1: they are being forgotten; 2: they are being counted anew. Until they stand nothing is said of them.
-- What is counted by now is counted once more: exchanges and payments that came late were not in it as they are.
alter table rollup_shop add column anew integer not null default 1;

-- It counts once it is among those that were captured.
alter table rollup_item add column waits integer not null default 0;

-- Payments of which the money came after all, whether or not they have arrived.
create table rollup_capture (
    shop_id blob not null,
    id      blob not null,
    primary key (shop_id, id)
) strict, without rowid;
