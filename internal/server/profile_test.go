package server

import (
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
)

func TestProfilesStayOnThisMachine(t *testing.T) {
	for addr, good := range map[string]bool{
		"127.0.0.1:6060": true, "[::1]:0": true, "127.5.5.5:1": true,
		"0.0.0.0:6060": false, ":6060": false, "192.0.2.1:6060": false, "[::]:1": false, "localhost:6060": false, "6060": false,
	} {
		c := Config{Dev: true, Pprof: addr}
		if err := c.Check(); (err == nil) != good {
			t.Errorf("Check with pprof %q = %v; want good %v", addr, err, good)
		}
	}
}

func TestProfilesAreServed(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	p, err := serveProfiles(addr)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.Get("http://" + addr + "/debug/pprof/goroutine?debug=1")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil || !strings.HasPrefix(string(body), "goroutine profile: total ") {
		t.Errorf("the goroutine profile begins %.40q, %v", body, err)
	}
	if err := p.close(); err != nil {
		t.Errorf("close: %v", err)
	}
	if _, err := serveProfiles("127.0.0.1:nowhere"); err == nil {
		t.Error("serveProfiles took an address that is none")
	}
}
