-- V10 : which letters belong to a campaign, so that news wait behind documents and stop when somebody says no.
-- Older builds: cannot open the file; they would send news to people who said no since.
-- Nothing of it is synced: what became of each letter is a fact.

alter table mail add column campaign_id blob;

create index mail_of_campaign on mail (campaign_id, subject_id) where campaign_id is not null;

update guard set oldest_build = 10;
