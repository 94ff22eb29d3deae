-- V3 : this device's printers, and what they have to print.
-- Older builds: cannot open the file; they would sell without printing what waits.
-- Nothing of it is synced: a printer hangs on one device, and so does its queue.

create table printer (
    printer_id  blob    not null primary key,
    name        text    not null,
    driver      text    not null,
    address     text    not null,
    profile     text    not null,  -- a JSON object: how it is spoken to
    jobs        text    not null,  -- a JSON array: what it prints
    fallback_id blob,              -- who prints when it cannot
    drawer      integer not null,
    tells       integer,           -- whether it answers questions about its state; null: nobody knows yet
    added_ms    integer not null,
    used_ms     integer,
    constraint printer_drawer_is_yes_or_no check (drawer in (0, 1)),
    constraint printer_tells_is_yes_or_no check (tells in (0, 1)),
    constraint printer_is_not_its_own_fallback check (fallback_id <> printer_id)
) strict, without rowid;

-- What was or is to be printed, in the order of asking. A job that came out keeps its row, which counts the copies, and
-- loses its payload.
create table print_job (
    n          integer primary key,
    job_id     blob    not null unique,
    printer_id blob,
    kind       text    not null,
    order_id   blob,
    paper_id   blob,               -- the credit note, when an order has several papers of a kind
    number     integer,
    document   text,
    copy       integer not null,
    payload    blob    not null,   -- JSON: what stands on the paper
    state      text    not null,
    sent       integer not null,   -- whether some of it may have come out
    moved      integer not null,   -- whether the fall-back printer has it
    why        text,
    attempts   integer not null,
    staff_id   blob,
    created_ms integer not null,
    changed_ms integer not null,
    constraint print_job_state_is_known
        check (state in ('queued', 'printing', 'printed', 'unsure', 'failed', 'discarded')),
    constraint print_job_copies_count_from_one check (copy >= 1)
) strict;

create index print_job_open on print_job (printer_id, n) where state in ('queued', 'printing', 'unsure', 'failed');
create index print_job_of_order on print_job (order_id, kind) where order_id is not null;

update guard set oldest_build = 3;
