-- Browsers that were let in for one purpose. Everything of one stands in its record.
create table device_link (
    link_id   blob not null primary key,
    branch_id blob,
    record    blob not null
) strict, without rowid;
