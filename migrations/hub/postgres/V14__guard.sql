-- V14 : which builds the books are still for.
-- Older builds can still open the books; those before this one did not look, and stopped at any they did not know.
-- The same tables and names as in SQLite.

create table guard (
    only_one     bigint not null primary key check (only_one = 1),
    -- A migration that older builds cannot live with sets it to its own number.
    oldest_build bigint not null
);

insert into guard values (1, 13);
