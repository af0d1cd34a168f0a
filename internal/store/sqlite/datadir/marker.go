package datadir

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"

	"parley.example/parley/internal/disk"
	"parley.example/parley/internal/store/sqlite/sqlconn"
)

// MarkerName is the file that says that a directory has held a database, and which:
// without it a database that was lost would look like one that never was.
const MarkerName = "parley.id"

// markerText is for whoever opens the file. The id is the one of the table identity; the
// release is the one that used the data last, and the format what it made of it.
const markerText = `This directory holds the data of a Parley server, in parley.db. As long as this file is here, a server does
not start when parley.db is missing or empty, unless it is told to begin afresh: parley serve --new
id %s
format %d
release %s
`

var markedRelease = regexp.MustCompile(`(?m)^format ([0-9]+)\nrelease (\S+)$`)

// remedy is what to do about a database that is not what it was.
const remedy = "restore it from a backup (docs/database.md)"

// admit refuses a directory whose database was lost, unless begin is set: then it
// refuses one whose database is there. It says whether the directory has a marker.
func (d *Directory) admit(begin bool) (marked bool, err error) {
	marked, err = exists(filepath.Join(d.Path, MarkerName))
	if err != nil {
		return false, err
	}
	size, state := int64(0), "empty"
	switch info, err := os.Stat(filepath.Join(d.Path, DatabaseName)); {
	case err == nil:
		size = info.Size()
	case errors.Is(err, fs.ErrNotExist):
		state = "missing"
	default:
		return false, err
	}
	if size > 0 {
		if begin {
			return false, fmt.Errorf("--new begins with an empty database, but %s is there: start without --new, or move it away first, with %[1]s-wal and %[1]s-shm", DatabaseName)
		}
		return marked, nil
	}
	if half, err := exists(filepath.Join(d.Path, RestoringName)); err != nil || half {
		return false, cmp.Or(err, fmt.Errorf("it holds what an interrupted restore has left (%s): delete what is in it and restore again with parley restore", RestoringName))
	}
	// SQLite deletes the log of an empty database; it may be all that is left of the data.
	if info, err := os.Stat(filepath.Join(d.Path, DatabaseName+"-wal")); err == nil && info.Size() > 0 {
		return false, fmt.Errorf("%s is %s, but its log, %[1]s-wal, is there: %[3]s, or move the log away and start with parley serve --new", DatabaseName, state, remedy)
	}
	if marked && !begin {
		return false, lost(state)
	}
	return marked, nil
}

// lost is the refusal of a directory whose database is missing or empty.
func lost(state string) error {
	return fmt.Errorf("%s is %s, though this directory has held a database (%s says so): %s, or start with parley serve --new to begin with an empty one", DatabaseName, state, MarkerName, remedy)
}

// CheckTables refuses a database without tables where there was another: a file that
// SQLite made, or emptied, but not this program.
func (d *Directory) CheckTables(c *sqlconn.Conn, begin bool) error {
	if !d.marked || begin {
		return nil
	}
	r, err := c.First("SELECT count(*) FROM sqlite_schema")
	if err == nil && r.Int(0) == 0 {
		err = fmt.Errorf("%w; move the empty one away first", lost("without any tables"))
	}
	return err
}

// Explain adds to an error of opening what to do when the file is damaged.
func (d *Directory) Explain(err error) error {
	e, ok := errors.AsType[*sqlite.Error](err)
	if !ok {
		return err
	}
	switch e.Code() & 0xff {
	case lib.SQLITE_CORRUPT, lib.SQLITE_NOTADB:
		return fmt.Errorf("%s is damaged: %w; %s, or move it away, with %[1]s-wal and %[1]s-shm, and start with parley serve --new to begin with an empty one", DatabaseName, err, remedy)
	}
	return err
}

// Mark writes the marker of the data that c has, unless it is there.
func (d *Directory) Mark(c *sqlconn.Conn, release string, log *slog.Logger) error {
	r, err := c.First("SELECT id FROM identity")
	if err != nil {
		return err
	}
	if r == nil {
		return errors.New("the table identity is empty")
	}
	format, err := c.Pragma("user_version")
	if err != nil {
		return err
	}
	name, id := filepath.Join(d.Path, MarkerName), r.Text(0)
	before, err := os.ReadFile(name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if release == "" {
		release = d.Release(format)
	}
	text := fmt.Sprintf(markerText, id, format, cmp.Or(release, "unknown"))
	if string(before) == text {
		return nil
	}
	if err == nil && !strings.Contains(string(before), id) {
		log.Warn("the database is another one than at the last start: one that was restored or begun afresh", "dir", d.Path, "id", id)
	}
	return disk.WriteFile(name, []byte(text))
}

// WriteMarker says in a data directory that the database with this id belongs there. As long as the
// database is not there, no server starts on the directory: a restore begins with it.
func WriteMarker(path, id string) error {
	return disk.WriteFile(filepath.Join(path, MarkerName), fmt.Appendf(nil, markerText, id, 0, "unknown"))
}

// Release returns which release used the data last, if the marker tells it of data of this format.
func (d *Directory) Release(format int64) string {
	text, err := os.ReadFile(filepath.Join(d.Path, MarkerName))
	if err != nil {
		return ""
	}
	if m := markedRelease.FindStringSubmatch(string(text)); m != nil && m[1] == strconv.FormatInt(format, 10) && m[2] != "unknown" {
		return m[2]
	}
	return ""
}

func exists(name string) (bool, error) {
	_, err := os.Lstat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}
