#!/bin/sh
# Before the files are there: the user that the service runs as.
set -e
if ! getent group parley >/dev/null; then
  groupadd --system parley
fi
if ! getent passwd parley >/dev/null; then
  useradd --system --gid parley --no-create-home --home-dir /var/lib/parley --shell /usr/sbin/nologin --comment "Parley" parley
fi
