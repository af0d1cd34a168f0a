package client

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"
	"sync/atomic"
	"time"
)

// State is how a [Session] stands.
type State int

const (
	// Connected: items arrive as they happen.
	Connected State = iota + 1
	// Reconnecting: the connection is lost and the session is on its way back. Nothing is missed.
	Reconnecting
	// Ended: the chat is over, or the participant is out of it.
	Ended
	// Closed: the session was closed, or gave up coming back; see [Session.Err].
	Closed
)

func (s State) String() string {
	switch s {
	case Connected:
		return "connected"
	case Reconnecting:
		return "reconnecting"
	case Ended:
		return "ended"
	case Closed:
		return "closed"
	}
	return fmt.Sprintf("State(%d)", int(s))
}

// SessionConfig says who takes part in a chat and how. Only Token is needed.
type SessionConfig struct {
	// Token is the participant token, from StartChatContact or CreateParticipant.
	Token string

	// ConnectParticipant marks the participant as connected without waiting for a socket, as agents
	// and bots need it. A customer's is connected by its socket.
	ConnectParticipant bool

	// Poll reads the transcript in this interval instead of opening a socket: for custom
	// participants, which have none, and where sockets cannot pass. What only matters in the
	// moment, such as typing, is not seen then. 0 opens a socket.
	Poll time.Duration

	// SendOnly neither opens a socket nor reads: for bots that are told what happens by a webhook. The
	// session then has no items, keeps its state and has nothing running.
	SendOnly bool

	// After is the id of an item of this chat that was seen in an earlier session, and is [Item.Stored]:
	// reading goes on behind it. Without it the session begins with the chat's first item. One that the
	// transcript does not have closes the session with the service's refusal.
	After string

	// History bounds how many items from before the session are read, the latest ones; 0 means
	// 10,000, a negative number none.
	History int

	// PastChats reads on into the chats that a persistent chat continues.
	PastChats bool

	// OnItem is called for each item, in order and one at a time; Items then has none. It may take
	// its time: the chat waits for it. It must not call Close.
	OnItem func(*Item)

	// OnState is called when the state changes, one call at a time. It may take its time, which the
	// session waits for. It must not call Close.
	OnState func(State)

	// GiveUp is how long a session tries to come back before it closes; 0 means an hour.
	GiveUp time.Duration

	// SendTimeout bounds how long a message is tried to be sent when the context has no deadline; 0
	// means 2 minutes.
	SendTimeout time.Duration
}

// Session is somebody's side of one chat: a customer's, an agent's or a bot's. It comes back when the
// connection breaks, and hands each item on once and in order, whatever the network does: what
// happened meanwhile is read from the transcript. Only what matters in the moment, typing and
// receipts and the like, can be missed while there is no connection.
//
// A chat that ends meanwhile is read to its end where the service lets it: a Parley does. Amazon
// refuses; the session then hands on a chat.ended that has no Id, and what was said between the loss
// of the line and the end is lost.
//
// A session keeps a socket, sends heartbeats, and changes over to a fresh connection before the
// server ends the old one. It has one goroutine, which Close ends. All methods may be called by many
// goroutines at once.
type Session struct {
	c   *Client
	cfg SessionConfig

	ctx    context.Context // ends when the session is over
	cancel context.CancelFunc
	calls  context.Context    // ends with Close, or when the session gives up: not with the chat, whose
	hangUp context.CancelFunc // end may overtake the answer to the message that brought it about
	done   chan struct{}      // closed when the session is over
	items  chan *Item
	work   sync.WaitGroup // run, and what the timer has started
	once   sync.Once      // for Close, of a session without run

	window window // of run alone, like last, anchor and after
	last   *Item  // the latest item of the transcript
	anchor string // the id of the item that the session begins behind
	after  bool   // the chat is over: what is read of it now is read after its end
	away   absence

	refreshing chan struct{} // full while a token is being requested
	busy       atomic.Int32  // above 0 while run does not read: somebody else takes the time
	left       atomic.Bool   // the participant has left the chat by End
	heard      atomic.Int64  // when something last came or was waited for, in nanoseconds since born
	born       time.Time

	mu     sync.Mutex // guards what follows
	state  State
	token  string    // the connection token
	socket *socket   // being read; nil without
	next   *socket   // to be read when socket ends: a fresh connection that is subscribed
	renew  time.Time // when the connection is to be changed for a fresh one
	timer  *time.Timer
	err    error // why it is over
	ended  bool  // it is over because the chat is
	typed  time.Time
}

