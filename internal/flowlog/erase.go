package flowlog

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"parley.example/parley/internal/center"
)

// erasure is an order to delete records. The goroutine of Run carries it out: the files
// are its own.
type erasure struct {
	instance center.InstanceID
	contacts map[center.ContactID]int64 // nil for all of the instance
	err      error
	done     chan struct{}
}

// Erase deletes the records of contacts of an instance, or with nil all of the
// instance: from its files, and from what is kept for tails. What was added before is
// deleted too. It works while Run does. contacts gets how many records of each there were.
func (l *Log) Erase(ctx context.Context, instance center.InstanceID, contacts map[center.ContactID]int64) error {
	l.init()
	e := &erasure{instance: instance, contacts: contacts, done: make(chan struct{})}
	select {
	case l.erase <- e:
		<-e.done // until then contacts is Run's
		return e.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// carryOut carries out an erasure, file by file, and writes what has come in between.
func (l *Log) carryOut(ctx context.Context, e *erasure) {
	defer close(e.done)
	l.drain(ctx)
	l.tails.forget(func(line *Line) bool {
		_, named := e.contacts[line.Contact]
		return line.Instance == e.instance && (named || e.contacts == nil)
	})
	if l.Dir == "" {
		return
	}
	for n := range keptFiles {
		name := FileName(string(e.instance))
		if n > 0 {
			name = older(name, n)
		}
		if err := l.files.erase(name, e.contacts); err != nil {
			e.err = errors.Join(e.err, fmt.Errorf("erase from %s: %w", name, err))
		}
		l.drain(ctx)
	}
}

// tmp ends the name of a file that is about to replace another.
const tmp = ".tmp"

// erase replaces a file by one without the lines of some contacts, if it has any. It goes
// when it has no others, or for nil.
func (s *files) erase(name string, contacts map[center.ContactID]int64) error {
	if err := s.enter(); err != nil {
		return err
	}
	if s.open[name] != nil { // it is opened again with the next line
		if err := s.drop(name); err != nil {
			return err
		}
	}
	kept, gone := 0, 0
	if err := s.remove(name + tmp); err != nil || contacts == nil {
		return errors.Join(err, s.remove(name))
	}
	err := s.lines(name, contacts, func(line []byte, of center.ContactID) error {
		if of == "" {
			kept++
		} else {
			gone++
			contacts[of]++
		}
		return nil
	})
	switch {
	case err != nil || gone == 0:
		return err
	case kept == 0:
		return s.remove(name)
	}
	return s.replace(name, contacts)
}

// replace writes a file without the lines of some contacts, and puts it in the place of the one with them.
func (s *files) replace(name string, contacts map[center.ContactID]int64) error {
	f, err := s.root.OpenFile(name+tmp, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(f, 64<<10)
	err = s.lines(name, contacts, func(line []byte, of center.ContactID) error {
		if of != "" {
			return nil
		}
		_, err := w.Write(line)
		return err
	})
	if err := errors.Join(err, w.Flush(), f.Sync(), f.Close()); err != nil {
		return errors.Join(err, s.remove(name+tmp))
	}
	return s.root.Rename(name+tmp, name)
}

// lines calls each with every line of a file, and with the contact that it is of, if that
// is one of contacts. A file that is not there has none.
func (s *files) lines(name string, contacts map[center.ContactID]int64, each func(line []byte, of center.ContactID) error) error {
	f, err := s.root.Open(name)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close() // it was only read
	r := bufio.NewReaderSize(f, 2*maxRecord)
	for {
		line, err := r.ReadBytes('\n')
		if len(line) > 0 {
			of := contactOf(line)
			if _, named := contacts[of]; !named {
				of = ""
			}
			if err := each(line, of); err != nil {
				return err
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// contactOf returns the contact of a record: its first member, also when a crash has cut off the rest.
func contactOf(line []byte) center.ContactID {
	rest, ok := bytes.CutPrefix(line, []byte(`{"ContactId":`))
	if !ok {
		return ""
	}
	var id center.ContactID
	if json.NewDecoder(bytes.NewReader(rest)).Decode(&id) != nil {
		return ""
	}
	return id
}

// remove removes a file, if it is there.
func (s *files) remove(name string) error {
	if err := s.root.Remove(name); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}
