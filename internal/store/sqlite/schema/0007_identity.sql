-- Gives the data an id, so that a start notices when the database was lost or is another one.
-- A marker beside the database has it too.

CREATE TABLE identity (
  id TEXT NOT NULL                -- one row
) STRICT;
INSERT INTO identity SELECT substr(h, 1, 8) || '-' || substr(h, 9, 4) || '-4' || substr(h, 14, 3) || '-a' || substr(h, 18, 3) || '-' || substr(h, 21, 12)
  FROM (SELECT lower(hex(randomblob(16))) AS h);
