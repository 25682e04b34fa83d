-- Read model of role assignments, written inside the append transaction. Times are milliseconds since the epoch.

CREATE TABLE role_assignments (
  -- GUID that the caller chose, lower case.
  name               text   COLLATE "C" PRIMARY KEY,
  -- Lower case: ids compare case-insensitively.
  principal_key      text   COLLATE "C" NOT NULL,
  principal_id       text   NOT NULL,
  principal_type     text,
  -- GUID, lower case.
  role_definition_id text   COLLATE "C" NOT NULL,
  -- Comparison form of the scope; '' is the root.
  scope_key          text   COLLATE "C" NOT NULL,
  scope              text   NOT NULL,
  created_on         bigint NOT NULL,
  created_by         text   NOT NULL,
  -- One statement, one assignment. Also what authorization reads by when it may not use its snapshot.
  UNIQUE (principal_key, role_definition_id, scope_key)
);
