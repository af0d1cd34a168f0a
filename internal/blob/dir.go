package blob

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

	"parley.example/parley/internal/center"
)

// parts is where files lie until they are complete. No key leads there.
const parts = ".parts"

// Directory is a [Store] in a directory. Make it with [Dir].
type Directory struct {
	root *os.Root
}

var _ Store = (*Directory)(nil)

// Dir keeps files below path, which is created when it is not there. No key
// leads out of it, not by a symbolic link either. It removes what incomplete
// Puts of a process that died have left behind, so the directory must belong
// to one process. Close releases it.
func Dir(path string) (*Directory, error) {
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
	return &Directory{root: root}, nil
}

// Put implements [Store].
func (d *Directory) Put(ctx context.Context, key string, r io.Reader, size int64) error {
	if err := check(key); err != nil {
		return err
	}
	part := path.Join(parts, rand.Text())
	if err := d.write(ctx, part, r, size); err != nil {
		// Whatever is left is removed at the next start at the latest.
		if gone := d.root.Remove(part); gone != nil && !errors.Is(gone, fs.ErrNotExist) {
			err = errors.Join(err, gone)
		}
		return err
	}
	return d.place(part, key)
}

// write writes the parts of a file and flushes them.
func (d *Directory) write(ctx context.Context, part string, r io.Reader, size int64) error {
	f, err := d.root.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	err = copyExactly(ctx, f, r, size)
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
func (d *Directory) place(part, key string) (err error) {
	dir := path.Dir(key)
	for range placeTries {
		if err = d.make(dir); err == nil {
			err = d.root.Rename(part, key)
		}
		if !absent(err) {
			break
		}
	}
	if err != nil {
		return errors.Join(err, d.root.Remove(part))
	}
	for ; ; dir = path.Dir(dir) {
		if err := d.sync(dir); err != nil && !absent(err) { // absent: the file is deleted already
			return err
		}
		if dir == "." {
			return nil
		}
	}
}

// make creates a directory with those above it.
func (d *Directory) make(dir string) error {
	for at := dir; at != "."; at = path.Dir(at) {
		info, err := d.root.Stat(at)
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
	return d.root.MkdirAll(dir, 0o700)
}

// absent reports whether an error says that a path leads to nothing: it is
// not there, or it goes on below a file.
func absent(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR)
}

func (d *Directory) sync(dir string) error {
	f, err := d.root.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// Open implements [Store].
func (d *Directory) Open(ctx context.Context, key string) (io.ReadSeekCloser, int64, error) {
	if err := errors.Join(check(key), ctx.Err()); err != nil {
		return nil, 0, err
	}
	f, err := d.root.Open(key)
	if absent(err) {
		return nil, 0, missing(key)
	}
	if err != nil {
		return nil, 0, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = missing(key)
	}
	if err != nil {
		return nil, 0, errors.Join(err, f.Close())
	}
	return f, info.Size(), nil
}

// Delete implements [Store]. A directory goes with its last file.
func (d *Directory) Delete(ctx context.Context, key string) error {
	if err := errors.Join(check(key), ctx.Err()); err != nil {
		return err
	}
	info, err := d.root.Lstat(key)
	if absent(err) {
		return nil
	}
	if err != nil {
		return err
	}
	if info.IsDir() {
		return nil // no file has this key
	}
	if err := d.root.Remove(key); err != nil && !absent(err) {
		return err
	}
	dir := path.Dir(key)
	if info, err := d.root.Lstat(dir); dir != "." && err == nil && info.IsDir() && d.root.Remove(dir) == nil {
		dir = path.Dir(dir) // the file was the last in its directory
	}
	if err := d.sync(dir); err != nil && !absent(err) {
		return err
	}
	return nil
}

// Close releases the directory. Files that are open stay readable.
func (d *Directory) Close() error { return d.root.Close() }
