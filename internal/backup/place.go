package backup

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"

	"parley.example/parley/internal/blob"
	"parley.example/parley/internal/blob/dir"
	"parley.example/parley/internal/blob/s3"
	"parley.example/parley/internal/disk"
)

// hands is how many pieces or files are stored, or read, at once.
const hands = 4

// Where says where backups are kept.
type Where struct {
	URL      string // a directory, or s3://BUCKET/PREFIX
	Endpoint string // as in s3.Options
	Region   string // as in s3.Options
	// Dial connects to S3; a [net.Dialer] does when it is nil.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// Place holds backups. Make it with [Open], and close it.
type Place struct {
	*codec
	store   blob.Lister
	where   string
	holding func() error // fails when the place is not, or no longer, this process's
	release func() error
}

// Open opens a place to read backups.
func Open(ctx context.Context, w Where) (*Place, error) {
	if strings.HasPrefix(w.URL, "s3:") {
		return w.bucket(ctx)
	}
	path, err := filepath.Abs(w.URL)
	if err != nil {
		return nil, err
	}
	store, err := dir.View(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("there are no backups in %s: it does not exist", path)
	}
	if err != nil {
		return nil, err
	}
	return newPlace(store, path)
}

// OpenToWrite opens a place, which it makes when it is not there, and has it to itself until
// Close. The context that it returns ends when it may have lost it. One that another process writes to is refused.
func OpenToWrite(ctx context.Context, w Where) (*Place, context.Context, error) {
	if strings.HasPrefix(w.URL, "s3:") {
		p, err := w.bucket(ctx)
		if err != nil {
			return nil, nil, err
		}
		ctx, err = p.lease(ctx)
		if err != nil {
			return nil, nil, errors.Join(err, p.Close())
		}
		return p, ctx, nil
	}
	path, err := filepath.Abs(w.URL)
	if err != nil {
		return nil, nil, err
	}
	if err := apart(path); err != nil {
		return nil, nil, err
	}
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, nil, err
	}
	lock, err := disk.Lock(filepath.Join(path, "lock"))
	if errors.Is(err, disk.ErrLocked) {
		return nil, nil, fmt.Errorf("%s is in use by another backup or prune: wait until it has ended", path)
	}
	if err != nil {
		return nil, nil, err
	}
	store, err := dir.Open(path)
	if err != nil {
		return nil, nil, errors.Join(err, lock.Close())
	}
	p, err := newPlace(store, path)
	if err != nil {
		return nil, nil, errors.Join(err, lock.Close())
	}
	p.holding, p.release = func() error { return nil }, lock.Close
	return p, ctx, nil
}

func (w Where) bucket(ctx context.Context) (*Place, error) {
	at, err := s3.ParseURL(w.URL)
	if err != nil {
		return nil, err
	}
	store, err := s3.Open(ctx, s3.Options{Location: at, Endpoint: w.Endpoint, Region: w.Region, Dial: w.Dial})
	if err != nil {
		return nil, err
	}
	return newPlace(store, at.String())
}

func newPlace(store blob.Lister, where string) (*Place, error) {
	c, err := newCodec()
	if err != nil {
		return nil, errors.Join(err, store.Close())
	}
	unheld := func() error { return fmt.Errorf("%s was opened to be read", where) }
	return &Place{codec: c, store: store, where: where, holding: unheld, release: func() error { return nil }}, nil
}

// String returns the path or URL of the place.
func (p *Place) String() string { return p.where }

// Close lets others write to the place.
func (p *Place) Close() error {
	p.dec.Close()
	return errors.Join(p.release(), p.store.Close())
}

// apart refuses a place in a data directory: it would be lost together with it.
func apart(path string) error {
	for at := path; ; at = filepath.Dir(at) {
		if _, err := os.Lstat(filepath.Join(at, databaseName)); err == nil {
			return fmt.Errorf("%s is the data directory of a server, and backups in it would be lost with it: keep them on another disk", at)
		}
		if at == filepath.Dir(at) {
			return nil
		}
	}
}
