package nats

import (
	"context"
	"errors"
	"time"

	natsgo "github.com/nats-io/nats.go"

	"parley.example/parley/internal/bus"
	"parley.example/parley/internal/bus/nats/wire"
)

// write is the one goroutine that speaks to NATS for what is published and
// subscribed. It may have to wait; nobody waits for it.
func (b *Bus) write() {
	var buf []byte
	for {
		select {
		case <-b.ctx.Done():
			b.round(buf)
			b.conn.Load().Close() // which writes what it has
			b.link.set(false)
			return
		case <-b.out.wake:
			buf = b.round(buf)
		}
	}
}

// round does all that is to be done now. It returns the memory for the next.
func (b *Bus) round(buf []byte) []byte {
	if b.broken.Load() {
		b.renew()
	}
	b.mu.Lock()
	marks := b.marks
	b.marks = nil
	var stale map[bus.Subject]struct{}
	if len(b.stale) > 0 {
		stale, b.stale = b.stale, map[bus.Subject]struct{}{}
	}
	b.mu.Unlock()
	conn := b.conn.Load()
	for s := range stale {
		b.settle(conn, s)
	}
	b.counts.subjects.Store(int64(len(b.subs)))
	for _, m := range b.out.take() {
		buf = b.send(conn, &m, buf[:0])
	}
	for _, mark := range marks {
		close(mark)
	}
	if n, due := b.losses[0].due(time.Now(), b.counts.droppedOut.Load()); due {
		b.log.Warn("the bus cannot send as much as is published; other nodes read what they miss from the store", "messages", n)
	}
	if cap(buf) > maxKept {
		return nil
	}
	return buf
}

// maxKept is how large a buffer is kept for the next message.
const maxKept = 64 << 10

// settle subscribes a subject that somebody here listens to, and unsubscribes one that nobody does.
func (b *Bus) settle(conn *natsgo.Conn, s bus.Subject) {
	sub := b.subs[s]
	switch heard := b.local.Heard(s); {
	case heard && sub == nil:
		subject, ok := b.names.Wire(s)
		if !ok {
			return
		}
		// Subscriptions share one channel, since a goroutine for each would take kilobytes.
		if sub, err := conn.ChanSubscribe(subject, b.in); err == nil {
			b.subs[s] = sub
		} else { // the connection is closed: it is subscribed on the next one
			b.changed(s)
		}
	case !heard && sub != nil:
		_ = sub.Unsubscribe() // fails when the connection is closed, and the subscription with it
		delete(b.subs, s)
	}
}

// send gives a message to NATS. buf is memory to use.
func (b *Bus) send(conn *natsgo.Conn, m *bus.Message, buf []byte) []byte {
	subject, ok := b.names.Wire(m.Subject)
	if !ok {
		b.counts.droppedOut.Add(1)
		return buf
	}
	buf = wire.Append(buf, m)
	err := conn.Publish(subject, buf)
	if errors.Is(err, natsgo.ErrMaxPayload) {
		buf = wire.Append(buf[:0], shortened(m))
		if err = conn.Publish(subject, buf); err == nil {
			b.counts.shortened.Add(1)
		}
	}
	if err != nil { // there is no connection, and no room in the client's buffer either
		b.counts.droppedOut.Add(1)
		return buf
	}
	b.counts.published.Add(1)
	return buf
}

// shortened is a message without its events. It says up to where they went, so that whoever misses them reads the store.
func shortened(m *bus.Message) *bus.Message {
	short := *m
	short.Events = nil
	for i := range m.Events {
		short.Seq = max(short.Seq, m.Events[i].Seq)
	}
	return &short
}

// renew makes a new connection after the client has given one up for good, and
// subscribes all on it.
func (b *Bus) renew() {
	b.broken.Store(false)
	for b.dial(b.ctx) != nil {
		timer := time.NewTimer(b.opts.timing.retry)
		select {
		case <-timer.C:
		case <-b.ctx.Done():
			timer.Stop()
			return
		}
	}
	b.mu.Lock()
	for s := range b.subs {
		b.stale[s] = struct{}{}
	}
	served := b.served
	b.mu.Unlock()
	clear(b.subs)
	for _, s := range served {
		_ = b.attend(s) // fails when this connection is broken, too
	}
	b.counts.reconnects.Add(1)
}

// roundTrip returns when the server has answered, and with it all that was sent before.
func (b *Bus) roundTrip(ctx context.Context) error {
	return b.inTime(ctx, nil, func(ctx context.Context, conn *natsgo.Conn) error {
		ctx, cancel := context.WithTimeout(ctx, 24*time.Hour) // the client insists on an end
		defer cancel()
		return conn.FlushWithContext(ctx)
	})
}

// inTime calls a function that may wait for the client's lock, and returns when ctx ends at the latest, or when lost is closed.
func (b *Bus) inTime(ctx context.Context, lost <-chan struct{}, f func(context.Context, *natsgo.Conn) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	conn, done := b.conn.Load(), make(chan error, 1)
	b.work.Go(func() { done <- f(ctx, conn) })
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	case <-lost:
		return ErrDisconnected
	case <-b.ctx.Done():
		return ErrClosed
	}
}
