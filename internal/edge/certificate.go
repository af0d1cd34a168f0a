package edge

import (
	"crypto/tls"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// certificateEvery is how often a certificate's files are looked at, at most: with the
// handshakes that come.
const certificateEvery = time.Second

// Certificate is a TLS certificate in two files, which are read again when they have
// changed: whoever renews it need not tell the server. Files that are not good, as between
// the writing of the two, leave the former certificate in use. [LoadCertificate] makes it; it may
// be used by many goroutines.
type Certificate struct {
	cert, key string
	log       *slog.Logger
	current   atomic.Pointer[tls.Certificate]

	mu      sync.Mutex     // guards what follows
	looked  time.Time      // when the files were looked at
	read    [2]os.FileInfo // the files as they were when current was read
	trouble string         // what was logged of files that are not good
}

// LoadCertificate reads a certificate and its key.
func LoadCertificate(cert, key string, log *slog.Logger) (*Certificate, error) {
	c := &Certificate{cert: cert, key: key, log: log}
	if err := c.load(); err != nil {
		return nil, err
	}
	return c, nil
}

// Get is for [tls.Config.GetCertificate].
func (c *Certificate) Get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	if c.mu.TryLock() { // one handshake looks, others go on
		defer c.mu.Unlock()
		if now := time.Now(); now.Sub(c.looked) >= certificateEvery {
			c.looked = now
			c.follow()
		}
	}
	return c.current.Load(), nil
}

// Follow reads the files now if they have changed.
func (c *Certificate) Follow() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.follow()
}

// Expires returns when the certificate in use expires.
func (c *Certificate) Expires() time.Time { return c.current.Load().Leaf.NotAfter }

// follow reads the files if they have changed. c.mu is held.
func (c *Certificate) follow() {
	if now, err := c.files(); err == nil && same(now[0], c.read[0]) && same(now[1], c.read[1]) {
		return
	}
	if err := c.load(); err != nil {
		if c.trouble != err.Error() {
			c.trouble = err.Error()
			c.log.Error("the certificate on disk is not usable; the former one stays in use", "err", err, "expires", c.Expires())
		}
		return
	}
	c.trouble = ""
	c.log.Info("the certificate was read again", "file", c.cert, "expires", c.Expires())
}

// load reads the files. It leaves everything as it is when they are not good.
func (c *Certificate) load() error {
	files, err := c.files() // before they are read: what is written meanwhile is noticed the next time
	if err != nil {
		return err
	}
	pair, err := tls.LoadX509KeyPair(c.cert, c.key)
	if err != nil {
		return err
	}
	c.read = files
	c.current.Store(&pair)
	return nil
}

func (c *Certificate) files() (files [2]os.FileInfo, err error) {
	for i, name := range []string{c.cert, c.key} {
		if files[i], err = os.Stat(name); err != nil {
			return files, err
		}
	}
	return files, nil
}

func same(a, b os.FileInfo) bool {
	return os.SameFile(a, b) && a.Size() == b.Size() && a.ModTime().Equal(b.ModTime())
}
