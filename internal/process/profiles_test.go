package process

import (
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"parley.example/parley/internal/lifecycle"
)

func TestProfilesStayOnThisMachine(t *testing.T) {
	for addr, good := range map[string]bool{
		"127.0.0.1:6060": true, "[::1]:0": true, "127.5.5.5:1": true,
		"0.0.0.0:6060": false, ":6060": false, "192.0.2.1:6060": false, "[::]:1": false, "localhost:6060": false, "6060": false,
	} {
		if err := CheckLoopback(addr); (err == nil) != good {
			t.Errorf("CheckLoopback(%q) = %v; want good %v", addr, err, good)
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
	p := &Profiles{Addr: addr}
	for range 2 {
		if err := p.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
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
	for range 2 {
		if err := p.Stop(t.Context()); err != nil {
			t.Errorf("Stop: %v", err)
		}
	}
	if err := p.Start(t.Context()); !errors.Is(err, lifecycle.ErrStopped) {
		t.Errorf("Start after Stop = %v", err)
	}
	if err := (&Profiles{Addr: "127.0.0.1:nowhere"}).Start(t.Context()); err == nil {
		t.Error("Start accepted an address that is not valid")
	}
}

func TestProfilesAreOffUnlessAskedFor(t *testing.T) {
	p := &Profiles{}
	if err := errors.Join(p.Start(t.Context()), p.Stop(t.Context())); err != nil {
		t.Error(err)
	}
}
