package backup

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"strconv"
	"strings"

	"github.com/klauspost/compress/zstd"

	"parley.example/parley/internal/blob"
	"parley.example/parley/internal/center"
)

// sum is the SHA-256 of a content, and so its name.
type sum [sha256.Size]byte

// The directories of a place.
const (
	backups = "backups"
	objects = "objects"
	files   = "files"
)

func sumOf(content []byte) sum { return sha256.Sum256(content) }

func (s sum) String() string { return hex.EncodeToString(s[:]) }

// MarshalText implements [encoding.TextMarshaler].
func (s sum) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (s *sum) UnmarshalText(text []byte) error {
	if n, err := hex.Decode(s[:], text[:min(len(text), 2*len(s))]); err != nil || n != len(s) || len(text) != 2*n {
		return fmt.Errorf("%.100q is not a SHA-256", text)
	}
	return nil
}

// key is where the content lies: in 256 directories, so that none has too many files.
func (s sum) key(in string) string {
	text := s.String()
	return in + "/" + text[:2] + "/" + text[2:]
}

// sumFrom reads what key wrote; ok is false for anything else.
func sumFrom(in, key string) (s sum, ok bool) {
	text := strings.Replace(strings.TrimPrefix(key, in+"/"), "/", "", 1)
	return s, s.UnmarshalText([]byte(text)) == nil && s.key(in) == key
}

// What is stored of an object is a frame of zstd and then this frame, which zstd skips:
// the CRC-32C of all before it. A frame of zstd alone has bits that may flip unnoticed.
const (
	skipMagic = 0x184D2A50
	skipBytes = 12
	maxObject = 16 << 20 // of the content: what a damaged frame may claim
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// codec packs and unpacks objects. Many goroutines may use it.
type codec struct {
	enc *zstd.Encoder
	dec *zstd.Decoder
}

func newCodec() (*codec, error) {
	enc, err1 := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(hands))
	dec, err2 := zstd.NewReader(nil, zstd.WithDecoderConcurrency(hands), zstd.WithDecoderMaxMemory(maxObject))
	return &codec{enc, dec}, errors.Join(err1, err2)
}

func (c *codec) pack(content []byte) []byte {
	b := c.enc.EncodeAll(content, make([]byte, 0, len(content)/2))
	crc := crc32.Checksum(b, castagnoli)
	b = binary.LittleEndian.AppendUint32(b, skipMagic)
	b = binary.LittleEndian.AppendUint32(b, 4)
	return binary.LittleEndian.AppendUint32(b, crc)
}

func (c *codec) unpack(b []byte) ([]byte, error) {
	n := len(b) - skipBytes
	if n < 0 {
		return nil, errors.New("it is cut off")
	}
	end := b[n:]
	if binary.LittleEndian.Uint32(end) != skipMagic || binary.LittleEndian.Uint32(end[4:]) != 4 ||
		binary.LittleEndian.Uint32(end[8:]) != crc32.Checksum(b[:n], castagnoli) {
		return nil, errors.New("its checksum is wrong")
	}
	return c.dec.DecodeAll(b[:n], nil)
}

// damage is an error of what is stored: it is missing, or not what it was.
type damage struct {
	key string
	err error
}

func (d *damage) Error() string { return d.key + ": " + d.err.Error() }
func (d *damage) Unwrap() error { return d.err }

// damaged turns the error of reading a key into damage where the place answered that the
// key is not there; any other error is the place's own.
func damaged(key string, err error) error {
	if center.ReasonOf(err) == center.NotFound {
		return &damage{key, errors.New("it is missing")}
	}
	return err
}

// read returns what is stored under a key, at most limit bytes of it.
func (p *Place) read(ctx context.Context, key string, limit int64) (_ []byte, err error) {
	f, size, err := p.store.Open(ctx, key)
	if err != nil {
		return nil, damaged(key, err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if size > limit {
		return nil, &damage{key, fmt.Errorf("it has %d bytes, more than anything that is stored there", size)}
	}
	b := make([]byte, size)
	if _, err := io.ReadFull(f, b); err != nil {
		return nil, fmt.Errorf("read %s: %w", key, err)
	}
	return b, nil
}

// object returns the content of an object, which is what its name says.
func (p *Place) object(ctx context.Context, s sum) ([]byte, error) {
	key := s.key(objects)
	b, err := p.read(ctx, key, 2*maxObject)
	if err != nil {
		return nil, err
	}
	if b, err = p.unpack(b); err != nil {
		return nil, &damage{key, err}
	}
	if sumOf(b) != s {
		return nil, &damage{key, errors.New("its content is not what its name says")}
	}
	return b, nil
}

// put stores an object and returns how many bytes that took.
func (p *Place) put(ctx context.Context, s sum, content []byte) (int64, error) {
	b := p.pack(content)
	return int64(len(b)), p.store.Put(ctx, s.key(objects), bytes.NewReader(b), int64(len(b)))
}

// The lists of pieces, and of files, are objects themselves, so what did not change of them
// is not stored again either.
const (
	piecesInList = 1024
	filesInList  = 4096
)

// pieces are the sums of consecutive pieces of a database.
type pieces []sum

func (l pieces) encode() []byte {
	b := make([]byte, 0, len(l)*len(sum{}))
	for i := range l {
		b = append(b, l[i][:]...)
	}
	return b
}

func (p *Place) pieces(ctx context.Context, list sum) (pieces, error) {
	b, err := p.object(ctx, list)
	if err != nil {
		return nil, err
	}
	if len(b)%len(sum{}) != 0 || len(b) > piecesInList*len(sum{}) {
		return nil, &damage{list.key(objects), errors.New("it is not a list of pieces")}
	}
	l := make(pieces, len(b)/len(sum{}))
	for i := range l {
		l[i] = sum(b[i*len(sum{}):])
	}
	return l, nil
}

// file is an attachment: its key in the server's store of files, and what it holds.
type file struct {
	sum
	size int64
	key  string
}

type fileList []file

func (l fileList) encode() []byte {
	var b bytes.Buffer
	for _, f := range l {
		fmt.Fprintf(&b, "%s %d %s\n", f.sum, f.size, f.key)
	}
	return b.Bytes()
}

func (p *Place) fileList(ctx context.Context, list sum) (l fileList, err error) {
	b, err := p.object(ctx, list)
	if err != nil {
		return nil, err
	}
	for line := range strings.Lines(string(b)) {
		var f file
		name, rest, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		size, key, _ := strings.Cut(rest, " ")
		err := f.UnmarshalText([]byte(name))
		if err == nil {
			f.size, err = strconv.ParseInt(size, 10, 64)
		}
		if f.key = key; err != nil || f.size < 0 || blob.CheckKey(key) != nil {
			return nil, &damage{list.key(objects), errors.New("it is not a list of files")}
		}
		l = append(l, f)
	}
	return l, nil
}

// sumReader reads to the end and returns the sum of what it read.
func sumReader(r io.Reader) (s sum, err error) {
	h := sha256.New()
	_, err = io.Copy(h, r)
	h.Sum(s[:0])
	return s, err
}
