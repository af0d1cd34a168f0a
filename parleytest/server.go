package parleytest

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"parley.example/parley/api/connect"
	"parley.example/parley/client"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/server"
)

// Region is where the server says that it is.
const Region = "us-east-1"

// Server is a Parley at work. Its methods are for the goroutine of the test, as [testing.T.FailNow] is.
type Server struct {
	// URL is the base URL of both APIs: what AWS_ENDPOINT_URL, or the Endpoint of an SDK, is to be.
	URL string
	// Instance is the id of the instance that there is, with a flow, a queue and hours of operation to begin with.
	Instance string
	// Client calls the server. Its calls are not signed, which development mode allows.
	Client *client.Client

	t    testing.TB
	cfg  server.Config
	addr string
	stop func()
}

// Option is a setting of [Start].
type Option func(testing.TB, *server.Config)

// Data keeps the server's data in a directory, such as t.TempDir(), so that [Server.Restart] finds it again.
func Data(dir string) Option {
	return func(_ testing.TB, c *server.Config) { c.Data = dir }
}

// Verbose writes the server's log, with what flows log, to the test's output. Otherwise it has only errors.
func Verbose() Option {
	return func(t testing.TB, c *server.Config) { c.Log = logTo(t, slog.LevelInfo) }
}

// Function serves a Lambda function to flows, by its name, its ARN, or "*" for all that have no other. The
// event is what Amazon Connect sends, of at most 1 MiB; the result is encoded as JSON, which must have
// less than 32 KB. An error is the flow's error branch.
func Function(name string, f func(ctx context.Context, event json.RawMessage) (any, error)) Option {
	return func(t testing.TB, c *server.Config) {
		set(&c.Lambda, name, serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			event, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
			var answer []byte
			if err == nil {
				var result any
				if result, err = f(r.Context(), event); err == nil {
					answer, err = json.Marshal(result)
				}
			}
			if err != nil { // not a 5xx, after which it would be tried again
				http.Error(w, err.Error(), http.StatusUnprocessableEntity)
				return
			}
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write(answer) // or the server is gone
		})))
	}
}

// Bot serves a bot to flows: an HTTP endpoint that answers like Lex's RecognizeText. The name is the ARN of
// an alias, BOTID/ALIASID, BOTID, or "*" for all that have no other; for a Lex V1 bot NAME:ALIAS or NAME, for
// an AI agent its UUID.
func Bot(name string, h http.Handler) Option {
	return func(t testing.TB, c *server.Config) { set(&c.Bots, name, serve(t, h)) }
}

// Stream serves a streaming endpoint (StartContactStreaming, ChatStreamingConfiguration), by its ARN, or
// "arn:aws:sns:*" for all. Requests are signed with the secret, of at least 16 characters, which is
// one for the server: [client.VerifyWebhook] checks it.
func Stream(arn, secret string, h http.Handler) Option {
	return func(t testing.TB, c *server.Config) {
		c.StreamSecret = secret
		set(&c.Streams, arn, serve(t, h))
	}
}

func set(m *map[string]string, name, url string) {
	if *m == nil {
		*m = map[string]string{}
	}
	(*m)[name] = url
}

// serve serves h until the test ends and returns its URL.
func serve(t testing.TB, h http.Handler) string {
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

func logTo(t testing.TB, level slog.Level) *slog.Logger {
	return slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: level}))
}

// Start starts a server for a test and stops it at its end.
func Start(t testing.TB, options ...Option) *Server {
	t.Helper()
	s := &Server{
		Instance: catalog.DemoInstance, t: t, addr: "127.0.0.1:0",
		cfg: server.Config{Dev: true, Region: Region, CloseSpan: time.Millisecond, Log: logTo(t, slog.LevelError)},
	}
	for _, o := range options {
		o(t, &s.cfg)
	}
	s.start()
	t.Cleanup(func() { s.stop() })
	c, err := client.New(client.Config{Region: Region, Endpoint: s.URL})
	if err != nil {
		t.Fatalf("parleytest: %v", err)
	}
	t.Cleanup(c.CloseIdleConnections)
	s.Client = c
	return s
}

