package recorder

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"sync"

	"parley.example/parley/internal/disk"
	"parley.example/parley/internal/record"
)

// keptFiles is how many files of a kind there are at most: the one that grows, KIND.jsonl, and those before it,
// KIND.1.jsonl the youngest.
const keptFiles = 8

// folder is a directory. Of each kind it has files of JSON lines, which are
// rotated, but for transcripts: each is a file of its own, named as the object in S3 would be.
type folder struct {
	dir string
	max int64 // bytes of one file of lines

	mu    sync.Mutex // guards what follows
	root  *os.Root   // nil until it is open
	lines map[record.Kind]*lines
}

func newFolder(dir string, maxBytes int64) *folder {
	return &folder{dir: dir, max: max(maxBytes/keptFiles, 1), lines: map[record.Kind]*lines{}}
}

func (f *folder) name() string { return f.dir }

func (f *folder) open() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.root != nil {
		return nil
	}
	if err := os.MkdirAll(f.dir, 0o700); err != nil {
		return err
	}
	root, err := os.OpenRoot(f.dir)
	f.root = root
	return err
}

func (f *folder) close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	var failed error
	for _, l := range f.lines {
		failed = errors.Join(failed, l.close())
	}
	clear(f.lines)
	if f.root != nil {
		failed = errors.Join(failed, f.root.Close())
		f.root = nil
	}
	return failed
}

// send implements target. What it has written survives the machine's death when it returns.
func (f *folder) send(_ context.Context, p *parcel) error {
	if err := f.open(); err != nil {
		return err
	}
	f.mu.Lock()
	root := f.root
	l := f.lines[p.fact.Kind]
	if l == nil {
		l = &lines{root: root, name: string(p.fact.Kind), max: f.max}
		f.lines[p.fact.Kind] = l
	}
	f.mu.Unlock()
	if p.fact.Kind == record.Transcripts {
		return write(root, path.Join(p.place.Bucket, p.place.Key), p.body)
	}
	return l.append(p.body)
}

// write writes a file as a whole.
func write(root *os.Root, name string, text []byte) error {
	if err := root.MkdirAll(path.Dir(name), 0o700); err != nil {
		return err
	}
	unfinished := name + ".part"
	to, err := root.OpenFile(unfinished, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = to.Write(text)
	if err = errors.Join(cmp.Or(err, to.Sync()), to.Close()); err != nil {
		return err
	}
	if err := root.Rename(unfinished, name); err != nil {
		return err
	}
	return disk.SyncDir(filepath.Join(root.Name(), filepath.FromSlash(path.Dir(name))))
}

// lines is a file of JSON lines that grows, and those before it.
type lines struct {
	root *os.Root
	name string
	max  int64

	mu      sync.Mutex // guards what follows
	file    *os.File   // nil until the first line, and after a failure
	size    int64
	written int64 // lines

	syncing sync.Mutex // guards what follows; taken before mu
	synced  int64      // of written
}

// append writes a line, and returns when it is on the disk. Lines of several callers share a flush.
func (l *lines) append(text []byte) error {
	l.mu.Lock()
	err := l.ready(int64(len(text)) + 1)
	if err == nil {
		var n int
		n, err = l.file.Write(append(slices.Clone(text), '\n'))
		if l.size += int64(n); err != nil {
			l.abandon() // half of a line may be there: it is taken away when the file is opened
		}
	}
	l.written++
	mine := l.written
	l.mu.Unlock()
	if err != nil {
		return err
	}
	l.syncing.Lock()
	defer l.syncing.Unlock()
	if l.synced >= mine {
		return nil
	}
	l.mu.Lock()
	file, upTo := l.file, l.written
	l.mu.Unlock()
	if file == nil {
		return errors.New("the file was closed before the line was safe")
	}
	if err := file.Sync(); err != nil {
		return err
	}
	l.synced = upTo
	return nil
}

// ready opens the file if need be, and begins another when n more bytes are too many. l.mu is held.
func (l *lines) ready(n int64) error {
	if l.file == nil {
		file, err := l.root.OpenFile(l.current(0), os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			return err
		}
		if l.size, err = mend(file); err != nil {
			return errors.Join(err, file.Close())
		}
		l.file = file
		if err := disk.SyncDir(l.root.Name()); err != nil {
			return err
		}
	}
	if l.size == 0 || l.size+n <= l.max {
		return nil
	}
	if err := l.file.Sync(); err != nil { // those whose line is in it wait for the next one
		l.abandon()
		return err
	}
	l.abandon()
	for i := keptFiles - 1; i > 0; i-- {
		if err := l.root.Rename(l.current(i-1), l.current(i)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return l.ready(n)
}

// current is the name of the file that was rotated i times.
func (l *lines) current(i int) string {
	if i == 0 {
		return l.name + ".jsonl"
	}
	return fmt.Sprintf("%s.%d.jsonl", l.name, i)
}

// mend takes half of a line away, that a crash has left at the end of a file, and returns its size.
// Nobody was told that it was written.
func mend(file *os.File) (int64, error) {
	size, err := file.Seek(0, io.SeekEnd)
	if err != nil {
		return 0, err
	}
	for end := size; ; {
		page := make([]byte, min(end, 64<<10))
		if _, err := file.ReadAt(page, end-int64(len(page))); err != nil && !errors.Is(err, io.EOF) {
			return 0, err
		}
		end -= int64(len(page))
		if i := bytes.LastIndexByte(page, '\n'); i >= 0 || end == 0 {
			end += int64(i) + 1
			if end < size {
				err = file.Truncate(end)
			}
			if err == nil {
				_, err = file.Seek(end, io.SeekStart)
			}
			return end, err
		}
	}
}

// abandon closes the file. l.mu is held.
func (l *lines) abandon() {
	_ = l.file.Close() // it was synced, or has failed already
	l.file = nil
}

func (l *lines) close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.file == nil {
		return nil
	}
	err := l.file.Close()
	l.file = nil
	return err
}
