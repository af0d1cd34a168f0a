package move

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"slices"
	"time"
)

// Format is the version of files. A release that changes what a line means raises it; what it only adds to lines needs no other version.
const Format = 1

const (
	headerKind  = "header"
	trailerKind = "trailer"
	fileKind    = "file"
	// maxLine bounds a line, for files that are none of ours.
	maxLine = 64 << 20
)

// Header is the first line of a file.
type Header struct {
	Kind        string    `json:"kind"`
	Format      int       `json:"format"`
	Parley      string    `json:"parley"` // the release that wrote it
	Store       string    `json:"store"`  // sqlite or postgres
	StoreFormat int64     `json:"storeFormat"`
	Data        string    `json:"data"` // the id of the database
	Taken       time.Time `json:"taken"`
	Instance    string    `json:"instance"`
	Contacts    []string  `json:"contacts,omitempty"` // of an export of contacts: the first ones of their chats
	Files       bool      `json:"files"`              // the bytes of attachments are in it
	Secrets     bool      `json:"secrets,omitempty"`  // access keys and the secrets of tokens are in it, sealed
}

// Sum is what a trailer says of the lines of a kind.
type Sum struct {
	Lines  int64  `json:"lines"`
	SHA256 string `json:"sha256"`
}

// Trailer is the last line of a file. Its sum is that of all lines before it.
type Trailer struct {
	Kind string `json:"kind"`
	Sum
	Kinds map[string]Sum `json:"kinds"`
}

// sink takes lines, counts them and adds them up.
type sink struct {
	to    *bufio.Writer // nil for lines that are only to be added up
	all   tally
	kinds map[string]*tally
	bytes int64
}

type tally struct {
	lines int64
	hash  hash.Hash
}

func newTally() tally { return tally{hash: sha256.New()} }

func (t *tally) add(line []byte) {
	t.lines++
	t.hash.Write(line)
}

func (t *tally) sum() Sum { return Sum{t.lines, hex.EncodeToString(t.hash.Sum(nil))} }

func newSink(w io.Writer) *sink {
	s := &sink{all: newTally(), kinds: map[string]*tally{}}
	if w != nil {
		s.to = bufio.NewWriterSize(w, 64<<10)
	}
	return s
}

// line takes a line with its end.
func (s *sink) line(kind string, line []byte) error {
	s.bytes += int64(len(line))
	s.all.add(line)
	if kind != headerKind {
		t := s.kinds[kind]
		if t == nil {
			t = new(newTally())
			s.kinds[kind] = t
		}
		t.add(line)
	}
	if s.to == nil {
		return nil
	}
	_, err := s.to.Write(line)
	return err
}

func (s *sink) object(kind string, v any) error {
	line, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return s.line(kind, append(line, '\n'))
}

func (s *sink) sums() map[string]Sum {
	all := map[string]Sum{}
	for kind, t := range s.kinds {
		all[kind] = t.sum()
	}
	return all
}

// finish writes the trailer.
func (s *sink) finish() (Trailer, error) {
	t := Trailer{trailerKind, s.all.sum(), s.sums()}
	line, err := json.Marshal(t)
	if err != nil {
		return t, err
	}
	if _, err := s.to.Write(append(line, '\n')); err != nil {
		return t, err
	}
	return t, s.to.Flush()
}

// source reads lines.
type source struct {
	r      *bufio.Reader
	number int64 // of the last line
	offset int64 // behind it
	buf    []byte
}

func newSource(r io.Reader) *source { return &source{r: bufio.NewReaderSize(r, 256<<10)} }

// next returns the next line with its end, valid until the next call, and io.EOF behind the last.
func (s *source) next() ([]byte, error) {
	s.buf = s.buf[:0]
	for {
		part, err := s.r.ReadSlice('\n')
		s.buf = append(s.buf, part...)
		switch {
		case len(s.buf) > maxLine:
			return nil, s.wrong("is longer than %d bytes", maxLine)
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case err == io.EOF && len(s.buf) > 0:
			s.number++
			return nil, s.bad("has no end: the file is cut off")
		case err != nil:
			return nil, err
		}
		s.number++
		s.offset += int64(len(s.buf))
		return s.buf, nil
	}
}

// wrong is an error in the line that is being read, bad in the one that was.
func (s *source) wrong(format string, args ...any) error {
	return fmt.Errorf("line %d %s", s.number+1, fmt.Sprintf(format, args...))
}