// start starts the server at addr.
func (s *Server) start() {
	s.t.Helper()
	l, err := net.Listen("tcp", s.addr)
	if err != nil {
		s.t.Fatalf("parleytest: %v", err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(s.t.Context()))
	srv, err := server.New(ctx, s.cfg)
	if err != nil {
		cancel()
		l.Close()
		s.t.Fatalf("parleytest: %v", err)
	}
	up, ended := make(chan string, 1), make(chan error, 1)
	go func() { ended <- srv.ServeOn(ctx, l, func(url string) { up <- url }) }()
	select {
	case s.URL = <-up:
	case err := <-ended:
		cancel()
		s.t.Fatalf("parleytest: %v", err)
	}
	s.addr = l.Addr().String()
	s.stop = func() {
		cancel()
		if err := <-ended; err != nil {
			s.t.Errorf("parleytest: the server ended with %v", err)
		}
		s.stop = func() {}
	}
}

// Restart stops the server and starts it again at the same address, with the data of [Data]: clients
// reconnect, and chats go on. The clock is that of the wall again, and faults are over.
func (s *Server) Restart() {
	s.t.Helper()
	if s.cfg.Data == "" {
		s.t.Fatal("parleytest: Restart would lose everything; start the server with parleytest.Data(t.TempDir())")
	}
	s.stop()
	s.start()
}

// Setenv sets the environment variables by which AWS SDKs and the AWS CLI of this process, and of
// those that it starts, find the server. The test cannot be parallel then.
func (s *Server) Setenv() {
	s.t.Helper()
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL": s.URL, "AWS_REGION": Region, "AWS_DEFAULT_REGION": Region,
		"AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "any", "AWS_SESSION_TOKEN": "",
	} {
		s.t.Setenv(name, value)
	}
}

// Publish makes a flow of the type CONTACT_FLOW with the content, in Amazon Connect's flow language, and returns its id.
// A flow that Amazon Connect would refuse fails the test with what is wrong.
func (s *Server) Publish(name, content string) (flow string) {
	s.t.Helper()
	out, err := s.Client.CreateContactFlow().InstanceID(s.Instance).Name(name).
		Type(connect.ContactFlowTypeCONTACT_FLOW).Content(content).Send(s.t.Context())
	if err != nil {
		s.t.Fatalf("parleytest: the flow %q is not published: %v", name, err)
	}
	return *out.ContactFlowId
}

// Now returns the server's time, to the millisecond.
func (s *Server) Now() time.Time {
	s.t.Helper()
	return s.clock(http.MethodGet, nil)
}

// Advance moves the server's clock forward, from timer to timer, and returns its time once everything that
// fell due on the way has happened: flows went on, chats have ended. Functions and bots get two seconds of real
// time to answer before the clock moves past them.
func (s *Server) Advance(d time.Duration) time.Time {
	s.t.Helper()
	return s.clock(http.MethodPost, map[string]any{"Advance": d.String()})
}

// Freeze stops the server's clock, so that only Advance moves it; false lets it run on.
func (s *Server) Freeze(stop bool) {
	s.t.Helper()
	s.clock(http.MethodPost, map[string]any{"Freeze": stop})
}

func (s *Server) clock(method string, body any) time.Time {
	s.t.Helper()
	var out struct{ Now time.Time }
	s.develop(method, "/dev/clock", body, &out)
	return out.Now
}

// Fault is something that goes wrong on purpose. It needs a Status, a Delay or both.
type Fault struct {
	Operation string        // of either API, such as SendMessage; "" for every one
	Status    int           // 400 to 599, answered in place of the result; 0 only delays
	Code      string        // the exception's name; "" for one that fits the status
	Delay     time.Duration // how long to wait first, at most a minute
	Count     int           // how many requests it strikes; 0 for all
	After     time.Duration // when the client is to try again, at most a minute; 0 does not say
}

// Fault lets calls fail from now on: the first of the faults that fits strikes. They replace those
// that were set before; none ends them.
func (s *Server) Fault(faults ...Fault) {
	s.t.Helper()
	type fault struct {
		Operation, Code, Delay, After string
		Status, Count                 int
	}
	set := make([]fault, len(faults))
	for i, f := range faults {
		set[i] = fault{Operation: f.Operation, Code: f.Code, Delay: f.Delay.String(), After: f.After.String(), Status: f.Status, Count: f.Count}
		if f.Delay == 0 {
			set[i].Delay = ""
		}
		if f.After == 0 {
			set[i].After = ""
		}
	}
	s.develop(http.MethodPost, "/dev/faults", set, &set)
}

// develop calls the developer API.
func (s *Server) develop(method, path string, body, into any) {
	s.t.Helper()
	var text bytes.Buffer
	if body != nil {
		if err := json.NewEncoder(&text).Encode(body); err != nil {
			s.t.Fatalf("parleytest: %v", err)
		}
	}
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.URL+path, &text)
	if err != nil {
		s.t.Fatalf("parleytest: %v", err)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		s.t.Fatalf("parleytest: %v", err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	if err == nil && res.StatusCode == http.StatusOK {
		err = json.Unmarshal(answer, into)
	}
	if err != nil || res.StatusCode != http.StatusOK {
		s.t.Fatalf("parleytest: %s %s: %d %s %v", method, path, res.StatusCode, bytes.TrimSpace(answer), err)
	}
}
