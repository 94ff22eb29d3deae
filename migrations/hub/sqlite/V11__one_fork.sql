-- V11 : of a device that showed two histories one proof is kept, and no more what was in it.
-- Older builds can still open the books, but cannot note that a device was copied.
-- The same tables and names as on PostgreSQL.

create table fork_anew (
    shop_id   blob    not null,
    device_id blob    not null,
    -- The first number under which they differ.
    seq       integer not null,
    -- Where the other one was signed; not known of what earlier builds noted.
    upto_seq  integer,
    hash      blob    not null,
    signature blob    not null,
    seen_ms   integer not null,
    primary key (shop_id, device_id)
) strict, without rowid;

insert into fork_anew
select shop_id, device_id, seq, null, hash, substr(bytes, -64), seen_ms
from (select *, row_number() over (partition by shop_id, device_id order by seen_ms, seq, hash) as n from fork)
where n = 1;

drop table fork;
alter table fork_anew rename to fork;
