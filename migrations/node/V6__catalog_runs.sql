-- V6 : what an import or a change of many prices did on this device, so that it can be taken back in one step.
-- Older builds: may open the file; they undo nothing.
-- Nothing of it is synced: undoing writes facts like any other change.

create table catalog_run (
    run_id    blob    not null primary key,
    kind      text    not null,
    name      text    not null,
    at_ms     integer not null,
    staff_id  blob,
    created   integer not null,
    changed   integer not null,
    undone_ms integer,
    constraint catalog_run_kind_is_known check (kind in ('import', 'prices'))
) strict, without rowid;

create table catalog_change (
    run_id    blob    not null,
    n         integer not null,
    register  text    not null,
    record_id blob    not null,
    before    blob,            -- the fields as they were; null: the run made the record
    after     blob    not null,
    constraint catalog_change_register_is_known check (register in ('product', 'price', 'category', 'brand')),
    primary key (run_id, n)
) strict, without rowid;
