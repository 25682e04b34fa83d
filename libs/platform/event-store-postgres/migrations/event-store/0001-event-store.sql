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

-- Stores the appends of a group: the one statement that takes numbers. Locks (or makes) the head rows of the group's vaults in
-- the order of their ids, so that two groups never wait for each other in a circle; they stay locked from here to the commit,
-- so nothing slow comes after it. `back` counts an event from the last one of its vault in the group. Text lists are separated
-- by line feeds, which JSON text never holds; entries at the same place belong together.
-- A stream that has moved on, or a command that ran before, is a unique violation; a gap in a stream a serialization failure.
CREATE FUNCTION append_events(
  vault_ids text, added integer[],
  event_vault_ids text, back integer[], event_ids text, stream_ids text, stream_versions integer[], append_sizes smallint[],
  types text, schema_versions smallint[], times text, bodies text, seals text, metas text,
  audit_ids text, audit_keys text, audit_bodies text)
RETURNS TABLE (head_vault_id text, head_seq bigint, head_epoch integer)
LANGUAGE plpgsql AS $$
BEGIN
  RETURN QUERY
  WITH head AS (
    INSERT INTO vault_head AS h (vault_id, seq, epoch)
    SELECT v.vault_id, v.added, 1
      FROM unnest(string_to_array(vault_ids, E'\n'), added) AS v (vault_id, added)
     ORDER BY v.vault_id COLLATE "C"
    ON CONFLICT (vault_id) DO UPDATE SET seq = h.seq + excluded.seq
    RETURNING h.vault_id, h.seq, h.epoch
  ), event AS (
    INSERT INTO events (stream_id, stream_version, vault_id, vault_seq, epoch, event_id, append_size, type, schema_version,
                        recorded_at, data, sealed, meta)
    SELECT e.stream_id, e.stream_version, head.vault_id, head.seq - e.back, head.epoch, e.event_id, e.append_size, e.type,
           e.schema_version, e.recorded_at::timestamptz, e.data::json, nullif(e.sealed, ''), e.meta::json
      FROM unnest(string_to_array(event_vault_ids, E'\n'), back, string_to_array(event_ids, E'\n'),
                  string_to_array(stream_ids, E'\n'), stream_versions, append_sizes, string_to_array(types, E'\n'),
                  schema_versions, string_to_array(times, E'\n'), string_to_array(bodies, E'\n'),
                  string_to_array(seals, E'\n'), string_to_array(metas, E'\n'))
           AS e (vault_id, back, event_id, stream_id, stream_version, append_size, type,
                 schema_version, recorded_at, data, sealed, meta)
      JOIN head ON head.vault_id = e.vault_id
  )
  SELECT head.vault_id, head.seq, head.epoch FROM head;

  IF EXISTS (
    SELECT FROM unnest(string_to_array(event_vault_ids, E'\n'), string_to_array(stream_ids, E'\n'), stream_versions)
                AS n (vault_id, stream_id, stream_version)
     -- A subquery with LIMIT stays one, and finds its row by the primary key: as a join it would be planned for the empty
     -- table of a new database, and read all of it ever after.
     WHERE n.stream_version > 1 AND n.vault_id IS DISTINCT FROM (
       SELECT e.vault_id FROM events e WHERE e.stream_id = n.stream_id AND e.stream_version = n.stream_version - 1 LIMIT 1))
  THEN
    RAISE EXCEPTION 'a stream is shorter than expected' USING ERRCODE = 'serialization_failure';
  END IF;

  IF audit_ids <> '' THEN
    INSERT INTO audit_inbox (record_id, key, body)
    SELECT * FROM unnest(string_to_array(audit_ids, E'\n'), string_to_array(audit_keys, E'\n'),
                         string_to_array(audit_bodies, E'\n'));
  END IF;
END
$$;
