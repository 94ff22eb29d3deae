-- V7 : which device asked for an owner's code, and whether somebody still has to say yes; what devices say needs
-- attention; who the owners of a shop are, as its facts name them.
-- Older builds can still open the books, but make no new logins.
-- The same tables and names as on PostgreSQL.

-- They live for minutes: whoever has one asks for another.
drop table owner_offer;

create table owner_offer (
    code_hash blob    not null primary key,
    shop_id   blob    not null references shop (shop_id),
    staff_id  blob    not null,
    name      text    not null,
    secret    blob    not null,
    until_ms  integer not null,
    by_id     blob    not null,
    confirmed integer not null,
    constraint owner_offer_confirmed_is_yes_or_no check (confirmed in (0, 1))
) strict, without rowid;
create index owner_offer_of_shop on owner_offer (shop_id, staff_id);

-- The last word of each device, as it was signed.
create table matter_report (
    shop_id     blob    not null references shop (shop_id),
    device_id   blob    not null,
    time_ms     integer not null, -- as the device says
    received_ms integer not null,
    signature   blob    not null,
    body        blob    not null,
    primary key (shop_id, device_id)
) strict, without rowid;

-- The series are read once more, for the people in them; what was counted stays counted.
delete from rollup_place;
