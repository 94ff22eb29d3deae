-- V27 : what other devices asked this one to print is found at once, however much was printed.
-- Older builds: may open the file.

create index print_job_of_another on print_job (for_device) where for_device is not null;
