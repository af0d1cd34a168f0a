// Package datadir is the directory in which a store keeps its data: who may use it, whether the database
// in it is the one that belongs there, and the copies that upgrades have left beside it.
//
// Start reading at [Open].
package datadir

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"parley.example/parley/internal/disk"
	"parley.example/parley/internal/store/sqlite/sqlconn"
)

// The names of files in a data directory.
const (
	DatabaseName = "parley.db"
	lockName     = "parley.lock"
)

// RestoringName is the name of a database that a restore has not completed. No store opens a directory
// that has one in place of a database.
const RestoringName = DatabaseName + ".restoring"

// ErrInUse is why a data directory cannot be opened: another process has it.
var ErrInUse = errors.New("in use")

// Directory is a data directory that this process, and no other, may use.
type Directory struct {
	Path   string // absolute
	lock   *os.File
	marked bool // it held a database before
}

// Open makes the directory when it is not there, locks it, and refuses one whose
// database was lost, or with begin one whose database is there.
func Open(path string, begin bool) (*Directory, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, err
	}
	name := filepath.Join(path, lockName)
	lock, err := disk.Lock(name)
	if errors.Is(err, disk.ErrLocked) {
		return nil, fmt.Errorf("data directory %s is %w by %s", path, ErrInUse, holder(name))
	}
	if err != nil {
		return nil, fmt.Errorf("lock %s: %w", name, err)
	}
	d := &Directory{Path: path, lock: lock}
	if err := d.prepare(begin); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

// prepare names this process in the lock file and creates the database file:
// SQLite gives the files it makes beside it the same mode.
func (d *Directory) prepare(begin bool) (err error) {
	if err := d.lock.Truncate(0); err != nil {
		return err
	}
	if _, err := d.lock.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0); err != nil {
		return err
	}
	if d.marked, err = d.admit(begin); err != nil {
		return fmt.Errorf("data directory %s: %w", d.Path, err)
	}
	f, err := os.OpenFile(filepath.Join(d.Path, DatabaseName), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return errors.Join(f.Close(), disk.SyncDir(d.Path))
}

// Empty reports whether the database has not been written to.
func (d *Directory) Empty() bool {
	info, err := os.Stat(filepath.Join(d.Path, DatabaseName))
	return err == nil && info.Size() == 0
}

// DSN is the name under which SQLite opens the database file.
func (d *Directory) DSN() string { return sqlconn.FileURI(filepath.Join(d.Path, DatabaseName)) }

// Close lets other processes in. The lock file stays: removing it would let
// two processes lock two files of one name.
func (d *Directory) Close() error {
	return d.lock.Close()
}

// holder describes the process whose id the lock file holds.
func holder(name string) string {
	b, err := os.ReadFile(name)
	pid := strings.TrimSpace(string(b))
	if err != nil || pid == "" {
		return "another process"
	}
	return "process " + pid
}
