// Package blob keeps files: attachments of chats and exported transcripts. A
// file has a key, is written once as a whole, and is read any number of times.
//
// [Store] is the contract. Package dir keeps files in a directory, package s3
// in a bucket of an S3-compatible service, and package memory in memory, with a
// bound, for development. Each passes the suite of package blobtest, where a new
// one begins: readers get complete files only. When Put returns nil the file is
// there and, but for memory, survives the death of the machine; when it fails
// there is nothing, or what was there before.
//
// Keys are paths of safe segments, such as "attachments/CHAT/ID": one to eight segments of
// 1 to 128 letters, digits, dots, dashes and underscores that do not begin
// with a dot. Any other key is refused with reason Invalid, so a key made of
// what a client sent cannot lead out of the store.
package blob

import (
	"context"
	"io"
	"strings"
	"time"

	"parley.example/parley/internal/center"
)

// Store keeps files by key. All methods may be called by many goroutines, and
// end with their context. A store that cannot be reached, or is full, is reason
// Unavailable.
type Store interface {
	// Put writes a file of exactly size bytes, in place of what the key held.
	// When r gives more or fewer, the reason is Invalid and nothing is
	// changed. Put reads at most one byte more than size, and none after it
	// has returned.
	Put(ctx context.Context, key string, r io.Reader, size int64) error
	// Open returns a file and its size; the caller closes it, and keeps ctx
	// alive until then. A file that is not there is reason NotFound. What is
	// read belongs to one file: when that is replaced or deleted meanwhile, it
	// stays readable as it was, or reading fails.
	Open(ctx context.Context, key string) (io.ReadSeekCloser, int64, error)
	// Size returns the size of a file without opening it, or reason NotFound.
	Size(ctx context.Context, key string) (int64, error)
	// Delete removes a file. One that is not there is no error.
	Delete(ctx context.Context, key string) error
	// Close releases what the store holds. No call may follow.
	Close() error
}

// Lister is a store that can say what it holds.
type Lister interface {
	Store
	// List calls each with every file whose key lies below prefix, a key without a slash
	// at its end, or with every file when prefix is empty: in any order, one after
	// another. What is put or deleted meanwhile may be among them or not. An error of
	// each ends the listing and is returned.
	List(ctx context.Context, prefix string, each func(Info) error) error
}

// Info is a file of a listing.
type Info struct {
	Key      string
	Size     int64
	Modified time.Time // by the clock of the store
}

const (
	maxSegments = 8
	maxSegment  = 128
)

// CheckKey refuses keys that are not of the form the package comment describes.
func CheckKey(key string) error {
	n := 0
	for segment := range strings.SplitSeq(key, "/") {
		if n++; n > maxSegments || !safe(segment) {
			return center.Errorf(center.Invalid, "%.200q is not a valid name of a file", key)
		}
	}
	return nil
}

func safe(segment string) bool {
	if segment == "" || len(segment) > maxSegment || segment[0] == '.' {
		return false
	}
	for _, c := range []byte(segment) {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '.', c == '-', c == '_':
		default:
			return false
		}
	}
	return true
}

// Missing is the error of a file that is not there.
func Missing(key string) error {
	return center.Errorf(center.NotFound, "file %q does not exist", key)
}
