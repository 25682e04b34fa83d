-- Read models of /keys, written inside the append transaction. Times are Unix seconds.

-- One row per incarnation of a key; a soft-deleted key keeps its row and its name.
CREATE TABLE key_current (
  object_id            text   COLLATE "C" PRIMARY KEY,
  vault_id             text   COLLATE "C" NOT NULL,
  -- Lower case: names compare case-insensitively.
  name_key             text   COLLATE "C" NOT NULL,
  name                 text   NOT NULL,
  latest_version       text   COLLATE "C" NOT NULL,
  deleted_date         bigint,
  scheduled_purge_date bigint,
  -- Also what makes two creators of one new name collide.
  UNIQUE (vault_id, name_key)
);

-- Lists page by name; each of the two has an index without the other's rows, so that a page costs the same in any vault.
CREATE INDEX key_current_active  ON key_current (vault_id, name_key) WHERE deleted_date IS NULL;
CREATE INDEX key_current_deleted ON key_current (vault_id, name_key) WHERE deleted_date IS NOT NULL;
CREATE INDEX key_current_due     ON key_current (scheduled_purge_date, object_id) WHERE scheduled_purge_date IS NOT NULL;

CREATE TABLE key_versions (
  object_id   text    COLLATE "C" NOT NULL,
  version     text    COLLATE "C" NOT NULL,
  -- Stream version of the event that made it: the order in which versions came to be, whatever the clock said.
  ordinal     bigint  NOT NULL,
  -- JWK members of the public half.
  public      jsonb   NOT NULL,
  key_ops     text[]  NOT NULL,
  enabled     boolean NOT NULL,
  nbf         bigint,
  exp         bigint,
  created     bigint  NOT NULL,
  updated     bigint  NOT NULL,
  -- Row of `material` with the private key.
  material_id text    COLLATE "C" NOT NULL,
  -- Tags, as the event carries them: ciphertext under the object's DEK, base64url.
  sealed      text,
  PRIMARY KEY (object_id, version),
  UNIQUE (object_id, ordinal)
);
