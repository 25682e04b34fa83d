-- The Merkle tree over the log (RFC 6962), in the tiles of C2SP tlog-tiles, and its signed heads.

-- Number of entries in the tree. The row lock on it lets one instance at a time grow the tree or sign it.
CREATE TABLE audit_tree (
  singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
  size      bigint  NOT NULL
);
INSERT INTO audit_tree (size) VALUES (0);

-- What the leaves commit to, as it was hashed: stays when a readable record goes.
CREATE TABLE audit_entries (
  log_index bigint PRIMARY KEY,
  entry     bytea  NOT NULL
);

-- Hashes of 32 bytes side by side, up to 256; the last one of a level grows until it is full.
CREATE TABLE audit_tiles (
  level  smallint NOT NULL,
  tile   bigint   NOT NULL,
  hashes bytea    NOT NULL,
  PRIMARY KEY (level, tile)
);
ALTER TABLE audit_tiles ALTER COLUMN hashes SET STORAGE EXTERNAL;

-- Every head that was published: one root for a size, for ever.
CREATE TABLE audit_heads (
  size         bigint PRIMARY KEY,
  root         bytea  NOT NULL,
  -- The signed note (C2SP tlog-checkpoint).
  note         text   NOT NULL,
  published_at timestamptz NOT NULL
);
