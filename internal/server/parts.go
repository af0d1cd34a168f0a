package server

import (
	"context"
	"time"

	"parley.example/parley/internal/lifecycle"
	"parley.example/parley/internal/process"
	"parley.example/parley/internal/store"
	"parley.example/parley/internal/store/sqlite"
)

// lingering is what parts may take to stop on top of the configured time.
const lingering = 10 * time.Second

// linger is what sockets may take to close: their clients answer, or have gone. Nobody is to wait long for those that have gone.
func (c *Config) linger() time.Duration {
	if c.Kept {
		return time.Second / 2
	}
	return lingering
}

// addStores opens the stores and makes them the first parts, which stop last.
func (s *Server) addStores(ctx context.Context) (err error) {
	if s.Store != "" {
		err = s.nodes.open(ctx)
	} else {
		s.store, err = sqlite.Open(ctx, sqlite.Options{
			Dir: s.Data, New: s.New, NoUpgradeCopy: s.NoUpgradeCopy, Release: s.Version, Log: s.Log, Observe: s.metrics.Committed, Failing: s.writes.tell,
		})
	}
	if err != nil {
		return err
	}
	s.parts.Add("store", 0, lifecycle.Stopper(func(context.Context) error { return s.store.Close() }))
	if s.blobs, err = s.openBlobs(ctx); err != nil {
		return err
	}
	if s.Bus != "" {
		if err := s.nodes.connect(ctx); err != nil {
			return err
		}
		s.parts.Add("bus", 0, lifecycle.Stopper(func(context.Context) error { s.nodes.bus.Close(); return nil }))
	}
	s.parts.Add("files", 0, lifecycle.Stopper(func(context.Context) error { return s.blobs.Close() }))
	return nil
}

// addParts lists all other background work in the order of starting. A part is
// listed below what it depends on, and stops before it; the listener comes last,
// in Serve.
func (s *Server) addParts() {
	add := s.parts.Add
	add("profiles", 0, &process.Profiles{Addr: s.Pprof})
	add("memory trimming", 0, lifecycle.Loop(process.TrimMemory))
	add("health", 0, lifecycle.Loop(s.writes.watch))
	if s.nodes.shared() {
		add("leases", 0, lifecycle.Loop(s.nodes.leases.Run))
		add("notices", 0, lifecycle.Loop(s.nodes.listen))
	}
	add("keys", 0, lifecycle.Loop(s.keyring.tend))
	add("backlog", 0, lifecycle.Loop(s.backlog.run))
	add("flow logs", 0, lifecycle.Loop(s.flowLog.Run))
	add("purge", 0, lifecycle.Every(time.Hour, s.purge))
	add("records", 0, lifecycle.Stopper(func(context.Context) error { return s.targets.Close() }))
	add("message streaming", 0, lifecycle.Loop(func(ctx context.Context) {
		if err := s.outbox.Run(ctx); err != nil {
			s.Log.Error("message streaming stopped", "err", err)
		}
	}))
	add("engine", time.Minute, lifecycle.Stopper(func(context.Context) error { s.engine.Close(); return nil }))
	add("metrics", 0, lifecycle.Loop(s.measurer.Run))
	add("routing", 0, lifecycle.Loop(func(ctx context.Context) { s.router.Run(ctx, s.engine) }))
	if s.beats != nil {
		add("heartbeats", 0, lifecycle.Loop(func(ctx context.Context) { s.beats.Run(ctx, s.engine, s.catalog) }))
	}
	add("transcripts", 0, lifecycle.Loop(s.indexing.run))
	add("erasure", 0, lifecycle.Loop(s.nodes.one("erasure", s.eraser.Run)))
	if s.follower != nil {
		add("erased flow logs", 0, lifecycle.Loop(s.follower.Run))
	}
	add("sockets", s.CloseSpan+s.linger(), lifecycle.Stopper(s.after.closeSockets))
}

// purge deletes replay keys a week after their use, and all but the newest dead
// letters. It also runs at the start, for servers that are never up for long. Of several nodes each does it for its shards.
func (s *Server) purge(ctx context.Context) {
	const keep, dead = 7 * 24 * time.Hour, 100_000
	shards := store.AllShards
	if s.nodes.shared() {
		shards = s.nodes.leases.Shards()
	}
	if err := s.store.Purge(ctx, shards, s.clock.Now().Add(-keep), dead); err != nil && ctx.Err() == nil {
		s.Log.Error("purge failed", "err", err)
	}
}
