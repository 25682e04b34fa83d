-- The keys that sign releases follow one another. Their certificates stay: answers of before may still be checked.
ALTER TABLE release_signing_key
  DROP COLUMN singleton,
  ADD COLUMN generation integer NOT NULL DEFAULT 1 PRIMARY KEY,
  -- Unix seconds.
  ADD COLUMN signs_from bigint  NOT NULL DEFAULT extract(epoch FROM now())::bigint,
  -- The private half is destroyed when the next key signs.
  ALTER COLUMN term           DROP NOT NULL,
  ALTER COLUMN wrapped_dek    DROP NOT NULL,
  ALTER COLUMN sealed_private DROP NOT NULL,
  ADD CHECK (num_nulls(term, wrapped_dek, sealed_private) IN (0, 3));
ALTER TABLE release_signing_key ALTER COLUMN generation DROP DEFAULT, ALTER COLUMN signs_from DROP DEFAULT;
