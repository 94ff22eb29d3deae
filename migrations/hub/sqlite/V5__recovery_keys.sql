-- V5 : recovery keys of shops, and devices that began from a backup.
-- Older builds: cannot read the rulings of a shop that has one, and refuse its devices until they are replaced.
-- The same tables and names on both engines.

-- Of a recovery key: which of the shop's it is, counted from 1.
alter table ruling add column generation integer;

-- Of a restored device: the recovery key that signed; until_hash is then its first fact, of which the key stands here.
alter table ruling add column recovery_key blob;
