-- How owners and managers prove from another machine who they are, by the last stamp. What is in the seal is opened
-- when somebody signs in, and nowhere else.
create table second_factor (
    staff_id  blob    not null primary key,
    factor_id blob,                    -- none: taken away
    sealed    blob,
    set_ms    integer not null,
    set_by    blob,
    stamp     integer not null,
    device_id blob    not null
) strict, without rowid;

-- Codes that opened once: steps of the authenticator, numbers of recovery codes.
create table second_factor_used (
    factor_id blob    not null,
    recovery  integer not null,
    code      integer not null,
    used_ms   integer not null,
    primary key (factor_id, recovery, code)
) strict, without rowid;
