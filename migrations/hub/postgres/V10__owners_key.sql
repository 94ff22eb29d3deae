-- V10 : which key the owners' second factors are sealed under.
-- Older builds can still open the books, but nobody signs in at their page: they take the seals for secrets.
-- The same tables and names as in SQLite.

create table owners_key (
    one      integer not null primary key check (one = 1),
    -- Not the key: its name, by which another one is told from it.
    key_name bytea   not null
);