func (s *source) bad(format string, args ...any) error {
	return fmt.Errorf("line %d %s", s.number, fmt.Sprintf(format, args...))
}

// Checked is a file that was read to its end and is whole.
type Checked struct {
	Header  Header
	Trailer Trailer
	live    int64    // where the first line of a live kind begins; the length of the lines before the trailer when there is none
	before  int64    // how many lines there are before that
	claims  []string // ids of settings that the instance claims
}

// Check reads a file to its end. What is damaged, cut off or of another format is refused, with the number of the line.
func Check(r io.Reader, progress func(bytes int64)) (*Checked, error) {
	src, s := newSource(r), newSink(nil)
	c := &Checked{live: -1}
	at := 0
	for {
		line, err := src.next()
		if err == io.EOF {
			return nil, fmt.Errorf("the file ends with line %d, without a trailer: it is cut off", src.number)
		}
		if err != nil {
			return nil, err
		}
		if src.number == 1 {
			if c.Header, err = readHeader(line); err != nil {
				return nil, src.bad("%v", err)
			}
			_ = s.line(headerKind, line) // it goes nowhere
			continue
		}
		var of struct{ Kind, ID string }
		if err := json.Unmarshal(line, &of); err != nil {
			return nil, src.bad("is no JSON object: %v", err)
		}
		if of.Kind == trailerKind {
			if c.live < 0 {
				c.live, c.before = src.offset-int64(len(line)), src.number-1
			}
			return c, c.finish(src, s, line)
		}
		place := slices.Index(order, of.Kind)
		switch {
		case place < 0:
			return nil, src.bad("is of the kind %.40q, which format %d does not have", of.Kind, Format)
		case place < at:
			return nil, src.bad("is of the kind %s, which comes before %s", of.Kind, order[at])
		}
		at = place
		if c.live < 0 && place > slices.Index(order, fileKind) {
			c.live, c.before = src.offset-int64(len(line)), src.number-1
		}
		if of.Kind == "instance" {
			c.claims = append(c.claims, of.ID)
		}
		_ = s.line(of.Kind, line)
		if progress != nil && src.number%1000 == 0 {
			progress(src.offset)
		}
	}
}

func readHeader(line []byte) (h Header, err error) {
	if err := json.Unmarshal(line, &h); err != nil || h.Kind != headerKind {
		return h, errors.New("is no header: this is not a file of parley export")
	}
	if h.Format != Format {
		return h, fmt.Errorf("says format %d, and this release reads format %d: use the release that wrote it, %s", h.Format, Format, h.Parley)
	}
	return h, nil
}

// finish compares a trailer with what was read before it.
func (c *Checked) finish(src *source, s *sink, line []byte) error {
	if err := json.Unmarshal(line, &c.Trailer); err != nil {
		return src.bad("is no trailer: %v", err)
	}
	if got := s.all.sum(); got != c.Trailer.Sum {
		if wrong := differences(c.Trailer.Kinds, s.sums(), nil); len(wrong) > 0 {
			return src.bad("does not belong to the lines before it, some of which were changed or are missing: %s", wrong[0])
		}
		return src.bad("does not belong to the lines before it, some of which were changed or are missing")
	}
	if !bytes.HasSuffix(line, []byte("}\n")) {
		return src.bad("is no trailer")
	}
	if _, err := src.next(); err != io.EOF {
		return src.bad("is a trailer, and more follows it")
	}
	return nil
}

// order is that of the kinds in a file: attachments stand before what makes an instance live.
var order = func() (names []string) {
	for i := range kinds {
		if kinds[i].live && !slices.Contains(names, fileKind) {
			names = append(names, fileKind)
		}
		names = append(names, kinds[i].name)
	}
	return names
}()

// differences names the kinds that differ, of those that want lets through.
func differences(want, got map[string]Sum, of func(kind string) bool) (wrong []string) {
	for _, kind := range order {
		w, g := want[kind], got[kind]
		switch {
		case of != nil && !of(kind) || w == g:
		case w.Lines != g.Lines:
			wrong = append(wrong, fmt.Sprintf("%s: %d lines instead of %d", kind, g.Lines, w.Lines))
		default:
			wrong = append(wrong, fmt.Sprintf("%s: as many lines, %d, but not the same", kind, g.Lines))
		}
	}
	return wrong
}
