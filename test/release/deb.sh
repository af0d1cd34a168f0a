# Installs the packages in a Debian that systemd runs, in a container with a network of its own.
debian debootstrap debootstrap
debian systemd-nspawn systemd-container
debian systemd-analyze systemd
debian rpm rpm

if [ ! -f "$cache/debian.tar" ]; then
  say "making a Debian"
  debootstrap --variant=minbase --include=systemd,systemd-sysv bookworm "$work/debian" >"$work/debootstrap.log" || fail "$(tail -5 "$work/debootstrap.log")"
  tar -cf "$cache/debian.tar.new" -C "$work/debian" .
  mv "$cache/debian.tar.new" "$cache/debian.tar"
  rm -rf "$work/debian"
fi
mkdir "$work/debian"
tar -xf "$cache/debian.tar" -C "$work/debian"
mkdir "$work/debian/test"
cp "$work/0.1.0/"*_amd64.deb "$work/debian/test/former.deb"
cp "$work/0.2.0/"*_amd64.deb "$work/debian/test/new.deb"
cp test/release/deb-inside.sh "$work/debian/test/inside"
cat >"$work/debian/etc/systemd/system/release-test.service" <<'UNIT'
[Unit]
After=multi-user.target
[Service]
Type=oneshot
ExecStart=/bin/bash /test/inside
StandardOutput=append:/test/log
StandardError=append:/test/log
TimeoutStartSec=300
ExecStopPost=/bin/systemctl --no-block poweroff
UNIT
mkdir -p "$work/debian/etc/systemd/system/graphical.target.wants"
ln -s ../release-test.service "$work/debian/etc/systemd/system/graphical.target.wants/"
systemd-nspawn --quiet --register=no --keep-unit --private-network --directory "$work/debian" --boot </dev/null >"$work/boot.log" 2>&1 || fail "the container failed: $(tail -5 "$work/boot.log")"
sed 's/^/   /' "$work/debian/test/log"
grep -qx passed "$work/debian/test/log" || fail "the package did not pass"

# An rpm is made of the same parts: it is read, not installed.
contents=$(rpm -qp --qf '[%{FILENAMES} %{FILEUSERNAME} %{FILEMODES:perms} %{FILEFLAGS:fflags}\n]' "$work/0.2.0/"*_amd64.rpm)
for line in '/etc/parley/parley.json root -rw-r--r-- cn' '/usr/bin/parley root -rwxr-xr-x ' '/usr/lib/systemd/system/parley.service root -rw-r--r-- '; do
  grep -qxF -- "$line" <<<"$contents" || fail "the rpm has no $line: $contents"
done
