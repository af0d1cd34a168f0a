package server_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"parley.example/parley/api/connect"
	"parley.example/parley/api/participant"
	"parley.example/parley/internal/server"
	"parley.example/parley/internal/server/servertest"
)

func TestHealth(t *testing.T) {
	s := servertest.Start(t, servertest.Production(t.TempDir()))
	for path, want := range map[string]string{"/healthz": "ok\n", "/readyz": "ready\n"} {
		if r := call(t, s, "GET", path, ""); r.status != 200 || r.body != want {
			t.Errorf("GET %s = %d %q; want %q", path, r.status, r.body, want)
		}
	}
	for _, path := range []string{"/dev", "/dev/clock", "/dev/faults", "/assets/start.css", "/debug/pprof/"} {
		if r := call(t, s, "GET", path, ""); r.status != 404 && r.status != 403 {
			t.Errorf("GET %s = %d outside development mode", path, r.status)
		}
	}
}

// listenerAt is a listener that says that it is elsewhere.
type listenerAt struct {
	net.Listener
	addr netip.AddrPort
}

func (l listenerAt) Addr() net.Addr { return net.TCPAddrFromAddrPort(l.addr) }

// TestAddressOfServer names the address that the server listens on, and this machine where it listens on all.
func TestAddressOfServer(t *testing.T) {
	for addr, want := range map[string]string{
		"127.0.0.1:80": "http://127.0.0.1:80", "127.0.0.2:80": "http://127.0.0.2:80", "[::1]:80": "http://[::1]:80", "192.0.2.1:80": "http://192.0.2.1:80",
		"0.0.0.0:80": "http://127.0.0.1:80", "[::]:80": "http://127.0.0.1:80",
	} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		s, err := server.New(ctx, server.Config{Dev: true, CloseSpan: time.Millisecond, Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		var got string
		up := func(url string) { got = url; stop() }
		if err := s.ServeOn(ctx, listenerAt{l, netip.MustParseAddrPort(addr)}, up); err != nil || got != want {
			t.Errorf("a server on %s is at %q, %v; want %q", addr, got, err, want)
		}
	}
}

// TestDevelopmentModeBeyondLoopback: a server in development mode warns when others can reach it.
func TestDevelopmentModeBeyondLoopback(t *testing.T) {
	for addr, c := range map[string]struct{ dev, warns bool }{
		"127.0.0.1:80": {true, false}, "127.0.0.2:80": {true, false}, "[::1]:80": {true, false},
		"0.0.0.0:80": {true, true}, "[::]:80": {true, true}, "192.0.2.1:80": {true, true}, "192.0.2.2:80": {false, false},
	} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		var log strings.Builder
		cfg := server.Config{Dev: c.dev, CloseSpan: time.Millisecond, Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelWarn}))}
		if !c.dev {
			cfg.Data = t.TempDir()
		}
		ctx, stop := context.WithCancel(t.Context())
		s, err := server.New(ctx, cfg)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.ServeOn(ctx, listenerAt{l, netip.MustParseAddrPort(addr)}, func(string) { stop() }); err != nil {
			t.Errorf("ServeOn: %v", err)
		}
		if warned := strings.Contains(log.String(), "listens beyond this machine") && strings.Contains(log.String(), addr); warned != c.warns {
			t.Errorf("on %s, in development mode %v, the log has %q", addr, c.dev, &log)
		}
	}
}

