-- Customers, computed from facts and from the keys that this device still has.

create table customer (
    customer_id  blob    not null primary key,
    since_ms     integer not null, -- the first that was heard of them
    root_id      blob    not null, -- who they are after all merges; themselves, mostly
    name         text,             -- null for a guest with only a phone, and once the key is gone
    sort_name    text    not null,
    phone        text,
    email        text,
    tax_number   text,             -- the last one given
    type         text    not null,
    segment      text    not null,
    level        text,
    region       text,
    limit_minor  integer not null,
    terms_days   integer not null,
    language     text,
    details      text    not null, -- JSON: phones, addresses, tax identities, note, consents
    archived_ms  integer,
    erased_ms    integer,
    erased_by    blob,
    erase_reason text,
    record       blob    not null
) strict, without rowid;

create index customer_by_name on customer (sort_name, customer_id);
create index customer_by_time on customer (since_ms, customer_id);
create index customer_of_root on customer (root_id) where root_id <> customer_id;

create table customer_word (
    word        text not null,
    customer_id blob not null,
    primary key (word, customer_id)
) strict, without rowid;

create index customer_word_of on customer_word (customer_id, word);

create table customer_phone (
    phone       text not null,
    customer_id blob not null,
    primary key (phone, customer_id)
) strict, without rowid;

create index customer_phone_of on customer_phone (customer_id);

-- The first merge of each counts.
create table customer_merge (
    from_id   blob    not null primary key,
    into_id   blob    not null,
    stamp     integer not null,
    device_id blob    not null,
    merged_ms integer not null,
    staff_id  blob
) strict, without rowid;

-- Whose order it is: by the order itself, or by the phone that was bound to it.
create table customer_order (
    order_id blob not null primary key,
    named_id blob,
    phone_id blob,
    root_id  blob not null
) strict, without rowid;

create index customer_order_of on customer_order (root_id, order_id);
