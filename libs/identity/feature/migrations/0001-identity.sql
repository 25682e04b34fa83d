-- Service principals (projected from the log) and the issuer's signing keys.

CREATE TABLE principals (
  object_id    text        COLLATE "C" PRIMARY KEY,
  -- Client id.
  app_id       text        COLLATE "C" NOT NULL UNIQUE,
  display_name text        COLLATE "C" NOT NULL,
  created_at   timestamptz NOT NULL
);
CREATE INDEX principals_by_name ON principals (display_name, object_id);

CREATE TABLE principal_passwords (
  object_id       text        COLLATE "C" NOT NULL,
  key_id          text        COLLATE "C" NOT NULL,
  start_date_time timestamptz NOT NULL,
  -- NULL: never expires.
  end_date_time   timestamptz,
  -- The event's sealed part as it is in the log: hash, hint and name, encrypted under the principal's DEK.
  sealed          text        NOT NULL,
  PRIMARY KEY (object_id, key_id)
);

-- The administrator that the first start made. The row outlives the principal: deleting it must not bring forth another.
CREATE TABLE first_administrator (
  singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
  object_id text    COLLATE "C" NOT NULL,
  app_id    text    COLLATE "C" NOT NULL
);

-- Not projected: signing keys are no part of the log. The key of number n signs from active_from until that of n + 1 does.
CREATE TABLE signing_keys (
  number         integer     PRIMARY KEY,
  -- RFC 7638 thumbprint.
  kid            text        COLLATE "C" NOT NULL UNIQUE,
  public_jwk     jsonb       NOT NULL,
  active_from    timestamptz NOT NULL,
  -- PKCS#8, encrypted under a DEK of its own that the KEK of this term wraps.
  term           integer     NOT NULL,
  wrapped_dek    bytea       NOT NULL,
  sealed_private bytea       NOT NULL
);
