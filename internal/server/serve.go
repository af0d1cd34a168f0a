package server

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"

	"parley.example/parley/internal/edge"
	"parley.example/parley/internal/handover"
	"parley.example/parley/internal/store/postgres"
	pgschema "parley.example/parley/internal/store/postgres/schema"
	"parley.example/parley/internal/store/sqlite/schema"
)

// Serve listens and answers until ctx ends, then closes the server. up is
// called with the server's URL once it listens.
func (s *Server) Serve(ctx context.Context, up func(url string)) error {
	l, err := listen(s.Listener, s.Listen)
	if err != nil {
		return errors.Join(err, s.Close())
	}
	return s.ServeOn(ctx, l, up)
}

// listen returns a socket that there is, or opens one.
func listen(given net.Listener, address string) (net.Listener, error) {
	if given != nil {
		return given, nil
	}
	return net.Listen("tcp", address) // its error names the address
}

// ServeOn is Serve on a listener, which it closes.
func (s *Server) ServeOn(ctx context.Context, l net.Listener, up func(url string)) error {
	s.after.sockets = append(s.after.sockets, handover.Socket{Name: handover.Main, Listener: l})
	l, scheme, err := secure(s, l)
	if err != nil {
		return errors.Join(err, l.Close(), s.Close())
	}
	if s.PublicURL == "" {
		s.SetURL(scheme + "://" + reachable(l.Addr()))
	}
	admin, err := s.addAdmin()
	if err != nil {
		return errors.Join(err, l.Close(), s.Close())
	}
	// A start that fails is one line, the error; a log begins with what runs here.
	s.Log.Info("serving", "version", s.Version, "address", l.Addr().String(), "data", s.Config.place(), "format", s.Config.format(),
		"public_url", cmp.Or(s.PublicURL, "as asked"), "development", s.Dev, "admin_url", s.adminURL)
	if addr, ok := l.Addr().(*net.TCPAddr); ok && s.Dev && !addr.IP.IsLoopback() {
		s.Log.Warn("development mode listens beyond this machine: whoever reaches it may call everything with any access key, and use /dev", "listen", addr)
	}
	listener := edge.NewListener(l, s.handler, s.Log)
	s.parts.Add("listener", edge.GraceTime+lingering, listener)
	if err := s.parts.Start(ctx); err != nil {
		return errors.Join(err, l.Close(), s.Close())
	}
	up(s.URL())
	select {
	case err = <-listener.Failed():
	case err = <-admin:
	case next := <-s.after.next:
		return s.after.handOver(ctx, next)
	case <-ctx.Done():
		s.Log.Info("stopping", "sockets", s.hub.Sockets())
		s.nodes.leave()
	}
	s.flowLog.EndTails() // their requests would last for the whole grace time
	return errors.Join(err, s.Close())
}

// place names where the data is.
func (c *Config) place() string {
	if c.Store != "" {
		return postgres.Name(c.Store)
	}
	return cmp.Or(c.Data, "memory")
}

func (c *Config) format() int {
	if c.Store != "" {
		return int(pgschema.Format())
	}
	return schema.Format()
}

// addAdmin opens the listener for operators, when one is configured. It stops after the
// main one, so that they see the server stop. What it returns has an error when it fails.
func (s *Server) addAdmin() (failed <-chan error, err error) {
	if s.AdminListen == "" {
		return nil, nil
	}
	l, err := listen(s.AdminListener, s.AdminListen)
	if err != nil {
		return nil, err
	}
	s.after.sockets = append(s.after.sockets, handover.Socket{Name: handover.Admin, Listener: l})
	s.adminURL = "http://" + reachable(l.Addr())
	listener := edge.NewListener(l, s.edge.Handler(s.adminMounts()), s.Log)
	s.parts.Add("admin listener", edge.GraceTime+lingering, listener)
	return listener.Failed(), nil
}

// CheckCertificate returns what is wrong with the certificate, for those who want to know before they begin.
func (c *Config) CheckCertificate() error {
	_, err := c.loadCertificate()
	return err
}

// loadCertificate loads the certificate that is configured; nil when there is none.
func (c *Config) loadCertificate() (*edge.Certificate, error) {
	if c.TLSCert == "" {
		return nil, nil
	}
	cert, err := edge.LoadCertificate(c.TLSCert, c.TLSKey, c.Log)
	if err != nil {
		return nil, fmt.Errorf("tls-cert, tls-key: %w", err)
	}
	return cert, nil
}

// secure puts TLS on a listener when it is configured.
func secure(s *Server, l net.Listener) (_ net.Listener, scheme string, err error) {
	cert, err := s.loadCertificate()
	if cert == nil {
		return l, "http", err
	}
	s.certificate.Store(cert)
	return tls.NewListener(l, &tls.Config{GetCertificate: cert.Get, NextProtos: []string{"http/1.1"}}), "https", nil
}

// reachable returns the address for clients on this machine: ChatJS accepts
// unencrypted sockets for 127.0.0.1 only, spelt like this.
func reachable(a net.Addr) string {
	host, port, err := net.SplitHostPort(a.String())
	if err != nil {
		return a.String()
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port)
}
