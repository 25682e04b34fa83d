-- Several instances of one service on one database (docs/adr/0006): what has made caches out of date, and who has heard of it.

-- Last number of `changes`; its row lock, taken last before the commit, makes the numbers follow each other in the order of commits.
CREATE TABLE change_head (
  one  boolean PRIMARY KEY DEFAULT true CHECK (one),
  tseq bigint  NOT NULL
);
INSERT INTO change_head (tseq) VALUES (0);

-- One row per transaction that wrote streams which caches may hold; entries at the same place of the arrays belong together.
CREATE TABLE changes (
  tseq        bigint      PRIMARY KEY,
  vault_ids   text[]      NOT NULL,
  stream_ids  text[]      NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE leases (
  instance_id text        COLLATE "C" PRIMARY KEY,
  -- By the clock of this server: only it writes it and compares with it.
  expires_at  timestamptz NOT NULL,
  -- Every change up to this one is applied by the instance and by everyone it has given a lease to.
  acked       bigint      NOT NULL
) WITH (fillfactor = 50);

-- Records a change as the last thing of its transaction, and wakes the instances when it commits.
CREATE FUNCTION record_change(vault_ids text[], stream_ids text[]) RETURNS bigint LANGUAGE sql AS $$
  WITH head AS (
    UPDATE change_head SET tseq = tseq + 1 RETURNING tseq
  ), change AS (
    INSERT INTO changes (tseq, vault_ids, stream_ids) SELECT tseq, $1, $2 FROM head RETURNING tseq
  )
  SELECT tseq FROM change, pg_notify('coffer_changes', '')
$$;
