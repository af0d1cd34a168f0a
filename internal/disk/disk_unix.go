//go:build unix

package disk

import (
	"errors"
	"os"
	"syscall"
)

// nonBlocking has the opening of a pipe not wait for whoever writes to it.
const nonBlocking = syscall.O_NONBLOCK

// Lock opens a file, which it makes when it is not there, and locks it until it is closed or the process ends,
// however it ends.
func Lock(name string) (*os.File, error) {
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		err = ErrLocked
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// SyncDir makes the names of new files in a directory durable.
func SyncDir(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
