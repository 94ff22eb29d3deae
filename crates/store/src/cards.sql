-- Gift cards and store credit.
create table card (
    card_id     blob    not null primary key,
    kind        text    not null,
    code        text    not null,
    customer_id blob,
    order_id    blob,
    line        integer,
    counter_id  blob    not null,
    staff_id    blob,
    issued_ms   integer not null,
    expires_ms  integer,
    reason      text    not null,
    approved_by blob
) strict, without rowid;

-- Two devices apart from each other may sell the same code; the first one issued is found by it.
create index card_by_code on card (code, issued_ms, card_id);
create index card_by_time on card (issued_ms, card_id);
create index card_of_order on card (order_id) where order_id is not null;
create index card_of_customer on card (customer_id, issued_ms) where customer_id is not null;

-- A card's balance is the sum of its entries; the newest of blocked and unblocked says which it is.
create table card_entry (
    movement_id  blob    not null primary key,
    card_id      blob    not null,
    stamp        integer not null,
    device_id    blob    not null,
    why          text    not null,
    amount_minor integer not null,
    order_id     blob,
    tender_id    blob,
    counter_id   blob    not null,
    staff_id     blob,
    business_day integer not null,
    at_ms        integer not null,
    reason       text    not null,
    approved_by  blob
) strict, without rowid;

create index card_entry_of_card on card_entry (card_id, stamp, device_id, why, amount_minor);
create index card_entry_of_tender on card_entry (tender_id) where tender_id is not null;
