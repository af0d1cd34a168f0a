// Package disk has what several packages need of the file system: a lock on a file that ends with
// its process ([Lock]), and names and small files that survive the death of the process and of
// the machine ([SyncDir], [WriteFile]), small files that somebody names, which may be pipes ([ReadFile]), the space that is
// free ([Free]), and why there can be no files ([Refusal]). Calls block as long as the disk does; errors are those of package os, and [ErrLocked].
package disk

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"
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

// Refusal returns why the file system takes no new file in a directory, such as that it is read-only, where SQLite says only
// that there was an error; nil when it takes one. It leaves none.
func Refusal(dir string) error {
	f, err := os.CreateTemp(dir, "parley-probe-*")
	if err == nil {
		return errors.Join(f.Close(), os.Remove(f.Name()))
	}
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err
	}
	return err
}

// pipeTime is how long whoever writes to a pipe may leave [ReadFile] waiting.
const pipeTime = 10 * time.Second

// ReadFile reads a file of at most so many bytes; a longer one is an error. The file may be a pipe, as a shell makes of
// <(command): one that nobody writes to, or that has nothing within ten seconds, is an error too, where
// [os.ReadFile] would wait for ever.
func ReadFile(name string, most int64) ([]byte, error) { return readFile(name, most, pipeTime) }

func readFile(name string, most int64, wait time.Duration) ([]byte, error) {
	f, err := os.OpenFile(name, os.O_RDONLY|nonBlocking, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close() // it was only read
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	pipe := info.Mode()&os.ModeNamedPipe != 0
	if pipe {
		_ = f.SetReadDeadline(time.Now().Add(wait)) // where pipes have none, opening one has waited already
	}
	text, err := io.ReadAll(io.LimitReader(f, most+1))
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return nil, fmt.Errorf("%s is a pipe whose writer has not ended within %s", name, wait)
	case err != nil:
		return nil, err
	case pipe && len(text) == 0:
		return nil, fmt.Errorf("%s is a pipe that nobody writes to", name)
	case int64(len(text)) > most:
		return nil, fmt.Errorf("%s has more than %d bytes", name, most)
	}
	return text, nil
}
