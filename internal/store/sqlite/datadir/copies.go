package datadir

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"time"

	"parley.example/parley/internal/disk"
)

// CopyName is the name of a copy of the data in a format.
func CopyName(format int64) string { return fmt.Sprintf("%s.format-%d", DatabaseName, format) }

// isCopy matches the names of copies, and of those that were not completed.
var isCopy = regexp.MustCompile(`^` + regexp.QuoteMeta(DatabaseName) + `\.format-([0-9]{1,9})(\.tmp)?$`)

// dataCopy is a copy that an upgrade has left in the directory.
type dataCopy struct {
	os.FileInfo
	format     int64
	incomplete bool
}

// copies returns the copies in the directory, oldest format first.
func (d *Directory) copies() ([]dataCopy, error) {
	entries, err := os.ReadDir(d.Path)
	if err != nil {
		return nil, err
	}
	var copies []dataCopy
	for _, e := range entries {
		m := isCopy.FindStringSubmatch(e.Name())
		if m == nil || !e.Type().IsRegular() {
			continue
		}
		info, err := e.Info()
		if err != nil {
			return nil, err
		}
		format, err := strconv.ParseInt(m[1], 10, 64)
		if err != nil {
			return nil, err
		}
		copies = append(copies, dataCopy{info, format, m[2] != ""})
	}
	return copies, nil
}

// DropCopies deletes copies that were made before a time, all for the zero time, and what an
// interrupted upgrade has left of one.
func (d *Directory) DropCopies(before time.Time, log *slog.Logger) error {
	copies, err := d.copies()
	for _, c := range copies {
		if c.incomplete || before.IsZero() || c.ModTime().Before(before) {
			log.Info("a copy of the data from before an upgrade is deleted", "copy", c.Name(), "made", c.ModTime().UTC())
			err = errors.Join(err, os.Remove(filepath.Join(d.Path, c.Name())))
		}
	}
	return err
}

// TellCopies says at each start which copies take space.
func (d *Directory) TellCopies(log *slog.Logger) error {
	copies, err := d.copies()
	for _, c := range copies {
		if !c.incomplete {
			log.Info("a copy of the data from before an upgrade is here until it is a week old; it may be deleted earlier", "copy", filepath.Join(d.Path, c.Name()), "size", disk.Size(c.Size()), "made", c.ModTime().UTC())
		}
	}
	return err
}

// TooNew refuses data of a format that this release does not read, and says what to do.
func (d *Directory) TooNew(format, newest int64) error {
	by := "the release that wrote it"
	if release := d.Release(format); release != "" {
		by = "Parley " + release + ", which used it last,"
	}
	back := fmt.Sprintf("restore a backup of format %d or older", newest)
	copies, err := d.copies()
	if err != nil {
		return err
	}
	for _, c := range copies {
		if !c.incomplete && c.format <= newest {
			back = fmt.Sprintf("go back to %s, a copy from before the upgrade of %s, without what was said since", c.Name(), c.ModTime().UTC().Format("2006-01-02 15:04 MST"))
		}
	}
	return fmt.Errorf("the data was written by a newer Parley: its format is %d, this release reads formats up to %d. Start %s or a later one; or %s (docs/database.md, downgrade)", format, newest, by, back)
}
