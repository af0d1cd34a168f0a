// Package disk has what several packages need of the file system: a lock on a file that ends with
// its process ([Lock]), and names and small files that survive the death of the process and of
// the machine ([SyncDir], [WriteFile]), and the space that is free ([Free]). Calls block as long as the disk does; errors are those of
// package os, and [ErrLocked].
package disk

import (
	"errors"
	"os"
	"path/filepath"
)

// ErrLocked: another process has the lock.
var ErrLocked = errors.New("the file is locked by another process")

// WriteFile writes a file that only its owner can read, in place of the one with its
// name. Once it returns the file is on the disk under that name. When it fails, or the machine does, the
// former file is there, or the new one.
func WriteFile(name string, data []byte) error {
	f, err := os.OpenFile(name+".tmp", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	if err := os.Rename(f.Name(), name); err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return SyncDir(filepath.Dir(name))
}
