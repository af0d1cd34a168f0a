-- Notes which server runs the functions of a chat, and counts chats only where a limit is set.
-- This is what nodes of a cluster need to know of each other's work.

CREATE TABLE revisions (
  instance TEXT    PRIMARY KEY,   -- '': resources that belong to no instance
  revision INTEGER NOT NULL       -- how many writes have touched its resources
) STRICT, WITHOUT ROWID;

-- Rights to some work that one node has at a time.
CREATE TABLE leases (
  name    TEXT    PRIMARY KEY,
  node    TEXT    NOT NULL,       -- '': released
  version INTEGER NOT NULL,       -- one more each time the holder changes
  expires INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The nodes that run a chat's effects, with spaces between; NULL while none is under way.
ALTER TABLE chats ADD COLUMN workers TEXT;
UPDATE chats SET workers = 'unknown' WHERE busy = 1;
DROP INDEX chats_busy;
ALTER TABLE chats DROP COLUMN busy;
CREATE INDEX chats_workers ON chats (n) WHERE workers IS NOT NULL;

-- Counters of chats have a row only while a limit is kept, which is made by counting.
DELETE FROM counters WHERE name LIKE 'active-chats/%' OR name LIKE 'queued/%';
