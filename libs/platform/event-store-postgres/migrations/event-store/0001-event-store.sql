-- The log of a service, its outbox and the material that its events refer to (docs/life-of-a-request.md).

-- Last number of each vault. Its row lock is what puts a vault's events in order; updated in place.
CREATE TABLE vault_head (
  vault_id text    COLLATE "C" PRIMARY KEY,
  seq      bigint  NOT NULL,
  -- Fencing number of the vault's home region.
  epoch    integer NOT NULL
) WITH (fillfactor = 50);

CREATE TABLE events (
  stream_id      text        COLLATE "C" NOT NULL,
  stream_version integer     NOT NULL,
  vault_id       text        COLLATE "C" NOT NULL,
  vault_seq      bigint      NOT NULL,
  epoch          integer     NOT NULL,
  -- Of an append's first event: its command id, which makes the append idempotent.
  event_id       text        COLLATE "C" NOT NULL,
  -- Events of the append that begins with this event; 0 for the others.
  append_size    smallint    NOT NULL,
  type           text        COLLATE "C" NOT NULL,
  schema_version smallint    NOT NULL,
  recorded_at    timestamptz NOT NULL,
  -- json, not jsonb: what is read must be what was written, member for member.
  data           json        NOT NULL,
  sealed         text        COLLATE "C",
  meta           json        NOT NULL,
  PRIMARY KEY (stream_id, stream_version),
  UNIQUE (vault_id, vault_seq),
  UNIQUE (event_id)
);

-- How far the relay has published each vault.
CREATE TABLE relay_cursor (
  vault_id      text   COLLATE "C" PRIMARY KEY,
  published_seq bigint NOT NULL
) WITH (fillfactor = 50);

-- Ciphertexts with their wrapped DEKs; a purge deletes the rows. kind 'object' and 'identity' with version '' are an object's own DEK.
CREATE TABLE material (
  material_id text    COLLATE "C" PRIMARY KEY,
  object_id   text    COLLATE "C" NOT NULL,
  kind        text    COLLATE "C" NOT NULL,
  version     text    COLLATE "C" NOT NULL,
  -- Of the KEK that wraps the DEK.
  term        integer NOT NULL,
  wrapped_dek bytea   NOT NULL,
  ciphertext  bytea   NOT NULL,
  UNIQUE (object_id, kind, version)
);
-- Ciphertext does not compress.
ALTER TABLE material ALTER COLUMN ciphertext SET STORAGE EXTERNAL;

-- Audit records on their way to the audit log; deleted once the feed has them.
CREATE TABLE audit_inbox (
  position  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  record_id text COLLATE "C" NOT NULL,
  -- Order is kept per key: the vault, or the service for what is outside a vault.
  key       text COLLATE "C" NOT NULL,
  body      text NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);

-- The one statement of an append that takes numbers. The vault's head row stays locked from here to the commit, so nothing
-- slow comes after it. Lists are separated by line feeds, which JSON text never holds; the n-th entries belong together.
-- A stream that has moved on, or a command that ran before, is a unique violation; a gap in a stream is a serialization failure.
CREATE FUNCTION append_events(
  p_vault_id text, p_recorded_at timestamptz, p_meta json,
  p_event_ids text, p_stream_ids text, p_stream_versions integer[], p_types text, p_schema_versions smallint[],
  p_data text, p_sealed text,
  p_audit_id text, p_audit_key text, p_audit_body text,
  OUT base bigint, OUT vault_epoch integer)
LANGUAGE plpgsql AS $$
DECLARE
  size CONSTANT integer := cardinality(p_stream_versions);
BEGIN
  UPDATE vault_head SET seq = seq + size WHERE vault_id = p_vault_id RETURNING seq - size, epoch INTO base, vault_epoch;
  IF NOT FOUND THEN
    INSERT INTO vault_head AS h (vault_id, seq, epoch) VALUES (p_vault_id, size, 1)
    ON CONFLICT (vault_id) DO UPDATE SET seq = h.seq + size
    RETURNING h.seq - size, h.epoch INTO base, vault_epoch;
  END IF;

  INSERT INTO events (stream_id, stream_version, vault_id, vault_seq, epoch, event_id, append_size, type, schema_version,
                      recorded_at, data, sealed, meta)
  SELECT e.stream_id, e.stream_version, p_vault_id, base + e.ordinal, vault_epoch, e.event_id,
         CASE e.ordinal WHEN 1 THEN size ELSE 0 END, e.type, e.schema_version,
         p_recorded_at, e.data::json, nullif(e.sealed, ''), p_meta
    FROM unnest(string_to_array(p_event_ids, E'\n'), string_to_array(p_stream_ids, E'\n'), p_stream_versions,
                string_to_array(p_types, E'\n'), p_schema_versions, string_to_array(p_data, E'\n'),
                string_to_array(p_sealed, E'\n'))
         WITH ORDINALITY AS e (event_id, stream_id, stream_version, type, schema_version, data, sealed, ordinal);

  IF EXISTS (
    SELECT FROM unnest(string_to_array(p_stream_ids, E'\n'), p_stream_versions) AS n (stream_id, stream_version)
     WHERE n.stream_version > 1 AND NOT EXISTS (
       SELECT FROM events e
        WHERE e.stream_id = n.stream_id AND e.stream_version = n.stream_version - 1 AND e.vault_id = p_vault_id))
  THEN
    RAISE EXCEPTION 'the stream is shorter than expected' USING ERRCODE = 'serialization_failure';
  END IF;

  IF p_audit_id IS NOT NULL THEN
    INSERT INTO audit_inbox (record_id, key, body) VALUES (p_audit_id, p_audit_key, p_audit_body);
  END IF;
END
$$;
