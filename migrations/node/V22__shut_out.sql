-- V22 : the notice by which this device heard that it was shut out, as those who refuse it handed it over.
-- Older builds: can open the file; they do not know why nobody takes what they bring.

create table shut_out (
    only_one integer not null primary key,
    notice   blob    not null, -- transactions of others, each signed by who wrote it
    heard_ms integer not null,
    constraint shut_out_is_one check (only_one = 1)
) strict;
