-- Keeps what historical metrics are made of, and counts the contacts that have ended.

-- What commits have left to be counted, in their order.
CREATE TABLE tallies (
  n        INTEGER PRIMARY KEY AUTOINCREMENT,
  instance TEXT NOT NULL,
  body     BLOB NOT NULL
) STRICT;

-- Each fact once in every quarter of an hour that it counts in. Times are milliseconds since 1970.
CREATE TABLE facts (
  instance TEXT    NOT NULL,
  kind     TEXT    NOT NULL,
  quarter  INTEGER NOT NULL,
  id       TEXT    NOT NULL,
  body     BLOB    NOT NULL,
  PRIMARY KEY (instance, kind, quarter, id)
) STRICT, WITHOUT ROWID;

-- The quarters that there are facts in; version goes up with every change, and rolled is the one that the rollups were made of.
CREATE TABLE fact_quarters (
  instance TEXT    NOT NULL,
  quarter  INTEGER NOT NULL,
  version  INTEGER NOT NULL,
  rolled   INTEGER NOT NULL,
  PRIMARY KEY (instance, quarter)
) STRICT, WITHOUT ROWID;
CREATE INDEX fact_quarters_stale ON fact_quarters (quarter) WHERE rolled <> version;

-- What the facts of a quarter or an hour add up to. One whose version is not the sum of those of its quarters counts for nothing.
CREATE TABLE rollups (
  instance TEXT    NOT NULL,
  part     TEXT    NOT NULL,
  length   INTEGER NOT NULL,
  start    INTEGER NOT NULL,
  version  INTEGER NOT NULL,
  body     BLOB    NOT NULL,
  times    BLOB    NOT NULL,
  PRIMARY KEY (instance, part, length, start)
) STRICT;

-- Until when the time of each agent has been counted.
CREATE TABLE agent_times (
  user     TEXT    PRIMARY KEY,
  instance TEXT    NOT NULL,
  version  INTEGER NOT NULL,
  since    INTEGER NOT NULL,
  idle     INTEGER NOT NULL,
  body     BLOB    NOT NULL
) STRICT;
CREATE INDEX agent_times_behind   ON agent_times (since)    WHERE idle = 0;
CREATE INDEX agent_times_instance ON agent_times (instance) WHERE idle = 0;

-- Contacts that have ended, of chats that nobody has in hand: those of the others are counted when they are complete.
INSERT INTO tallies (instance, body)
SELECT k.instance, CAST(json_object('c', json_object('id', k.id, 'chat', k.chat)) AS BLOB)
FROM contacts AS k JOIN chats AS c ON c.id = k.chat
WHERE k.disconnected IS NOT NULL AND c.held IS NULL ORDER BY k.disconnected, k.id;
