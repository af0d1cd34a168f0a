# What deb-inside.sh and rpm-inside.sh begin with. They run as root in a container, and print "passed" when all went well.
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8
say() { printf '%s\n' "$*"; }
fail() { printf 'failed: %s\n' "$*"; exit 1; }
trap 'fail "line $LINENO"' ERR
is() { [ "$2" = "$3" ] || fail "$1 is $2; want $3"; }
mode() { stat -c '%U:%G %a' "$1"; }
active() { systemctl is-active parley.service || true; }
pid() { systemctl show --property MainPID --value parley.service; }
settings=/etc/parley/parley.json
# has_chat joins the chat again, reads what it has, and leaves it open.
has_chat() {
  mkfifo /test/keys
  parley chat --token "$token" </test/keys >/test/transcript &
  exec 3>/test/keys
  for ((i = 0; i < 300; i++)); do
    grep -q 'Ana: kept for ever' /test/transcript && break
    sleep 0.1
  done
  echo /leave >&3
  exec 3>&-
  wait $!
  rm /test/keys
  [ $i -lt 300 ] || fail "the chat is gone: $(cat /test/transcript)"
}
# has_package looks at what a package has put there.
has_package() {
  is "the program" "$(mode /usr/bin/parley)" "root:root 755"
  is "the settings" "$(mode $settings)" "root:parley 640"
  is "the data directory" "$(mode /var/lib/parley)" "parley:parley 700"
  is "the shell of the user" "$(getent passwd parley | cut -d: -f6,7)" "/var/lib/parley:/usr/sbin/nologin"
  is "the service" "$(active)" inactive
  is "a service that nobody has enabled" "$(systemctl is-enabled parley.service || true)" disabled
}
# run_service starts the service, with the demo of development mode, so that there is something to chat with; in the data directory.
run_service() {
  sed -i 's/"data"/"dev": true,\n  "data"/' $settings
  systemctl enable --now parley.service
  parley health --config $settings --wait 60s
  is "the service" "$(active)" active
  is "the user of the process" "$(stat -c %U "/proc/$(pid)")" parley
  printf 'kept for ever\n/leave\n' | parley chat | tee /test/chat
  token=$(sed -n 's/.*--token \([^ ]*\).*/\1/p' /test/chat | tail -1)
  [ -n "$token" ] || fail "the chat cannot be joined again"
}
# is_upgraded looks at what the next version has done to a service that runs as process $1, with the new settings in $2.
is_upgraded() {
  parley health --config $settings --wait 60s
  is "the version" "$(parley version | head -1)" "parley v0.2.0"
  [ "$(pid)" != "$1" ] || fail "the service was not restarted"
  grep -q '"dev": true' $settings || fail "the settings were replaced"
  [ -f "$2" ] || fail "the new settings are not beside the edited ones"
  is "the settings" "$(mode $settings)" "root:parley 640"
  has_chat
}
