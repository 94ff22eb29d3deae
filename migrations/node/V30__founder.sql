-- V30 : who founded the shop is kept, and no more looked for among all who say so.
-- Older builds: can open the file; they believe whoever says so first in the order of the devices' ids.

create table founder (
    only_one  integer not null primary key,
    device_id blob    not null,
    constraint founder_is_one check (only_one = 1)
) strict;

-- The books began with it, so its fact was here before any other's; by an earlier build it may have been struck out.
insert into founder
select 1, f.device_id
from (select device_id from fact where kind = 1 and seq = 1
      union select device_id from struck_fact where kind = 1 and seq = 1) f
left join arrival a on a.device_id = f.device_id and a.seq = 1
order by a.n is null, a.n limit 1;
