-- The sequenced audit log. Records are only ever added; their numbers are contiguous.

-- Number of records in the log. The row lock on it puts records in order.
CREATE TABLE audit_log (
  singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
  size      bigint  NOT NULL
);
INSERT INTO audit_log (size) VALUES (0);

-- Number of records of each vault.
CREATE TABLE audit_vaults (
  vault_id text   COLLATE "C" PRIMARY KEY,
  size     bigint NOT NULL
);

CREATE TABLE audit_records (
  -- Position in the log, from 0.
  log_index    bigint PRIMARY KEY,
  record_id    text   COLLATE "C" NOT NULL UNIQUE,
  vault_id     text   COLLATE "C",
  -- Position among the vault's records, from 0.
  vault_index  bigint,
  -- Arrival of the request; log order is not quite this order.
  time         timestamptz NOT NULL,
  sequenced_at timestamptz NOT NULL,
  -- Canonical JSON (RFC 8785). Text, because json and jsonb would not keep the bytes.
  record       text NOT NULL,
  UNIQUE (vault_id, vault_index),
  CHECK ((vault_id IS NULL) = (vault_index IS NULL))
);

-- Inverted index: which records carry a term (vault, object, principal, …), in log order.
CREATE TABLE audit_terms (
  term      text   COLLATE "C" NOT NULL,
  log_index bigint NOT NULL,
  PRIMARY KEY (term, log_index)
);

-- Earliest and latest time within each run of 1024 consecutive records: turns a window of time into bounds of log_index.
CREATE TABLE audit_spans (
  span     bigint      PRIMARY KEY,
  earliest timestamptz NOT NULL,
  latest   timestamptz NOT NULL
);

-- Messages that are no valid record, kept whole until somebody has looked at them.
CREATE TABLE audit_parked (
  -- SHA-256 of the message, so that a second delivery is parked once.
  fingerprint bytea PRIMARY KEY,
  message     text  NOT NULL,
  reason      text  NOT NULL,
  parked_at   timestamptz NOT NULL
);
