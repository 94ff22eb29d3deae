-- Documents after they were made, and quotations.

-- Corrections of an issued document's buyer; the document itself is the order.
create table invoice_revision (
    order_id     blob    not null,
    stamp        integer not null,
    device_id    blob    not null,
    at_ms        integer not null,
    business_day integer not null,
    staff_id     blob,
    customer_id  blob,
    buyer        blob    not null, -- as the fact says it
    reason       text    not null,
    content      blob    not null,
    primary key (order_id, stamp, device_id)
) strict, without rowid;

create index invoice_revision_by_day on invoice_revision (business_day, order_id);

-- Who stands readable on a document, to be found by: its last version.
create table invoice_buyer (
    order_id   blob    not null primary key,
    stamp      integer not null,
    device_id  blob    not null,
    name       text    not null, -- folded
    tax_number text    not null
) strict, without rowid;

create index invoice_buyer_by_name on invoice_buyer (name);
create index invoice_buyer_by_tax_number on invoice_buyer (tax_number);

create table invoice_due (
    order_id  blob    not null primary key,
    due_day   integer not null, -- 0 is none
    stamp     integer not null,
    device_id blob    not null
) strict, without rowid;

create index invoice_due_by_day on invoice_due (due_day) where due_day > 0;

-- How what an order left on an account is paid in parts: the last plan.
create table instalment_plan (
    order_id      blob    not null primary key,
    stamp         integer not null,
    device_id     blob    not null,
    at_ms         integer not null,
    charged_minor integer not null, -- what the order had put on the account by then
    parts         blob    not null  -- days and amounts, as the fact says them
) strict, without rowid;

-- What left the house, to whom as far as a fact may say it.
create table document_sent (
    subject_id blob    not null,
    stamp      integer not null,
    device_id  blob    not null,
    kind       text    not null,
    revision   integer not null,
    way        text    not null,
    sent_to    text    not null,
    at_ms      integer not null,
    staff_id   blob,
    primary key (subject_id, stamp, device_id)
) strict, without rowid;

-- The newest version of each.
create table quotation (
    quotation_id blob    not null primary key,
    stamp        integer not null,
    device_id    blob    not null,
    made_ms      integer not null, -- of the first version that is known
    staff_id     blob,
    valid_until  integer not null,
    prefix       text    not null,
    fiscal_year  text    not null,
    document_no  integer not null,
    customer_id  blob,
    total_minor  integer not null,
    content      blob    not null
) strict, without rowid;

create index quotation_by_time on quotation (made_ms, quotation_id);
create index quotation_of_customer on quotation (customer_id, made_ms) where customer_id is not null;

create table quotation_version (
    quotation_id blob    not null,
    stamp        integer not null,
    device_id    blob    not null,
    staff_id     blob,
    body         blob    not null, -- the fact's own
    primary key (quotation_id, stamp, device_id)
) strict, without rowid;

-- The last word on it.
create table quotation_move (
    quotation_id blob    not null primary key,
    stamp        integer not null,
    device_id    blob    not null,
    state        text    not null,
    at_ms        integer not null,
    staff_id     blob,
    reason       text    not null
) strict, without rowid;

create index order_of_quotation on "order" (quotation_id) where quotation_id is not null;
