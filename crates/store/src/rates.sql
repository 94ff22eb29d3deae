-- What foreign money is worth, from when on.
create table exchange_rate (
    rate_id   blob    not null primary key,
    currency  text    not null,
    nano      integer,          -- null: not taken any more
    from_ms   integer not null,
    set_ms    integer not null,
    staff_id  blob,
    source    text    not null,
    stamp     integer not null,
    device_id blob    not null
) strict, without rowid;

create index exchange_rate_by_time on exchange_rate (currency, from_ms desc, stamp desc, device_id desc);
