package stream

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"parley.example/parley/api/restjson"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
)

// Hub is all sockets of a node. It takes handshakes ([Hub.ServeHTTP]) and
// tells sockets what is published ([Hub.Publish]). Set the fields before
// first use and leave them.
type Hub struct {
	// Open says what the socket URL of a request is good for. Its errors are
	// answered with 403 and logged. One URL may open any number of sockets.
	Open func(*http.Request) (center.ContactID, center.ParticipantID, error)
	// Chats knows the chats that sockets belong to.
	Chats Chats
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

	limits Limits // with the defaults
	clocks clocks
	once   sync.Once
	ctx    context.Context // of Connected calls, which no request waits for; ends with Shutdown
	cancel context.CancelFunc
	brakes chan struct{} // one for each refusal that is being delayed

	pollOnce sync.Once
	poller   *poller // nil where there is none; see polling

	shards   [64]shard
	turn     atomic.Int32 // of the patrol
	sockets  atomic.Int32 // seats taken
	stopping atomic.Bool
	counts   counters

	mu         sync.Mutex // guards what follows
	patrolling bool
	done       sync.WaitGroup // reading goroutines and Connected calls; added to under mu, or by one that counts
}

// Chats is what a hub asks about chats.
type Chats interface {
	// Attend returns the role of a participant whose socket wants to open. An
	// error of the reasons Denied, Gone or NotFound says that the chat is over
	// for the participant.
	Attend(ctx context.Context, chat center.ContactID, participant center.ParticipantID) (center.Role, error)
	// Connected marks a participant as connected: a socket of it has
	// subscribed to aws/chat and hears of everything from now on. It is called
	// once a socket, outside of its reading, and may take its time.
	Connected(ctx context.Context, chat center.ContactID, participant center.ParticipantID) error
}

// shard is a part of the chats.
type shard struct {
	mu    sync.Mutex                   // guards what follows, and the sockets' seats
	chats map[center.ContactID]*socket // the first socket of each chat that has one
}

// shard returns the shard of a chat. The end of an id is random.
func (h *Hub) shard(chat center.ContactID) *shard {
	sum := uint32(0)
	for i := max(0, len(chat)-4); i < len(chat); i++ {
		sum = sum*31 + uint32(chat[i])
	}
	return &h.shards[sum%uint32(len(h.shards))]
}

func (h *Hub) init() {
	h.once.Do(func() {
		h.limits = h.Limits.defaults()
		h.clocks = h.limits.clocks()
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

// Publish tells the subscribed sockets of each push's chat that may see it
// (Visibility, Only, Except). It does not block and keeps nothing of pushes.
// The pushes of one chat must be published one after another. A push without an
// item tells nothing; one with Last lets the chat's sockets close after the grace.
// An agent who leaves hears nothing of what follows its leaving, unless that is the
// chat's end, and its sockets close after the grace. A customer is told what the flow
// behind its leaving says (DisconnectOnCustomerExit).
func (h *Hub) Publish(pushes []center.Push) {
	for len(pushes) > 0 {
		n := 1
		for n < len(pushes) && pushes[n].Chat == pushes[0].Chat {
			n++
		}
		h.tell(pushes[0].Chat, pushes[:n])
		pushes = pushes[n:]
	}
}

func (h *Hub) tell(chat center.ContactID, pushes []center.Push) {
	sh := h.shard(chat)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	first := sh.chats[chat]
	if first == nil {
		return
	}
	ends := pushes[len(pushes)-1].Last
	for i := range pushes {
		p := &pushes[i]
		first.tell(p)
		if p.Item.ContentType == center.EventLeft && p.Item.Role != center.RoleCustomer && !ends {
			first.dismiss(p.Item.Participant)
		}
	}
	for s := first; s != nil; s = s.next {
		if s.subscribed {
			s.kick()
		}
	}
}

// dismiss lets the sockets of a participant who has left, s and those behind it, hear
// nothing more. The caller holds the shard.
func (s *socket) dismiss(who center.ParticipantID) {
	for at := s; at != nil; at = at.next {
		if at.participant != who {
			continue
		}
		at.subscribed = false
		at.kick()
		if at.closeAt == 0 {
			at.closeAt, at.closeFor = s.hub.turn.Load()+s.hub.clocks.grace, Ended
		}
	}
}

// tell queues a push for s and those behind it. The caller holds the shard.
func (s *socket) tell(p *center.Push) {
	var b *block
	var frame []byte
	for at := s; at != nil; at = at.next {
		if p.Last && at.closeAt == 0 {
			at.closeAt, at.closeFor = s.hub.turn.Load()+s.hub.clocks.grace, Ended
		}
		if !at.sees(p) {
			continue
		}
		if b == nil {
			b = newBlock()
			frame = encode(b, p)
			s.hub.counts.pushes.Add(1)
		}
		if at.queue(frame) > s.hub.limits.QueueFrames/2 {
			at.kick() // in the midst of a long run of pushes
		}
	}
	if b != nil {
		b.free()
	}
}

func (s *socket) sees(p *center.Push) bool {
	return s.subscribed && p.Item.Type != "" && p.Item.Visibility.To(s.role) &&
		(p.Only == "" || p.Only == s.participant) && (p.Except == "" || p.Except != s.participant)
}

// encode returns the whole frame of a push, in the memory of b. The item goes
// as a string that holds JSON: ChatJS drops an object without a word.
func encode(b *block, p *center.Push) []byte {
	const head = `{"topic":"` + topicChat + `","contentType":"application/json","content":`
	text := newBlock()
	text.b = contact.AppendItem(text.b, &p.Item, p.Receipt)
	b.b = append(b.b, make([]byte, maxServerHeader)...)
	b.b = append(b.b, head...)
	b.b = restjson.Quote(b.b, text.b)
	b.b = append(b.b, '}')
	text.free()
	header, n := frameHeader(opText, len(b.b)-maxServerHeader)
	frame := b.b[maxServerHeader-n:]
	copy(frame, header[:n])
	return frame
}

// sit gives a socket its seat in its chat, before anything is known of the
// chat, so that no end of the chat is missed meanwhile. It returns the status
// to refuse it with, or 0.
func (h *Hub) sit(s *socket) int {
	if h.stopping.Load() {
		return http.StatusServiceUnavailable
	}
	if int(h.sockets.Add(1)) > h.limits.Sockets {
		h.sockets.Add(-1)
		return http.StatusServiceUnavailable
	}
	sh := h.shard(s.chat)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	first, own := sh.chats[s.chat], 0
	for at := first; at != nil; at = at.next {
		if at.participant == s.participant {
			own++
		}
	}
	if own >= h.limits.PerParticipant {
		h.sockets.Add(-1)
		return http.StatusTooManyRequests
	}
	if sh.chats == nil {
		sh.chats = make(map[center.ContactID]*socket)
	}
	s.next = first
	sh.chats[s.chat] = s
	return 0
}

// rise takes a socket's seat away: nothing is published to it any more.
func (h *Hub) rise(s *socket) {
	sh := h.shard(s.chat)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	s.subscribed = false
	if sh.chats[s.chat] == s {
		if s.next == nil {
			delete(sh.chats, s.chat)
		} else {
			sh.chats[s.chat] = s.next
		}
	} else {
		at := sh.chats[s.chat]
		for at.next != s {
			at = at.next
		}
		at.next = s.next
	}
	s.next = nil
	h.sockets.Add(-1)
}

// start lets a seated socket work on its connection. It reports false when
// the hub is stopping.
func (h *Hub) start(s *socket) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	sh := h.shard(s.chat)
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
