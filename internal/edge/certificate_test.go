package edge

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"log/slog"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// issue returns a certificate with a serial number, and its key, as files have them.
func issue(t *testing.T, serial int64) (cert, key []byte) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(serial), NotAfter: time.Now().Add(time.Hour), DNSNames: []string{"localhost"}}
	signed, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: signed}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})
}

// TestCertificateFollowsItsFiles renews a certificate as tools do, one file after the
// other, with rubbish and with a link that is moved: what is used is always good.
func TestCertificateFollowsItsFiles(t *testing.T) {
	dir := t.TempDir()
	put := func(name string, text []byte) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	link := func(name, to string) {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.Symlink(to, path+".new"); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(path+".new", path); err != nil {
			t.Fatal(err)
		}
	}
	cert1, key1 := issue(t, 1)
	put("cert1", cert1)
	put("key1", key1)
	link("cert", "cert1")
	link("key", "key1")
	var log strings.Builder
	c, err := LoadCertificate(filepath.Join(dir, "cert"), filepath.Join(dir, "key"), slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	in := func(what string, serial int64, logged string) {
		t.Helper()
		log.Reset()
		for range 2 { // what has been said once is not said again
			c.looked = time.Time{}
			got, err := c.Get(nil)
			if err != nil || got.Leaf.SerialNumber.Int64() != serial {
				t.Errorf("%s: the certificate is number %v, %v; want %d", what, got.Leaf.SerialNumber, err, serial)
			}
		}
		if lines := strings.Count(log.String(), "\n"); logged == "" && lines > 0 || logged != "" && (lines != 1 || !strings.Contains(log.String(), logged)) {
			t.Errorf("%s: the log says %s; want %q", what, log.String(), logged)
		}
	}
	in("at first", 1, "")
	cert2, key2 := issue(t, 2)
	put("cert2", cert2)
	put("key2", key2)
	link("cert", "cert2")
	in("with the new certificate and the old key", 1, "not usable")
	link("key", "key2")
	in("with both new", 2, "read again")
	put("cert2", []byte("rubbish"))
	in("with rubbish", 2, "not usable")
	if err := os.Remove(filepath.Join(dir, "cert2")); err != nil {
		t.Fatal(err)
	}
	in("without a file", 2, "not usable")
	link("cert", "cert1")
	link("key", "key1")
	in("with the first ones again", 1, "read again")

	// Within a second of the last look the files are left alone.
	put("cert1", cert2)
	put("key1", key2)
	c.looked = time.Now().Add(time.Hour)
	if got, err := c.Get(nil); err != nil || got.Leaf.SerialNumber.Int64() != 1 {
		t.Errorf("right after a look the certificate is number %v, %v", got.Leaf.SerialNumber, err)
	}
}