// TestMetrics finds every figure that docs/architecture.md promises, and moves it.
func TestMetrics(t *testing.T) {
	page, err := os.ReadFile("../../docs/architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	s := servertest.Start(t)
	moved := []string{ // by what happens below
		"parley_requests_total", "parley_request_seconds_count", "parley_sockets", "parley_frames_total", "parley_socket_writes_total",
		"parley_active_chats", "parley_commit_changes_count", "parley_flush_seconds_count", "parley_timers_fired_total",
	}
	before := map[string]float64{}
	for _, name := range moved {
		if before[name] = metric(t, s, name); before[name] < 0 && !strings.HasPrefix(name, "parley_request") {
			t.Errorf("there is no metric %s", name)
		}
	}
	settle(t, s).undisturbed()
	s.Begin(t)
	s.Clock().Advance(6 * time.Minute) // nobody came to the second chat
	eventually(t, "a timer fires", func() bool { return metric(t, s, "parley_timers_fired_total") > 0 })
	for _, name := range moved {
		if got := metric(t, s, name); got <= before[name] {
			t.Errorf("%s was %v and is %v; want more", name, before[name], got)
		}
	}
	call(t, s, "PUT", "/contact/chat", "{")
	text := call(t, s, "GET", "/metrics", "").body
	for _, line := range []string{
		`parley_requests_total{code="",operation="SendMessage",status="200"} 1`,
		`parley_requests_total{code="InvalidRequestException",operation="StartChatContact",status="400"} 1`,
		`parley_request_seconds_count{operation="SendMessage"} 1`,
	} {
		if !strings.Contains(text, line+"\n") {
			t.Errorf("the metrics have no line %s", line)
		}
	}
	if problems, err := promlint.New(strings.NewReader(text)).Lint(); err != nil || len(problems) > 0 {
		t.Errorf("by the conventions of Prometheus: %v, %v", problems, err)
	}
	for word := range strings.FieldsFuncSeq(string(page), func(r rune) bool { return r == '`' || r == '{' || r == ' ' || r == '\n' }) {
		if strings.HasPrefix(word, "parley_") && !strings.Contains(text, "# TYPE "+word+" ") {
			t.Errorf("the documentation promises %s, which is not there", word)
		}
	}
}

// TestMetricsOfTheDisk finds the sizes of what a server keeps, and a delivery that waits.
func TestMetricsOfTheDisk(t *testing.T) {
	s := servertest.Start(t, servertest.Production(t.TempDir()), func(c *server.Config) {
		c.Streams, c.StreamSecret = map[string]string{"arn:aws:sns:*": "http://127.0.0.1:1/nobody"}, "0123456789abcdef"
	})
	c := s.Chat(t, func(in *connect.StartChatContactRequest) {
		in.ChatStreamingConfiguration = &connect.ChatStreamingConfiguration{StreamingEndpointArn: "arn:aws:sns:us-east-1:123456789012:chat"}
	})
	if r := do(t, s, servertest.Put(t, c.File("a.txt", "text/plain", 5000), make([]byte, 5000))); r.status != 200 {
		t.Fatalf("PUT = %d %s", r.status, r.body)
	}
	for name, least := range map[string]float64{
		"parley_database_bytes": 10_000, "parley_files_bytes": 5000, "parley_disk_free_bytes": 1, "parley_outbox_deliveries": 1,
	} {
		eventually(t, name, func() bool { return metric(t, s, name) >= least })
	}
	s.Clock().Advance(time.Second)
	eventually(t, "the delivery ages", func() bool { return metric(t, s, "parley_outbox_oldest_seconds") >= 1 })
}

// TestGracefulStop stops a server in the midst of a request: it says that it
// is not ready, finishes the request, tells the message, and then closes the
// sockets so that their clients come back.
func TestGracefulStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const sockets = 10
		s := servertest.Inside(t, func(c *server.Config) { c.CloseSpan = time.Second })
		c := s.Chat(t)
		socket := c.Socket()
		var others []*servertest.Socket
		for range sockets - 1 {
			others = append(others, s.Chat(t).Socket())
		}
		if r := call(t, s, "POST", "/dev/faults", `[{"Operation":"SendMessage","Delay":"10s"}]`); r.status != 200 {
			t.Fatalf("faults: %d %s", r.status, r.body)
		}
		s.HTTP.Timeout = time.Minute
		sent := make(chan error, 1)
		go func() {
			_, err := c.TrySend(t.Context(), "the last word")
			sent <- err
		}()
		synctest.Wait() // the request is under way
		began := time.Now()
		stopped := s.Stopping()
		synctest.Wait()
		w := &recorder{header: http.Header{}}
		s.Handler().ServeHTTP(w, newRequest(t, "/readyz"))
		if w.status != http.StatusServiceUnavailable || w.body.String() != "stopping\n" {
			t.Errorf("a stopping server says %d %q", w.status, w.body.String())
		}
		if err := <-sent; err != nil || time.Since(began) < 9*time.Second {
			t.Errorf("the request under way ended after %s with %v; want it finished", time.Since(began), err)
		}
		socket.Until("the last word")
		var ends []time.Time
		for _, o := range append(others, socket) {
			if code := o.Closed(); code != 1001 {
				t.Errorf("a socket was closed with %d; want 1001, after which clients come back", code)
			}
			ends = append(ends, o.ClosedAt())
		}
		<-stopped
		slices.SortFunc(ends, time.Time.Compare)
		if spread := ends[len(ends)-1].Sub(ends[0]); spread < 100*time.Millisecond {
			t.Errorf("the sockets were closed within %s; want them spread", spread)
		}
	})
}

