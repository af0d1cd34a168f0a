# What deb.sh has done in its container: install, upgrade, remove, install again, purge.
install_deb() { dpkg --force-confdef --force-confold --install "$1" </dev/null; }

say "-- installing"
install_deb /test/former.deb
is "the version" "$(parley version | head -1)" "parley v0.1.0"
has_package
for file in /usr/share/man/man1/parley-serve.1.gz /usr/share/bash-completion/completions/parley /usr/share/zsh/vendor-completions/_parley \
  /usr/share/fish/vendor_completions.d/parley.fish /usr/share/doc/parley-server/THIRD-PARTY-NOTICES.txt; do
  dpkg -L parley-server | grep -qx "$file" || fail "there is no $file"
done
dpkg --verify parley-server | grep -v ' c ' && fail "files are not as they were packed"
systemd-analyze verify --man=no /usr/lib/systemd/system/parley.service /usr/lib/systemd/system/parley.socket
systemd-analyze security parley.service | tail -1
exposure=$(systemd-analyze security parley.service | sed -n 's/.*parley.service: \([0-9]*\)\..*/\1/p')
[ "$exposure" -lt 2 ] || fail "the service is exposed: $exposure"

say "-- running"
run_service
journalctl --unit parley --output cat | grep -q 'Parley is at http://127.0.0.1:8790' || fail "the journal has nothing: $(journalctl -u parley)"
is "the database" "$(mode /var/lib/parley/parley.db)" "parley:parley 600"
is "the filter of system calls" "$(sed -n 's/^Seccomp:\t//p' "/proc/$(pid)/status")" 2

say "-- restarting behind the socket"
systemctl stop parley.service
systemctl enable --now parley.socket
systemctl start parley.service
started=$(pid)
systemctl --no-block restart parley.service
for ((i = 0; i < 200 || $(pid) == started; i++)); do
  (: </dev/tcp/127.0.0.1/8790) || fail "a connection was refused during a restart"
done
parley health --config $settings --wait 60s
has_chat
systemctl stop parley.service
systemctl disable --now parley.socket
systemctl start parley.service

say "-- upgrading while it runs"
started=$(pid)
install_deb /test/new.deb
is_upgraded "$started" $settings.dpkg-dist

say "-- upgrading while it is stopped"
systemctl stop parley.service
install_deb /test/former.deb
install_deb /test/new.deb
is "the service" "$(active)" inactive

say "-- removing"
systemctl start parley.service
dpkg --remove parley-server
is "the service" "$(active)" inactive
[ ! -e /usr/bin/parley ] && [ ! -e /usr/lib/systemd/system/parley.service ] && [ ! -e /usr/lib/systemd/system/parley.socket ] || fail "the program is still there"
[ -f $settings ] && [ -f /var/lib/parley/parley.db ] || fail "data or settings are gone"

say "-- installing again, by apt"
apt-get install --yes --no-install-recommends /test/new.deb </dev/null
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
