package server

import (
	"fmt"
	"net"
	"net/http"
	"net/http/pprof"
	"time"
)

// profiles serves the runtime's profiles on an address of their own, for those
// who look into a running server. It is off unless asked for and takes
// addresses of this machine only: a profile tells more than a client may know.
type profiles struct{ srv *http.Server }

// checkLoopback refuses an address that others could reach.
func checkLoopback(addr string) error {
	host, _, err := net.SplitHostPort(addr)
	if err == nil {
		if ip := net.ParseIP(host); ip != nil && ip.IsLoopback() {
			return nil
		}
	}
	return fmt.Errorf("pprof %q: want an address of this machine, as in 127.0.0.1:6060", addr)
}

func serveProfiles(addr string) (*profiles, error) {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("listen for profiles: %w", err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	p := &profiles{&http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}}
	go p.srv.Serve(l) // until close
	return p, nil
}

// close ends it; a nil one has ended.
func (p *profiles) close() error {
	if p == nil {
		return nil
	}
	return p.srv.Close()
}
