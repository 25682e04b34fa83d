-- Rotation policies, and when something is to be done for a key. Times are Unix seconds.
ALTER TABLE key_current
  -- {lifetimeActions, expiryTime, created, updated}; none: the default policy.
  ADD COLUMN rotation_policy      jsonb,
  -- Of the latest version.
  ADD COLUMN latest_created       bigint,
  ADD COLUMN latest_exp           bigint,
  ADD COLUMN latest_enabled       boolean,
  -- The latest version's exp that was told of.
  ADD COLUMN near_expiry_notified bigint,
  ADD COLUMN expired_notified     bigint,
  -- When the next of the key's timers ends.
  ADD COLUMN due                  bigint;

UPDATE key_current c
   SET latest_created = v.created, latest_exp = v.exp, latest_enabled = v.enabled, due = v.exp - 30 * 86400
  FROM key_versions v
 WHERE v.object_id = c.object_id AND v.version = c.latest_version;

CREATE INDEX key_current_timers ON key_current (due, object_id) WHERE due IS NOT NULL AND deleted_date IS NULL;

-- Who works at a key's timers: one process at a time, and another one when it does not come back.
CREATE TABLE key_timer_claims (
  object_id text   COLLATE "C" PRIMARY KEY,
  until     bigint NOT NULL
);
