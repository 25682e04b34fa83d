-- A rebuild replays the log vault by vault, so it may meet a name's present holder before one that was purged long ago. It
-- defers this check to its end; appends go on to be refused at once.
ALTER TABLE vaults DROP CONSTRAINT vaults_name_key_key,
                   ADD CONSTRAINT vaults_name_key_key UNIQUE (name_key) DEFERRABLE INITIALLY IMMEDIATE;
