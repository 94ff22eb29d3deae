-- Campaigns and what became of their letters, computed from facts.

create table campaign (
    campaign_id blob    not null primary key,
    stamp       integer not null,
    device_id   blob    not null,
    at_ms       integer not null,
    staff_id    blob,
    name        text    not null,
    channel     text    not null,
    body        blob    not null -- the fact's own bytes
) strict, without rowid;

create index campaign_by_time on campaign (at_ms, campaign_id);

create table campaign_person (
    campaign_id blob    not null,
    customer_id blob    not null,
    outcome     text,             -- null: nothing is known yet
    why         text    not null,
    at_ms       integer not null,
    stamp       integer not null,
    device_id   blob    not null,
    primary key (campaign_id, customer_id)
) strict, without rowid;
