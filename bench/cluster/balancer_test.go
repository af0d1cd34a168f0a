package cluster

import (
	"context"
	"errors"
	"io"
	"log"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"sync"
	"time"
)

// balancer is a proxy in front of the nodes. It sends nothing to a node that is not ready, and cuts the connections to one that
// does not answer, as balancers do. What it has begun to send to one node it sends to no other.
type balancer struct {
	address string
	server  http.Server
	nodes   []string // their addresses

	mu    sync.Mutex // guards what follows
	ready []bool
	open  []map[net.Conn]bool
}

const (
	lookEach  = 100 * time.Millisecond
	lookLimit = 500 * time.Millisecond // a node that is not ready by then is not there
	mostWait  = 5 * time.Second        // for an answer to begin
)

func newBalancer(ctx context.Context, nodes []string) (*balancer, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	b := &balancer{address: l.Addr().String(), nodes: nodes, ready: make([]bool, len(nodes))}
	for range nodes {
		b.open = append(b.open, map[net.Conn]bool{})
	}
	b.server.Handler = &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(&url.URL{Scheme: "http", Host: "nodes"})
			r.Out.Host = r.In.Host // which is signed
		},
		// Connections are used again and again, so that one client's requests go to all nodes.
		Transport: &http.Transport{DialContext: b.dial, MaxIdleConnsPerHost: 16, ResponseHeaderTimeout: mostWait, DisableCompression: true},
		ErrorLog:  log.New(io.Discard, "", 0), // a node that dies is no news
	}
	b.server.ErrorLog = log.New(io.Discard, "", 0)
	for i := range nodes {
		go b.watch(ctx, i)
	}
	go b.server.Serve(l) // ends with Close
	return b, nil
}

// conn is a connection to a node.
type conn struct {
	net.Conn
	forget func()
}

func (c *conn) Close() error {
	c.forget()
	return c.Conn.Close()
}

// dial connects to one of the nodes that are ready.
func (b *balancer) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	for _, i := range rand.Perm(len(b.nodes)) {
		b.mu.Lock()
		ready := b.ready[i]
		b.mu.Unlock()
		if !ready {
			continue
		}
		d := net.Dialer{Timeout: lookLimit}
		c, err := d.DialContext(ctx, "tcp", b.nodes[i])
		if err != nil {
			continue
		}
		b.mu.Lock()
		b.open[i][c] = true
		b.mu.Unlock()
		return &conn{c, func() {
			b.mu.Lock()
			defer b.mu.Unlock()
			delete(b.open[i], c)
		}}, nil
	}
	return nil, errors.New("no node is ready")
}

// watch asks a node again and again whether it is ready.
func (b *balancer) watch(ctx context.Context, i int) {
	client := &http.Client{Timeout: lookLimit, Transport: &http.Transport{DisableKeepAlives: true}}
	for ctx.Err() == nil {
		resp, err := client.Get("http://" + b.nodes[i] + "/readyz")
		if err == nil {
			resp.Body.Close()
		}
		b.mu.Lock()
		if b.ready[i] = err == nil && resp.StatusCode == http.StatusOK; err != nil {
			for c := range b.open[i] {
				c.Close()
			}
		}
		b.mu.Unlock()
		select {
		case <-time.After(lookEach):
		case <-ctx.Done():
		}
	}
}

// await waits until so many nodes are ready.
func (b *balancer) await(ctx context.Context, n int) error {
	for {
		b.mu.Lock()
		ready := 0
		for _, r := range b.ready {
			if r {
				ready++
			}
		}
		b.mu.Unlock()
		if ready >= n {
			return nil
		}
		select {
		case <-time.After(lookEach):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
