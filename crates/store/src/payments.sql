-- Payments through gateways. What is known of one is the set of its steps; the row says what they come to.
create table payment (
    payment_id     blob    not null primary key,
    gateway        text    not null,
    method         text    not null,
    asked_minor    integer not null,
    tip_minor      integer not null,
    cart_id        blob,
    order_id       blob,
    counter_id     blob    not null,
    seat_id        blob    not null,
    staff_id       blob,
    started_ms     integer not null,
    business_day   integer not null,
    device_id      blob,             -- who asks the gateway; null until the first step has arrived
    state          text    not null,
    captured_minor integer not null,
    refunded_minor integer not null,
    kept_minor     integer not null,
    reference      text    not null,
    sold           integer not null, -- a sale stands on it
    holds          integer not null, -- its cart waits for it
    asking         integer not null, -- the gateway's word is still worth asking for
    attention      text
) strict, without rowid;

create index payment_by_time on payment (started_ms, payment_id);
create index payment_to_look_at on payment (started_ms, payment_id) where attention is not null;
create index payment_open on payment (started_ms, payment_id) where asking = 1;
create index payment_of_cart on payment (cart_id) where holds = 1;

create table payment_step (
    payment_id   blob    not null,
    stamp        integer not null,
    device_id    blob    not null,
    step         text    not null,
    reference    text,
    amount_minor integer,
    refund_id    blob,
    reason       text    not null,
    staff_id     blob,
    approved_by  blob,
    at_ms        integer not null,
    primary key (payment_id, stamp, device_id)
) strict, without rowid;

-- The legs of orders that stand on a payment.
create table payment_leg (
    payment_id blob not null,
    tender_id  blob not null,
    order_id   blob not null,
    amount_minor integer not null,
    primary key (payment_id, tender_id)
) strict, without rowid;

create index payment_leg_of_order on payment_leg (order_id);

-- What must go back through the gateway, because its sale was undone, paid another way or refunded.
create table payment_owed (
    payment_id   blob    not null,
    refund_id    blob    not null,
    amount_minor integer not null,
    why          text    not null,
    at_ms        integer not null,
    primary key (payment_id, refund_id)
) strict, without rowid;

create index refund_tender_to on refund_tender (original_id) where original_id is not null;
