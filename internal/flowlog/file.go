package flowlog

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
)

const (
	keptFiles = 4  // of an instance: the current one, and those before it
	openFiles = 32 // at most
)

// files are the log files of the instances. ID.log is rotated at its bound: it
// becomes ID.1.log, that one ID.2.log, and the last one is deleted. One goroutine
// uses it.
type files struct {
	dir    string
	max    int64 // bytes of one file
	root   *os.Root
	open   map[string]*file
	unused []string // names of open files, the longest unused first
}

type file struct {
	f    *os.File
	w    *bufio.Writer
	size int64
}

// FileName is the name of an instance's current file in the directory of the logs.
func FileName(instance string) string { return instance + ".log" }

func older(name string, n int) string {
	return strings.TrimSuffix(name, ".log") + "." + strconv.Itoa(n) + ".log"
}

// write adds a line to the file of an instance.
func (s *files) write(instance string, line []byte) error {
	name := FileName(instance)
	f, err := s.get(name)
	if err != nil {
		return err
	}
	if f.size > 0 && f.size+int64(len(line)) > s.max {
		if err := s.rotate(name); err != nil {
			return err
		}
		if f, err = s.get(name); err != nil {
			return err
		}
	}
	n, err := f.w.Write(line)
	f.size += int64(n)
	if err != nil {
		return errors.Join(fmt.Errorf("write %s: %w", name, err), s.drop(name)) // a buffered writer never recovers
	}
	return nil
}

// get returns an open file, opening it if necessary.
func (s *files) get(name string) (*file, error) {
	if f := s.open[name]; f != nil {
		s.touch(name)
		return f, nil
	}
	if err := s.enter(); err != nil {
		return nil, err
	}
	if len(s.open) >= openFiles {
		if err := s.drop(s.unused[0]); err != nil {
			return nil, err
		}
	}
	f, err := s.root.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	opened := &file{f: f, w: bufio.NewWriterSize(f, 32<<10), size: size}
	s.open[name] = opened
	s.unused = append(s.unused, name)
	return opened, nil
}

// enter opens the directory, and makes it if it is not there.
func (s *files) enter() error {
	if s.root != nil {
		return nil
	}
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return err
	}
	root, err := os.OpenRoot(s.dir)
	if err != nil {
		return err
	}
	s.root, s.open = root, map[string]*file{}
	return nil
}

// touch marks a file as the most recently used.
func (s *files) touch(name string) {
	for i, n := range s.unused {
		if n == name {
			s.unused = append(append(s.unused[:i], s.unused[i+1:]...), name)
			return
		}
	}
}

// drop closes a file.
func (s *files) drop(name string) error {
	f := s.open[name]
	delete(s.open, name)
	for i, n := range s.unused {
		if n == name {
			s.unused = append(s.unused[:i], s.unused[i+1:]...)
			break
		}
	}
	return errors.Join(f.w.Flush(), f.f.Close())
}

// rotate renames the files and deletes the oldest one.
func (s *files) rotate(name string) error {
	if err := s.drop(name); err != nil {
		return err
	}
	for n := keptFiles - 2; n >= 0; n-- {
		from := name
		if n > 0 {
			from = older(name, n)
		}
		if err := s.root.Rename(from, older(name, n+1)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return nil
}

// flush writes what is buffered.
func (s *files) flush() error {
	var errs []error
	for name, f := range s.open {
		if f.w.Buffered() == 0 {
			continue
		}
		if err := f.w.Flush(); err != nil {
			errs = append(errs, fmt.Errorf("write %s: %w", name, err), s.drop(name))
		}
	}
	return errors.Join(errs...)
}

func (s *files) close() {
	for name := range s.open {
		_ = s.drop(name) // an error was logged before, or there is nothing left to write
	}
	if s.root != nil {
		_ = s.root.Close() // it was only read
	}
}
