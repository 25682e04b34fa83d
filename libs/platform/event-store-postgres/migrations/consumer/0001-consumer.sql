-- Where the consumers of a service stand in the logs of other services; written in the transaction of their effect.

CREATE TABLE checkpoints (
  consumer text   COLLATE "C" NOT NULL,
  vault_id text   COLLATE "C" NOT NULL,
  last_seq bigint NOT NULL,
  PRIMARY KEY (consumer, vault_id)
);

-- Vaults set aside for a consumer because an event of theirs could not be applied.
CREATE TABLE parked (
  consumer  text        COLLATE "C" NOT NULL,
  vault_id  text        COLLATE "C" NOT NULL,
  at_seq    bigint      NOT NULL,
  error     text        NOT NULL,
  parked_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (consumer, vault_id)
);
