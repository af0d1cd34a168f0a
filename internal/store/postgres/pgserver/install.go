package pgserver

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
)

const (
	// turns is locked by whoever looks for PostgreSQL, as root: nobody takes one for installed that another process is about to install.
	turns = "/run/parley-pgtest.lock"
	// lists is what apt-get update locks. It does not wait for who has it, as installing does.
	lists = "/var/lib/apt/lists/lock"
)

// programs returns the directory of the newest PostgreSQL, and installs one where there is none.
func programs() (string, error) {
	if os.Getuid() != 0 {
		if found := installed(); found != "" {
			return found, nil
		}
		return "", errors.New("PostgreSQL is missing: install the package postgresql, or run this as root")
	}
	turn, err := hold(turns)
	if err == nil {
		defer turn.Close()
	}
	if found := installed(); found != "" {
		return found, nil
	}
	if err == nil {
		err = install()
	}
	if err != nil {
		return "", fmt.Errorf("PostgreSQL is missing, and is not installed: %w", err)
	}
	if found := installed(); found != "" {
		return found, nil
	}
	return "", errors.New("PostgreSQL is missing although the package postgresql is installed")
}

// hold waits for the lock of a file, which is let go when the file is closed.
func hold(name string) (*os.File, error) {
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o640)
	if err != nil {
		return nil, err
	}
	if err := syscall.FcntlFlock(f.Fd(), syscall.F_SETLKW, &syscall.Flock_t{Type: syscall.F_WRLCK}); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", name, err), f.Close())
	}
	return f, nil
}

// install installs PostgreSQL. It waits for what others install, and for what they fetch.
func install() (err error) {
	if err := update(); err != nil {
		return err
	}
	restore, err := withoutCluster()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, restore()) }()
	return apt("install", "-y", "-qq", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=1800", "-o", "Dpkg::Options::=--force-confdef", "-o", "Dpkg::Options::=--force-confold", "postgresql")
}

// update fetches the lists of packages.
func update() error {
	f, err := hold(lists)
	if err != nil {
		return err
	}
	defer f.Close()
	return apt("update", "-qq", "-o", "Debug::NoLocking=true")
}

// apt runs apt-get, which asks nothing.
func apt(args ...string) error {
	cmd := exec.Command("apt-get", args...)
	cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("apt-get %s: %w\n%s", args[0], err, out)
	}
	return nil
}

// settings are those of Debian's pg_createcluster, of which it reads all in a directory.
const settings = "/etc/postgresql-common/createcluster.d"

// withoutCluster keeps the package from starting a server of its own, which would have the port 5432, until restore is called.
func withoutCluster() (restore func() error, err error) {
	if err := os.MkdirAll(settings, 0o755); err != nil {
		return nil, err
	}
	f, err := os.CreateTemp(settings, "parley-*.conf")
	if err != nil {
		return nil, err
	}
	_, err = f.WriteString("create_main_cluster = false\n")
	restore = func() error { return os.Remove(f.Name()) }
	if err = errors.Join(err, f.Chmod(0o644), f.Close()); err != nil {
		return nil, errors.Join(err, restore())
	}
	return restore, nil
}

func installed() string {
	all, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb") // the pattern is good
	version := func(path string) int {
		n, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(path))))
		return n
	}
	if len(all) > 0 {
		return filepath.Dir(slices.MaxFunc(all, func(a, b string) int { return version(a) - version(b) }))
	}
	if path, err := exec.LookPath("initdb"); err == nil {
		return filepath.Dir(path)
	}
	return ""
}
