package server

import (
	"context"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/integration/scan"
	"parley.example/parley/internal/ratelimit"
	"parley.example/parley/internal/store"
)

// gauges adds the metrics that the parts count themselves.
func (s *Server) gauges() {
	m := s.metrics
	m.Gauge("parley_sockets", "Open WebSockets.", func() float64 { return float64(s.hub.Sockets()) })
	m.Counter("parley_frames_total", "Frames queued for sockets.", func() float64 { return float64(s.hub.Counts().Frames) })
	m.Counter("parley_socket_writes_total", "Write calls that carried the frames.", func() float64 { return float64(s.hub.Counts().Writes) })
	m.Gauge("parley_agent_streams", "Open streams of agents.", func() float64 { return float64(s.desks.Streams()) })
	m.Counter("parley_agent_frames_total", "Frames queued for streams of agents.", func() float64 { return float64(s.desks.Counts().Frames) })
	m.Counter("parley_timers_fired_total", "Timers of chats that fell due.", func() float64 { return float64(s.engine.TimersFired()) })
	m.Counter("parley_flow_log_lost_total", "Flow log entries that came faster than they could be written.", func() float64 { return float64(s.flowLog.Lost()) })
	m.Counter("parley_chats_erased_total", "Chats that were erased, as a whole or in part.", func() float64 { return float64(s.eraser.Erased()) })
	m.Gauge("parley_body_bytes", "Memory held for bodies of requests.", func() float64 { return float64(s.edge.Bodies.Held()) })
	m.Counter("parley_bodies_refused_total", "Requests refused because bodies held too much memory.", func() float64 { return float64(s.edge.Bodies.Refused()) })
	for _, l := range []struct {
		kind string
		*ratelimit.Limit
	}{{rateParticipant, s.limits.participant}, {rateAddress, s.limits.address}, {rateInstance, s.limits.instance}} {
		m.LabelledCounter("parley_rate_refused_total", "Requests over a rate, by what the rate is for.", "limit", l.kind, func() float64 { return float64(l.Refused()) })
	}
	m.Gauge("parley_writes_failing", "1 while the database takes no writes, and the server is not ready; else 0.", func() float64 {
		if s.writes.failing() != nil {
			return 1
		}
		return 0
	})
	s.nodes.gauges(m)
	m.Gauge("parley_queued_chats", "Chats that wait in queues.", func() float64 { return float64(s.backlog.get().Queued) })
	m.Gauge("parley_queued_oldest_seconds", "How long the longest waiting of them has been in its queue; 0 when none waits.", func() float64 { return s.since(s.backlog.get().QueuedSince) })
	m.Gauge("parley_outbox_deliveries", "Deliveries to streaming endpoints that wait.", func() float64 { return float64(s.backlog.get().Deliveries) })
	m.Gauge("parley_outbox_oldest_seconds", "How long the oldest of them has waited; 0 when none waits.", func() float64 { return s.since(s.backlog.get().Oldest) })
	m.Gauge("parley_dead_letters", "Deliveries that were given up and are kept.", func() float64 { return float64(s.backlog.get().Dead) })
	m.Gauge("parley_database_bytes", "Size of the database, with its write-ahead log.", func() float64 { return float64(s.backlog.get().database) })
	m.Gauge("parley_files_bytes", "Size of the attachments in the data directory.", func() float64 { return float64(s.backlog.get().files) })
	m.Gauge("parley_flow_logs_bytes", "Size of the flow logs.", func() float64 { return float64(s.backlog.get().flowLogs) })
	m.Gauge("parley_disk_free_bytes", "Space that the disk of the data directory has left.", func() float64 { return float64(s.backlog.get().free) })
	m.Gauge("parley_certificate_expiry_timestamp_seconds", "When the TLS certificate in use expires; 0 without one.", func() float64 {
		if c := s.certificate.Load(); c != nil {
			return float64(c.Expires().Unix())
		}
		return 0
	})
	scans := func() (c scan.Counts) {
		if s.scanner != nil {
			c = s.scanner.Counts()
		}
		return c
	}
	m.Counter("parley_scans_clean_total", "Attachments that the scanner let pass.", func() float64 { return float64(scans().Clean) })
	m.Counter("parley_scans_rejected_total", "Attachments that the scanner rejected.", func() float64 { return float64(scans().Rejected) })
	m.Counter("parley_scans_failed_total", "Attempts to have an attachment scanned that gave no verdict.", func() float64 { return float64(scans().Failed) })
	m.Gauge("parley_active_chats", "Chats that have not ended, in all instances.", s.activeChats)
}

// since returns the seconds since a time, 0 when it is zero.
func (s *Server) since(t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return max(0, s.clock.Now().Sub(t).Seconds())
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