// Session times.
const (
	heartbeatEvery = 10 * time.Second // the server wants to hear something in two minutes
	silenceLimit   = 25 * time.Second // two heartbeats without an answer: the line is dead
	openLimit      = 30 * time.Second // for a connection: request, socket, subscription
	pageLimit      = 30 * time.Second // for a page of the transcript, its retries included
	tryLimit       = 30 * time.Second // for a call that is insisted on, before it is made anew
	rotateAfter    = 59 * time.Minute // the server ends connections after an hour
	renewBefore    = time.Minute      // before the connection token ends
	comeBackMin    = time.Second      // the longest first wait before coming back
	comeBackMax    = 20 * time.Second // no wait is longer
	typingEvery    = 10 * time.Second // telling of typing more often adds nothing
	itemsWaiting   = 64               // for Items, before the session waits
	refusalsMeant  = 3                // refusals in a row that are believed
	itemsPerPage   = 100              // of a transcript
	defaultHistory = 10_000           // items
	giveUpAfter    = time.Hour        //
	sendFor        = 2 * time.Minute  //
)

// ErrClosed is what a session's calls return when it is closed, ErrEnded when the chat is over.
var (
	ErrClosed = errors.New("the session is closed")
	ErrEnded  = errors.New("the chat has ended")
)

// Join connects to a chat. It returns when items can come: those from before the session are the
// first that do. ctx bounds the joining only; the session lasts until Close or until the chat is
// over. An error is that of the call that failed, once its retries are used up.
func (c *Client) Join(ctx context.Context, cfg SessionConfig) (*Session, error) {
	if cfg.Poll < 0 || cfg.GiveUp < 0 || cfg.SendTimeout < 0 {
		return nil, errors.New("client: a session's times must not be negative")
	}
	if cfg.History == 0 {
		cfg.History = defaultHistory
	}
	if cfg.GiveUp == 0 {
		cfg.GiveUp = giveUpAfter
	}
	if cfg.SendTimeout == 0 {
		cfg.SendTimeout = sendFor
	}
	s := &Session{c: c, cfg: cfg, done: make(chan struct{}), items: make(chan *Item, itemsWaiting), refreshing: make(chan struct{}, 1), born: time.Now()}
	if cfg.After != "" {
		s.last, s.anchor = &Item{}, cfg.After
		s.last.Id = &cfg.After
	}
	s.calls, s.hangUp = context.WithCancel(context.WithoutCancel(ctx))
	s.ctx, s.cancel = context.WithCancel(s.calls)
	sock, err := s.open(ctx)
	if err != nil {
		s.hangUp()
		return nil, err
	}
	if cfg.SendOnly {
		s.tell(Connected)
		return s, nil
	}
	s.stand(Connected) // run reports it
	s.mu.Lock()
	s.socket = sock
	s.arm()
	s.mu.Unlock()
	s.work.Go(s.run)
	return s, nil
}

// run reads until the session is over.
func (s *Session) run() {
	s.report(Connected)
	err := s.attend()
	s.mu.Lock()
	s.err, s.ended = err, err == nil
	s.disarm()
	sockets := []*socket{s.socket, s.next}
	s.socket, s.next = nil, nil
	s.mu.Unlock()
	for _, sock := range sockets {
		if sock != nil {
			sock.close()
		}
	}
	s.cancel()
	if err == nil {
		s.finish(Ended)
	} else {
		s.hangUp()
		s.finish(Closed)
	}
}

// finish ends the session: who waits for Done finds the last state.
func (s *Session) finish(last State) {
	changed := s.stand(last)
	close(s.done) // before items: whoever sees their end asks for Err
	close(s.items)
	if changed {
		s.report(last)
	}
}

