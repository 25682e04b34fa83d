-- The inverted index anew, by blocks: records that were taken together share one row per term, so that what all of them
-- carry (vault, caller, operation, …) costs a row and not a row each.

CREATE TABLE audit_postings (
  term     text   COLLATE "C" NOT NULL,
  -- log_index of the block's first record. The same for all terms, and blocks do not share records.
  block    bigint NOT NULL,
  -- Bit n is 1: record block + n carries the term. As long for every term of the block.
  carriers bit varying(256) NOT NULL,
  PRIMARY KEY (term, block)
);

INSERT INTO audit_postings (term, block, carriers)
SELECT term, log_index / 256 * 256, bit_or(set_bit(repeat('0', 256)::bit(256), (log_index % 256)::int, 1))
  FROM audit_terms GROUP BY 1, 2;

DROP TABLE audit_terms;

-- For an instance from before this change that still runs, until it is replaced.
CREATE VIEW audit_terms AS
SELECT term, block + n AS log_index
  FROM audit_postings, generate_series(0, length(carriers) - 1) AS n
 WHERE get_bit(carriers, n) = 1;

CREATE FUNCTION audit_terms_insert() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO audit_postings (term, block, carriers) VALUES (NEW.term, NEW.log_index, B'1');
  RETURN NEW;
END $$;

CREATE TRIGGER audit_terms_insert INSTEAD OF INSERT ON audit_terms
  FOR EACH ROW EXECUTE FUNCTION audit_terms_insert();
