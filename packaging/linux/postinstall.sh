#!/bin/sh
# Called by dpkg with "configure" and the former version, by rpm with the number of
# versions that are installed now.
set -e
case "$1" in
  configure) former=$2 ;;
  1) former= ;;
  2) former=some ;;
  *) exit 0 ;;
esac
if [ -z "$former" ]; then
  # Settings may be secret.
  chown root:parley /etc/parley/parley.json
  chmod 0640 /etc/parley/parley.json
fi
if [ ! -d /var/lib/parley ]; then
  install -d -m 0700 -o parley -g parley /var/lib/parley
fi
if [ -d /run/systemd/system ]; then
  systemctl daemon-reload
  if [ -n "$former" ]; then
    systemctl try-restart parley.service || echo "Parley does not start: see journalctl -u parley."
  fi
fi
if [ -z "$former" ]; then
  echo "Parley is installed, and not started: see /etc/parley/README."
fi
