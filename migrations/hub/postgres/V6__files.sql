-- V6 : what lies in files beside the books: backups of shops, sealed for their recovery cards, and old facts.
-- Older builds can open the books as long as nothing was sealed; then they miss the old facts.
-- The same tables and names as in SQLite.

-- In all of its shops.
alter table organisation add column most_backup_bytes bigint not null default 50000000000;

-- The row comes before the first piece and goes after the last; the pieces are files.
create table backup (
    shop_id   uuid    not null,
    backup_id uuid    not null,
    device_id uuid    not null,
    -- The public half of the card that opens it. Whoever asks with the other half does not say which shop it is.
    card_key  bytea   not null,
    made_ms   bigint  not null,
    bytes     bigint  not null,
    -- 0: its pieces come; 1: whole; 2: its pieces are being deleted.
    state     bigint  not null,
    since_ms  bigint  not null,
    -- What its device says of it, signed.
    about     bytea   not null,
    constraint backup_state_is_known check (state in (0, 1, 2)),
    primary key (shop_id, backup_id)
);
create index backup_of_card on backup (card_key);

-- A run of a series that lies in a file, or is on its way there; the transactions of a sealed one are in no other table.
create table segment (
    shop_id      uuid    not null,
    device_id    uuid    not null,
    upto_seq     bigint  not null,
    after_seq    bigint  not null,
    -- Of the series, where the run begins and ends.
    hash_before  bytea   not null,
    hash_after   bytea   not null,
    -- Of the file, which is named by it.
    file_hash    bytea   not null,
    bytes        bigint  not null,
    transactions bigint  not null,
    -- 0: its file is being written; 1: sealed; 2: given up.
    state        bigint  not null,
    since_ms     bigint  not null,
    constraint segment_has_facts check (upto_seq > after_seq and after_seq >= 0),
    constraint segment_state_is_known check (state in (0, 1, 2)),
    primary key (shop_id, device_id, upto_seq)
);
