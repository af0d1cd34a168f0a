package stream

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"parley.example/parley/internal/bus"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/lifecycle"
	"parley.example/parley/internal/socket"
)

// Hub is all sockets of a node. It takes handshakes ([Hub.ServeHTTP]) and sends
// sockets what is published on the bus about their subjects. Set the fields
// before first use and leave them.
type Hub struct {
	// Bus is subscribed to for each subject that has sockets, and for no other.
	Bus bus.Bus
	// Open says what the socket URL of a request is good for. Its errors are
	// answered with 403 and logged. One URL may open any number of sockets.
	Open func(*http.Request) (Ticket, error)
	// Source knows the subjects that sockets belong to.
	Source Source
	// AllowOrigin says whether a page of an origin may open sockets; nil lets
	// all. Clients that are no browsers send no origin and are not asked about.
	AllowOrigin func(origin string) bool
	// Log is given refused handshakes, with the true reason, and sockets that end. Nil logs nothing.
	Log *slog.Logger
	// Refused is given the reason why a handshake is refused, and may add to the
	// answer's header: in development the developer is to know. May be nil.
	Refused func(context.Context, http.Header, error)
	// Shared says that other nodes publish on the bus, too: what their sockets
	// were sent may be lost on the way here, and is looked for in the source.
	Shared bool
	// Limits are the bounds.
	Limits Limits

	limits   Limits // with the defaults
	once     sync.Once
	received func(bus.Message) // is receive, made once for all subscriptions
	sockets  socket.Server
	shards   [64]shard
	counts   counters
	brakes   chan struct{} // one for each refusal that is being delayed

	repairs chan struct{} // one for each repair that asks the source

	ctx    context.Context // of what no request waits for; ends with Shutdown
	cancel context.CancelFunc

	background lifecycle.Background // what must have ended when Shutdown returns

	mu       sync.Mutex // guards watching; taken with or without a shard
	watching bool
}

// Source is what a hub asks about subjects.
type Source interface {
	// Attend says who the participant is whose socket wants to open, and what it is
	// owed. An error of the reasons Denied, Gone or NotFound says that the chat is
	// over for the participant.
	Attend(context.Context, Ticket) (Attendance, error)
	// Connected marks a participant as connected: a socket of it has
	// subscribed to aws/chat and receives everything from now on. It is called
	// once a socket, outside of its reading, and may take its time.
	Connected(ctx context.Context, subject bus.Subject, participant center.ParticipantID) error
	// Repair returns the events of the subject's items from a sequence number
	// on, in order, as they were published: with their visibility, who left, and
	// the last one marked. It may return fewer than there are, but not none.
	Repair(ctx context.Context, subject bus.Subject, from int64) ([]bus.Event, error)
	// Positions returns the sequence numbers of the subjects' last items. What
	// is not there is left out. It is called when the hub is Shared, only then.
	Positions(ctx context.Context, subjects []bus.Subject) (map[bus.Subject]int64, error)
}

// Ticket is what the URL of a socket is good for.
type Ticket struct {
	Subject     bus.Subject
	Participant center.ParticipantID
	Made        time.Time // when the participant was given the URL
}

// Attendance is what a source knows of a participant whose socket opens.
type Attendance struct {
	Role center.Role
	// Owed is for a customer of whom no socket has ever subscribed: the sequence number
	// of the first item, there already or to come, that was said to it after
	// its ticket was made. Otherwise 0.
	Owed int64
	Last int64 // with Owed: that of the last item there is
}

func (h *Hub) init() {
	h.once.Do(func() {
		h.limits = h.Limits.defaults()
		h.received = h.receive
		if h.Log == nil {
			h.Log = slog.New(slog.DiscardHandler)
		}
		h.sockets.Limits, h.sockets.Log = h.Limits.Limits, h.Log
		h.brakes = make(chan struct{}, maxBraked)
		h.repairs = make(chan struct{}, maxRepairs)
		h.ctx, h.cancel = context.WithCancel(context.Background())
	})
}

// Sockets returns how many sockets are open.
func (h *Hub) Sockets() int { return h.sockets.Sockets() }

// Shutdown refuses new sockets from now on, closes all there are, see
// [socket.Server.Shutdown], and waits until no call to Source is under way.
// When ctx ends before, the rest is cut short and ctx's error returned. It may be
// called twice. Requests that wait to be refused are the HTTP server's to wait for.
func (h *Hub) Shutdown(ctx context.Context) error {
	h.init()
	err := h.sockets.Shutdown(ctx)
	if cut := h.background.Stop(ctx, h.cancel); cut != nil {
		err = cut
	}
	return err
}
