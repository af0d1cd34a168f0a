# Installs the rpm in a Debian that systemd runs, with rpm as Debian has it.
debian rpm rpm
rpm --checksig --nosignature "$work/0.2.0/"*.rpm >/dev/null
inside rpm
contents=$(rpm -qp --qf '[%{FILENAMES} %{FILEUSERNAME}:%{FILEGROUPNAME} %{FILEMODES:perms} %{FILEFLAGS:fflags}\n]' "$work/0.2.0/"*_amd64.rpm)
for line in '/etc/parley/parley.json root:parley -rw-r----- cn' '/usr/bin/parley root:root -rwxr-xr-x ' '/usr/lib/systemd/system/parley.service root:root -rw-r--r-- '; do
  grep -qxF -- "$line" <<<"$contents" || fail "the rpm has no $line: $contents"
done
