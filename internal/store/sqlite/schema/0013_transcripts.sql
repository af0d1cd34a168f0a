-- Lets contacts that are over be found by what was said in them; those of before are indexed while the server runs.

-- What was said in a contact, by role: words as internal/store/words gives them, with U+E000 between messages.
CREATE VIRTUAL TABLE said USING fts5 (customer, agent, system, bot, supervisor, tokenize = 'ascii', columnsize = 0);
INSERT INTO said (said, rank) VALUES ('secure-delete', 1);

-- doc is said.rowid: said_instances.n, the time of initiation, and a number that makes it unique. So a search of a range of
-- time reads a range of each word's documents, in the order of time.
CREATE TABLE said_docs (
  doc     INTEGER PRIMARY KEY,
  contact INTEGER UNIQUE,         -- contacts.n; NULL: it is being erased
  chat    INTEGER NOT NULL        -- chats.n
) STRICT;
CREATE INDEX said_docs_chat ON said_docs (chat);
CREATE TABLE said_instances (
  n        INTEGER PRIMARY KEY,
  instance TEXT    NOT NULL UNIQUE
) STRICT;

-- Contacts that are over and not yet in the index.
CREATE TABLE said_due (
  contact INTEGER PRIMARY KEY     -- contacts.n
) STRICT;
INSERT INTO said_due (contact) SELECT n FROM contacts WHERE disconnected IS NOT NULL;

DROP TRIGGER contacts_gone;
CREATE TRIGGER contacts_gone AFTER DELETE ON contacts BEGIN
  DELETE FROM contact_attributes WHERE contact = old.n;
  DELETE FROM said_due WHERE contact = old.n;
  UPDATE said_docs SET contact = NULL WHERE contact = old.n;
END;
