-- Lets contacts be found by their agents, their queues and each of their times.
-- NULL: the contact has not been there yet.

ALTER TABLE contacts ADD COLUMN disconnected    INTEGER;
ALTER TABLE contacts ADD COLUMN enqueued        INTEGER;
ALTER TABLE contacts ADD COLUMN agent_connected INTEGER;
ALTER TABLE contacts ADD COLUMN agent           TEXT;
ALTER TABLE contacts ADD COLUMN queue           TEXT;
UPDATE contacts SET
  disconnected    = CAST(round(unixepoch(record ->> '$.disconnected', 'subsec') * 1000) AS INTEGER),
  enqueued        = CAST(round(unixepoch(record ->> '$.enqueued', 'subsec') * 1000) AS INTEGER),
  agent_connected = CAST(round(unixepoch(record ->> '$.agentConnected', 'subsec') * 1000) AS INTEGER),
  agent           = record ->> '$.agent',
  queue           = record ->> '$.queue';
CREATE INDEX contacts_disconnected ON contacts (instance, disconnected, id)    WHERE disconnected IS NOT NULL;
CREATE INDEX contacts_enqueued     ON contacts (instance, enqueued, id)        WHERE enqueued IS NOT NULL;
CREATE INDEX contacts_connected    ON contacts (instance, agent_connected, id) WHERE agent_connected IS NOT NULL;
CREATE INDEX contacts_agent        ON contacts (instance, agent, initiated, id) WHERE agent IS NOT NULL;
CREATE INDEX contacts_queue        ON contacts (instance, queue, initiated, id) WHERE queue IS NOT NULL;

-- Attributes of the chats, which their contacts are found by, as the records have them. Letters of ASCII are small. A value of more than 100
-- characters is not in here: no search can name it.
CREATE TABLE contact_attributes (
  instance  TEXT    NOT NULL,
  name      TEXT    NOT NULL,
  value     TEXT    NOT NULL,
  initiated INTEGER NOT NULL,
  contact   INTEGER NOT NULL,     -- contacts.n
  PRIMARY KEY (instance, name, value, initiated, contact)
) STRICT, WITHOUT ROWID;
CREATE INDEX contact_attributes_contact ON contact_attributes (contact);
CREATE TRIGGER contacts_gone AFTER DELETE ON contacts BEGIN
  DELETE FROM contact_attributes WHERE contact = old.n;
END;

-- Records of the formats before have none: only the chats' states tell.
UPDATE contacts AS k SET record = json_set(record, '$.attributes', json(
  (SELECT CAST(state AS TEXT) -> '$.attributes' FROM chats WHERE id = k.chat AND json_valid(CAST(state AS TEXT)))))
WHERE json_valid(record) AND EXISTS (SELECT 1 FROM chats WHERE id = k.chat AND instr(state, CAST('"attributes":{' AS BLOB)) > 0
  AND json_valid(CAST(state AS TEXT)) AND json_type(CAST(state AS TEXT), '$.attributes') = 'object');
INSERT OR IGNORE INTO contact_attributes (instance, name, value, initiated, contact)
SELECT k.instance, a.key, lower(a.value), k.initiated, k.n FROM contacts AS k, json_each(k.record, '$.attributes') AS a
WHERE json_valid(k.record) AND length(a.value) <= 100;
