-- What nodes of a cluster need to know of each other's work.

CREATE TABLE revisions (
  instance TEXT    PRIMARY KEY,   -- '': resources that belong to no instance
  revision INTEGER NOT NULL       -- how many writes have touched its resources
) STRICT, WITHOUT ROWID;
