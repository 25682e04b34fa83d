-- The key hierarchy: what is needed to recognise the root key, and the KEKs that it wraps.

-- Tells a wrong root key from the right one before anything is served.
CREATE TABLE keyring_root (
  singleton   boolean PRIMARY KEY DEFAULT true CHECK (singleton),
  -- Public facts about how the root key is had, such as the salt of a passphrase.
  parameters  jsonb NOT NULL,
  -- A value wrapped under the root key.
  check_value bytea NOT NULL,
  created_at  timestamptz NOT NULL
);

CREATE TABLE keks (
  vault_id   text    COLLATE "C" NOT NULL,
  -- Which service's data it protects: keys, secrets, identity.
  purpose    text    COLLATE "C" NOT NULL,
  -- From 1; a number is never used again.
  term       integer NOT NULL CHECK (term > 0),
  -- Wrapped under the root key; gone once destroyed.
  wrapped    bytea,
  created_at timestamptz NOT NULL,
  -- When a newer term took over.
  retired_at timestamptz,
  state      text    NOT NULL CHECK (state IN ('current', 'retired', 'destroyed')),
  PRIMARY KEY (vault_id, purpose, term),
  CHECK ((state = 'destroyed') = (wrapped IS NULL)),
  CHECK ((state = 'current') = (retired_at IS NULL))
);

CREATE UNIQUE INDEX keks_one_current ON keks (vault_id, purpose) WHERE state = 'current';

-- Purged vaults: nobody makes a KEK for them again.
CREATE TABLE keyring_destroyed_vaults (
  vault_id     text COLLATE "C" PRIMARY KEY,
  destroyed_at timestamptz NOT NULL
);
