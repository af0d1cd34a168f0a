package nats

import (
	"context"
	"errors"

	natsgo "github.com/nats-io/nats.go"
)

// What goes wrong with a request.
var (
	// ErrNoNode: no node of that name is there, and nothing was done.
	ErrNoNode = errors.New("bus: no such node is connected")
	// ErrBusy: too much is asked at once, of the node or by this one, and nothing was done.
	ErrBusy = errors.New("bus: too many requests at once")
	// ErrTooLarge: the request, and then nothing was done, or the answer, is larger than the server takes.
	ErrTooLarge = errors.New("bus: larger than NATS takes")
	// ErrDisconnected: there is no connection, or it was lost while the answer was waited for.
	ErrDisconnected = errors.New("bus: not connected")
	// ErrClosed: the bus was closed.
	ErrClosed = errors.New("bus: closed")
)

// problem is the header of an answer that is none.
const problem = "Parley-Problem"

// problems are its values.
var problems = map[string]error{"busy": ErrBusy, "large": ErrTooLarge}

// service is what answers the requests to a node.
type service struct {
	subject string
	handle  natsgo.MsgHandler
}

// Serve has handle answer what is asked of a node, in a goroutine for each
// request, of which there are 256 at once; more are refused with [ErrBusy]. ctx ends
// with the bus, and Close waits for the answers. A node is served by one bus, once; the error is that of the connection.
func (b *Bus) Serve(node string, handle func(ctx context.Context, request []byte) []byte) error {
	s := service{b.names.Node(node), func(m *natsgo.Msg) {
		select {
		case b.serving <- struct{}{}:
		default:
			b.decline(m, "busy")
			return
		}
		b.work.Go(func() {
			defer func() { <-b.serving }()
			if errors.Is(m.Respond(handle(b.ctx, m.Data)), natsgo.ErrMaxPayload) {
				b.decline(m, "large")
			}
		})
	}}
	b.mu.Lock()
	b.served = append(b.served, s)
	b.mu.Unlock()
	return b.attend(s)
}

// attend subscribes to the requests of a service, on the connection of now.
func (b *Bus) attend(s service) error {
	_, err := b.conn.Load().Subscribe(s.subject, s.handle)
	return err
}

// decline answers that there is no answer. Whoever asked learns it, or waits until his time is over.
func (b *Bus) decline(m *natsgo.Msg, why string) {
	_ = m.RespondMsg(&natsgo.Msg{Header: natsgo.Header{problem: {why}}})
}

// Ask has another node answer a request; of this one it is [ErrNoNode]. It waits until ctx ends,
// and no longer than the connection lasts. Of an error that is not [ErrNoNode] or [ErrBusy], it is unknown whether the
// request was carried out. Requests go beside what is published, in no order with it.
func (b *Bus) Ask(ctx context.Context, node string, request []byte) ([]byte, error) {
	select {
	case b.asking <- struct{}{}:
		defer func() { <-b.asking }()
	default:
		return nil, ErrBusy
	}
	connected, lost := b.link.state()
	if !connected {
		return nil, ErrDisconnected
	}
	var answer *natsgo.Msg
	err := b.inTime(ctx, lost, func(ctx context.Context, conn *natsgo.Conn) (err error) {
		answer, err = conn.RequestWithContext(ctx, b.names.Node(node), request)
		return err
	})
	switch {
	case err == nil:
	case errors.Is(err, natsgo.ErrNoResponders):
		return nil, ErrNoNode
	case errors.Is(err, natsgo.ErrMaxPayload):
		return nil, ErrTooLarge
	case errors.Is(err, natsgo.ErrConnectionClosed):
		return nil, ErrDisconnected
	default:
		return nil, err
	}
	if why := answer.Header.Get(problem); why != "" {
		if err := problems[why]; err != nil {
			return nil, err
		}
		return nil, errors.New("bus: the node answers with a problem that this release does not know: " + why)
	}
	return answer.Data, nil
}
