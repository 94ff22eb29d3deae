-- V29 : an import may say at which branches products are sold, and is taken back whole.
-- Older builds: may open the file; they do not take back an import that says so.

create table catalog_change_anew (
    run_id    blob    not null,
    n         integer not null,
    register  text    not null,
    record_id blob    not null,
    before    blob,            -- the fields as they were; null: the run made the record
    after     blob    not null,
    constraint catalog_change_register_is_known
        check (register in ('product', 'price', 'category', 'brand', 'sold_at')),
    primary key (run_id, n)
) strict, without rowid;
insert into catalog_change_anew select run_id, n, register, record_id, before, after from catalog_change;
drop table catalog_change;
alter table catalog_change_anew rename to catalog_change;
