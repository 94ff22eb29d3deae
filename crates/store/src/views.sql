-- The views: computed from facts, dropped and computed again whenever their version changes.

create table product (
    n            integer primary key, -- the short catalogue number: device ordinal * 2^32 + its count
    asked        integer not null,    -- the number it was made with, which another product may have; 0: none that counts
    asked_stamp  integer not null,
    product_id   blob    not null unique,
    name         text    not null,
    names        text    not null,    -- a JSON object: language to name
    sku          text,
    price_minor  integer not null,
    unit         text    not null,
    category_id  blob,
    barcodes     text    not null,    -- a JSON array
    art          text    not null,
    available    integer not null,
    favourite    integer not null,
    position     integer not null,
    open_price   integer not null,
    archived_ms  integer,
    sample       integer not null,
    tax_class_id blob,
    hsn          text    not null,
    brand_id     blob,
    units        text    not null,    -- JSON: the other units it is sold by
    variant_of   blob,
    variant      text    not null,    -- JSON: what makes this variant
    choices      text    not null,    -- JSON: what there is to choose between its variants
    modifiers    text    not null,    -- JSON: the groups it asks
    parts        text    not null,    -- JSON: what a bundle holds
    picture_id   blob,
    record       blob    not null
) strict;

create index product_moved on product (asked, asked_stamp, product_id) where asked <> n;
create index product_variants on product (variant_of, n) where variant_of is not null;
create index product_in_grid_order on product (favourite desc, position, n) where archived_ms is null;
create index product_by_name on product (name collate nocase, n) where archived_ms is null;
create index product_by_category on product (category_id, favourite desc, position, n) where archived_ms is null;
create index product_by_sku on product (sku collate nocase) where sku is not null;

create table product_barcode (
    barcode text    not null,
    n       integer not null,
    tail    text    not null, -- the last four characters, which people type
    unit    text    not null, -- what the code stands for one of
    primary key (barcode, n)
) strict, without rowid;

create index product_barcode_by_tail on product_barcode (tail);
create index product_barcode_of_product on product_barcode (n);

create table product_word (
    word text    not null,
    n    integer not null,
    primary key (word, n)
) strict, without rowid;

create index product_word_of_product on product_word (n, word);

create virtual table product_search using fts5 (folded, tokenize = 'trigram');

create table category (
    category_id blob    not null primary key,
    name        text    not null,
    names       text    not null,
    hue         text    not null,
    parent_id   blob,
    position    integer not null,
    active      integer not null,
    archived_ms integer,
    sample      integer not null,
    record      blob    not null
) strict, without rowid;

create table staff (
    staff_id    blob    not null primary key,
    name        text    not null,
    role        text    not null,
    pin_hash    text    not null,
    language    text,
    hand        text    not null,
    hue         text    not null,
    active      integer not null,
    archived_ms integer,
    at_branches text    not null, -- a JSON array: branch, role, branch …
    record      blob    not null
) strict, without rowid;

create table setting (
    record_id blob not null primary key,
    key       text not null,
    scope     text not null,
    scope_id  blob not null,
    value     text,          -- null: taken back, so that the next wider value counts
    record    blob not null
) strict, without rowid;

create table device (
    device_id  blob    not null primary key,
    key_id     blob    not null,
    public_key blob    not null,
    branch_id  blob    not null,
    counter_id blob    not null,
    ordinal    integer not null,
    lane       integer not null
) strict, without rowid;

create index device_by_key on device (key_id);

create table "order" (
    order_id             blob    not null primary key,
    branch_id            blob    not null,
    counter_id           blob    not null,
    staff_id             blob,
    placed_ms            integer not null,
    business_day         integer not null,
    hour                 integer not null,
    number               integer not null,
    prefix               text    not null,
    fiscal_year          text    not null,
    document_no          integer not null,
    subtotal_minor       integer not null,
    line_discount_minor  integer not null,
    order_discount_minor integer not null,
    inclusive            integer not null, -- prices contain their taxes
    tax_rules            text    not null,
    taxable_minor        integer not null,
    tax_minor            integer not null,
    rounding_minor       integer not null,
    total_minor          integer not null,
    document             text    not null, -- tax_invoice, bill_of_supply, receipt
    customer_id          blob,
    buyer                blob,             -- as the fact says it
    seller               blob    not null,
    place_of_supply      text    not null,
    order_type           text    not null,
    quotation_id         blob,
    seat                 integer not null,
    token_generation     integer not null,
    token_code           text    not null,
    token_issued_ms      integer not null,
    token_expires_ms     integer not null,
    token_number         integer not null,
    number_expires_ms    integer not null,
    content              blob    not null,
    cancelled_ms         integer,
    cancelled_by         blob,
    cancel_reason        text,
    cancelled_day        integer,
    revoked              integer not null, -- no token is good
    progress             integer not null, -- 0 placed, 1 preparing, 2 ready
    preparing_ms         integer,
    ready_ms             integer,
    delivered_ms         integer           -- since when nothing is left to give
) strict, without rowid;

