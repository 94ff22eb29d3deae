-- Customers' accounts: a ledger that only adds up.

create table account_entry (
    root_id      blob    not null, -- whose it is after all merges
    at_ms        integer not null,
    entry_id     blob    not null, -- the tender, the refund's tender, the payment or the adjustment
    kind         text    not null, -- sale, sale_void, refund, payment, payment_reversed, opening, write_off, correction
    customer_id  blob    not null, -- as the fact says
    business_day integer not null,
    due_day      integer,          -- of an opening balance; a sale's follows from the customer's terms
    amount_minor integer not null, -- above zero: owes more
    order_id     blob,
    about_id     blob,             -- the refund, the item written off, the payment taken back
    primary key (root_id, at_ms, entry_id, kind)
) strict, without rowid;

create index account_entry_of_order on account_entry (order_id) where order_id is not null;

create table account_balance (
    root_id       blob    not null primary key,
    balance_minor integer not null,
    entries       integer not null
) strict, without rowid;

create index account_owing on account_balance (balance_minor) where balance_minor <> 0;

create table account_payment (
    payment_id     blob    not null primary key,
    customer_id    blob    not null,
    counter_id     blob    not null,
    seat           integer not null,
    staff_id       blob,
    shift_id       blob,
    at_ms          integer not null,
    business_day   integer not null,
    prefix         text    not null,
    fiscal_year    text    not null,
    document_no    integer not null,
    method         text    not null,
    amount_minor   integer not null,
    received_minor integer,
    change_minor   integer not null,
    reference      text    not null,
    note           text    not null,
    content        blob    not null
) strict, without rowid;

create index account_payment_of on account_payment (customer_id, at_ms);
create index account_payment_of_shift on account_payment (shift_id) where shift_id is not null;
create index account_payment_by_day on account_payment (business_day);

create table account_payment_item (
    payment_id   blob    not null,
    item_id      blob    not null,
    amount_minor integer not null,
    primary key (payment_id, item_id)
) strict, without rowid;

create table account_adjustment (
    adjustment_id blob    not null primary key,
    customer_id   blob    not null,
    kind          text    not null,
    amount_minor  integer not null,
    about_id      blob,
    counter_id    blob    not null,
    staff_id      blob,
    shift_id      blob,
    at_ms         integer not null,
    business_day  integer not null,
    due_day       integer not null,
    reason        text    not null,
    approved_by   blob,
    content       blob    not null
) strict, without rowid;

create index account_adjustment_about on account_adjustment (about_id) where about_id is not null;
