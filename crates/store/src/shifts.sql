-- Shifts, and every movement of money, from facts. Each table stands for itself, so that it does not matter in which
-- order the facts of several devices arrive.

create table shift (
    shift_id     blob    not null primary key,
    device_id    blob    not null,
    branch_id    blob    not null,
    counter_id   blob    not null,
    seat_id      blob    not null,
    seat         integer not null,
    staff_id     blob,
    opened_ms    integer not null,
    business_day integer not null,
    body         blob    not null
) strict, without rowid;

create index shift_by_time on shift (opened_ms, shift_id);
create index shift_of_seat on shift (seat_id, opened_ms);

create table shift_close (
    shift_id     blob    not null primary key,
    stamp        integer not null,
    staff_id     blob,
    closed_ms    integer not null,
    business_day integer not null,
    prefix       text    not null,
    fiscal_year  text    not null,
    document_no  integer not null,
    body         blob    not null
) strict, without rowid;

create index shift_close_by_time on shift_close (closed_ms, shift_id);

-- Cash moved by hand, and drawers handed to somebody else.
create table shift_move (
    movement_id  blob    not null primary key,
    shift_id     blob    not null,
    kind         text    not null,
    currency     text    not null,
    amount_minor integer not null,
    reason       text    not null,
    to_staff     blob,
    staff_id     blob,
    approved_by  blob,
    at_ms        integer not null,
    body         blob    not null
) strict, without rowid;

create index shift_move_of_shift on shift_move (shift_id, at_ms, movement_id);
create index shift_move_of_tips on shift_move (at_ms, movement_id) where kind = 'tips';

-- X reports and addenda.
create table shift_report (
    report_id    blob    not null primary key,
    shift_id     blob    not null,
    kind         text    not null, -- x or addendum
    prefix       text    not null,
    fiscal_year  text    not null,
    document_no  integer not null,
    staff_id     blob,
    made_ms      integer not null,
    business_day integer not null,
    body         blob    not null
) strict, without rowid;

create index shift_report_of_shift on shift_report (shift_id, made_ms, report_id);
create index shift_report_by_time on shift_report (made_ms, report_id);

-- Every movement of money, signed, with the place of its fact in its device's series: a report that has seen that
-- device up to there has counted it.
create table money_entry (
    device_id        blob    not null,
    seq              integer not null,
    n                integer not null,
    branch_id        blob    not null,
    shift_id         blob,
    counter_id       blob    not null,
    business_day     integer not null,
    at_ms            integer not null,
    kind             text    not null,
    cause            text    not null, -- why it is so: taken, moved, split, cancelled, refunded, paid, by_hand, no_sale
    method           text    not null,
    provider         text    not null,
    amount_minor     integer not null,
    tip_minor        integer not null,
    rounding_minor   integer not null,
    cash_minor       integer not null,
    foreign_currency text,
    foreign_minor    integer not null,
    sign             integer not null, -- 1 counted, -1 taken back
    tender_id        blob,
    order_id         blob,
    subject_id       blob,
    staff_id         blob,
    primary key (device_id, seq, n)
) strict, without rowid;

create index money_entry_of_shift on money_entry (shift_id, device_id, seq) where shift_id is not null;
create index money_entry_no_sale on money_entry (counter_id, at_ms) where cause = 'no_sale_somewhere';
create index money_entry_of_tender on money_entry (tender_id) where tender_id is not null;
create index money_entry_of_subject on money_entry (subject_id) where kind = 'tips';
create index money_entry_by_day on money_entry (business_day, method);

-- How far the Z and the addenda of a shift have seen each device's series.
create table shift_seen (
    shift_id  blob    not null,
    device_id blob    not null,
    seq       integer not null,
    primary key (shift_id, device_id)
) strict, without rowid;

-- In which shift an order was placed, or else paid first: its taxes and discounts are that shift's.
create table shift_order (
    order_id  blob    not null primary key,
    shift_id  blob,
    device_id blob    not null,
    seq       integer not null
) strict, without rowid;

create index shift_order_of_shift on shift_order (shift_id) where shift_id is not null;

create table batch (
    batch_id     blob    not null primary key,
    day          integer not null,
    method       text    not null,
    provider     text    not null,
    system_minor integer not null,
    system_count integer not null,
    batch_minor  integer not null,
    batch_count  integer,
    reference    text    not null,
    note         text    not null,
    staff_id     blob,
    at_ms        integer not null
) strict, without rowid;

create index batch_by_day on batch (day, at_ms);
