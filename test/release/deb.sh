# Installs the package in a Debian that systemd runs, and has Debian's own checker read it.
debian lintian lintian
# Go links statically; nfpm says the licence; the scripts are rpm's as well, which has no deb-systemd-invoke.
lintian --allow-root --fail-on error,warning --suppress-tags statically-linked-binary,unknown-field,maintainer-script-calls-systemctl "$work/0.2.0/"*.deb
inside deb
