package nats

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nkeys"

	"parley.example/parley/internal/bus/nats/natstest"
)

// secret is what never reaches a log, nor an error.
const secret = "s3cr3t-of-the-bus"

func write(t *testing.T, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// with puts what a server asks for into a URL.
func with(credentials, url string) string {
	return strings.Replace(url, "://", "://"+credentials+"@", 1)
}

func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// authority signs certificates, for as long as a test lasts.
type authority struct {
	t    *testing.T
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	file string
}

func newAuthority(t *testing.T) *authority {
	key := must[*ecdsa.PrivateKey](t)(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "ca"}, IsCA: true, BasicConstraintsValid: true,
		NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageCertSign,
	}
	der := must[[]byte](t)(x509.CreateCertificate(rand.Reader, template, template, key.Public(), key))
	cert := must[*x509.Certificate](t)(x509.ParseCertificate(der))
	return &authority{t, cert, key, write(t, "ca.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))}
}

// sign writes a certificate for loopback, and its key.
func (a *authority) sign() (cert, key string) {
	own := must[*ecdsa.PrivateKey](a.t)(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "node"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotAfter: time.Now().Add(time.Hour), ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der := must[[]byte](a.t)(x509.CreateCertificate(rand.Reader, template, a.cert, own.Public(), a.key))
	pkcs := must[[]byte](a.t)(x509.MarshalPKCS8PrivateKey(own))
	return write(a.t, "cert.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})),
		write(a.t, "key.pem", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs}))
}

// byJWT has a server ask for credentials of an account, which it returns as a file.
func byJWT(t *testing.T) (change func(*server.Options), credentials string) {
	operator, account, user := must[nkeys.KeyPair](t)(nkeys.CreateOperator()), must[nkeys.KeyPair](t)(nkeys.CreateAccount()), must[nkeys.KeyPair](t)(nkeys.CreateUser())
	public := func(k nkeys.KeyPair) string { return must[string](t)(k.PublicKey()) }
	operatorJWT := must[string](t)(jwt.NewOperatorClaims(public(operator)).Encode(operator))
	accountJWT := must[string](t)(jwt.NewAccountClaims(public(account)).Encode(operator))
	userJWT := must[string](t)(jwt.NewUserClaims(public(user)).Encode(account))
	file := must[[]byte](t)(jwt.FormatUserConfig(userJWT, must[[]byte](t)(user.Seed())))
	resolver := &server.MemAccResolver{}
	if err := resolver.Store(public(account), accountJWT); err != nil {
		t.Fatal(err)
	}
	claims := must[*jwt.OperatorClaims](t)(jwt.DecodeOperatorClaims(operatorJWT))
	return func(o *server.Options) {
		o.TrustedOperators, o.AccountResolver = []*jwt.OperatorClaims{claims}, resolver
	}, write(t, "node.creds", file)
}

// TestWhoMayConnect: with the right credentials two nodes hear each other, with others and without, the error says so and no secret.
func TestWhoMayConnect(t *testing.T) {
	ca, strange := newAuthority(t), newAuthority(t)
	cert, key := ca.sign()
	strangeCert, strangeKey := strange.sign()
	byTLS := func(clients bool) func(*server.Options) {
		config, err := server.GenTLSConfig(&server.TLSConfigOpts{CertFile: cert, KeyFile: key, CaFile: ca.file, Verify: clients})
		if err != nil {
			t.Fatal(err)
		}
		return func(o *server.Options) { o.TLSConfig, o.TLSTimeout = config, 60 }
	}
	jwtServer, creds := byJWT(t)
	_, otherCreds := byJWT(t)
	password := func(o *server.Options) { o.Username, o.Password = "node", secret }
	token := func(o *server.Options) { o.Authorization = secret }
	asTLS := func(url string) string { return strings.Replace(url, "nats://", "tls://", 1) }
	for name, c := range map[string]struct {
		server func(*server.Options)
		with   func(url string) Options
		want   string // of the error
	}{
		"a password":       {password, func(url string) Options { return Options{URL: with("node:"+secret, url)} }, ""},
		"a wrong password": {password, func(url string) Options { return Options{URL: with("node:x"+secret, url)} }, "refuses the credentials"},
		"no password":      {password, func(url string) Options { return Options{URL: url} }, "refuses the credentials"},
		"a token":          {token, func(url string) Options { return Options{URL: with(secret, url)} }, ""},
		"a wrong token":    {token, func(url string) Options { return Options{URL: with("x"+secret, url)} }, "refuses the credentials"},
		"the second server": {token, func(url string) Options {
			return Options{URL: with(secret, "nats://127.0.0.1:1") + ", " + with(secret, url)}
		}, ""},
		"a file":            {jwtServer, func(url string) Options { return Options{URL: url, Credentials: creds} }, ""},
		"another's file":    {jwtServer, func(url string) Options { return Options{URL: url, Credentials: otherCreds} }, "refuses the credentials"},
		"no file":           {jwtServer, func(url string) Options { return Options{URL: url, Credentials: creds + "x"} }, "no such file"},
		"TLS":               {byTLS(false), func(url string) Options { return Options{URL: asTLS(url), CA: ca.file} }, ""},
		"TLS by the file":   {byTLS(false), func(url string) Options { return Options{URL: url, CA: ca.file} }, ""},
		"another authority": {byTLS(false), func(url string) Options { return Options{URL: asTLS(url), CA: strange.file} }, "certificate"},
		"no authority":      {byTLS(false), func(url string) Options { return Options{URL: asTLS(url)} }, "certificate"},
		"both sides by TLS": {byTLS(true), func(url string) Options { return Options{URL: asTLS(url), CA: ca.file, Cert: cert, Key: key} }, ""},
		"a strange node": {byTLS(true), func(url string) Options {
			return Options{URL: asTLS(url), CA: ca.file, Cert: strangeCert, Key: strangeKey}
		}, "connect to NATS"},
		"a cert and no key": {byTLS(true), func(url string) Options { return Options{URL: asTLS(url), CA: ca.file, Cert: cert} }, "its key"},
	} {
		t.Run(name, func(t *testing.T) {
			s := natstest.Start(t, c.server)
			log := newEvents()
			o := c.with(s.URL())
			o.Log = log.log()
			a, err := Open(t.Context(), o)
			if c.want != "" {
				if err == nil {
					a.Close()
				}
				if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), secret) {
					t.Errorf("the error is %v; want one that says %q", err, c.want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(a.Close)
			b := open(t, o)
			got, _ := listen(b, "work")
			settle(t, b)
			publish(a, "work", 1, 1)
			until(got, 1)
			if text := log.all(); strings.Contains(text, secret) || !strings.Contains(text, "server="+strings.TrimPrefix(s.URL(), "nats://")) {
				t.Errorf("the log has the secret, or not the address: %s", text)
			}
		})
	}
}

// TestPermissionsOfPackaging: what packaging/nats.cluster.conf allows is enough for nodes to hear and to ask each other, and nothing that it does not
// allow is tried.
func TestPermissionsOfPackaging(t *testing.T) {
	t.Setenv("NATS_PASSWORD", secret)
	conf, err := server.ProcessConfigFile("../../../packaging/nats.cluster.conf")
	if err != nil {
		t.Fatal(err)
	}
	s := natstest.Start(t, func(o *server.Options) { o.Users = conf.Users })
	for _, user := range conf.Users {
		for _, p := range []*server.SubjectPermission{user.Permissions.Publish, user.Permissions.Subscribe} {
			if len(p.Allow) != 1 || p.Allow[0] != "parley.>" {
				t.Errorf("%s is allowed %q; want what is below the prefix", user.Username, p.Allow)
			}
		}
	}
	log := newEvents()
	o := Options{URL: with("parley:"+secret, s.URL()), Log: log.log()}
	a, b := open(t, o), open(t, o)
	got, _ := listen(b, "work")
	if err := b.Serve("b", echo); err != nil {
		t.Fatal(err)
	}
	settle(t, b)
	publish(a, "work", 1, 1)
	until(got, 1)
	for _, request := range []string{"one", "two"} {
		if answer, err := a.Ask(t.Context(), "b", []byte(request)); err != nil || string(answer) != request {
			t.Errorf("asked for %q: %q, %v", request, answer, err)
		}
	}
	if _, err := a.Ask(t.Context(), "nobody", nil); !errors.Is(err, ErrNoNode) {
		t.Errorf("asked of nobody: %v; want ErrNoNode", err)
	}
	if text := log.all(); strings.Contains(text, "ERROR") {
		t.Errorf("the log has errors: %s", text)
	}
}

// TestErrorsOfOpen are for whoever reads them, and have no secrets either.
func TestErrorsOfOpen(t *testing.T) {
	for url, want := range map[string]string{
		"":                                 "address 1 of NATS is none",
		"nats://" + secret + "@":           "address 1 of NATS is none",
		"nats://u:" + secret + "#@h:1":     "address 1 of NATS is none",
		"nats://u:%" + secret + "@h:1":     "address 1 of NATS is none",
		"nats://h:1,":                      "address 2 of NATS is none",
		"nats://h:1/" + secret:             "address 1 of NATS is none",
		"http://" + secret + "@h:1":        "should begin with nats:// or tls://",
		with(secret, "nats://127.0.0.1:1"): "connect to NATS at 127.0.0.1:1: dial tcp 127.0.0.1:1: connect",
		secret + "@127.0.0.1:1":            "connect to NATS at 127.0.0.1:1: dial tcp 127.0.0.1:1: connect",
	} {
		b, err := Open(t.Context(), Options{URL: url})
		if err == nil {
			b.Close()
		}
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), secret) {
			t.Errorf("%q: %v; want an error that says %q, and no secret", url, err, want)
		}
	}
	if _, err := Open(t.Context(), Options{URL: "nats://127.0.0.1:1", Prefix: "a b"}); err == nil || !strings.Contains(err.Error(), "prefix") {
		t.Errorf("a prefix with a space: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	silent := must[net.Listener](t)(net.Listen("tcp", "127.0.0.1:0")) // takes connections and says nothing
	defer silent.Close()
	if _, err := Open(ctx, Options{URL: "nats://" + silent.Addr().String()}); err == nil || !strings.Contains(err.Error(), "canceled") {
		t.Errorf("opened when the time is over: %v", err)
	}
}

// TestCredentialsThatAreRevoked are tried again, and the log says so, until they are good.
func TestCredentialsThatAreRevoked(t *testing.T) {
	s := natstest.Start(t, func(o *server.Options) { o.Authorization = secret })
	log := newEvents()
	a := open(t, Options{URL: with(secret, s.URL()), Log: log.log(), timing: timing{retry: 1e6}})
	got, _ := listen(a, "work")
	settle(t, a)
	s.Stop()
	s.Change(func(o *server.Options) { o.Authorization = "another" })
	s.Again()
	if line := log.wait("refuses the credentials"); !strings.Contains(line, "level=ERROR") {
		t.Errorf("the log says %s", line)
	}
	for tries := s.Connections(); s.Connections() < tries+70; { // of 60 attempts, or two refusals, the client would have enough by itself
		runtime.Gosched()
	}
	s.Stop()
	s.Change(func(o *server.Options) { o.Authorization = secret })
	s.Again()
	log.wait("connected to the bus again")
	b := open(t, Options{URL: with(secret, s.URL())})
	publish(b, "work", 1, 1)
	until(got, 1)
	if text := log.all(); strings.Contains(text, secret) || strings.Count(text, "refuses the credentials") != 1 {
		t.Errorf("the log has the secret, or more than one refusal: %s", text)
	}
}
