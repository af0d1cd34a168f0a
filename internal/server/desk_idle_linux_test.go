package server_test

import (
	"bufio"
	"net/http"
	"net/url"
	"runtime"
	"testing"

	"parley.example/parley/api/agent"
	"parley.example/parley/internal/server/servertest"
	"parley.example/parley/internal/socket/sockettest"
)

// TestIdleDesks has many agents sit there: each costs some memory, and no goroutine. Where there is no poller,
// that is elsewhere than on Linux, sockets have goroutines of their own.
func TestIdleDesks(t *testing.T) {
	const agents, most = 50, 20 << 10
	s := servertest.Start(t, servertest.Quietly(t))
	var urls []string
	for n := range agents {
		name := "agent" + string(rune('a'+n/26)) + string(rune('a'+n%26))
		hire(t, s, name, "")
		d := s.SignIn(t, name, password)
		out, err := s.Agent.CreateStream(t.Context(), &agent.CreateStreamRequest{SessionToken: d.Token})
		if err != nil {
			t.Fatal(err)
		}
		urls = append(urls, out.Url)
	}
	s.HTTP.CloseIdleConnections()
	measure := func() (goroutines int, bytes int64) {
		var m runtime.MemStats
		runtime.GC()
		runtime.GC()
		runtime.ReadMemStats(&m)
		return runtime.NumGoroutine(), int64(m.HeapAlloc + m.StackInuse)
	}
	before, heap := measure()
	for _, at := range urls {
		u, err := url.Parse(at)
		if err != nil {
			t.Fatal(err)
		}
		conn := s.Dial()
		in := bufio.NewReaderSize(conn, 512)
		if _, err := conn.Write([]byte(sockettest.Handshake(u.RequestURI()))); err != nil {
			t.Fatal(err)
		}
		if res, err := http.ReadResponse(in, nil); err != nil || res.StatusCode != http.StatusSwitchingProtocols {
			t.Fatalf("the handshake is answered %v, %v", res, err)
		}
		// {"Type":"START"}, masked with zeros
		if _, err := conn.Write([]byte("\x81\x90\x00\x00\x00\x00" + `{"Type":"START"}`)); err != nil {
			t.Fatal(err)
		}
		if _, err := in.Peek(20); err != nil { // of the snapshot
			t.Fatal(err)
		}
	}
	eventually(t, "the streams are idle", func() bool { return runtime.NumGoroutine() <= before+10 })
	after, now := measure()
	each := (now - heap) / agents
	t.Logf("an idle agent costs %d bytes, and %d agents %d goroutines", each, agents, after-before)
	if each > most {
		t.Errorf("an idle agent costs %d bytes; want at most %d", each, most)
	}
}
