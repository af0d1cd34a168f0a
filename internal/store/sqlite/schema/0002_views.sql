-- Makes the views for reports.
-- They have readable ids, ISO times, one name for one thing.
-- docs/database.md describes them; they change only together with the format.

CREATE VIEW report_contacts AS
SELECT
  k.id                                                          AS contact_id,
  k.chat                                                        AS initial_contact_id,
  record ->> '$.previous'                                       AS previous_contact_id,
  record ->> '$.next'                                           AS next_contact_id,
  k.related                                                     AS related_contact_id,
  k.instance                                                    AS instance_id,
  record ->> '$.method'                                         AS initiation_method,
  strftime('%Y-%m-%dT%H:%M:%fZ', k.initiated / 1000.0, 'unixepoch') AS initiated_at,
  strftime('%Y-%m-%dT%H:%M:%fZ', record ->> '$.connected')      AS connected_to_system_at,
  strftime('%Y-%m-%dT%H:%M:%fZ', record ->> '$.enqueued')       AS enqueued_at,
  strftime('%Y-%m-%dT%H:%M:%fZ', record ->> '$.agentConnected') AS connected_to_agent_at,
  strftime('%Y-%m-%dT%H:%M:%fZ', record ->> '$.disconnected')   AS disconnected_at,
  record ->> '$.reason'                                         AS disconnect_reason,
  strftime('%Y-%m-%dT%H:%M:%fZ', record ->> '$.updated')        AS updated_at,
  record ->> '$.flow'                                           AS flow_id,
  record ->> '$.queue'                                          AS queue_id,
  record ->> '$.agent'                                          AS agent_id,
  record ->> '$.customer'                                       AS customer_id,
  record ->> '$.name'                                           AS name,
  record ->> '$.description'                                    AS description,
  record ->  '$.tags'                                           AS tags,
  record ->  '$.references'                                     AS "references",
  record ->  '$.segment'                                        AS segment_attributes
FROM contacts AS k;

CREATE VIEW report_transcripts AS
SELECT
  c.instance                                                    AS instance_id,
  c.id                                                          AS initial_contact_id,
  coalesce(i.contact, c.id)                                     AS contact_id,
  i.seq                                                         AS position,
  CASE typeof(i.id) WHEN 'blob' THEN lower(
    substr(hex(i.id), 1, 8) || '-' || substr(hex(i.id), 9, 4) || '-' || substr(hex(i.id), 13, 4) || '-' ||
    substr(hex(i.id), 17, 4) || '-' || substr(hex(i.id), 21)) ELSE i.id END AS item_id,
  strftime('%Y-%m-%dT%H:%M:%fZ', i.time / 1000.0, 'unixepoch')  AS sent_at,
  i.type                                                        AS type,
  i.content_type                                                AS content_type,
  i.content                                                     AS content,
  CASE typeof(i.participant) WHEN 'blob' THEN lower(
    substr(hex(i.participant), 1, 8) || '-' || substr(hex(i.participant), 9, 4) || '-' || substr(hex(i.participant), 13, 4) || '-' ||
    substr(hex(i.participant), 17, 4) || '-' || substr(hex(i.participant), 21)) ELSE i.participant END AS participant_id,
  i.display_name                                                AS display_name,
  i.role                                                        AS participant_role,
  coalesce(i.visibility, 'ALL')                                 AS visible_to,
  i.attachment ->> '$.name'                                     AS attachment_name,
  i.attachment ->> '$.size'                                     AS attachment_bytes
FROM items AS i JOIN chats AS c ON c.n = i.chat;

CREATE VIEW report_receipts AS
SELECT
  c.id                                                          AS initial_contact_id,
  CASE typeof(r.item) WHEN 'blob' THEN lower(
    substr(hex(r.item), 1, 8) || '-' || substr(hex(r.item), 9, 4) || '-' || substr(hex(r.item), 13, 4) || '-' ||
    substr(hex(r.item), 17, 4) || '-' || substr(hex(r.item), 21)) ELSE r.item END AS item_id,
  CASE typeof(r.recipient) WHEN 'blob' THEN lower(
    substr(hex(r.recipient), 1, 8) || '-' || substr(hex(r.recipient), 9, 4) || '-' || substr(hex(r.recipient), 13, 4) || '-' ||
    substr(hex(r.recipient), 17, 4) || '-' || substr(hex(r.recipient), 21)) ELSE r.recipient END AS recipient_id,
  strftime('%Y-%m-%dT%H:%M:%fZ', r.delivered / 1000.0, 'unixepoch') AS delivered_at,
  strftime('%Y-%m-%dT%H:%M:%fZ', r.read / 1000.0, 'unixepoch')  AS read_at
FROM receipts AS r JOIN chats AS c ON c.n = r.chat;

CREATE VIEW report_active_chats AS
SELECT instance AS instance_id, count(*) AS active_chats
FROM chats WHERE active = 1 GROUP BY instance;

CREATE VIEW report_message_counts AS
SELECT
  coalesce(i.contact, c.id)                                     AS contact_id,
  c.id                                                          AS initial_contact_id,
  c.instance                                                    AS instance_id,
  sum(i.type = 'MESSAGE' AND i.role = 'CUSTOMER')               AS customer_messages,
  sum(i.type = 'MESSAGE' AND i.role = 'AGENT')                  AS agent_messages,
  sum(i.type = 'MESSAGE' AND i.role NOT IN ('CUSTOMER', 'AGENT')) AS automated_messages,
  sum(i.type = 'ATTACHMENT')                                    AS attachments,
  strftime('%Y-%m-%dT%H:%M:%fZ', min(i.time) / 1000.0, 'unixepoch') AS first_item_at,
  strftime('%Y-%m-%dT%H:%M:%fZ', max(i.time) / 1000.0, 'unixepoch') AS last_item_at
FROM items AS i JOIN chats AS c ON c.n = i.chat
GROUP BY i.chat, coalesce(i.contact, c.id);

CREATE VIEW report_deliveries AS
SELECT id AS delivery_id, 'waiting' AS status, stream, chat AS initial_contact_id, instance AS instance_id, endpoint,
  strftime('%Y-%m-%dT%H:%M:%fZ', created / 1000.0, 'unixepoch') AS created_at,
  strftime('%Y-%m-%dT%H:%M:%fZ', due / 1000.0, 'unixepoch')     AS next_attempt_at,
  attempts, error AS last_error
FROM outbox
UNION ALL
SELECT id, 'dead', stream, chat, instance, endpoint,
  strftime('%Y-%m-%dT%H:%M:%fZ', created / 1000.0, 'unixepoch'), NULL, attempts, error
FROM dead_letters;

CREATE VIEW report_resources AS
SELECT
  instance                                                      AS instance_id,
  kind                                                          AS kind,
  id                                                            AS resource_id,
  name                                                          AS name,
  version                                                       AS version,
  strftime('%Y-%m-%dT%H:%M:%fZ', created / 1000.0, 'unixepoch') AS created_at,
  strftime('%Y-%m-%dT%H:%M:%fZ', updated / 1000.0, 'unixepoch') AS updated_at,
  tags                                                          AS tags
FROM resources WHERE kind <> 'access-key';
