-- How long the lease lasts: instances may be configured differently. NULL for those of a release that does not say it.
ALTER TABLE leases ADD COLUMN milliseconds integer;
