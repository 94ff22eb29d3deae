-- V13 : who decides for the branch, as far as this device has promised; and carts that go from till to till.
-- Older builds: may not open the file; they would answer for the branch without asking the others.

-- What this device has said in elections, written down before it is said.
create table leading (
    one           integer not null primary key,
    device_id     blob    not null, -- who said it: a copy of these books says nothing for another device
    term          integer not null,
    voted         blob,             -- for whom, in that term
    won           integer not null, -- this device leads the term
    needed        integer not null, -- nobody is elected without it
    voters_term   integer not null,
    voters_change integer not null,
    voters        blob    not null, -- devices, 16 bytes each
    constraint leading_is_one_row check (one = 1)
) strict, without rowid;

-- Carts of this device that were at another till, or were asked for there.
create table cart_hop (
    cart_id blob    not null primary key,
    hop     integer not null, -- how often it changed hands
    take_id blob    unique,   -- asked for, and not put down here yet
    seat_id blob
) strict, without rowid;

update guard set oldest_build = 13;