create index order_by_time on "order" (placed_ms, order_id);
create index order_by_day on "order" (business_day, placed_ms, order_id);
create index order_by_number on "order" (number, business_day);
create index order_by_document on "order" (document_no);
create index order_by_token_number on "order" (token_number, number_expires_ms);
create index order_of_customer on "order" (customer_id, placed_ms, order_id) where customer_id is not null;

create table order_line (
    order_id             blob    not null,
    line                 integer not null,
    product_id           blob,
    n                    integer, -- the product's catalogue number
    name                 text    not null,
    unit                 text    not null,
    milli                integer not null,
    unit_price_minor     integer not null,
    gross_minor          integer not null,
    discount_minor       integer not null,
    order_discount_minor integer not null,
    note                 text    not null,
    base_milli           integer not null, -- in the product's base unit
    level                text    not null,
    price_source         text    not null,
    extras               blob    not null, -- modifiers and parts, as the fact says them
    hsn                  text    not null,
    tax_class_id         blob,
    taxable_minor        integer not null,
    tax_minor            integer not null,
    taxes                text    not null, -- JSON: each tax of the order (order_tax.tax) with its amount
    primary key (order_id, line)
) strict, without rowid;

create table order_tax (
    order_id      blob    not null,
    tax           integer not null,
    name          text    not null,
    rate          integer not null, -- in millionths of a percent
    taxable_minor integer not null,
    amount_minor  integer not null,
    primary key (order_id, tax)
) strict, without rowid;

create index order_in_work on "order" (progress, ready_ms) where progress > 0 and delivered_ms is null;
create index order_not_delivered on "order" (placed_ms, order_id) where delivered_ms is null;
create index order_delivered on "order" (delivered_ms) where delivered_ms is not null;

-- Where the units of each line are; what is in no column is open. Moves of an order that has not arrived stand here too.
create table order_units (
    order_id       blob    not null,
    line           integer not null,
    given          integer not null,
    claimed        integer not null,
    kept           integer not null,
    refunded       integer not null,
    refunded_minor integer not null,
    primary key (order_id, line)
) strict, without rowid;

create index order_units_claimed on order_units (order_id) where claimed > 0;

create table order_phone (
    order_id    blob not null primary key,
    customer_id blob not null,
    phone       text           -- null once the customer's key is gone
) strict, without rowid;

create index order_phone_of_customer on order_phone (customer_id);
create index order_by_phone on order_phone (phone) where phone is not null;

-- What happened to an order after it was placed.
create table order_event (
    order_id    blob    not null,
    stamp       integer not null,
    device_id   blob    not null,
    kind        text    not null,
    at_ms       integer not null,
    staff_id    blob,
    reason      text,
    approved_by blob,
    subject_id  blob,          -- the handover, refund … it is about
    primary key (order_id, stamp, device_id)
) strict, without rowid;

create table handover (
    handover_id blob    not null primary key,
    order_id    blob    not null,
    counter_id  blob    not null,
    seat        integer not null,
    staff_id    blob,
    at_ms       integer not null,
    seen        text    not null,
    offline     integer not null,
    content     blob    not null,
    undone_ms   integer
) strict, without rowid;

create index handover_of_order on handover (order_id, at_ms);
create index handover_by_time on handover (at_ms);

create table handover_move (
    handover_id blob    not null,
    n           integer not null,
    line        integer not null,
    from_place  integer not null,
    to_place    integer not null,
    milli       integer not null,
    primary key (handover_id, n)
) strict, without rowid;

create table refund (
    refund_id      blob    not null primary key,
    order_id       blob    not null,
    counter_id     blob    not null,
    seat           integer not null,
    staff_id       blob,
    at_ms          integer not null,
    business_day   integer not null,
    prefix         text    not null,
    fiscal_year    text    not null,
    document_no    integer not null,
    taxable_minor  integer not null,
    tax_minor      integer not null,
    rounding_minor integer not null,
    total_minor    integer not null,
    reason         text    not null,
    approved_by    blob,
    offline        integer not null,
    shift_id       blob,
    content        blob    not null
) strict, without rowid;

