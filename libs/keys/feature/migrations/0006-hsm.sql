-- Whether a version's private key lives in a hardware security module. Those of before live in software.
ALTER TABLE key_versions ADD COLUMN hsm boolean NOT NULL DEFAULT false;
