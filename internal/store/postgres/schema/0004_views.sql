-- Makes the views for reports.
-- They are those of the embedded store, with the same columns: docs/database.md describes them.

CREATE VIEW report_contacts AS
SELECT
  k.id AS contact_id,
  k.chat AS initial_contact_id,
  k.record::jsonb ->> 'previous' AS previous_contact_id,
  k.record::jsonb ->> 'next' AS next_contact_id,
  k.related AS related_contact_id,
  k.instance AS instance_id,
  k.method AS initiation_method,
  to_char(to_timestamp(k.initiated / 1000.0) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS initiated_at,
  to_char(CAST(k.record::jsonb ->> 'connected' AS timestamptz) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS connected_to_system_at,
  to_char(to_timestamp(k.enqueued / 1000.0) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS enqueued_at,
  to_char(to_timestamp(k.agent_connected / 1000.0) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS connected_to_agent_at,
  to_char(to_timestamp(k.disconnected / 1000.0) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS disconnected_at,
  k.record::jsonb ->> 'reason' AS disconnect_reason,
  to_char(CAST(k.record::jsonb ->> 'updated' AS timestamptz) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS updated_at,
  k.record::jsonb ->> 'flow' AS flow_id,
  k.queue AS queue_id,
  k.agent AS agent_id,
  k.record::jsonb ->> 'customer' AS customer_id,
  k.record::jsonb ->> 'name' AS name,
  k.record::jsonb ->> 'description' AS description,
  k.record::jsonb -> 'tags' AS tags,
  k.record::jsonb -> 'references' AS "references",
  k.record::jsonb -> 'segment' AS segment_attributes
FROM contacts AS k;

CREATE VIEW report_transcripts AS
SELECT
  c.instance AS instance_id,
  c.id AS initial_contact_id,
  coalesce(i.contact, c.id) AS contact_id,
  i.seq AS position,
  i.id AS item_id,
  to_char(to_timestamp(i.time / 1000.0) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS sent_at,
  i.type AS type,
  i.content_type AS content_type,
  i.content AS content,
  i.participant AS participant_id,
  i.display_name AS display_name,
  i.role AS participant_role,
  coalesce(i.visibility, 'ALL') AS visible_to,
  i.processing AS processing_status,
  i.attachment::jsonb ->> 'name' AS attachment_name,
  CAST(i.attachment::jsonb ->> 'size' AS bigint) AS attachment_bytes
FROM items AS i JOIN chats AS c ON c.n = i.chat;

CREATE VIEW report_receipts AS
SELECT
  c.id AS initial_contact_id,
  r.item AS item_id,
  r.recipient AS recipient_id,
  to_char(to_timestamp(r.delivered / 1000.0) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS delivered_at,
  to_char(to_timestamp(r.read / 1000.0) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS read_at
FROM receipts AS r JOIN chats AS c ON c.n = r.chat;

CREATE VIEW report_active_chats AS
SELECT instance AS instance_id, count(*) AS active_chats
FROM chats WHERE active GROUP BY instance;

CREATE VIEW report_waiting_chats AS
SELECT
  instance AS instance_id,
  queue AS queue_id,
  id AS initial_contact_id,
  priority AS priority,
  to_char(to_timestamp(since / 1000.0) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS enqueued_at,
  to_char(to_timestamp(rank / 1000.0) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS ranked_as_of
FROM chats WHERE queue IS NOT NULL;

CREATE VIEW report_agents AS
SELECT
  instance AS instance_id,
  member AS agent_id,
  CASE WHEN online THEN 1 ELSE 0 END AS online,
  to_char(to_timestamp(due / 1000.0) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS next_timer_at
FROM agents;

CREATE VIEW report_held_chats AS
SELECT
  h.instance AS instance_id,
  h.member AS agent_id,
  c.id AS initial_contact_id,
  to_char(to_timestamp(h.since / 1000.0) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS since,
  h.work AS work
FROM holdings AS h JOIN chats AS c ON c.n = h.chat;

CREATE VIEW report_message_counts AS
SELECT
  coalesce(i.contact, c.id) AS contact_id,
  c.id AS initial_contact_id,
  c.instance AS instance_id,
  count(CASE WHEN i.type = 'MESSAGE' AND i.role = 'CUSTOMER' THEN 1 END) AS customer_messages,
  count(CASE WHEN i.type = 'MESSAGE' AND i.role = 'AGENT' THEN 1 END) AS agent_messages,
  count(CASE WHEN i.type = 'MESSAGE' AND i.role NOT IN ('CUSTOMER', 'AGENT') THEN 1 END) AS automated_messages,
  count(CASE WHEN i.type = 'ATTACHMENT' THEN 1 END) AS attachments,
  to_char(to_timestamp(min(i.time) / 1000.0) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS first_item_at,
  to_char(to_timestamp(max(i.time) / 1000.0) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS last_item_at
FROM items AS i JOIN chats AS c ON c.n = i.chat
GROUP BY i.chat, coalesce(i.contact, c.id), c.id, c.instance;

CREATE VIEW report_deliveries AS
SELECT id AS delivery_id, 'waiting' AS status, stream, nullif(chat, '') AS initial_contact_id, instance AS instance_id, endpoint,
  to_char(to_timestamp(created / 1000.0) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS created_at,
  to_char(to_timestamp(due / 1000.0) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS next_attempt_at,
  attempts, error AS last_error
FROM outbox
UNION ALL
SELECT id, 'dead', stream, nullif(chat, ''), instance, endpoint,
  to_char(to_timestamp(created / 1000.0) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), NULL, attempts, error
FROM dead_letters;

CREATE VIEW report_resources AS
SELECT
  instance AS instance_id,
  kind AS kind,
  id AS resource_id,
  name AS name,
  version AS version,
  to_char(to_timestamp(created / 1000.0) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS created_at,
  to_char(to_timestamp(updated / 1000.0) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS updated_at,
  tags AS tags
FROM resources WHERE kind NOT IN ('access-key', 'key-use');
