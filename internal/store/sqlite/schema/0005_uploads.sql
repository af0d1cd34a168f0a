-- Notes which files were announced and not completed, so that they are cleared away.

CREATE TABLE uploads (
  id      TEXT    PRIMARY KEY,    -- AttachmentId
  chat    TEXT    NOT NULL,       -- chats.id
  expires INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX uploads_expires ON uploads (expires);

-- Those of the formats before, of which only the chats' states tell.
INSERT INTO uploads (id, chat, expires)
SELECT a.value ->> '$.id', c.id, coalesce(unixepoch(a.value ->> '$.started'), 0) * 1000 + 3600000
FROM chats AS c, json_each(CASE WHEN json_valid(CAST(c.state AS TEXT)) THEN CAST(c.state AS TEXT) ELSE '{}' END, '$.attachments') AS a
WHERE instr(c.state, CAST('"attachments"' AS BLOB)) > 0 AND a.value ->> '$.status' = '' AND a.value ->> '$.id' <> '';
