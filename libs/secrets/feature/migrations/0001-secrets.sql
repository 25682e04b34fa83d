-- Read models of /secrets, written inside the append transaction. Times are Unix seconds.

-- One row per incarnation of a secret; a soft-deleted secret keeps its row and its name. Every new version updates it in place.
CREATE TABLE secret_current (
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
) WITH (fillfactor = 80);

-- Lists page by name; each of the two has an index without the other's rows, so that a page costs the same in any vault.
CREATE INDEX secret_current_active  ON secret_current (vault_id, name_key) WHERE deleted_date IS NULL;
CREATE INDEX secret_current_deleted ON secret_current (vault_id, name_key) WHERE deleted_date IS NOT NULL;
CREATE INDEX secret_current_due     ON secret_current (scheduled_purge_date, object_id) WHERE scheduled_purge_date IS NOT NULL;

CREATE TABLE secret_versions (
  object_id           text    COLLATE "C" NOT NULL,
  version             text    COLLATE "C" NOT NULL,
  -- Stream version of the event that made it: the order in which versions came to be, whatever the clock said.
  ordinal             bigint  NOT NULL,
  enabled             boolean NOT NULL,
  nbf                 bigint,
  exp                 bigint,
  created             bigint  NOT NULL,
  updated             bigint  NOT NULL,
  -- Row of `material` with the value.
  material_id         text    COLLATE "C" NOT NULL,
  -- Content type and tags, as the events carry them: ciphertext under the object's DEK, base64url. First what the version
  -- was made with, then what the last update that changed the one or the other brought.
  sealed              text,
  sealed_content_type text,
  sealed_tags         text,
  PRIMARY KEY (object_id, version),
  UNIQUE (object_id, ordinal)
);
