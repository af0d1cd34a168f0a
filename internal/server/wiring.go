package server

import (
	"context"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"parley.example/parley/api/connect"
	"parley.example/parley/api/participant"
	"parley.example/parley/api/restjson"
	"parley.example/parley/internal/auth"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/connectapi"
	"parley.example/parley/internal/contact"
	"parley.example/parley/internal/engine"
	"parley.example/parley/internal/participantapi"
	"parley.example/parley/internal/stream"
	"parley.example/parley/internal/ui"
)

// maxConnectBody is what a request of the connect API may have: room for the
// 256,000 characters of a flow, of which some SDKs write each as an escape of 6
// bytes, or of 12 beyond the first plane.
const maxConnectBody = 4 << 20

// routes is the one table of everything the server answers.
func (s *Server) routes() http.Handler {
	participants := &participantapi.Service{
		Engine: s.engine, Store: s.store, Sealer: s.sealer, Blobs: s.blobs, Views: s.catalog, SignIns: s.signIns, Partition: s.partition,
		Now: s.clock.Now, PublicURL: func(context.Context) string { return s.URL() }, Log: s.Log, Refused: s.refused(),
	}
	contacts := connectapi.New(connectapi.Config{
		Catalog: s.catalog, Engine: s.engine, Store: s.store, Sealer: s.sealer, Partition: s.partition,
		Now: s.clock.Now, KnowsStream: s.topics.Knows, SignIns: s.signIns,
	})
	administration := s.options("connect", s.authorize, connectapi.MapError)
	administration.MaxBody = maxConnectBody
	api := connect.NewHandler(contacts, administration)
	chat := participant.NewHandler(participants, s.options("participant", participants.Before, participantapi.MapError))
	files := patient(participants.Files())
	mux := http.NewServeMux()
	mux.Handle("/ws", s.hub)
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "ok\n") })
	mux.HandleFunc("GET /readyz", s.readyz)
	mux.Handle("GET /metrics", s.metrics.handler())
	if s.Dev {
		s.devAPI(mux)
		start := ui.Start{Instance: string(catalog.DemoInstance), Flow: string(catalog.DemoFlow), Region: s.Region, URL: s.URL}
		mux.Handle("GET /{$}", start)
		mux.Handle("GET /assets/", start)
	}
	// The APIs are not on the mux: it would clean their paths, and answer a
	// redirect to what an SDK wrote on purpose, such as an escaped slash.
	return s.edge(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch path := r.URL.Path; {
		case strings.HasPrefix(path, "/participant/"):
			chat.ServeHTTP(w, r)
		case strings.HasPrefix(path, participantapi.FilesPath):
			files.ServeHTTP(w, r)
		case path == "/ws" || path == "/healthz" || path == "/readyz" || path == "/metrics",
			s.Dev && (path == "/" || strings.HasPrefix(path, "/dev/") || strings.HasPrefix(path, "/assets/")):
			mux.ServeHTTP(w, r)
		default:
			api.ServeHTTP(w, r)
		}
	}))
}

func (s *Server) readyz(w http.ResponseWriter, _ *http.Request) {
	if !s.ready.Load() {
		w.WriteHeader(http.StatusServiceUnavailable)
		io.WriteString(w, "stopping\n")
		return
	}
	io.WriteString(w, "ready\n")
}

// authorize verifies who calls the service connect, and asks the key's policy.
func (s *Server) authorize(op *restjson.Operation, r *http.Request, body []byte) (context.Context, error) {
	ctx := r.Context()
	id, err := s.verifier.Verify(r, body, s.clock.Now())
	if req := requestOf(ctx); req != nil {
		req.key = id.AccessKey
	}
	if err != nil || s.Dev {
		return ctx, err
	}
	return ctx, id.Authorize("connect:"+op.Name, "*")
}

// chats tells the hub about chats.
type chats struct{ s *Server }

// Attend implements stream.Chats.
func (c chats) Attend(ctx context.Context, chat center.ContactID, id center.ParticipantID) (center.Role, error) {
	state, err := c.s.engine.View(ctx, chat)
	if err != nil {
		return "", err
	}
	p, err := state.Hears(id)
	if err != nil {
		return "", err
	}
	return p.Role, nil
}

// Connected implements stream.Chats.
func (c chats) Connected(ctx context.Context, chat center.ContactID, id center.ParticipantID) error {
	_, err := c.s.engine.Do(ctx, chat, contact.Connect{Participant: id})
	return err
}

func (s *Server) newHub() *stream.Hub {
	h := &stream.Hub{
		Open: func(r *http.Request) (center.ContactID, center.ParticipantID, error) {
			t, err := s.sealer.Open(auth.Socket, r.URL.Query().Get("token"), s.clock.Now())
			return t.Chat, t.Participant, err
		},
		Chats: chats{s}, Log: s.Log, Refused: s.refused(), Limits: stream.Limits{Span: s.CloseSpan},
	}
	if len(s.Origins) > 0 {
		h.AllowOrigin = func(origin string) bool { return slices.Contains(s.Origins, origin) }
	}
	return h
}

// gauges adds the figures that the parts count themselves.
func (s *Server) gauges() {
	s.metrics.gauge("parley_sockets", "Open WebSockets.", func() float64 { return float64(s.hub.Sockets()) })
	s.metrics.counter("parley_frames_total", "Frames queued for sockets.", func() float64 { return float64(s.hub.Counts().Frames) })
	s.metrics.counter("parley_socket_writes_total", "Write calls that carried the frames.", func() float64 { return float64(s.hub.Counts().Writes) })
	s.metrics.counter("parley_timers_fired_total", "Timers of chats that fell due.", func() float64 { return float64(s.engine.TimersFired()) })
	s.metrics.counter("parley_flow_log_lost_total", "Flow log entries that came faster than they could be written.", func() float64 { return float64(s.flowLog.Lost()) })
	s.metrics.gauge("parley_active_chats", "Chats that have not ended, in all instances.", func() float64 {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		n := int64(0)
		for r, err := range s.store.Resources(ctx, "", center.KindInstance) {
			if err != nil {
				break
			}
			if c, err := s.store.Count(ctx, engine.ActiveCounter(center.InstanceID(r.ID))); err == nil {
				n += c
			}
		}
		return float64(n)
	})
}
