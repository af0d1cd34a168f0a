//go:build unix

package durable

import (
	"errors"
	"os"
)

// SyncDirectory makes the names of new files durable.
func SyncDirectory(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
