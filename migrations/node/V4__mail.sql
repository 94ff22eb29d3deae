-- V4 : the letters of this device that are on their way.
-- Older builds: cannot open the file; they would not send what waits.
-- Nothing of it is synced: whoever wrote a letter sends it, and what went is a fact.

create table mail (
    n           integer primary key,
    mail_id     blob    not null unique,
    kind        text    not null,    -- invoice, credit_note, quotation, statement or test
    subject_id  blob,                -- what it is about
    revision    integer not null,
    document    text,
    to_name     text    not null,
    to_address  text    not null,    -- forgotten with the rest of the letter some time after it went
    title       text    not null,
    body        text    not null,
    file_name   text,
    file        blob,                -- let go once the letter went
    state       text    not null,
    why         text,                -- one word
    said        text,                -- what the server said
    attempts    integer not null,
    next_ms     integer not null,    -- when it is tried next
    staff_id    blob,
    created_ms  integer not null,
    changed_ms  integer not null,
    constraint mail_state_is_known check (state in ('queued', 'sending', 'sent', 'failed', 'discarded'))
) strict;

create index mail_open on mail (next_ms, n) where state = 'queued';
create index mail_of_subject on mail (subject_id) where subject_id is not null;

update guard set oldest_build = 4;
