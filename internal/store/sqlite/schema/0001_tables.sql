-- Makes the tables of chats, transcripts, contacts and resources.
-- docs/database.md explains them.
-- Times are milliseconds since 1970 (UTC); NULL stands for "none".

CREATE TABLE chats (
  n        INTEGER PRIMARY KEY,   -- the short name that items and receipts use
  id       TEXT    NOT NULL UNIQUE,
  instance TEXT    NOT NULL,
  version  INTEGER NOT NULL,      -- of state; one more with each change of it
  due      INTEGER,               -- when the next timer falls due
  busy     INTEGER NOT NULL,      -- 1 while an effect is under way
  active   INTEGER NOT NULL,      -- 1 until the chat ends
  state    BLOB
) STRICT;
CREATE INDEX chats_due    ON chats (due) WHERE due IS NOT NULL;
CREATE INDEX chats_busy   ON chats (n) WHERE busy = 1;
CREATE INDEX chats_active ON chats (instance) WHERE active = 1;

-- Rows lie in the order they arrived and only the small index is sorted by
-- chat: sorting the rows themselves costs a page write for every message.
-- A UUID in canonical form is stored as its 16 bytes, any other id as text.
CREATE TABLE items (
  chat         INTEGER NOT NULL,  -- chats.n
  seq          INTEGER NOT NULL,
  id           ANY     NOT NULL,
  contact      TEXT,              -- NULL: the first contact, chats.id
  time         INTEGER NOT NULL,
  type         TEXT    NOT NULL,
  content_type TEXT,
  content      TEXT,
  participant  ANY,
  display_name TEXT,
  role         TEXT,
  visibility   TEXT,              -- NULL: everybody
  attachment   TEXT,              -- JSON
  client_token ANY
) STRICT;
CREATE UNIQUE INDEX items_seq ON items (chat, seq);

CREATE TABLE receipts (
  chat      INTEGER NOT NULL,     -- chats.n
  item      ANY     NOT NULL,     -- items.id
  recipient ANY     NOT NULL,
  delivered INTEGER,
  read      INTEGER,
  PRIMARY KEY (chat, item, recipient)
) STRICT, WITHOUT ROWID;

CREATE TABLE contacts (
  n         INTEGER PRIMARY KEY,
  id        TEXT    NOT NULL UNIQUE,
  chat      TEXT    NOT NULL,     -- chats.id: the first contact of the chain
  instance  TEXT    NOT NULL,
  related   TEXT,
  initiated INTEGER NOT NULL,
  record    TEXT    NOT NULL      -- JSON: everything that is known of the contact
) STRICT;
CREATE INDEX contacts_chat      ON contacts (chat);
CREATE INDEX contacts_initiated ON contacts (instance, initiated, id);
CREATE INDEX contacts_related   ON contacts (related) WHERE related IS NOT NULL;

CREATE TABLE counters (
  name  TEXT    PRIMARY KEY,
  value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE once (
  n      INTEGER PRIMARY KEY,
  key    TEXT    NOT NULL UNIQUE,
  answer BLOB,
  at     INTEGER NOT NULL
) STRICT;
CREATE INDEX once_at ON once (at);

-- first is 1 for the oldest delivery of its stream: only that one may go out next.
CREATE TABLE outbox (
  id       INTEGER PRIMARY KEY AUTOINCREMENT,
  stream   TEXT    NOT NULL,
  chat     TEXT    NOT NULL,
  instance TEXT    NOT NULL,
  endpoint TEXT    NOT NULL,
  body     BLOB,
  created  INTEGER,
  due      INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  error    TEXT,
  first    INTEGER NOT NULL
) STRICT;
CREATE INDEX outbox_stream ON outbox (stream);
CREATE INDEX outbox_ready  ON outbox (due) WHERE first = 1;

CREATE TABLE dead_letters (
  id       INTEGER PRIMARY KEY,
  stream   TEXT    NOT NULL,
  chat     TEXT    NOT NULL,
  instance TEXT    NOT NULL,
  endpoint TEXT    NOT NULL,
  body     BLOB,
  created  INTEGER,
  attempts INTEGER NOT NULL,
  error    TEXT
) STRICT;

CREATE TABLE resources (
  kind     TEXT    NOT NULL,
  id       TEXT    NOT NULL,
  instance TEXT    NOT NULL,
  name     TEXT    NOT NULL,
  version  INTEGER NOT NULL,
  created  INTEGER,
  updated  INTEGER,
  body     TEXT,                  -- JSON
  tags     TEXT,                  -- JSON
  PRIMARY KEY (kind, id)
) STRICT;
CREATE UNIQUE INDEX resources_name ON resources (instance, kind, name) WHERE name <> '';
CREATE INDEX resources_listed ON resources (kind, instance, name, id);
