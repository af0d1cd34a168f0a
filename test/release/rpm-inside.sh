# What rpm.sh has done in its container: install, upgrade, remove, install again. It is rpm in a Debian, with packages for
# amd64: what it cannot know is whether Fedora has what the package requires.
rpm_here() { rpm --force-debian --nodeps "$@"; }

say "-- installing"
rpm_here --install /test/former.rpm
is "the version" "$(parley version | head -1)" "parley v0.1.0"
has_package
is "what is not as it was packed" "$(rpm_here --verify parley-server)" ""

say "-- upgrading settings that nobody has edited"
rpm_here --upgrade /test/new.rpm
grep -q '"log-format"' $settings || fail "the settings are the former ones"
has_package
rpm_here --upgrade --oldpackage /test/former.rpm

say "-- running"
run_service

say "-- upgrading while it runs"
started=$(pid)
rpm_here --upgrade /test/new.rpm
is_upgraded "$started" $settings.rpmnew

say "-- upgrading while it is stopped"
systemctl stop parley.service
rpm_here --upgrade --oldpackage /test/former.rpm
rpm_here --upgrade /test/new.rpm
is "the service" "$(active)" inactive

say "-- removing"
systemctl start parley.service
rpm_here --erase parley-server
is "the service" "$(active)" inactive
for path in /usr/bin/parley /usr/lib/systemd/system/parley.service /etc/systemd/system/multi-user.target.wants/parley.service; do
  [ ! -e $path ] && [ ! -L $path ] || fail "$path is still there"
done
[ -f $settings.rpmsave ] && [ -f /var/lib/parley/parley.db ] || fail "data or settings are gone"
getent passwd parley >/dev/null || fail "the user is gone, and others may get its number"

say "-- installing again"
rpm_here --install /test/new.rpm
mv $settings.rpmsave $settings
systemctl start parley.service
parley health --config $settings --wait 60s
has_chat
echo passed
