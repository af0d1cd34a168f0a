package cli

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"time"
)

// healthCmd asks a server whether it is ready. Its flags are those of serve, so that
// the same file and the same variables tell both where the server is.
type healthCmd struct {
	Endpoint    string        `help:"The server's URL. Default: the address that it is set to listen on." placeholder:"URL"`
	Listen      string        `help:"Address that the server listens on (${default})." default:"127.0.0.1:8790" placeholder:"HOST:PORT" env:"PARLEY_LISTEN"`
	AdminListen string        `help:"The server's second address, which is asked if it has one." placeholder:"HOST:PORT" env:"PARLEY_ADMIN_LISTEN" name:"admin-listen"`
	TLSCert     string        `help:"The server's certificate file: ask by https." placeholder:"FILE" env:"PARLEY_TLS_CERT" name:"tls-cert"`
	Timeout     time.Duration `help:"How long to wait for an answer (${default})." default:"5s" placeholder:"TIME"`
	Wait        time.Duration `help:"Ask again until the server is ready, for this long." placeholder:"TIME"`
}

// Help is shown below the flags.
func (healthCmd) Help() string {
	return `It asks /readyz, prints what the server says, and ends with status 1 if that is not that it is ready.

Examples:
  parley health                                the server of this machine
  parley health --config /etc/parley/parley.json
  parley health --endpoint https://chat.example.com
  parley health --wait 30s                     until a server that is starting is ready`
}

// askAgain is the time between two questions.
const askAgain = 100 * time.Millisecond

// maxReason bounds what is read of an answer.
const maxReason = 1 << 10

// Run asks once, or until the server is ready.
func (h *healthCmd) Run(ctx context.Context, io streams) error {
	base, err := h.base()
	if err != nil {
		return usage{err}
	}
	if h.Timeout <= 0 {
		return usage{fmt.Errorf("timeout %s must be more than 0", h.Timeout)}
	}
	client := &http.Client{
		Timeout: h.Timeout,
		Transport: &http.Transport{
			// The certificate need not be one for the address that is asked, and nothing secret is sent.
			TLSClientConfig:   &tls.Config{InsecureSkipVerify: h.Endpoint == ""},
			DisableKeepAlives: true,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	for deadline := time.Now().Add(h.Wait); ; {
		said, err := ask(ctx, client, base)
		if err == nil {
			_, err = fmt.Fprintln(io.out, said)
			return err
		}
		if ctx.Err() != nil || time.Now().Add(askAgain).After(deadline) {
			err = fmt.Errorf("%s is not ready: %w", base, err)
			if h.Endpoint == "" && errors.Is(err, syscall.ECONNREFUSED) {
				err = fmt.Errorf("%w; a server that was started with another --listen or --admin-listen is found by the same flags, variables or --config, or by --endpoint URL", err)
			}
			return err
		}
		select {
		case <-time.After(askAgain):
		case <-ctx.Done():
		}
	}
}

// base is where the server is.
func (h *healthCmd) base() (string, error) {
	if h.Endpoint != "" {
		u, err := url.Parse(h.Endpoint)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
			return "", fmt.Errorf("endpoint %q is not a URL like https://chat.example.com", h.Endpoint)
		}
		return strings.TrimSuffix(h.Endpoint, "/"), nil
	}
	name, address, scheme := "listen", h.Listen, "http"
	if h.AdminListen != "" { // plain HTTP, and nobody's but the operators'
		name, address = "admin-listen", h.AdminListen
	} else if h.TLSCert != "" {
		scheme = "https"
	}
	host, port, err := net.SplitHostPort(address)
	switch {
	case err != nil:
		return "", fmt.Errorf("%s %q is not host:port", name, address)
	case port == "0":
		return "", fmt.Errorf("%s %q lets the system choose the port; say where the server is with --endpoint", name, address)
	}
	if ip := net.ParseIP(cmp.Or(host, "0.0.0.0")); ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
		if ip.To4() == nil {
			host = "::1"
		}
	}
	return scheme + "://" + net.JoinHostPort(host, port), nil
}

// ask returns what a server that is ready says. Why one is not is the error.
func ask(ctx context.Context, client *http.Client, base string) (string, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/readyz", nil)
	if err != nil {
		return "", err
	}
	answer, err := client.Do(r)
	if err != nil {
		if e, ok := errors.AsType[*url.Error](err); ok {
			err = e.Err // the address is named already
		}
		return "", err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, maxReason))
	if err != nil {
		return "", err
	}
	said := strings.TrimSpace(string(text))
	switch answer.StatusCode {
	case http.StatusOK:
		return said, nil
	case http.StatusServiceUnavailable:
		return "", errors.New(cmp.Or(said, answer.Status))
	}
	return "", fmt.Errorf("it answers %s", answer.Status)
}
