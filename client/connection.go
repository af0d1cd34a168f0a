package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"parley.example/parley/api/connect"
	"parley.example/parley/api/participant"
	"parley.example/parley/client/internal/wire"
)

// connection is a session's connection: a socket with heartbeats, which is changed for a fresh one
// before the server ends it, or only a connection token.
type connection struct {
	client   *Client
	caller   *caller
	socketed bool

	offered *details // by StartChatContact, for the first open; nil later

	link
	renew time.Time // when the connection is to be changed for a fresh one; guarded by mu
}

const (
	openLimit   = 30 * time.Second // for a connection: request, socket, subscription
	rotateAfter = 59 * time.Minute // the server ends connections after an hour
	renewBefore = time.Minute      // before the connection token ends
)

func (c *connection) init(client *Client, caller *caller, socketed bool) {
	c.client, c.caller, c.socketed, c.born = client, caller, socketed, time.Now()
}

// details are what a connection is opened with.
type details struct{ url, token, expiry string }

// detailsOf takes the details from an answer; ok is false when it lacks one.
func detailsOf(w *participant.Websocket, cred *participant.ConnectionCredentials, socketed bool) (d details, ok bool) {
	if cred == nil || cred.ConnectionToken == nil || socketed && (w == nil || w.Url == nil) {
		return d, false
	}
	d = details{token: *cred.ConnectionToken, expiry: deref(cred.Expiry)}
	if socketed {
		d.url = *w.Url
	}
	return d, true
}

// offer takes the connection in an answer of StartChatContact, if there is one, for the first open.
func (c *connection) offer(out *connect.StartChatContactResponse) {
	d, ok := detailsOf((*participant.Websocket)(out.Websocket), (*participant.ConnectionCredentials)(out.ConnectionCredentials), c.socketed)
	if ok {
		c.offered = &d
	}
}

// open opens a connection and subscribes a socket; nil for a session without one. ctx bounds it.
func (c *connection) open(ctx context.Context) (*wire.Socket, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, openLimit, errSlowOpen)
	defer cancel()
	stop := context.AfterFunc(c.caller.ctx, cancel)
	defer stop()
	if d := c.offered; d != nil {
		c.offered = nil
		if sock, err := c.enter(ctx, *d); err == nil {
			return sock, nil
		} // it may be too old: there is another for the asking
	}
	call := c.caller.connect
	if c.socketed {
		call = call.Type(participant.ConnectionTypeWEBSOCKET)
	}
	out, err := call.Send(ctx)
	if err != nil {
		return nil, err
	}
	d, ok := detailsOf(out.Websocket, out.ConnectionCredentials, c.socketed)
	if !ok {
		return nil, errors.New("the service returned no connection")
	}
	return c.enter(ctx, d)
}

// enter opens a connection by its details.
func (c *connection) enter(ctx context.Context, d details) (sock *wire.Socket, err error) {
	if c.socketed {
		if sock, err = wire.Dial(ctx, c.client.cfg.Connector, d.url, c.client.service[participantService].agent); err != nil {
			return nil, fmt.Errorf("open the socket: %w", err)
		}
		if err := subscribe(ctx, sock); err != nil {
			sock.Abort()
			return nil, fmt.Errorf("subscribe to the chat: %w", err)
		}
	}
	c.caller.use(d.token)
	renew := renewal(time.Now(), d.expiry)
	c.mu.Lock()
	c.renew = renew
	c.mu.Unlock()
	c.received()
	return sock, nil
}

var errSlowOpen = fmt.Errorf("no connection within %v", openLimit)

// renewal is when a connection that was opened now must be changed: before the server ends it and
// before its token ends, but never at once.
func renewal(now time.Time, expiry string) time.Time {
	after := rotateAfter
	// The server's clock may differ and its current time is not known. An expiry in the past means that it
	// does, and is ignored: a refused token is replaced in any case.
	if at, err := time.Parse(time.RFC3339Nano, expiry); err == nil && at.After(now) {
		after = min(after, max(time.Minute, at.Sub(now)-renewBefore))
	}
	return now.Add(after)
}

const (
	subscribeFrame = `{"topic":"aws/subscribe","content":{"topics":["aws/chat"]}}`
	heartbeatFrame = `{"topic":"aws/heartbeat"}`
)

// frame is a message of the socket.
type frame struct {
	Topic   string          `json:"topic"`
	Content json.RawMessage `json:"content"`
}

// subscribe subscribes to the chat's items and waits for the answer. Nothing is read after it.
func subscribe(ctx context.Context, sock *wire.Socket) error {
	stop := context.AfterFunc(ctx, sock.Abort)
	defer stop()
	if err := sock.Text(subscribeFrame); err != nil {
		return errors.Join(err, context.Cause(ctx))
	}
	for range 16 { // the answer comes first; other frames before it are bounded
		text, err := sock.Read()
		if err != nil {
			return errors.Join(err, context.Cause(ctx))
		}
		var f frame
		var content struct {
			Status string `json:"status"`
		}
		if json.Unmarshal(text, &f) != nil || f.Topic != "aws/subscribe" {
			continue
		}
		if err := json.Unmarshal(f.Content, &content); err != nil || content.Status != "success" {
			return errors.New("the server refused the subscription")
		}
		return nil
	}
	return errors.New("the server did not answer the subscription")
}

// changeOver switches to the fresh socket, if there is one, and reports whether there is.
func (c *connection) changeOver() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.socket, c.next = c.next, nil
	return c.socket != nil
}

// due reports whether the connection is to be changed for a fresh one.
func (c *connection) due() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().After(c.renew)
}
