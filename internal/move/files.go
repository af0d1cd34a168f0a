package move

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"parley.example/parley/internal/blob"
	"parley.example/parley/internal/center"
)

// pieceBytes is how much of an attachment a line has at most.
const pieceBytes = 192 << 10

// piece is a line with a piece of an attachment: size bytes in all, of which Data begins at At.
type piece struct {
	Kind string `json:"kind"`
	Chat string `json:"chat"`
	ID   string `json:"id"`
	Size int64  `json:"size"`
	At   int64  `json:"at"`
	Data []byte `json:"data"`
}

func fileKey(chat, id string) string { return "attachments/" + chat + "/" + id }

// spool keeps lines, each with its kind, in a temporary file: there may be many.
type spool struct {
	file *os.File
	w    *bufio.Writer
}

func newSpool() (*spool, error) {
	f, err := os.CreateTemp("", "parley-move-*")
	if err != nil {
		return nil, err
	}
	return &spool{f, bufio.NewWriter(f)}, nil
}

func (s *spool) close() error { return errors.Join(s.file.Close(), os.Remove(s.file.Name())) }

func (s *spool) put(kind string, line []byte) error {
	var n [2 * binary.MaxVarintLen64]byte
	_, _ = s.w.Write(binary.AppendUvarint(binary.AppendUvarint(n[:0], uint64(len(kind))), uint64(len(line)))) // an error stays with the writer
	_, _ = s.w.WriteString(kind)
	_, err := s.w.Write(line)
	return err
}

// each calls do with every line, in their order. Lines are valid until do returns.
func (s *spool) each(do func(kind string, line []byte) error) error {
	if err := s.w.Flush(); err != nil {
		return err
	}
	if _, err := s.file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	r := bufio.NewReader(s.file)
	var b []byte
	for {
		kind, err := binary.ReadUvarint(r)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		size, err := binary.ReadUvarint(r)
		if err != nil {
			return err
		}
		if n := int(kind + size); cap(b) < n {
			b = make([]byte, n)
		}
		b = b[:kind+size]
		if _, err := io.ReadFull(r, b); err != nil {
			return err
		}
		if err := do(string(b[:kind]), b[kind:]); err != nil {
			return err
		}
	}
}

// unsure begins the id of an attachment that may well have no file: it is not complete yet, or was rejected.
const unsure = "?"

// attachments notes the attachments of a chat.
func (s *spool) attachments(chat, state any) error {
	b, _ := state.([]byte)
	if !bytes.Contains(b, []byte(`"attachments":[`)) {
		return nil
	}
	var of struct {
		Attachments []center.Attachment
		Gone        center.Part // what has been erased
	}
	if err := json.Unmarshal(b, &of); err != nil || of.Gone&center.PartAttachments != 0 {
		return nil // a state that is none has no attachments
	}
	id, _ := chat.(string)
	for _, a := range of.Attachments {
		name := a.ID
		if a.Status == center.AttachmentUploading || a.Status == center.AttachmentRejected {
			name = unsure + name
		}
		if err := s.put(id, []byte(name)); err != nil {
			return err
		}
	}
	return nil
}

// files writes the attachments, piece by piece, and returns those that are not there.
func (e *exporting) files(ctx context.Context) (missing []string, err error) {
	if e.wanted == nil {
		return nil, nil
	}
	err = e.wanted.each(func(chat string, name []byte) error {
		id, optional := strings.CutPrefix(string(name), unsure)
		there, err := pieces(ctx, e.Options.Files, chat, id, func(line []byte) error {
			if e.Progress != nil {
				e.Progress(Progress{Doing: "attachments", Done: e.sink.bytes})
			}
			return e.sink.line(fileKind, line)
		})
		if err == nil && !there && !optional && len(missing) < maxContacts {
			missing = append(missing, fileKey(chat, id))
		}
		return err
	})
	return missing, err
}

// pieces calls put with the lines of an attachment, and reports whether it is there.
func pieces(ctx context.Context, files blob.Store, chat, id string, put func(line []byte) error) (there bool, err error) {
	f, size, err := files.Open(ctx, fileKey(chat, id))
	switch center.ReasonOf(err) {
	case center.NotFound, center.Invalid:
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	b := make([]byte, min(size, pieceBytes))
	var line []byte
	for at := int64(0); at == 0 || at < size; at += int64(len(b)) {
		b = b[:min(size-at, pieceBytes)]
		if _, err := io.ReadFull(f, b); err != nil {
			return false, fmt.Errorf("attachment %s of chat %s: %w", id, chat, err)
		}
		line = appendText(append(line[:0], `{"kind":"file","chat":`...), chat)
		line = appendText(append(line, `,"id":`...), id)
		line = strconv.AppendInt(append(line, `,"size":`...), size, 10)
		line = strconv.AppendInt(append(line, `,"at":`...), at, 10)
		line = append(base64.StdEncoding.AppendEncode(append(line, `,"data":"`...), b), '"', '}', '\n')
		if err := put(line); err != nil {
			return false, err
		}
		if size == 0 {
			break
		}
	}
	return true, nil
}

// joined reads an attachment out of its lines, of which the first has been read.
type joined struct {
	src  *source
	now  piece
	read int64
}

// Read implements io.Reader. It reads no line behind the last piece.
func (j *joined) Read(p []byte) (int, error) {
	for len(j.now.Data) == 0 {
		if j.read == j.now.Size {
			return 0, io.EOF
		}
		line, err := j.src.next()
		if err != nil {
			return 0, err
		}
		next, err := readPiece(line)
		if err != nil || next.ID != j.now.ID || next.Chat != j.now.Chat || next.At != j.read || len(next.Data) == 0 {
			return 0, j.src.bad("is not the next piece of attachment %s", j.now.ID)
		}
		j.now = next
	}
	n := copy(p, j.now.Data)
	j.now.Data = j.now.Data[n:]
	j.read += int64(n)
	if j.read > j.now.Size {
		return 0, j.src.bad("has more of attachment %s than its %d bytes", j.now.ID, j.now.Size)
	}
	return n, nil
}

func readPiece(line []byte) (p piece, err error) {
	err = json.Unmarshal(line, &p)
	return p, err
}
