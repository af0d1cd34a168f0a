package server_test

import (
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"parley.example/parley/api/connect"
	"parley.example/parley/api/participant"
	"parley.example/parley/internal/bus/nats/natstest"
	"parley.example/parley/internal/server"
	"parley.example/parley/internal/server/servertest"
	"parley.example/parley/internal/store/postgres/pgtest"
)

// shared is a PostgreSQL server for the tests of several nodes, which is started by the first of them.
var shared struct {
	sync.Once
	server *pgtest.Server
	err    error
}

// closeShared stops that server, if it was started.
func closeShared() error {
	if shared.server == nil {
		return nil
	}
	return shared.server.Close()
}

// among is the option of a node on an empty database and a bus, which it shares with the others it is given to.
func among(t *testing.T, dir string) func(*server.Config) {
	shared.Do(func() { shared.server, shared.err = pgtest.New(pgtest.Options{}) })
	if shared.err != nil {
		t.Fatal(shared.err)
	}
	store, bus := shared.server.URL(shared.server.Database(t, "template0")), natstest.Start(t).URL()
	return func(c *server.Config) { c.Dev, c.Data, c.Store, c.Bus = false, dir, store, bus }
}

// TestNodesStartTogether: nodes that find an empty database at the same time make what is missing once. What is set up at one is there at the
// other, a chat goes on at either, and what is said at one comes to the sockets of the other.
func TestNodesStartTogether(t *testing.T) {
	node := among(t, t.TempDir())
	var both [2]*servertest.Server
	var wg sync.WaitGroup
	for i := range both {
		wg.Go(func() { both[i] = servertest.Start(t, node) })
	}
	wg.Wait()
	if t.Failed() {
		return
	}
	one, two := both[0], both[1]
	if one.Key.ID == "" || one.Key.ID != two.Key.ID {
		t.Fatalf("the first keys are %q and %q; want the same", one.Key.ID, two.Key.ID)
	}
	c := one.Chat(t)
	socket := servertest.Open(t, strings.Replace(c.SocketURL, one.Addr, two.Addr, 1))
	socket.Subscribe()
	for i, s := range []*servertest.Server{one, two, one} {
		text := []string{"first", "second", "third"}[i]
		if _, err := s.Participant.SendMessage(t.Context(), &participant.SendMessageRequest{ConnectionToken: c.Bearer, ContentType: "text/plain", Content: text}); err != nil {
			t.Fatalf("SendMessage at node %d: %v", i%2+1, err)
		}
		socket.Until(text)
	}
	for text := ""; !strings.Contains(text, "\nparley_nodes 2\n") || !strings.Contains(text, "\nparley_node_shards 32\n"); text = metricsOf(t, two) {
	} // the shares are even after a beat or two
	if text := metricsOf(t, two); !strings.Contains(text, "\nparley_bus_connected 1\n") || strings.Contains(text, "\nparley_bus_received_total 0\n") {
		t.Error("the metrics say that there is no bus, or that nothing came by it")
	}
	if text := metricsOf(t, two); !strings.Contains(text, "\nparley_database_connections_max 16\n") || strings.Contains(text, "\nparley_database_connections_idle 0\n") {
		t.Error("the metrics say nothing of the connections to the database")
	}
	list, err := two.Connect.ListInstances(t.Context(), &connect.ListInstancesRequest{})
	if err != nil || len(list.InstanceSummaryList) != 1 {
		t.Errorf("the other node has the instances %v, %v; want one", list, err)
	}
}

// metricsOf returns the metrics of a node.
func metricsOf(t *testing.T, s *servertest.Server) string {
	t.Helper()
	resp, err := http.Get(s.URL + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestLeavingNode: a node that was told to stop says so to balancers, and answers as before until its time to drain is over. The other one goes on.
func TestLeavingNode(t *testing.T) {
	node := among(t, t.TempDir())
	one := servertest.Start(t, node, func(c *server.Config) { c.Drain = 2 * time.Second })
	two := servertest.Start(t, node)
	c := one.Chat(t)
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		one.Stop()
	}()
	ready := func() int {
		resp, err := http.Get(one.URL + "/readyz")
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		_, _ = io.Copy(io.Discard, resp.Body) // a line
		return resp.StatusCode
	}
	for ready() == http.StatusOK {
	}
	resp, err := http.Post(one.URL+"/participant/event", "application/json", strings.NewReader(`{}`))
	if err != nil || resp.StatusCode != http.StatusForbidden && resp.StatusCode != http.StatusBadRequest {
		t.Fatalf("while it drains, a request is answered with %v, %v; want a refusal of the request", resp, err)
	}
	resp.Body.Close()
	<-stopped
	if _, err := two.Participant.SendMessage(t.Context(), &participant.SendMessageRequest{ConnectionToken: c.Bearer, ContentType: "text/plain", Content: "still here"}); err != nil {
		t.Errorf("after the node has left, SendMessage at the other: %v", err)
	}
}

// TestNodeWithoutItsDatabase: a node whose database is gone is not ready, though nobody writes anything, and is again when it is back.
func TestNodeWithoutItsDatabase(t *testing.T) {
	kept, err := pgtest.New(pgtest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := kept.Close(); err != nil {
			t.Error(err)
		}
	}()
	dir, bus := t.TempDir(), natstest.Start(t).URL()
	s := servertest.Start(t, func(c *server.Config) { c.Dev, c.Data, c.Store, c.Bus = false, dir, kept.URL("postgres"), bus })
	ready := func(want int) {
		t.Helper()
		for {
			resp, err := http.Get(s.URL + "/readyz")
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if resp.StatusCode == want {
				return
			}
			time.Sleep(20 * time.Millisecond) // it is asked, not told
		}
	}
	ready(http.StatusOK)
	if err := kept.Stop(syscall.SIGQUIT); err != nil {
		t.Fatal(err)
	}
	ready(http.StatusServiceUnavailable)
	if err := kept.Start(); err != nil {
		t.Fatal(err)
	}
	ready(http.StatusOK)
}

// TestSettingsOfNodes: what does not go together is refused in one line, which says no password.
func TestSettingsOfNodes(t *testing.T) {
	used := t.TempDir()
	if err := os.WriteFile(filepath.Join(used, "parley.db"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	const store = "postgres://parley:secret-word@127.0.0.1:1/parley"
	for name, c := range map[string]struct {
		cfg  server.Config
		want string
	}{
		"a bus without a database":                   {server.Config{Dev: true, Bus: "nats://127.0.0.1:1"}, "--store"},
		"a database without a directory":             {server.Config{Dev: true, Store: store}, "--data"},
		"a URL that is none":                         {server.Config{Data: t.TempDir(), Store: "postgres://parley:secret-word@[::1/x"}, "store"},
		"a database of its own in the directory":     {server.Config{Data: used, Store: store}, "has a database of its own"},
		"a new embedded database where there is one": {server.Config{Data: t.TempDir(), Store: store, New: true}, "new"},
	} {
		_, err := server.New(context.Background(), c.cfg)
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "secret-word") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: New = %v; want a line with %q", name, err, c.want)
		}
	}
	cfg := server.Config{Store: store, Bus: "nats://me:secret-word@127.0.0.1:1"}
	if text := cfg.String(); strings.Contains(text, "secret-word") {
		t.Errorf("the settings are shown as %s", text)
	}
}
