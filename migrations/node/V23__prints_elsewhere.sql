-- V23 : print jobs that one device does for another.
-- Older builds: cannot open the file; they would print for another device what it may have taken elsewhere meanwhile.
-- Nothing of it is synced.

-- Told to another device: it may be on paper there, whatever is known here.
alter table print_job add column given integer not null default 0;
-- Of another device: whose it is, and which of its tries this is.
alter table print_job add column for_device blob;
alter table print_job add column for_try integer not null default 0;

update guard set oldest_build = 23;
