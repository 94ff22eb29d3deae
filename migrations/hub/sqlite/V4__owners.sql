-- V4 : owners of shops, who sign in at the hub's page.
-- Older builds can still open the books.
-- The same tables and names as on PostgreSQL. Like organisations they are few and stay whole, by their login.

-- What a device of the shop offered its owner; used up or too old soon.
create table owner_offer (
    code_hash blob    not null primary key,
    shop_id   blob    not null references shop (shop_id),
    staff_id  blob    not null,
    name      text    not null,
    secret    blob    not null,
    until_ms  integer not null
) strict, without rowid;

create table owner (
    login         text    not null primary key,
    shop_id       blob    not null references shop (shop_id),
    staff_id      blob    not null,
    name          text    not null,
    password      text    not null,
    secret        blob    not null,
    -- The authenticator's last step that was used: none opens twice.
    step          integer not null,
    failures      integer not null,
    wait_until_ms integer not null
) strict, without rowid;
create index owner_of_shop on owner (shop_id, staff_id);

create table owner_recovery (
    login     text not null,
    code_hash blob not null,
    primary key (login, code_hash)
) strict, without rowid;

create table owner_session (
    session_id    blob    not null primary key,
    login         text    not null,
    token_hash    blob    not null,
    previous_hash blob    not null,
    created_ms    integer not null,
    rotated_ms    integer not null,
    agent         text    not null
) strict, without rowid;
create index owner_session_by_token on owner_session (token_hash);
create index owner_session_by_previous on owner_session (previous_hash);
create index owner_session_of on owner_session (login);