// attend stays in the chat: nil means that the chat is over.
func (s *Session) attend() error {
	for {
		s.tell(Connected)
		err := s.follow()
		if errors.Is(err, errChatOver) {
			return nil
		}
		if s.ctx.Err() != nil {
			return ErrClosed
		}
		if s.changeOver() {
			continue
		}
		if e := refusal(err); e != nil {
			if s.away.unread++; s.away.unread == refusalsMeant {
				return e // there are connections, but nothing to be read through them
			}
		}
		s.tell(Reconnecting)
		if err := s.comeBack(err); err != nil {
			if errors.Is(err, errChatOver) {
				return s.over()
			}
			return err
		}
	}
}

// changeOver goes on with the fresh connection, where there is one.
func (s *Session) changeOver() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.socket, s.next = s.next, nil
	return s.socket != nil
}

// Items hands on what happens in the chat, from the first item on, until the session is over or ctx
// is. An error is the last that comes: the chat's end is none. Items that are not taken wait; when
// 64 do, the session stops reading until somebody takes one, and misses nothing. Each item goes to
// one loop: two at a time share them.
func (s *Session) Items(ctx context.Context) iter.Seq2[*Item, error] {
	return func(yield func(*Item, error) bool) {
		for {
			select {
			case item, ok := <-s.items:
				if !ok {
					if err := s.Err(); err != nil {
						yield(nil, err)
					}
					return
				}
				if !yield(item, nil) {
					return
				}
			case <-ctx.Done():
				yield(nil, context.Cause(ctx))
				return
			}
		}
	}
}

// deliver hands on an item that was not there before, and reports the chat's end.
func (s *Session) deliver(item *Item) error {
	if s.ctx.Err() != nil {
		return ErrClosed
	}
	if !s.window.first(item) {
		return nil
	}
	if item.Stored() {
		s.last = item
	}
	defer s.occupied()()
	if s.cfg.OnItem != nil {
		s.cfg.OnItem(item)
	} else {
		select {
		case s.items <- item:
		case <-s.ctx.Done():
			return ErrClosed
		}
	}
	if item.Event() == EventEnded && item.RelatedContactId == nil { // else it is the end of a past chat
		return errChatOver
	}
	return nil
}

// errChatOver tells run that the chat is over.
var errChatOver = errors.New("the chat is over")

// over ends a session whose chat ended while it was away. What it missed is read where the service
// lets it; where it does not the end is told by an item without an id.
func (s *Session) over() error {
	if ended, err := s.lastItems(); ended || err != nil {
		return err
	}
	item := &Item{}
	item.ContentType, item.Type = new(eventPrefix+EventEnded), "EVENT"
	if err := s.deliver(item); err != nil && !errors.Is(err, errChatOver) {
		return err
	}
	return nil
}

func (s *Session) tell(state State) {
	if s.stand(state) {
		s.report(state)
	}
}

// report calls OnState, which may take its time.
func (s *Session) report(state State) {
	if s.cfg.OnState != nil {
		defer s.occupied()()
		s.cfg.OnState(state)
	}
}

// stand sets the state and reports whether it is another one.
func (s *Session) stand(state State) (changed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	changed = s.state != state
	s.state = state
	return changed
}

// State returns how the session stands.
func (s *Session) State() State {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state
}

// Done is closed when the session is over: after Close, after the chat's end, or when it gave up.
func (s *Session) Done() <-chan struct{} { return s.done }

// Err returns why the session is over: nil for the end of the chat, and before.
func (s *Session) Err() error {
	select {
	case <-s.done:
	default:
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// Close leaves the connection, but not the chat: another session may go on with After. It waits
// until everything the session has started is over, and may be called more than once.
func (s *Session) Close() error {
	s.hangUp()
	s.mu.Lock()
	for _, sock := range []*socket{s.socket, s.next} {
		if sock != nil {
			s.work.Go(sock.close)
		}
	}
	s.mu.Unlock()
	s.work.Wait()
	if s.cfg.SendOnly {
		s.once.Do(s.leave)
	}
	return nil
}

// leave ends a session that nothing runs for.
func (s *Session) leave() {
	s.mu.Lock()
	s.err = ErrClosed
	s.mu.Unlock()
	s.finish(Closed)
}

// occupied is called before run does something else than read, its result when that is over.
func (s *Session) occupied() func() {
	s.busy.Add(1)
	return func() {
		s.hear()
		s.busy.Add(-1)
	}
}

// hear notes that the other side is there, or need not be.
func (s *Session) hear() { s.heard.Store(int64(time.Since(s.born))) }
