-- V17 : which customers' keys the hub was given, and of whom it was told that they are erased here.
-- Older builds can still open the file.

create table hub_key (
    customer_id blob    not null primary key,
    erased      integer not null,
    constraint hub_key_erased_is_yes_or_no check (erased in (0, 1))
) strict, without rowid;
