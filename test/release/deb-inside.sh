# Runs in the container of deb.sh, as root. It prints "passed" when all went well.
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8
say() { printf '%s\n' "$*"; }
fail() { printf 'failed: %s\n' "$*"; exit 1; }
trap 'fail "line $LINENO"' ERR
is() { [ "$2" = "$3" ] || fail "$1 is $2; want $3"; }
mode() { stat -c '%U:%G %a' "$1"; }
active() { systemctl is-active parley.service || true; }
install_deb() { dpkg --force-confdef --force-confold --install "$1" </dev/null; }
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

say "-- installing"
install_deb /test/former.deb
is "the version" "$(parley version | head -1)" "parley v0.1.0"
is "the program" "$(mode /usr/bin/parley)" "root:root 755"
is "the settings" "$(mode $settings)" "root:parley 640"
is "the data directory" "$(mode /var/lib/parley)" "parley:parley 700"
is "the shell of the user" "$(getent passwd parley | cut -d: -f6,7)" "/var/lib/parley:/usr/sbin/nologin"
is "the service" "$(active)" inactive
is "a service that nobody has enabled" "$(systemctl is-enabled parley.service || true)" disabled
for file in /usr/share/man/man1/parley-serve.1.gz /usr/share/bash-completion/completions/parley /usr/share/zsh/vendor-completions/_parley \
  /usr/share/fish/vendor_completions.d/parley.fish /usr/share/doc/parley-server/THIRD-PARTY-NOTICES.txt; do
  dpkg -L parley-server | grep -qx "$file" || fail "there is no $file"
done
dpkg --verify parley-server | grep -v ' c ' && fail "files are not as they were packed"
systemd-analyze verify --man=no /usr/lib/systemd/system/parley.service
systemd-analyze security parley.service | tail -1
exposure=$(systemd-analyze security parley.service | sed -n 's/.*parley.service: \([0-9]*\)\..*/\1/p')
[ "$exposure" -lt 2 ] || fail "the service is exposed: $exposure"

say "-- running"
# The demo of development mode, so that there is something to chat with; in the data directory.
sed -i 's/"data"/"dev": true,\n  "data"/' $settings
systemctl enable --now parley.service
parley health --config $settings --wait 60s
is "the service" "$(active)" active
is "the user of the process" "$(stat -c %U "/proc/$(pid)")" parley
journalctl --unit parley --output cat | grep -q 'Parley is at http://127.0.0.1:8790' || fail "the journal has nothing: $(journalctl -u parley)"
is "the database" "$(mode /var/lib/parley/parley.db)" "parley:parley 600"
printf 'kept for ever\n/leave\n' | parley chat | tee /test/chat
token=$(sed -n 's/.*--token \([^ ]*\).*/\1/p' /test/chat | tail -1)
[ -n "$token" ] || fail "the chat cannot be joined again"
is "the filter of system calls" "$(sed -n 's/^Seccomp:\t//p' "/proc/$(pid)/status")" 2

say "-- upgrading while it runs"
started=$(pid)
install_deb /test/new.deb
parley health --config $settings --wait 60s
is "the version" "$(parley version | head -1)" "parley v0.2.0"
[ "$(pid)" != "$started" ] || fail "the service was not restarted"
grep -q '"dev": true' $settings || fail "the settings were replaced"
[ -f $settings.dpkg-dist ] || fail "the new settings are not beside the edited ones"
is "the settings" "$(mode $settings)" "root:parley 640"
has_chat

say "-- upgrading while it is stopped"
systemctl stop parley.service
install_deb /test/former.deb
install_deb /test/new.deb
is "the service" "$(active)" inactive

say "-- removing"
systemctl start parley.service
dpkg --remove parley-server
is "the service" "$(active)" inactive
[ ! -e /usr/bin/parley ] && [ ! -e /usr/lib/systemd/system/parley.service ] || fail "the program is still there"
[ -f $settings ] && [ -f /var/lib/parley/parley.db ] || fail "data or settings are gone"

say "-- installing again"
install_deb /test/new.deb
systemctl start parley.service
parley health --config $settings --wait 60s
has_chat

say "-- purging"
dpkg --purge parley-server
is "the service" "$(active)" inactive
for path in /etc/parley /var/lib/parley /etc/systemd/system/multi-user.target.wants/parley.service /usr/share/doc/parley-server; do
  [ ! -e $path ] && [ ! -L $path ] || fail "$path is still there: $(ls -la $path)"
done
getent passwd parley >/dev/null || fail "the user is gone, and others may get its number"
is "what dpkg knows" "$(dpkg-query --show --showformat '${Status}' parley-server 2>/dev/null || true)" ""
echo passed
