// Package durable writes small files of their owner so that they survive the death of
// the process and of the machine. A file is there as a whole or not at all: [WriteFile].
// Calls block as long as the disk does; errors are those of package os.
package durable

import (
	"errors"
	"os"
	"path/filepath"
)

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
	return SyncDirectory(filepath.Dir(name))
}
