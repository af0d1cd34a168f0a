// Package dir keeps files in a directory.
//
// A file is written beside the others, flushed, and then given its name, so it
// is there as a whole, also after a crash, or not at all. One that is open stays
// readable when it is replaced or deleted. Start reading at [Open].
package dir

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"syscall"
	"time"

	"parley.example/parley/internal/blob"
	"parley.example/parley/internal/center"
)

// parts is where files lie until they are complete. No key leads there.
const parts = ".parts"

// Store is a [blob.Store] in a directory. Make it with [Open].
type Store struct {
	root *os.Root
}

var _ blob.Lister = (*Store)(nil)

// Open keeps files below path, which is created when it is not there. No key
// leads out of it, not by a symbolic link either. It removes what incomplete
// Puts of a process that died have left behind, so the directory must belong
// to one process. Close releases it.
func Open(path string) (*Store, error) {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(root.RemoveAll(parts), root.Mkdir(parts, 0o700)); err != nil {
		return nil, errors.Join(fmt.Errorf("clean %s: %w", path, err), root.Close())
	}
	return &Store{root: root}, nil
}

// stale is how old an incomplete file is at least that no process can be writing any more.
const stale = 24 * time.Hour

// Share is [Open] for a directory that several processes keep files in. It removes incomplete
// files once they are a day old.
func Share(path string) (*Store, error) {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, err
	}
	if err := clean(root); err != nil {
		return nil, errors.Join(fmt.Errorf("clean %s: %w", path, err), root.Close())
	}
	return &Store{root: root}, nil
}

// clean removes the incomplete files that are stale.
func clean(root *os.Root) error {
	if err := root.Mkdir(parts, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	entries, err := fs.ReadDir(root.FS(), parts)
	if err != nil {
		return err
	}
	now := time.Now() // the clock that dates files
	for _, e := range entries {
		info, err := e.Info()
		if err == nil && now.Sub(info.ModTime()) > stale {
			err = root.Remove(path.Join(parts, e.Name()))
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) { // another process has completed or removed it
			return err
		}
	}
	return nil
}

// View opens a directory that belongs to another process, to read it: no Put, no Delete. Its
// error is [fs.ErrNotExist] when it is not there.
func View(path string) (*Store, error) {
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, err
	}
	return &Store{root: root}, nil
}

// Put implements [blob.Store].
func (s *Store) Put(ctx context.Context, key string, r io.Reader, size int64) error {
	if err := blob.CheckKey(key); err != nil {
		return err
	}
	part := path.Join(parts, rand.Text())
	if err := s.write(ctx, part, r, size); err != nil {
		// Whatever is left is removed at the next start at the latest.
		if gone := s.root.Remove(part); gone != nil && !errors.Is(gone, fs.ErrNotExist) {
			err = errors.Join(err, gone)
		}
		return err
	}
	return s.place(part, key)
}

// write writes the parts of a file and flushes them.
func (s *Store) write(ctx context.Context, part string, r io.Reader, size int64) (err error) {
	if r, err = blob.Exactly(ctx, r, size); err != nil {
		return err
	}
	f, err := s.root.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, r)
	if err == nil {
		err = f.Sync()
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	return err
}

// placeTries is how often a file is given its name: each time a Delete of the
// last file beside it may have taken the directory away.
const placeTries = 8

// place gives a complete file its name and flushes the directories that lead
// to it: all of them, because another Put that has made one may not have come
// to flushing it.
func (s *Store) place(part, key string) (err error) {
	dir := path.Dir(key)
	for range placeTries {
		if err = s.make(dir); err == nil {
			err = s.root.Rename(part, key)
		}
		// MkdirAll reports a directory that was there, and is gone when it looks
		// again, as one that exists (os.Root of Go 1.26).
		if !absent(err) && !errors.Is(err, fs.ErrExist) {
			break
		}
	}
	if err != nil {
		return errors.Join(err, s.root.Remove(part))
	}
	for ; ; dir = path.Dir(dir) {
		if err := s.sync(dir); err != nil && !absent(err) { // absent: the file is deleted already
			return err
		}
		if dir == "." {
			return nil
		}
	}
}

// make creates a directory with those above it.
func (s *Store) make(dir string) error {
	for at := dir; at != "."; at = path.Dir(at) {
		info, err := s.root.Stat(at)
		if err == nil && !info.IsDir() {
			return center.Errorf(center.Invalid, "%q is a file", at)
		}
		if err == nil {
			break
		}
		if !absent(err) {
			return err
		}
	}
	return s.root.MkdirAll(dir, 0o700)
}

// absent reports whether an error says that a path leads to nothing: it is
// not there, or it goes on below a file.
func absent(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR)
}

func (s *Store) sync(dir string) error {
	f, err := s.root.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// Open implements [blob.Store].
func (s *Store) Open(ctx context.Context, key string) (io.ReadSeekCloser, int64, error) {
	if err := errors.Join(blob.CheckKey(key), ctx.Err()); err != nil {
		return nil, 0, err
	}
	f, err := s.root.Open(key)
	if absent(err) {
		return nil, 0, blob.Missing(key)
	}
	if err != nil {
		return nil, 0, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = blob.Missing(key)
	}
	if err != nil {
		return nil, 0, errors.Join(err, f.Close())
	}
	return f, info.Size(), nil
}

// Size implements [blob.Store].
func (s *Store) Size(ctx context.Context, key string) (int64, error) {
	if err := errors.Join(blob.CheckKey(key), ctx.Err()); err != nil {
		return 0, err
	}
	info, err := s.root.Stat(key)
	if absent(err) || err == nil && !info.Mode().IsRegular() {
		return 0, blob.Missing(key)
	}
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// Delete implements [blob.Store]. A directory goes with its last file.
func (s *Store) Delete(ctx context.Context, key string) error {
	if err := errors.Join(blob.CheckKey(key), ctx.Err()); err != nil {
		return err
	}
	info, err := s.root.Lstat(key)
	if absent(err) {
		return nil
	}
	if err != nil {
		return err
	}
	if info.IsDir() {
		return nil // no file has this key
	}
	if err := s.root.Remove(key); err != nil && !absent(err) {
		return err
	}
	dir := path.Dir(key)
	if info, err := s.root.Lstat(dir); dir != "." && err == nil && info.IsDir() && s.root.Remove(dir) == nil {
		dir = path.Dir(dir) // the file was the last in its directory
	}
	if err := s.sync(dir); err != nil && !absent(err) {
		return err
	}
	return nil
}

// List implements [blob.Lister].
func (s *Store) List(ctx context.Context, prefix string, each func(blob.Info) error) error {
	if prefix == "" {
		prefix = "."
	} else if err := blob.CheckKey(prefix); err != nil {
		return err
	}
	return fs.WalkDir(s.root.FS(), prefix, func(name string, d fs.DirEntry, err error) error {
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case absent(err):
			return nil // the prefix is not there, or was deleted meanwhile
		case err != nil:
			return err
		case d.IsDir() && name == parts:
			return fs.SkipDir
		case !d.Type().IsRegular() || name == prefix || blob.CheckKey(name) != nil:
			return nil // nothing that Put has written
		}
		info, err := d.Info()
		if absent(err) {
			return nil
		}
		if err != nil {
			return err
		}
		return each(blob.Info{Key: name, Size: info.Size(), Modified: info.ModTime()})
	})
}

// Close releases the directory. Files that are open stay readable.
func (s *Store) Close() error { return s.root.Close() }