// TestStopIsBounded stops a server whose client does not finish.
func TestStopIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := servertest.Inside(t)
		c := s.Chat(t)
		if r := call(t, s, "POST", "/dev/faults", `[{"Operation":"SendMessage","Delay":"60s"}]`); r.status != 200 {
			t.Fatalf("faults: %d %s", r.status, r.body)
		}
		s.HTTP.Timeout = 0
		go func() { _, _ = c.TrySend(t.Context(), "too late") }() // is cut off
		synctest.Wait()
		began := time.Now()
		s.Stop()
		if took := time.Since(began); took < 15*time.Second || took > 40*time.Second {
			t.Errorf("stopping took %s; want the grace of 20 s and a little", took)
		}
	})
}

// TestClientGone does not count as a failure of the server what its client did not wait for.
func TestClientGone(t *testing.T) {
	s := servertest.Start(t)
	c := s.Chat(t)
	if r := call(t, s, "POST", "/dev/faults", `[{"Operation":"SendMessage","Delay":"60s","Count":1}]`); r.status != 200 {
		t.Fatalf("faults: %d %s", r.status, r.body)
	}
	ctx, cancel := context.WithCancel(t.Context())
	sent := make(chan error)
	go func() {
		_, err := c.TrySend(ctx, "never mind")
		sent <- err
	}()
	eventually(t, "the request is under way", func() bool { return call(t, s, "GET", "/dev/faults", "").body == "[]\n" })
	cancel()
	if err := <-sent; err == nil {
		t.Fatal("the request was answered")
	}
	eventually(t, "the request is counted", func() bool {
		text := call(t, s, "GET", "/metrics", "").body
		return strings.Contains(text, `parley_requests_total{code="ClientGone",operation="SendMessage",status="499"} 1`)
	})
}

// TestClientTokensExpire restarts a server that is never up for long.
func TestClientTokensExpire(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		durable := func(c *server.Config) { c.Data = dir }
		clientToken := "now and again"
		again := func(in *connect.StartChatContactRequest) { in.ClientToken = &clientToken }
		s := servertest.Inside(t, durable)
		first := s.Begin(t, again)
		s.Stop()
		for _, days := range []time.Duration{6, 2} {
			time.Sleep(days * 24 * time.Hour)
			s = servertest.Inside(t, durable)
			synctest.Wait()
			last := s.Begin(t, again)
			if same := last.Contact == first.Contact; same != (days == 6) {
				t.Errorf("%d days later: the same chat %v; want that for seven days", days, same)
			}
			s.Stop()
		}
	})
}

// TestRestart stops a server and starts another on its directory: chats,
// tokens and timers go on as if nothing had been.
func TestRestart(t *testing.T) {
	dir := t.TempDir()
	durable := func(c *server.Config) { c.Data = dir }
	s := servertest.Start(t, durable)
	c := s.Chat(t)
	c.Send("before")
	file := c.File("a.txt", "text/plain", 1)
	if r := do(t, s, servertest.Put(t, file, []byte("a"))); r.status != 200 {
		t.Fatalf("upload: %d %s", r.status, r.body)
	}
	lonely := s.Begin(t)
	clientToken := "the same again"
	again := func(in *connect.StartChatContactRequest) { in.ClientToken = &clientToken }
	first := s.Begin(t, again)
	s.Stop()

	s = servertest.Start(t, durable)
	c = c.On(s)
	socket := c.Socket() // with the URL from before
	c.Send("after")
	socket.Until("after")
	if got, want := c.Texts(), []string{"Hello", "before", "after"}; !slices.Equal(got, want) {
		t.Errorf("the transcript is %q; want %q", got, want)
	}
	if _, err := s.Participant.CompleteAttachmentUpload(t.Context(), &participant.CompleteAttachmentUploadRequest{
		ConnectionToken: c.Bearer, AttachmentIds: []string{*file.AttachmentId}}); err != nil {
		t.Errorf("completing what was uploaded before: %v", err)
	}
	c.Connect() // with the participant token from before
	if second := s.Begin(t, again); second.Contact != first.Contact {
		t.Errorf("the same ClientToken began another chat")
	}
	s.Stop()

	late := servertest.Start(t, durable, func(*server.Config) {})
	late.Clock().Advance(6 * time.Minute)
	eventually(t, "the chat that nobody came to ends", func() bool {
		out, err := late.Connect.DescribeContact(t.Context(), &connect.DescribeContactRequest{InstanceId: late.Instance(t), ContactId: lonely.Contact})
		return err == nil && out.Contact.DisconnectTimestamp != nil
	})
	c.On(late).Send("and after that")
}

