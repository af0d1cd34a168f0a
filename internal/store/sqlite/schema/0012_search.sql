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
