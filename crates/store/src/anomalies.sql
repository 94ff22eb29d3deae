-- Lines of orders of which more went out or back than was ordered, as only devices apart from each other can do it.
create table anomaly (
    order_id       blob    not null,
    line           integer not null,
    kind           text    not null, -- given_twice, refunded_twice, given_and_refunded
    over_milli     integer not null,
    refunded_minor integer not null,
    primary key (order_id, line)
) strict, without rowid;