create index refund_of_order on refund (order_id, at_ms);
create index refund_by_day on refund (business_day);

create table refund_line (
    refund_id     blob    not null,
    line          integer not null,
    milli         integer not null,
    amount_minor  integer not null,
    taxable_minor integer not null,
    primary key (refund_id, line)
) strict, without rowid;

create table refund_tax (
    refund_id     blob    not null,
    tax           integer not null,
    name          text    not null,
    rate          integer not null,
    taxable_minor integer not null,
    amount_minor  integer not null,
    primary key (refund_id, tax)
) strict, without rowid;

create table refund_line_tax (
    refund_id    blob    not null,
    line         integer not null,
    tax          integer not null,
    amount_minor integer not null,
    primary key (refund_id, line, tax)
) strict, without rowid;

create table refund_move (
    refund_id  blob    not null,
    n          integer not null,
    line       integer not null,
    from_place integer not null,
    to_place   integer not null,
    milli      integer not null,
    primary key (refund_id, n)
) strict, without rowid;

create table refund_tender (
    refund_id           blob    not null,
    tender_id           blob    not null,
    method              text    not null,
    amount_minor        integer not null,
    cash_rounding_minor integer not null,
    reference           text    not null,
    customer_id         blob,
    card_id             blob,
    original_id         blob, -- the leg of the order that it goes back to
    state               integer not null,
    primary key (refund_id, tender_id)
) strict, without rowid;

-- The legs of a payment, void ones too.
create table tender (
    order_id            blob    not null,
    tender_id           blob    not null,
    method              text    not null,
    amount_minor        integer not null,
    received_minor      integer,
    change_minor        integer not null,
    cash_rounding_minor integer not null,
    tip_minor           integer not null,
    reference           text    not null,
    provider            text    not null,
    currency            text,
    foreign_minor       integer,
    rate                integer,
    customer_id         blob,
    card_id             blob,
    payment_id          blob,
    state               integer not null,
    counter_id          blob    not null,
    seat                integer not null,
    staff_id            blob,
    shift_id            blob,
    business_day        integer not null,
    taken_ms            integer not null,
    void_ms             integer,
    void_by             blob,
    void_shift_id       blob,
    void_day            integer,
    split_id            blob,    -- what made it void
    primary key (order_id, tender_id)
) strict, without rowid;

create index tender_of_shift on tender (shift_id) where shift_id is not null;
create index tender_void_in_shift on tender (void_shift_id) where void_shift_id is not null;
create index tender_unsettled on tender (state) where state in (0, 1, 6);
create index tender_by_reference on tender (reference) where reference <> '';

create table tender_split (
    split_id    blob    not null primary key,
    order_id    blob    not null,
    at_ms       integer not null,
    staff_id    blob,
    reason      text    not null,
    approved_by blob,
    content     blob    not null
) strict, without rowid;

create index tender_split_of_order on tender_split (order_id, at_ms);

-- Rollups, so that reports never walk the lines.
create table day_hour (
    branch_id    blob    not null,
    business_day integer not null,
    hour         integer not null,
    orders       integer not null,
    sold_minor   integer not null,
    primary key (branch_id, business_day, hour)
) strict, without rowid;

create table day_product (
    branch_id    blob    not null,
    business_day integer not null,
    product_id   blob    not null,
    milli        integer not null,
    sold_minor   integer not null,
    primary key (branch_id, business_day, product_id)
) strict, without rowid;

create table product_sold (
    n     integer primary key,
    times integer not null
) strict;

-- Where each counter's numbers stand.
create table counter_day (
    counter_id   blob    not null,
    business_day integer not null,
    orders       integer not null,
    primary key (counter_id, business_day)
) strict, without rowid;

create table document_series (
    prefix      text    not null,
    fiscal_year text    not null,
    last        integer not null,
    primary key (prefix, fiscal_year)
) strict, without rowid;

-- Every time a drawer was opened without a sale.
create table drawer_opening (
    opening_id   blob    not null primary key,
    counter_id   blob    not null,
    staff_id     blob,
    why          text    not null,
    order_id     blob,
    approved_by  blob,
    opened_ms    integer not null,
    business_day integer not null,
    reason       text    not null
) strict, without rowid;

create index drawer_opening_by_day on drawer_opening (business_day, opened_ms);
