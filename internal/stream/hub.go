package stream

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"parley.example/parley/internal/bus"
	"parley.example/parley/internal/center"
)

// Hub is all sockets of a node. It takes handshakes ([Hub.ServeHTTP]) and sends
// sockets what is published on the bus about their subjects. Set the fields
// before first use and leave them.
type Hub struct {
	// Bus is subscribed to for each subject that has sockets, and for no other.
	Bus bus.Bus
	// Open says what the socket URL of a request is good for. Its errors are
	// answered with 403 and logged. One URL may open any number of sockets.
	Open func(*http.Request) (bus.Subject, center.ParticipantID, error)
	// Source knows the subjects that sockets belong to.
	Source Source
	// AllowOrigin says whether a page of an origin may open sockets; nil lets
	// all. Clients that are no browsers send no origin and are not asked about.
	AllowOrigin func(origin string) bool
	// Log hears of refused handshakes, with the true reason, and of sockets that end. Nil logs nothing.
	Log *slog.Logger
	// Refused is told why a handshake is refused, and may add to the answer's
	// header: in development the developer is to know. May be nil.
	Refused func(context.Context, http.Header, error)
	// Limits are the bounds.
	Limits Limits

	limits   Limits // with the defaults
	clocks   clocks
	once     sync.Once
	received func(bus.Message) // is receive, made once for all subscriptions
	ctx      context.Context   // of Connected calls, which no request waits for; ends with Shutdown
	cancel   context.CancelFunc
	brakes   chan struct{} // one for each refusal that is being delayed

	pollOnce sync.Once
	poller   *poller // nil where there is none; see polling

	shards   [64]shard
	turn     atomic.Int32 // of the patrol
	sockets  atomic.Int32 // attached
	stopping atomic.Bool
	counts   counters

	mu         sync.Mutex // guards what follows
	patrolling bool
	done       sync.WaitGroup // reading goroutines and Connected calls; added to under mu, or by one that counts
}

// Source is what a hub asks about subjects.
type Source interface {
	// Attend returns the role of a participant whose socket wants to open. An
	// error of the reasons Denied, Gone or NotFound says that the chat is over
	// for the participant.
	Attend(ctx context.Context, subject bus.Subject, participant center.ParticipantID) (center.Role, error)
	// Connected marks a participant as connected: a socket of it has
	// subscribed to aws/chat and receives everything from now on. It is called
	// once a socket, outside of its reading, and may take its time.
	Connected(ctx context.Context, subject bus.Subject, participant center.ParticipantID) error
}

// audience is the sockets of one subject. It exists as long as there are any.
type audience struct {
	subject bus.Subject
	stop    func() // ends the subscription on the bus
	first   *socket
}

// id is what logs call the subject.
func (a *audience) id() string {
	_, id, _ := strings.Cut(string(a.subject), "/")
	return id
}

// shard is a part of the audiences.
type shard struct {
	mu        sync.Mutex // guards what follows, and what audiences and sockets say it guards
	audiences map[bus.Subject]*audience
}

// shard returns the shard of a subject. The end of an id is random.
func (h *Hub) shard(subject bus.Subject) *shard {
	sum := uint32(0)
	for i := max(0, len(subject)-4); i < len(subject); i++ {
		sum = sum*31 + uint32(subject[i])
	}
	return &h.shards[sum%uint32(len(h.shards))]
}

func (h *Hub) init() {
	h.once.Do(func() {
		h.limits = h.Limits.defaults()
		h.clocks = h.limits.clocks()
		h.received = h.receive
		if h.Log == nil {
			h.Log = slog.New(slog.DiscardHandler)
		}
		h.brakes = make(chan struct{}, maxBraked)
		h.ctx, h.cancel = context.WithCancel(context.Background())
	})
}

// polling returns the poller, which the first socket that asks makes; nil
// where there is none.
func (h *Hub) polling() *poller {
	h.pollOnce.Do(func() {
		p, err := newPoller()
		if err != nil {
			h.Log.Debug("each socket has a goroutine", "error", err)
			return
		}
		h.poller = p
	})
	return h.poller
}

