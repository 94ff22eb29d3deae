-- Lines of orders of which more went out or back than was ordered, as only devices apart from each other can do it.
create table anomaly (
    order_id       blob    not null,
    line           integer not null,
    kind           text    not null, -- given_twice, refunded_twice, given_and_refunded, given_and_cancelled,
                                       -- refunded_and_cancelled
    over_milli     integer not null,
    refunded_minor integer not null,
    primary key (order_id, line)
) strict, without rowid;

-- What somebody looked at, and how much it weighed then. Of several the latest word counts, and the most weight.
create table anomaly_settled (
    key        text    not null primary key,
    weight     integer not null,
    note       text    not null,
    staff_id   blob,
    settled_ms integer not null,
    stamp      integer not null,
    device_id  blob    not null
) strict, without rowid;
