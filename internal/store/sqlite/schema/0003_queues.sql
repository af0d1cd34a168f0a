-- Lets chats wait in queues, and adds a report of those that wait.
-- NULL: nowhere.

ALTER TABLE chats ADD COLUMN queue    TEXT;     -- QueueId, or "agent/" and a user's id
ALTER TABLE chats ADD COLUMN priority INTEGER;  -- lower is taken first
ALTER TABLE chats ADD COLUMN rank     INTEGER;  -- a time: earlier is taken first among one priority
ALTER TABLE chats ADD COLUMN since    INTEGER;  -- when the chat came into the queue
CREATE INDEX chats_queue ON chats (instance, queue, priority, rank, since, id) WHERE queue IS NOT NULL;

CREATE VIEW report_waiting_chats AS
SELECT
  instance                                                      AS instance_id,
  queue                                                         AS queue_id,
  id                                                            AS initial_contact_id,
  priority                                                      AS priority,
  strftime('%Y-%m-%dT%H:%M:%fZ', since / 1000.0, 'unixepoch')   AS enqueued_at,
  strftime('%Y-%m-%dT%H:%M:%fZ', rank / 1000.0, 'unixepoch')    AS ranked_as_of
FROM chats WHERE queue IS NOT NULL;
