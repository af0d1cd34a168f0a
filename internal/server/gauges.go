package server

import (
	"context"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/store"
)

// gauges adds the metrics that the parts count themselves.
func (s *Server) gauges() {
	m := s.metrics
	m.Gauge("parley_sockets", "Open WebSockets.", func() float64 { return float64(s.hub.Sockets()) })
	m.Counter("parley_frames_total", "Frames queued for sockets.", func() float64 { return float64(s.hub.Counts().Frames) })
	m.Counter("parley_socket_writes_total", "Write calls that carried the frames.", func() float64 { return float64(s.hub.Counts().Writes) })
	m.Counter("parley_timers_fired_total", "Timers of chats that fell due.", func() float64 { return float64(s.engine.TimersFired()) })
	m.Counter("parley_flow_log_lost_total", "Flow log entries that came faster than they could be written.", func() float64 { return float64(s.flowLog.Lost()) })
	m.Gauge("parley_body_bytes", "Memory held for bodies of requests.", func() float64 { return float64(s.edge.Bodies.Held()) })
	m.Counter("parley_bodies_refused_total", "Requests refused because bodies held too much memory.", func() float64 { return float64(s.edge.Bodies.Refused()) })
	m.Gauge("parley_writes_failing", "1 while the database takes no writes, and the server is not ready; else 0.", func() float64 {
		if s.writes.failing() != nil {
			return 1
		}
		return 0
	})
	m.Gauge("parley_active_chats", "Chats that have not ended, in all instances.", s.activeChats)
}

func (s *Server) activeChats() float64 {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	n := int64(0)
	for r, err := range s.store.Resources(ctx, "", center.KindInstance) {
		if err != nil {
			break
		}
		if c, err := s.store.Count(ctx, store.ActiveChats(center.InstanceID(r.ID))); err == nil {
			n += c
		}
	}
	return float64(n)
}