// TestDataDirectoryIsLocked refuses a second server on one directory in words that help.
func TestDataDirectoryIsLocked(t *testing.T) {
	dir := t.TempDir()
	s := servertest.Start(t, servertest.Production(dir))
	_, err := server.New(t.Context(), server.Config{Data: dir})
	if err == nil || !strings.Contains(err.Error(), "data directory "+dir+" is in use by process "+fmt.Sprint(os.Getpid())) {
		t.Errorf("a second server on the directory: %v", err)
	}
	s.Stop()
	second, err := server.New(t.Context(), server.Config{Data: dir})
	if err != nil {
		t.Fatalf("after the first has stopped: %v", err)
	}
	if err := second.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	if err := second.Close(); err != nil {
		t.Errorf("a second Close: %v", err)
	}
}

// TestAddressInUse says which address it is.
func TestAddressInUse(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	s, err := server.New(t.Context(), server.Config{Dev: true, Listen: l.Addr().String()})
	if err != nil {
		t.Fatal(err)
	}
	err = s.Serve(t.Context(), func(string) { t.Error("it says that it listens") })
	if err == nil || !strings.Contains(err.Error(), l.Addr().String()) {
		t.Errorf("Serve = %v; want an error that names the address", err)
	}
}

// TestTLS serves https and wss.
func TestTLS(t *testing.T) {
	dir := t.TempDir()
	cert, key, roots := selfSigned(t, dir)
	s := servertest.Start(t, func(c *server.Config) { c.TLSCert, c.TLSKey = cert, key })
	s.HTTP.Transport.(*http.Transport).TLSClientConfig = &tls.Config{RootCAs: roots}
	if !strings.HasPrefix(s.URL, "https://127.0.0.1:") {
		t.Fatalf("the URL is %s", s.URL)
	}
	c := s.Chat(t)
	if !strings.HasPrefix(c.SocketURL, "wss://127.0.0.1:") {
		t.Fatalf("the socket's URL is %s", c.SocketURL)
	}
	socket := c.Socket()
	c.Send("in private")
	socket.Until("in private")
	if out := c.File("a.txt", "text/plain", 1); !strings.HasPrefix(*out.UploadMetadata.Url, "https://") {
		t.Errorf("the file's URL is %s", *out.UploadMetadata.Url)
	}
	if raw := exchangeRaw(t, s, "GET /healthz HTTP/1.1\r\nHost: parley\r\nConnection: close\r\n\r\n"); !strings.HasPrefix(raw, "HTTP/1.0 400") {
		t.Errorf("plain HTTP is answered %q", raw)
	}
}

// selfSigned writes a certificate for 127.0.0.1 and its key.
func selfSigned(t *testing.T, dir string) (cert, key string, roots *x509.CertPool) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "parley"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	write := func(name, kind string, b []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: b}), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots = x509.NewCertPool()
	roots.AddCert(parsed)
	return write("cert.pem", "CERTIFICATE", der), write("key.pem", "PRIVATE KEY", secret), roots
}

// TestPublicURL hands out the URLs of a proxy.
func TestPublicURL(t *testing.T) {
	s := servertest.Start(t, func(c *server.Config) { c.PublicURL = "https://chat.example.com/base/" })
	if s.URL != "https://chat.example.com/base" {
		t.Fatalf("the URL is %s", s.URL)
	}
	// Behind the proxy the paths are without its base.
	client := connect.NewClient(proxied(s))
	out, err := client.StartChatContact(t.Context(), &connect.StartChatContactRequest{InstanceId: s.Instance(t),
		ContactFlowId: "22222222-2222-4222-8222-222222222222", ParticipantDetails: &connect.ParticipantDetails{DisplayName: "Ana"}})
	if err != nil {
		t.Fatal(err)
	}
	con, err := participant.NewClient(proxied(s)).CreateParticipantConnection(t.Context(), &participant.CreateParticipantConnectionRequest{
		ParticipantToken: *out.ParticipantToken, Type: []participant.ConnectionType{participant.ConnectionTypeWEBSOCKET}})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(*con.Websocket.Url, "wss://chat.example.com/base/ws?token=") {
		t.Errorf("the socket's URL is %s", *con.Websocket.Url)
	}
}

