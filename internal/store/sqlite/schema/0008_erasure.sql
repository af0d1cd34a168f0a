-- Notes when chats ended, so that they can be erased in time, and makes room for the receipts of erasures.

ALTER TABLE chats ADD COLUMN ended   INTEGER;            -- when a chat that is over ended
ALTER TABLE chats ADD COLUMN kept    INTEGER NOT NULL DEFAULT 0; -- parts that are kept as the instance says: 1 transcript, 2 attachments, 4 contacts
ALTER TABLE chats ADD COLUMN expires INTEGER;            -- when a part falls due of which the chat itself says how long it is kept
CREATE INDEX chats_transcripts ON chats (instance, ended) WHERE kept & 1;
CREATE INDEX chats_attachments ON chats (instance, ended) WHERE kept & 2;
CREATE INDEX chats_contacts    ON chats (instance, ended) WHERE kept & 4;
CREATE INDEX chats_expires     ON chats (expires) WHERE expires IS NOT NULL;
UPDATE chats SET kept = 5 + 2 * (instr(state, CAST('"attachments":[' AS BLOB)) > 0), ended = coalesce(
  (SELECT CAST(max(unixepoch(record ->> '$.disconnected', 'subsec')) * 1000 AS INTEGER) FROM contacts WHERE chat = chats.id),
  (SELECT max(time) FROM items WHERE chat = chats.n), unixepoch() * 1000)
WHERE active = 0;

-- The chat that a request with a client token began: its answer goes with it.
ALTER TABLE once ADD COLUMN chat ANY;
UPDATE once SET chat = coalesce(unhex(replace(CAST(answer AS TEXT) ->> '$.contact', '-', '')), CAST(answer AS TEXT) ->> '$.contact')
WHERE json_valid(CAST(answer AS TEXT));
CREATE INDEX once_chat ON once (chat) WHERE chat IS NOT NULL;

CREATE INDEX outbox_chat  ON outbox (chat) WHERE first = 1;
CREATE INDEX dead_chat    ON dead_letters (chat);
CREATE INDEX uploads_chat ON uploads (chat);

-- What is left of chats, or of parts of them, until it is deleted.
CREATE TABLE remains (
  n        INTEGER PRIMARY KEY,
  chat     TEXT    NOT NULL,      -- chats.id, which may be gone
  number   INTEGER NOT NULL,      -- chats.n: not used again while it is here
  instance TEXT    NOT NULL,
  parts    INTEGER NOT NULL,      -- as chats.kept
  has_rows INTEGER NOT NULL,      -- 1 while there are rows
  files    TEXT,                  -- JSON: ids of attachments
  contacts TEXT,                  -- JSON: ids of the chain
  erasure  TEXT                   -- erasures.id
) STRICT;
CREATE INDEX remains_number  ON remains (number);
CREATE INDEX remains_rows    ON remains (n) WHERE has_rows = 1;
CREATE INDEX remains_erasure ON remains (erasure) WHERE erasure IS NOT NULL;

-- It has a row while what retention has erased may still be in the files.
CREATE TABLE traces (
  one INTEGER PRIMARY KEY
) STRICT;

-- Erasures that were asked for, with their receipts. No personal data.
CREATE TABLE erasures (
  id       TEXT    PRIMARY KEY,   -- sorts by asked
  instance TEXT    NOT NULL,
  selected TEXT    NOT NULL,      -- by contact, customer, attribute, instance
  key      TEXT,                  -- the id of an access key
  asked    INTEGER NOT NULL,
  upto     INTEGER,               -- of a deleted instance: the last chats.n at that time
  finished INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX erasures_open ON erasures (id) WHERE finished IS NULL;

CREATE TABLE erasure_chats (      -- that are still to be taken
  erasure TEXT NOT NULL,
  chat    TEXT NOT NULL,
  PRIMARY KEY (erasure, chat)
) STRICT, WITHOUT ROWID;

CREATE TABLE erased_contacts (
  erasure TEXT NOT NULL,
  contact TEXT NOT NULL,
  PRIMARY KEY (erasure, contact)
) STRICT, WITHOUT ROWID;

CREATE TABLE erased_counts (
  erasure TEXT    NOT NULL,
  kind    TEXT    NOT NULL,
  count   INTEGER NOT NULL,
  PRIMARY KEY (erasure, kind)
) STRICT, WITHOUT ROWID;
