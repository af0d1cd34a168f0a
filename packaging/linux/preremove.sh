#!/bin/sh
# Called by dpkg with "remove" or "upgrade", by rpm with the number of versions that stay.
# A service that is upgraded runs on until the new version is there.
set -e
if [ -d /run/systemd/system ]; then
  case "$1" in
    remove) systemctl stop parley.socket parley.service ;;
    0) systemctl --no-reload disable --now parley.socket parley.service ;;
  esac
fi
