#!/bin/sh
# Called by dpkg with "remove", "purge" and others, by rpm with the number of versions that stay.
# Only a purge removes chats and settings. The user stays, so that nobody else gets its number.
set -e
case "$1" in
  purge)
    rm -rf /var/lib/parley /etc/parley
    rm -f /etc/systemd/system/multi-user.target.wants/parley.service /etc/systemd/system/sockets.target.wants/parley.socket
    ;;
  remove | 0)
    echo "Parley is removed. Its chats are still in /var/lib/parley."
    ;;
esac
if [ -d /run/systemd/system ]; then
  systemctl daemon-reload
fi
