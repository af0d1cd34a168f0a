package backup

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"parley.example/parley/internal/blob"
)

// format is the version of the format of places. A newer one is refused.
const format = 1

// Backup is one backup of a place: what it holds, and how to find it.
type Backup struct {
	Format int       `json:"format"`
	ID     string    `json:"id"`     // such as 20261130T093007.123Z
	Taken  time.Time `json:"taken"`  // the instant that the database is of
	Parley string    `json:"parley"` // the version of the program that took it
	Data   string    `json:"data"`   // the id of the data, as in parley.id; "" of data older than that
	// Sealed says that the secrets in the database are sealed by a file that is no part of
	// the backup, unless Secret has its content.
	Sealed   bool     `json:"sealed,omitempty"`
	Secret   []byte   `json:"secret,omitempty"`
	Database Database `json:"database"`
	Files    *Files   `json:"files,omitempty"` // nil when attachments were left out
	Added    Amount   `json:"added"`           // what was stored for this backup, compressed
}

// Database says how a database is put together.
type Database struct {
	Format   int64 `json:"format"` // PRAGMA user_version
	Bytes    int64 `json:"bytes"`
	PageSize int64 `json:"pageSize"`
	Lists    []sum `json:"lists"`
}

// Files says which attachments a backup has.
type Files struct {
	Amount
	Lists []sum `json:"lists"`
}

// Amount is how much there is of something.
type Amount struct {
	Count int64 `json:"count"`
	Bytes int64 `json:"bytes"`
}

func (a *Amount) add(bytes int64) { a.Count++; a.Bytes += bytes }

const (
	manifestMark = "parley-backup sha256 "
	maxManifest  = 16 << 20
	idLayout     = "20060102T150405.000Z"
)

func (b *Backup) encode() ([]byte, error) {
	text, err := json.MarshalIndent(b, "", " ")
	return fmt.Appendf(nil, "%s%s\n%s\n", manifestMark, sumOf(append(text, '\n')), text), err
}

func (p *Place) backup(ctx context.Context, id string) (*Backup, error) {
	key := backups + "/" + id
	text, err := p.read(ctx, key, maxManifest)
	if err != nil {
		return nil, err
	}
	head, body, _ := bytes.Cut(text, []byte("\n"))
	if want := manifestMark + sumOf(body).String(); string(head) != want {
		return nil, &damage{key, errors.New("it does not fit its checksum")}
	}
	var b Backup
	if err := json.Unmarshal(body, &b); err != nil {
		return nil, &damage{key, err}
	}
	switch {
	case b.Format > format:
		return nil, fmt.Errorf("%s was written by a newer Parley, %s: use that one", key, b.Parley)
	case b.ID != id || b.Database.PageSize < 512 || b.Database.PageSize > maxPage || b.Database.Bytes%b.Database.PageSize != 0:
		return nil, &damage{key, errors.New("it contradicts itself")}
	}
	return &b, nil
}

// ids returns the ids of all backups, the oldest first.
func (p *Place) ids(ctx context.Context) (ids []string, err error) {
	err = p.store.List(ctx, backups, func(f blob.Info) error {
		id := strings.TrimPrefix(f.Key, backups+"/")
		if _, err := time.Parse(idLayout, id); err == nil {
			ids = append(ids, id)
		}
		return nil
	})
	slices.Sort(ids)
	return ids, err
}

// List returns all backups, the oldest first. Those that cannot be read are in the error,
// and the others are returned all the same.
func (p *Place) List(ctx context.Context) (list []*Backup, err error) {
	ids, err := p.ids(ctx)
	if err != nil {
		return nil, err
	}
	var errs []error
	for _, id := range ids {
		b, err := p.backup(ctx, id)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		list = append(list, b)
	}
	return list, errors.Join(errs...)
}

// Choice says which backup is meant: the newest, unless ID or At says otherwise.
type Choice struct {
	ID string
	At time.Time // the newest that is not newer than this
}

// Choose finds a backup.
func (p *Place) Choose(ctx context.Context, c Choice) (*Backup, error) {
	ids, err := p.ids(ctx)
	if err != nil {
		return nil, err
	}
	if len(ids) == 0 {
		return nil, fmt.Errorf("there are no backups in %s", p.where)
	}
	if c.ID != "" {
		if !slices.Contains(ids, c.ID) {
			return nil, fmt.Errorf("there is no backup %s in %s; parley backup list shows which there are", c.ID, p.where)
		}
		return p.backup(ctx, c.ID)
	}
	id := ids[len(ids)-1]
	if !c.At.IsZero() {
		// Ids are times, in one format, so they are ordered as text.
		i, found := slices.BinarySearch(ids, c.At.UTC().Format(idLayout))
		if found {
			i++
		}
		if i == 0 {
			return nil, fmt.Errorf("there is no backup as old as %s in %s: the oldest is %s", c.At.Format(time.RFC3339), p.where, ids[0])
		}
		id = ids[i-1]
	}
	return p.backup(ctx, id)
}
