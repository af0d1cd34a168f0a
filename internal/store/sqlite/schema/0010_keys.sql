-- Keeps the secrets of access keys and of tokens sealed, and when keys were last used.
-- An older program would take a key without a clear secret for one whose secret is empty; it refuses this format. The setting
-- says that there are clear secrets of earlier formats yet, in rows or in what is left of former ones:
-- it is removed when they have been sealed and overwritten.

INSERT INTO resources (kind, id, instance, name, version)
SELECT 'setting', 'clear-secrets', '', '', 1
WHERE EXISTS (SELECT 1 FROM resources WHERE kind = 'access-key' OR kind = 'setting' AND id = 'token-secret');

-- When keys were last used is nothing that an administrator sets up.
DROP VIEW report_resources;
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
FROM resources WHERE kind NOT IN ('access-key', 'key-use');
