-- Tips: taken with the legs of payments, paid out in pools.
create index tender_with_tip on tender (business_day, order_id) where tip_minor <> 0;

create table tip_payout (
    payout_id    blob    not null primary key,
    from_day     integer not null,
    to_day       integer not null,
    method       text    not null,
    pool_minor   integer not null,
    counter_id   blob    not null,
    staff_id     blob,
    shift_id     blob,
    business_day integer not null,
    at_ms        integer not null,
    note         text    not null
) strict, without rowid;

create index tip_payout_by_time on tip_payout (at_ms);
create index tip_payout_of_shift on tip_payout (shift_id) where shift_id is not null;

create table tip_share (
    payout_id    blob    not null,
    n            integer not null,
    staff_id     blob    not null,
    weight       integer not null,
    amount_minor integer not null,
    primary key (payout_id, n)
) strict, without rowid;
