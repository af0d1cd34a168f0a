package backup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	"parley.example/parley/internal/blob"
	"parley.example/parley/internal/blob/dir"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/disk"
	"parley.example/parley/internal/store/sqlite/datadir"
)

// Target says where a backup is restored to.
type Target struct {
	Data string // the data directory: not there, or empty
	// Files is where the server keeps attachments when that is not in the data
	// directory. Files that are there already are left as they are.
	Files    blob.Store
	Progress func(Progress) // as in Options
}

// Restored says what a restore has done.
type Restored struct {
	*Backup
	Facts
	SecretMissing bool // the server needs the file parley.secret, which the backup has not
	Took          time.Duration
}

// Restore brings a backup back to a data directory. Each piece is compared with its name, and the
// database is examined before it gets its own name; until then no server starts on the
// directory, because its marker says that a database is missing.
func (p *Place) Restore(ctx context.Context, b *Backup, t Target) (_ *Restored, err error) {
	began := time.Now()
	if t.Data, err = filepath.Abs(t.Data); err != nil {
		return nil, err
	}
	if err := vacant(t.Data); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(t.Data, 0o700); err != nil {
		return nil, err
	}
	lock, err := disk.Lock(filepath.Join(t.Data, lockName))
	if err != nil {
		return nil, fmt.Errorf("lock %s: %w", t.Data, err)
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	if err := datadir.WriteMarker(t.Data, b.Data); err != nil {
		return nil, err
	}
	path := filepath.Join(t.Data, datadir.RestoringName) // first, because it says what the directory is
	if err := p.assemble(ctx, b, path, t.Progress); err != nil {
		return nil, err
	}
	sizes, err := p.restoreFiles(ctx, b, t)
	if err != nil {
		return nil, err
	}
	if len(b.Secret) > 0 {
		if err := writeFile(filepath.Join(t.Data, secretName), b.Secret); err != nil {
			return nil, err
		}
	}
	tell(t.Progress, "examining the database", 0, 0)
	facts, err := examine(ctx, path, sizes)
	if err != nil {
		return nil, err
	}
	if err := os.Rename(path, filepath.Join(t.Data, databaseName)); err != nil {
		return nil, err
	}
	if err := disk.SyncDir(t.Data); err != nil {
		return nil, err
	}
	return &Restored{Backup: b, Facts: *facts, SecretMissing: b.Sealed && len(b.Secret) == 0, Took: time.Since(began)}, nil
}

// vacant refuses a directory with anything in it but what mkfs makes.
func vacant(path string) error {
	names, err := os.ReadDir(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if _, err := os.Lstat(filepath.Join(path, datadir.RestoringName)); err == nil {
		return fmt.Errorf("%s holds what an interrupted restore has left: delete what is in it and restore again", path)
	}
	for _, n := range names {
		if n.Name() != "lost+found" {
			return fmt.Errorf("%s is not empty (it has %s): restore to a new directory, so that nothing is overwritten", path, n.Name())
		}
	}
	return err
}

func writeFile(path string, content []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	return errors.Join(err, f.Sync(), f.Close())
}

func tell(progress func(Progress), doing string, done, total int64) {
	if progress != nil {
		progress(Progress{doing, done, total})
	}
}

// assemble writes the database of a backup to a new file.
func (p *Place) assemble(ctx context.Context, b *Backup, path string, progress func(Progress)) (err error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if err := f.Truncate(b.Database.Bytes); err != nil {
		return err
	}
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(hands)
	at := int64(0)
	for _, list := range b.Database.Lists {
		var l pieces
		if l, err = p.pieces(gctx, list); err != nil {
			break
		}
		for _, name := range l {
			from, n := at, min(pieceBytes, b.Database.Bytes-at)
			at += n
			g.Go(func() error {
				content, err := p.object(gctx, name)
				if err == nil && int64(len(content)) != n {
					err = &damage{name.key(objects), fmt.Errorf("it has %d bytes; the backup needs %d", len(content), n)}
				}
				if err == nil {
					_, err = f.WriteAt(content, from)
				}
				return err
			})
			tell(progress, "database", at, b.Database.Bytes)
		}
	}
	if stored := g.Wait(); stored != nil {
		err = stored
	}
	if err == nil && at != b.Database.Bytes {
		err = &damage{backups + "/" + b.ID, fmt.Errorf("it has pieces of %d bytes for a database of %d", at, b.Database.Bytes)}
	}
	if err == nil {
		err = f.Sync()
	}
	return err
}

// restoreFiles writes the attachments of a backup and returns their sizes by key.
func (p *Place) restoreFiles(ctx context.Context, b *Backup, t Target) (sizes map[string]int64, err error) {
	if b.Files == nil {
		return nil, nil
	}
	sizes = map[string]int64{}
	to := t.Files
	if to == nil && b.Files.Count > 0 {
		store, err := dir.Open(filepath.Join(t.Data, filesName))
		if err != nil {
			return nil, err
		}
		defer store.Close()
		to = store
	}
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(hands)
	done := int64(0)
	for _, list := range b.Files.Lists {
		var l fileList
		if l, err = p.fileList(gctx, list); err != nil {
			break
		}
		for _, f := range l {
			sizes[f.key] = f.size
			g.Go(func() error { return p.restoreFile(gctx, f, to) })
			done += f.size
			tell(t.Progress, "files", done, b.Files.Bytes)
		}
	}
	if stored := g.Wait(); stored != nil {
		err = stored
	}
	return sizes, err
}

func (p *Place) restoreFile(ctx context.Context, f file, to blob.Store) error {
	if size, err := to.Size(ctx, f.key); err == nil && size == f.size {
		return nil
	} else if err != nil && center.ReasonOf(err) != center.NotFound {
		return err
	}
	key := f.sum.key(files)
	from, size, err := p.store.Open(ctx, key)
	if err != nil {
		return damaged(key, err)
	}
	defer from.Close()
	// Compared before it is put: what is there is right, and not put again.
	switch name, err := sumReader(from); {
	case err != nil:
		return fmt.Errorf("read %s: %w", key, err)
	case name != f.sum || size != f.size:
		return &damage{key, errors.New("its content is not what its name says")}
	}
	if _, err := from.Seek(0, io.SeekStart); err != nil {
		return err
	}
	return to.Put(ctx, f.key, from, size)
}
