package s3

import (
	"context"
	"net"
	"net/http"
	"time"
)

const (
	connectTime = 5 * time.Second  // to connect, and again to agree on TLS
	answerTime  = 20 * time.Second // from the end of a request to the answer's head
	stallTime   = 30 * time.Second // between two pieces of a body
	idleTime    = 20 * time.Second // of a connection that is kept for the next request
)

// newHTTP returns the client of a store. A transfer may take as long as it
// likes while it goes on: deadlines are on each piece.
func newHTTP(dial func(context.Context, string, string) (net.Conn, error)) *http.Client {
	if dial == nil {
		dial = (&net.Dialer{Timeout: connectTime, KeepAlive: 30 * time.Second}).DialContext
	}
	return &http.Client{
		Transport: &http.Transport{
			Proxy: http.ProxyFromEnvironment,
			DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
				c, err := dial(ctx, network, address)
				if err != nil {
					return nil, err
				}
				return &moving{c}, nil
			},
			TLSHandshakeTimeout:    connectTime,
			ResponseHeaderTimeout:  answerTime,
			ExpectContinueTimeout:  time.Second,
			IdleConnTimeout:        idleTime,
			MaxIdleConns:           64,
			MaxIdleConnsPerHost:    64,
			MaxResponseHeaderBytes: 64 << 10,
		},
		// A redirect leads to another region; the SDK reports it.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// moving is a connection on which something has to move. A write postpones the
// deadline of reads too: the answer comes after the request.
type moving struct{ net.Conn }

func (m *moving) Read(p []byte) (int, error) {
	if err := m.SetReadDeadline(time.Now().Add(stallTime)); err != nil {
		return 0, err
	}
	return m.Conn.Read(p)
}

func (m *moving) Write(p []byte) (int, error) {
	if err := m.SetDeadline(time.Now().Add(stallTime)); err != nil {
		return 0, err
	}
	return m.Conn.Write(p)
}
