-- Makes the tables of agents and of the chats that they have on their hands.

CREATE TABLE agents (
  n        INTEGER PRIMARY KEY AUTOINCREMENT, -- not used again
  user     TEXT    NOT NULL UNIQUE,
  instance TEXT    NOT NULL,
  version  INTEGER NOT NULL,      -- of state
  due      INTEGER,               -- when the next timer falls due
  online   INTEGER NOT NULL,      -- 1 while the agent is signed in
  state    BLOB
) STRICT;
CREATE INDEX agents_instance ON agents (instance, user);
CREATE INDEX agents_online   ON agents (instance, user) WHERE online = 1;
CREATE INDEX agents_due      ON agents (due) WHERE due IS NOT NULL;

-- A row is what it says: it is replaced, never altered.
CREATE TABLE holdings (
  instance TEXT    NOT NULL,
  user     TEXT    NOT NULL,
  since    INTEGER NOT NULL,
  chat     INTEGER NOT NULL,      -- chats.n
  work     TEXT    NOT NULL,      -- such as a state, for the reader
  PRIMARY KEY (instance, user, since, chat, work)
) STRICT, WITHOUT ROWID;
CREATE INDEX holdings_chat ON holdings (chat);
ALTER TABLE chats ADD COLUMN held INTEGER;  -- 1: it has holdings; NULL: it has none

-- Deliveries of agents have no chat; they go with their instance.
CREATE INDEX outbox_agents ON outbox (instance) WHERE chat = '';
CREATE INDEX dead_agents   ON dead_letters (instance) WHERE chat = '';
ALTER TABLE erasures ADD COLUMN last_agent INTEGER; -- of a deleted instance: the last agents.n at that time

CREATE VIEW report_agents AS
SELECT
  instance                                                      AS instance_id,
  user                                                          AS agent_id,
  online                                                        AS online,
  strftime('%Y-%m-%dT%H:%M:%fZ', due / 1000.0, 'unixepoch')     AS next_timer_at
FROM agents;

CREATE VIEW report_held_chats AS
SELECT
  h.instance                                                    AS instance_id,
  h.user                                                        AS agent_id,
  c.id                                                          AS initial_contact_id,
  strftime('%Y-%m-%dT%H:%M:%fZ', h.since / 1000.0, 'unixepoch') AS since,
  h.work                                                        AS work
FROM holdings AS h JOIN chats AS c ON c.n = h.chat;

DROP VIEW report_deliveries;
CREATE VIEW report_deliveries AS
SELECT id AS delivery_id, 'waiting' AS status, stream, nullif(chat, '') AS initial_contact_id, instance AS instance_id, endpoint,
  strftime('%Y-%m-%dT%H:%M:%fZ', created / 1000.0, 'unixepoch') AS created_at,
  strftime('%Y-%m-%dT%H:%M:%fZ', due / 1000.0, 'unixepoch')     AS next_attempt_at,
  attempts, error AS last_error
FROM outbox
UNION ALL
SELECT id, 'dead', stream, nullif(chat, ''), instance, endpoint,
  strftime('%Y-%m-%dT%H:%M:%fZ', created / 1000.0, 'unixepoch'), NULL, attempts, error
FROM dead_letters;
