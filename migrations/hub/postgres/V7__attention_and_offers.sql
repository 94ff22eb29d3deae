-- V7 : which device asked for an owner's code, and whether somebody still has to say yes; what devices say needs
-- attention; who the owners of a shop are, as its facts name them.
-- Older builds can still open the books, but make no new logins.
-- The same tables and names as in SQLite.

-- They live for minutes: whoever has one asks for another.
drop table owner_offer;

create table owner_offer (
    code_hash bytea   not null primary key,
    shop_id   uuid    not null,
    staff_id  uuid    not null,
    name      text    not null,
    secret    bytea   not null,
    until_ms  bigint  not null,
    by_id     uuid    not null,
    confirmed boolean not null
);
create index owner_offer_of_shop on owner_offer (shop_id, staff_id);

-- The last word of each device, as it was signed.
create table matter_report (
    shop_id     uuid   not null,
    device_id   uuid   not null,
    time_ms     bigint not null, -- as the device says
    received_ms bigint not null,
    signature   bytea  not null,
    body        bytea  not null,
    primary key (shop_id, device_id)
);

-- The series are read once more, for the people in them; what was counted stays counted.
delete from rollup_place;
