package sqlite

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"parley.example/parley/internal/disk"
)

const (
	databaseName = "parley.db"
	lockName     = "parley.lock"
)

// RestoringName is the name of a database that a restore has not completed. No store opens a directory
// that has one in place of a database.
const RestoringName = databaseName + ".restoring"

// ErrInUse is why a data directory cannot be opened: another process has it.
var ErrInUse = errors.New("in use")

// directory is a data directory that this process, and no other, may use.
type directory struct {
	path   string
	lock   *os.File
	marked bool // it held a database before
}

// openDirectory makes the directory when it is not there, locks it, and refuses one whose
// database was lost, or with begin one whose database is there.
func openDirectory(path string, begin bool) (*directory, error) {
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
	d := &directory{path: path, lock: lock}
	if err := d.prepare(begin); err != nil {
		return nil, errors.Join(err, d.close())
	}
	return d, nil
}

// prepare names this process in the lock file and creates the database file:
// SQLite gives the files it makes beside it the same mode.
func (d *directory) prepare(begin bool) (err error) {
	if err := d.lock.Truncate(0); err != nil {
		return err
	}
	if _, err := d.lock.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0); err != nil {
		return err
	}
	if d.marked, err = d.admit(begin); err != nil {
		return fmt.Errorf("data directory %s: %w", d.path, err)
	}
	f, err := os.OpenFile(filepath.Join(d.path, databaseName), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return errors.Join(f.Close(), disk.SyncDir(d.path))
}

// empty reports whether the database has not been written to.
func (d *directory) empty() bool {
	info, err := os.Stat(filepath.Join(d.path, databaseName))
	return err == nil && info.Size() == 0
}

// dsn is the name under which SQLite opens the database file.
func (d *directory) dsn() string { return fileURI(filepath.Join(d.path, databaseName)) }

// fileURI is the name under which SQLite opens a file.
func fileURI(file string) string {
	path := filepath.ToSlash(file)
	if !strings.HasPrefix(path, "/") {
		path = "/" + path // a drive letter
	}
	return (&url.URL{Scheme: "file", Path: path}).String()
}

// close lets other processes in. The lock file stays: removing it would let
// two processes lock two files of one name.
func (d *directory) close() error {
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