// TestOrigins lets pages of the listed origins open sockets, and programs.
func TestOrigins(t *testing.T) {
	s := servertest.Start(t, func(c *server.Config) { c.Origins = []string{"https://shop.example"} })
	c := s.Chat(t)
	path := c.SocketURL[strings.Index(c.SocketURL, "/ws"):]
	for origin, want := range map[string]string{"https://shop.example": "101", "https://evil.example": "403", "null": "403"} {
		conn := s.Dial()
		conn.SetDeadline(time.Now().Add(prompt))
		fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: parley\r\nOrigin: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
			"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", path, origin)
		line := make([]byte, len("HTTP/1.1 101"))
		if _, err := conn.Read(line); err != nil || string(line) != "HTTP/1.1 "+want {
			t.Errorf("a page of %s: %q, %v; want %s", origin, line, err, want)
		}
	}
	c.Socket() // a program says no origin
}

// TestSettings refuses what cannot work, by the name of the setting.
func TestSettings(t *testing.T) {
	file := filepath.Join(t.TempDir(), "not-a-certificate")
	if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	for want, cfg := range map[string]server.Config{
		"listen":           {Dev: true, Listen: "nowhere"},
		`listen "`:         {Dev: true, Listen: "127.0.0.1:http"},
		"listen \"a:99999": {Dev: true, Listen: "a:99999"},
		"data":             {},
		"files: \"/var":    {Dev: true, Files: "/var/files"},
		"files: \"s3":      {Dev: true, Files: "s3://Files"},
		"files: cred":      {Dev: true, Files: "s3://key:secret@files"},
		"files-endpoint":   {Dev: true, Files: "s3://files", FilesEndpoint: "minio:9000"},
		"files-endpoint: ": {Dev: true, FilesEndpoint: "http://minio:9000"},
		"account":          {Dev: true, Account: "12345"},
		"region":           {Dev: true, Region: "Mars!"},
		"tls-cert and":     {Dev: true, TLSCert: "cert.pem"},
		"tls-cert, ":       {Dev: true, TLSCert: file, TLSKey: file},
		"public-url":       {Dev: true, PublicURL: "chat.example.com"},
		"public-url has":   {Dev: true, PublicURL: "https://chat.example.com/" + strings.Repeat("x", 1776)},
		"public-url \"h":   {Dev: true, PublicURL: "https://chat.example.com/?a=b"},
		"max-active-chats": {Dev: true, MaxActiveChats: -1},
		"max-file-mb":      {Dev: true, MaxFileMB: 1000},
		"close-span":       {Dev: true, CloseSpan: -time.Second},
		"lambda":           {Dev: true, Lambda: map[string]string{"f": "ftp://x"}},
		"lambda: ":         {Dev: true, LambdaEndpoint: "localhost:3001"},
		"stream-secret":    {Dev: true, Streams: map[string]string{"arn:aws:sns:*": "http://x"}, StreamSecret: "short"},
		"stream: ":         {Dev: true, Streams: map[string]string{"arn:aws:sns:*": "x"}, StreamSecret: "0123456789abcdef"},
		"stream: the SNS":  {Dev: true, SNSEndpoint: "x"},
		"origin":           {Dev: true, Origins: []string{"https://shop.example/"}},
	} {
		err := cfg.Check()
		if err == nil || !strings.HasPrefix(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("Check = %v; want one line that begins with %q", err, want)
		}
		if s, err := server.New(context.Background(), cfg); err == nil {
			s.Close()
			t.Errorf("New took what Check refuses: %s", want)
		}
	}
	good := server.Config{Dev: true, Files: "s3://files/chats", FilesEndpoint: "http://minio:9000/", PublicURL: "https://chat.example.com/base", Origins: []string{"https://shop.example:8443"},
		Lambda: map[string]string{"*": "lambda+http://127.0.0.1:3001"}, Streams: map[string]string{"arn:aws:sns:*": "http://x"}, StreamSecret: "0123456789abcdef"}
	if err := good.Check(); err != nil {
		t.Errorf("Check = %v of good settings", err)
	}
}
