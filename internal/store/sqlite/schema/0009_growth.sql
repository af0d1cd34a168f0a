-- Notes how large transcripts are, and keeps the ClientTokens of those that are long.

-- Of the last item of a change: what the transcript counts for with it, in bytes.
ALTER TABLE items ADD COLUMN size INTEGER;

-- Which item was first sent with a ClientToken. A chat is in here once it has more
-- than 1,024 items: of so many, memory knows the tokens.
CREATE TABLE tokens (
  chat        INTEGER NOT NULL,   -- chats.n
  token       ANY     NOT NULL,
  participant ANY     NOT NULL,
  file        INTEGER NOT NULL,   -- 1: of an attachment
  seq         INTEGER NOT NULL,
  PRIMARY KEY (chat, token, participant, file)
) STRICT, WITHOUT ROWID;

-- Chats of the formats before that go on.
UPDATE items AS last SET size =
  (SELECT sum(128 + ifnull(octet_length(content), 0) + ifnull(octet_length(display_name), 0) + ifnull(octet_length(client_token), 0)) FROM items WHERE chat = last.chat)
WHERE rowid IN (SELECT (SELECT rowid FROM items WHERE chat = chats.n ORDER BY seq DESC LIMIT 1) FROM chats WHERE active = 1);

INSERT OR IGNORE INTO tokens (chat, token, participant, file, seq)
SELECT i.chat, i.client_token, i.participant, i.type = 'ATTACHMENT', i.seq
FROM chats AS c CROSS JOIN items AS i ON i.chat = c.n
WHERE c.active = 1 AND i.client_token IS NOT NULL AND i.participant IS NOT NULL
  AND (SELECT max(seq) FROM items WHERE chat = c.n) > 1024
ORDER BY i.chat, i.seq;
