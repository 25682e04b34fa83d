-- Read models of vault management, written inside the append transaction. json keeps the members as the events have them.

CREATE TABLE subscriptions (
  -- GUID, lower case.
  subscription_id text COLLATE "C" PRIMARY KEY,
  display_name    text NOT NULL
);

CREATE TABLE resource_groups (
  resource_group_id text COLLATE "C" PRIMARY KEY,
  subscription_id   text COLLATE "C" NOT NULL,
  -- Lower case: names compare case-insensitively.
  name_key          text COLLATE "C" NOT NULL,
  name              text NOT NULL,
  location          text NOT NULL,
  tags              json NOT NULL,
  UNIQUE (subscription_id, name_key)
);

-- Active and soft-deleted vaults. A name is unique in the installation: it is a host name.
CREATE TABLE vaults (
  vault_id           text    COLLATE "C" PRIMARY KEY,
  name_key           text    COLLATE "C" NOT NULL UNIQUE,
  name               text    NOT NULL,
  subscription_id    text    COLLATE "C" NOT NULL,
  group_key          text    COLLATE "C" NOT NULL,
  resource_group     text    NOT NULL,
  location           text    NOT NULL,
  settings           json    NOT NULL,
  access_policies    json    NOT NULL,
  tags               json    NOT NULL,
  -- Version of the vault's stream: the policy revision.
  revision           integer NOT NULL,
  deleted_at         timestamptz,
  scheduled_purge_at timestamptz,
  created_at         timestamptz NOT NULL,
  created_by         text    NOT NULL,
  modified_at        timestamptz NOT NULL,
  modified_by        text    NOT NULL
);

-- Lists page by name; deleted vaults have an index of their own.
CREATE INDEX vaults_of_group        ON vaults (subscription_id, group_key, name_key) WHERE deleted_at IS NULL;
CREATE INDEX vaults_of_subscription ON vaults (subscription_id, name_key) WHERE deleted_at IS NULL;
CREATE INDEX vaults_deleted         ON vaults (subscription_id, name_key) WHERE deleted_at IS NOT NULL;
CREATE INDEX vaults_due             ON vaults (scheduled_purge_at) WHERE scheduled_purge_at IS NOT NULL;
