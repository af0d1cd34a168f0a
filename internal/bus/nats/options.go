package nats

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"strings"
	"time"

	natsgo "github.com/nats-io/nats.go"
)

// Options say where the servers are and how to speak to them.
type Options struct {
	// URL has the addresses of the servers, one or several with commas between:
	// nats://HOST:PORT, or tls:// for TLS from the first byte on that the server allows it. USER:PASSWORD@ or
	// TOKEN@ before a host are what the server asks for. It takes the servers in any order.
	URL string
	// Credentials is a file with a JWT and its seed (.creds). It is read for each connection.
	Credentials string
	// CA is a file of certificates (PEM): one of them has signed the servers'. With one, there is TLS, whatever the URL says.
	CA string
	// Cert and Key are files (PEM) with which the node proves who it is.
	Cert, Key string
	// Name is what the servers call the connection in their own logs and listings.
	Name string
	// Prefix begins every subject, "parley" when it is empty: installations that share a server have different ones.
	Prefix string
	// Log is told of connections that are lost and made, and of what is lost. Nil logs nothing.
	Log *slog.Logger
	// Reconnected is called when the connection has been made again, and the
	// server knows all subscriptions: what others published meanwhile is lost for this node. It should return soon. May be nil.
	Reconnected func()

	limits limits
	timing timing
}

// limits are what tests make smaller.
type limits struct {
	out, offline, in int // bytes that wait to be sent, that the client keeps without a connection, that wait to be delivered
	intake           int // messages between the client and the lanes
	requests         int // that are asked, and that are answered, at once
}

// timing is what tests make shorter, and the connections that they break.
type timing struct {
	ping  time.Duration // between two signs of life, two of which may be missing
	write time.Duration // that the server may take to take what is sent
	retry time.Duration // between two attempts to connect, and at most as much again
	dial  time.Duration

	wrap func(net.Conn) net.Conn // may be nil
}

func (o Options) withDefaults() Options {
	if o.Prefix == "" {
		o.Prefix = "parley"
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	for _, l := range []struct {
		limit *int
		usual int
	}{
		{&o.limits.out, 8 << 20}, {&o.limits.offline, 4 << 20}, {&o.limits.in, 32 << 20},
		{&o.limits.intake, 32 << 10}, {&o.limits.requests, 256},
	} {
		if *l.limit == 0 {
			*l.limit = l.usual
		}
	}
	for _, l := range []struct {
		time  *time.Duration
		usual time.Duration
	}{
		{&o.timing.ping, 2 * time.Second}, {&o.timing.write, 5 * time.Second},
		{&o.timing.retry, 500 * time.Millisecond}, {&o.timing.dial, 2 * time.Second},
	} {
		if *l.time == 0 {
			*l.time = l.usual
		}
	}
	return o
}

// options are those of the client, but for where it connects to.
func (b *Bus) options() ([]natsgo.Option, error) {
	o := &b.opts
	if (o.Cert == "") != (o.Key == "") {
		return nil, errors.New("a certificate and its key are needed, or neither")
	}
	all := []natsgo.Option{
		natsgo.Name(o.Name),
		natsgo.CustomInboxPrefix(b.names.Inboxes()), // so that a node needs no permission beyond its prefix
		natsgo.NoEcho(),                             // what this node publishes has reached its subscribers already
		natsgo.MaxReconnects(-1),
		natsgo.IgnoreAuthErrorAbort(), // else two refusals end the connection for good
		natsgo.ReconnectWait(o.timing.retry),
		natsgo.ReconnectJitter(o.timing.retry, o.timing.retry),
		natsgo.ReconnectBufSize(o.limits.offline),
		natsgo.Timeout(o.timing.dial),
		natsgo.PingInterval(o.timing.ping),
		natsgo.MaxPingsOutstanding(2),
		// A write that blocks keeps the lock that a ping needs, so it has a limit of its own, after which the connection is given
		// up. By itself the client forgets what it was to write, and goes on, if not a byte of it was written.
		natsgo.FlusherTimeout(o.timing.write),
		natsgo.ReconnectOnFlusherError(),
		natsgo.DisconnectErrHandler(b.onDisconnect),
		natsgo.ReconnectHandler(b.onReconnect),
		natsgo.ReconnectErrHandler(b.onRefused),
		natsgo.ClosedHandler(b.onClosed),
		natsgo.ErrorHandler(b.onError),
	}
	if o.Credentials != "" {
		all = append(all, natsgo.UserCredentials(o.Credentials))
	}
	if o.CA != "" {
		all = append(all, natsgo.RootCAs(o.CA))
	}
	if o.Cert != "" {
		all = append(all, natsgo.ClientCert(o.Cert, o.Key))
	}
	return all, nil
}

// servers reads a list of addresses. Its errors say which is wrong and not what it is, since there may be passwords in it.
func servers(list string) (addresses, hosts []string, err error) {
	for part := range strings.SplitSeq(list, ",") {
		part = strings.TrimSpace(part)
		if !strings.Contains(part, "://") {
			part = "nats://" + part
		}
		u, err := url.Parse(part)
		if err != nil || u.Hostname() == "" || u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.Fragment != "" {
			return nil, nil, fmt.Errorf("address %d of NATS is none: it should be nats://HOST:PORT or tls://HOST:PORT, with USER:PASSWORD@ or TOKEN@ before HOST if need be", len(hosts)+1)
		}
		if u.Scheme != "nats" && u.Scheme != "tls" {
			return nil, nil, fmt.Errorf("address %d of NATS begins with %s: it should begin with nats:// or tls://", len(hosts)+1, u.Scheme+"://")
		}
		addresses, hosts = append(addresses, part), append(hosts, u.Host)
	}
	return addresses, hosts, nil
}
