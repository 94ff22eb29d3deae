-- The places of the shop. What each is called and where it lies are settings of its own.
create table branch (
    branch_id blob    not null primary key,
    opened_ms integer not null,
    closed_ms integer,
    record    blob    not null
) strict, without rowid;

-- What is not sold everywhere.
create table branch_product (
    record_id  blob    not null primary key,
    branch_id  blob,
    product_id blob,
    hidden     integer not null,
    record     blob    not null
) strict, without rowid;

create index branch_product_hidden on branch_product (branch_id, product_id) where hidden = 1;
create index branch_product_of_product on branch_product (product_id) where hidden = 1;
