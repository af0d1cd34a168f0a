package server

import (
	"context"
	"time"

	"parley.example/parley/internal/lifecycle"
	"parley.example/parley/internal/process"
	"parley.example/parley/internal/store"
)

// lingering is what parts that end by themselves may take on top of what is configured.
const lingering = 10 * time.Second

// addStore makes the store the first part, and so the last one that stops.
func (s *Server) addStore() {
	s.parts.Add("store", 0, lifecycle.Stopper(func(context.Context) error { return s.store.Close() }))
}

// open opens where attachments are kept.
func (s *Server) open(ctx context.Context) (err error) {
	if s.blobs, err = s.openBlobs(ctx); err == nil {
		s.parts.Add("files", 0, lifecycle.Stopper(func(context.Context) error { return s.blobs.Close() }))
	}
	return err
}

// addParts is the list of everything else that works beside requests, in the order of
// starting. What it rests on stands above a part, and stops after it; the listener
// comes last, when the server is to listen.
func (s *Server) addParts() {
	add := s.parts.Add
	add("profiles", 0, &process.Profiles{Addr: s.Pprof})
	add("memory trimming", 0, lifecycle.Loop(process.TrimMemory))
	add("flow logs", 0, lifecycle.Loop(s.flowLog.Run))
	add("purge", 0, lifecycle.Every(time.Hour, s.purge))
	add("message streaming", 0, lifecycle.Loop(func(ctx context.Context) {
		if err := s.outbox.Run(ctx); err != nil {
			s.Log.Error("message streaming stopped", "err", err)
		}
	}))
	add("engine", time.Minute, lifecycle.Stopper(func(context.Context) error { s.engine.Close(); return nil }))
	add("sockets", s.CloseSpan+lingering, lifecycle.Stopper(func(ctx context.Context) error {
		if err := s.hub.Shutdown(ctx); err != nil {
			s.Log.Warn("sockets were cut off", "err", err)
		}
		return nil
	}))
}

// purge deletes replay keys a week after their use, and of the deliveries that
// were given up all but the newest. It runs at the start too, for a server that is
// never up for long.
func (s *Server) purge(ctx context.Context) {
	const keep, dead = 7 * 24 * time.Hour, 100_000
	if err := s.store.Purge(ctx, store.AllShards, s.clock.Now().Add(-keep), dead); err != nil && ctx.Err() == nil {
		s.Log.Error("purge failed", "err", err)
	}
}
