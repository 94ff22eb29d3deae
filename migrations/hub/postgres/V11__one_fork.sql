-- V11 : of a device that showed two histories one proof is kept, and no more what was in it.
-- Older builds can still open the books, but cannot note that a device was copied.
-- The same tables and names as in SQLite.

create table fork_anew (
    shop_id   uuid    not null,
    device_id uuid    not null,
    -- The first number under which they differ.
    seq       bigint  not null,
    -- Where the other one was signed; not known of what earlier builds noted.
    upto_seq  bigint,
    hash      bytea   not null,
    signature bytea   not null,
    seen_ms   bigint  not null,
    primary key (shop_id, device_id)
);

insert into fork_anew
select distinct on (shop_id, device_id) shop_id, device_id, seq, null::bigint, hash, substring(bytes from octet_length(bytes) - 63), seen_ms
from fork order by shop_id, device_id, seen_ms, seq, hash;

drop table fork;
alter table fork_anew rename to fork;
