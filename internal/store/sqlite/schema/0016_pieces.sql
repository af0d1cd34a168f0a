-- Keeps what metrics add up to in pieces, made anew from facts, and has beside records how contacts began.

-- What the facts of a quarter or an hour add up to. One whose version is not the sum of those of its quarters counts for nothing.
DROP TABLE rollups;
CREATE TABLE rollups (
  instance TEXT    NOT NULL,
  part     TEXT    NOT NULL,
  length   INTEGER NOT NULL,
  start    INTEGER NOT NULL,
  piece    INTEGER NOT NULL,      -- its number, from 0 on
  version  INTEGER NOT NULL,
  body     BLOB    NOT NULL,
  PRIMARY KEY (instance, part, length, start, piece)
) STRICT;
UPDATE fact_quarters SET rolled = 0;

-- InitiationMethod.
ALTER TABLE contacts ADD COLUMN method TEXT;
UPDATE contacts SET method = record ->> '$.method' WHERE json_valid(record);
