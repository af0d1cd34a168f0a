-- Takes attributes of contacts that are not over out of the index of attributes: they get there when they are.

DELETE FROM contact_attributes WHERE contact IN (SELECT n FROM contacts WHERE disconnected IS NULL);
