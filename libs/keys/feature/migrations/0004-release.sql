-- Whether a version may leave the vault, and under which policy (contentType, data, immutable). Versions of before never leave.
ALTER TABLE key_versions ADD COLUMN exportable boolean NOT NULL DEFAULT false;
ALTER TABLE key_versions ADD COLUMN release_policy jsonb;
ALTER TABLE key_versions ADD CHECK (exportable = (release_policy IS NOT NULL));

-- Signs the answers of release: made at the first one, shared by all instances, no projection.
CREATE TABLE release_signing_key (
  singleton      boolean PRIMARY KEY DEFAULT true CHECK (singleton),
  -- X.509, DER, self-signed: what recipients pin.
  certificate    bytea   NOT NULL,
  term           integer NOT NULL,
  wrapped_dek    bytea   NOT NULL,
  -- PKCS#8 under the DEK.
  sealed_private bytea   NOT NULL
);
