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

	"parley/internal/center"
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

// place gives a complete file its name and flushes the directories that name it.
func (d *Directory) place(part, key string) error {
	dir := path.Dir(key)
	made, err := d.make(dir)
	if err != nil {
		return errors.Join(err, d.root.Remove(part))
	}
	if err := d.root.Rename(part, key); err != nil {
		return errors.Join(err, d.root.Remove(part))
	}
	for _, name := range append(made, dir) {
		if err := d.sync(name); err != nil {
			return err
		}
	}
	return nil
}

// make creates a directory with those above it and returns the ones in which
// it has created another.
func (d *Directory) make(dir string) (changed []string, err error) {
	for at := dir; at != "."; at = path.Dir(at) {
		info, err := d.root.Stat(at)
		if err == nil && !info.IsDir() {
			return nil, center.Errorf(center.Invalid, "%q is a file", at)
		}
		if err == nil {
			break
		}
		if !absent(err) {
			return nil, err
		}
		changed = append(changed, path.Dir(at))
	}
	if len(changed) == 0 {
		return nil, nil
	}
	return changed, d.root.MkdirAll(dir, 0o700)
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

// Delete implements [Store].
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
	return d.sync(path.Dir(key))
}

// Close releases the directory. Files that are open stay readable.
func (d *Directory) Close() error { return d.root.Close() }
