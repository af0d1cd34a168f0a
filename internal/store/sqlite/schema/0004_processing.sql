-- Keeps why a message was not delivered, and shows it in report_transcripts.
-- NULL: delivered.

ALTER TABLE items ADD COLUMN processing TEXT;   -- FAILED, REJECTED: its sender's side alone sees it

DROP VIEW report_transcripts;
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
  i.processing                                                  AS processing_status,
  i.attachment ->> '$.name'                                     AS attachment_name,
  i.attachment ->> '$.size'                                     AS attachment_bytes
FROM items AS i JOIN chats AS c ON c.n = i.chat;