// Sockets returns how many sockets are open.
func (h *Hub) Sockets() int { return int(h.sockets.Load()) }

// receive sends the subscribed sockets of the message's subject each event that
// they may see. It is the hub's one subscriber on the bus and does not block.
func (h *Hub) receive(m bus.Message) {
	sh := h.shard(m.Subject)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	a := sh.audiences[m.Subject]
	if a == nil {
		return
	}
	for i := range m.Events {
		a.send(h, &m.Events[i])
	}
	for s := a.first; s != nil; s = s.next {
		if s.subscribed {
			s.flushSoon()
		}
	}
}

// send queues an event for the sockets that may see it. The sockets of who
// leaves receive nothing more and close after the grace; after the last event
// all do. The caller holds the shard.
func (a *audience) send(h *Hub, e *bus.Event) {
	var b *block
	var frame []byte
	for s := a.first; s != nil; s = s.next {
		if s.sees(e) {
			if b == nil {
				b = newBlock()
				b.b = appendFrame(b.b, opText, e.Payload)
				frame = b.b
				h.counts.pushes.Add(1)
			}
			if s.queue(frame) > h.limits.QueueFrames/2 {
				s.flushSoon() // in the midst of a long run of events
			}
		}
		left := e.Left != "" && e.Left == s.participant
		if left && s.subscribed {
			s.subscribed = false
			s.flushSoon()
		}
		if (left || e.Last) && s.closeAt == 0 {
			s.closeAt, s.closeFor = h.turn.Load()+h.clocks.grace, Ended
		}
	}
	if b != nil {
		b.free()
	}
}

func (s *socket) sees(e *bus.Event) bool {
	return s.subscribed && e.Payload != nil && e.Visibility.To(s.role) &&
		(e.Only == "" || e.Only == s.participant) && (e.Except == "" || e.Except != s.participant)
}

// attach adds a socket to the audience of a subject, before anything is known
// of the subject, so that its end is not missed meanwhile. The first socket
// subscribes to the subject on the bus. It returns the status to refuse the
// socket with, or 0.
func (h *Hub) attach(s *socket, subject bus.Subject) int {
	if h.stopping.Load() {
		return http.StatusServiceUnavailable
	}
	if int(h.sockets.Add(1)) > h.limits.Sockets {
		h.sockets.Add(-1)
		return http.StatusServiceUnavailable
	}
	sh := h.shard(subject)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	a, own := sh.audiences[subject], 0
	if a == nil {
		if sh.audiences == nil {
			sh.audiences = make(map[bus.Subject]*audience)
		}
		a = &audience{subject: subject, stop: h.Bus.Subscribe(subject, h.received)}
		sh.audiences[subject] = a
	}
	for at := a.first; at != nil; at = at.next {
		if at.participant == s.participant {
			own++
		}
	}
	if own >= h.limits.PerParticipant {
		h.sockets.Add(-1)
		return http.StatusTooManyRequests
	}
	s.of, s.next = a, a.first
	a.first = s
	return 0
}

// detach removes a socket from its audience: nothing is sent to it any more.
// The last socket ends the subscription on the bus.
func (h *Hub) detach(s *socket) {
	a := s.of
	sh := h.shard(a.subject)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	s.subscribed = false
	at := &a.first
	for *at != s {
		at = &(*at).next
	}
	*at, s.next = s.next, nil
	if a.first == nil {
		a.stop()
		delete(sh.audiences, a.subject)
	}
	h.sockets.Add(-1)
}

// start lets an attached socket work on its connection. It reports false when
// the hub is stopping.
func (h *Hub) start(s *socket) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	sh := h.shard(s.of.subject)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if h.stopping.Load() {
		return false
	}
	s.opened = h.turn.Load()
	s.heard.Store(s.opened)
	s.live = true
	h.done.Add(1)
	h.counts.opened.Add(1)
	if !h.patrolling {
		h.patrolling = true
		time.AfterFunc(turn, h.patrol)
	}
	return true
}
