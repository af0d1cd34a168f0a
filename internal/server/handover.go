package server

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"parley.example/parley/internal/handover"
)

// Successor is a process that waits to come after this one, as [handover.Successor] is.
type Successor interface {
	// Begin has it open the store, which this process has closed, and returns when it serves, or why nobody does.
	Begin(context.Context) error
	// Abandon ends it instead.
	Abandon()
}

// succession is what a server has for whoever comes after it, and its WebSockets, which may outlast the rest of it.
type succession struct {
	s       *Server
	sockets []handover.Socket // that the server listens on
	next    chan Successor
	keeps   atomic.Bool // WebSockets stay open when all else stops
}

// HandOver starts a successor, with the sockets that the server listens on, and ends the server so that nobody is refused: see
// [handover]. It returns when that has begun: Serve returns when it is done. An error is why it has not; the server goes on
// then. It is for a server that serves.
func (s *Server) HandOver(ctx context.Context, start func([]handover.Socket) (Successor, error)) error {
	if s.Data == "" {
		return errors.New("the data is in memory, and ends with the process: another needs a data directory (--data DIR)")
	}
	next, err := start(s.after.sockets)
	if err != nil {
		return err
	}
	select {
	case s.after.next <- next:
		return nil
	case <-ctx.Done():
		next.Abandon()
		return ctx.Err()
	}
}

// handOver closes the server but for its WebSockets, which hear nothing more, lets the successor begin, and closes them when there
// is somebody whom their clients can come back to.
func (a *succession) handOver(ctx context.Context, next Successor) error {
	s := a.s
	s.Log.Info("handing over", "sockets", s.hub.Sockets())
	a.keeps.Store(true)
	s.nodes.leave()
	s.flowLog.EndTails()
	err := s.Close()
	switch e := next.Begin(ctx); {
	case e == nil:
		s.Log.Info("handed over", "sockets", s.hub.Sockets())
	case ctx.Err() == nil: // else it was told to stop
		s.Log.Error("nobody serves any more", "err", e)
		err = errors.Join(err, fmt.Errorf("hand over: %w", e))
	}
	a.keeps.Store(false)
	within, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.CloseSpan+lingering)
	defer cancel()
	return errors.Join(err, a.closeSockets(within))
}

// closeSockets closes the sockets of chats and the streams of agents, a few at a time, unless they are to outlast the rest.
func (a *succession) closeSockets(ctx context.Context) error {
	if a.keeps.Load() {
		return nil
	}
	var closing sync.WaitGroup
	for what, shutdown := range map[string]func(context.Context) error{"sockets": a.s.hub.Shutdown, "agents' streams": a.s.desks.Shutdown} {
		closing.Go(func() {
			if err := shutdown(ctx); err != nil {
				a.s.Log.Warn(what+" were aborted", "err", err)
			}
		})
	}
	closing.Wait()
	return nil
}
