package disk

import (
	"errors"
	"os"
	"syscall"
)

// nonBlocking is nothing: pipes are no files there.
const nonBlocking = 0

// errSharing is ERROR_SHARING_VIOLATION.
const errSharing = syscall.Errno(32)

// Lock opens a file, which it makes when it is not there, that nobody else may open for writing until it is
// closed or the process ends, however it ends.
func Lock(name string) (*os.File, error) {
	p, err := syscall.UTF16PtrFromString(name)
	if err != nil {
		return nil, err
	}
	h, err := syscall.CreateFile(p, syscall.GENERIC_READ|syscall.GENERIC_WRITE, syscall.FILE_SHARE_READ,
		nil, syscall.OPEN_ALWAYS, syscall.FILE_ATTRIBUTE_NORMAL, 0)
	if errors.Is(err, errSharing) {
		return nil, ErrLocked
	}
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(h), name), nil
}

// SyncDir has nothing to do: NTFS journals the names of new files.
func SyncDir(string) error { return nil }
