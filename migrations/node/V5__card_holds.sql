-- V5 : what payments under way keep of gift cards.
-- Older builds: cannot open the file; they would let somebody else spend what is kept.
-- Device-own: a hold lasts as long as the payment that this device asked for.

create table card_hold (
    payment_id   blob    not null,
    card_id      blob    not null,
    amount_minor integer not null,
    constraint card_hold_is_positive check (amount_minor > 0),
    primary key (payment_id, card_id)
) strict, without rowid;

create index card_hold_of_card on card_hold (card_id);

update guard set oldest_build = 5;
