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

// State is the state of a [Session].
type State int

const (
	// Connected: items arrive as they happen.
	Connected State = iota + 1
	// Reconnecting: the connection is lost and the session is reconnecting. No items are lost.
	Reconnecting
	// Ended: the chat is over, or the participant has left it.
	Ended
	// Closed: the session was closed, or gave up reconnecting; see [Session.Err].
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

// SessionConfig configures a [Session]. Only Token is required.
type SessionConfig struct {
	// Token is the participant token, from StartChatContact or CreateParticipant.
	Token string

	// ConnectParticipant marks the participant as connected without waiting for a socket, as required
	// for agents and bots. A customer is connected by its socket.
	ConnectParticipant bool

	// Poll reads the transcript at this interval instead of opening a socket: for custom
	// participants, which have none, and for networks that block sockets. Transient events, such as
	// typing, are not seen then. 0 opens a socket.
	Poll time.Duration

	// SendOnly neither opens a socket nor reads: for bots that receive items by a webhook. The session
	// then has no items, does not change its state and runs nothing in the background.
	SendOnly bool

	// After is the id of an item that an earlier session of this chat received and that is
	// [Item.Stored]: the session continues after it. Without it the session starts with the chat's
	// first item. If the transcript does not have it, the session closes with the service's error.
	After string

	// History bounds how many items from before the session are read, the latest ones; 0 means
	// 10,000, a negative number none.
	History int

	// PastChats also reads the chats that a persistent chat continues.
	PastChats bool

	// OnItem is called for each item, in order and never concurrently; Items then has none. It may
	// block: the session waits for it. It must not call Close.
	OnItem func(*Item)

	// OnState is called when the state changes, never concurrently. It may block: the session waits
	// for it. It must not call Close.
	OnState func(State)

	// GiveUp is how long a session tries to reconnect before it closes; 0 means an hour.
	GiveUp time.Duration

	// SendTimeout is how long sending a message is retried if the context has no deadline; 0 means 2
	// minutes.
	SendTimeout time.Duration
}

// Session is a participant's side of one chat: a customer's, an agent's or a bot's. It reconnects when
// the connection breaks, and delivers each item once and in order, whatever the network does: what it
// missed is read from the transcript. Only transient events, such as typing and receipts, can be
// missed while there is no connection.
//
// A chat that ends meanwhile is read to its end if the service allows it, as Parley does. Amazon
// refuses; the session then delivers a chat.ended without an Id, and the items between the loss of the
// connection and the end are lost.
//
// A session keeps a socket, sends heartbeats, and moves to a fresh connection before the server ends
// the old one. It has one goroutine, which Close ends. All methods may be called by many goroutines at
// once.
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
	anchor string // the id of the item after which the session starts
	after  bool   // the chat is over: reads must allow for that
	away   absence

	refreshing chan struct{} // full while a token is being requested
	busy       atomic.Int32  // above 0 while run does not read, because something else takes time
	left       atomic.Bool   // the participant has left the chat by End
	lastSeen   atomic.Int64  // when something last arrived or was waited for, in nanoseconds since born
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
	heartbeatEvery = 10 * time.Second // the server expects a message every two minutes
	silenceLimit   = 25 * time.Second // two heartbeats without an answer: the connection is dead
	openLimit      = 30 * time.Second // for a connection: request, socket, subscription
	pageLimit      = 30 * time.Second // for a page of the transcript, its retries included
	tryLimit       = 30 * time.Second // for one attempt of a call that is retried
	rotateAfter    = 59 * time.Minute // the server ends connections after an hour
	renewBefore    = time.Minute      // before the connection token ends
	reconnectMin   = time.Second      // the longest first wait before reconnecting
	reconnectMax   = 20 * time.Second // no wait is longer
	typingEvery    = 10 * time.Second // sending typing more often adds nothing
	itemsWaiting   = 64               // for Items, before the session waits
	refusalsMeant  = 3                // consecutive refusals after which the chat counts as over
	itemsPerPage   = 100              // of a transcript
	defaultHistory = 10_000           // items
	giveUpAfter    = time.Hour        //
	sendFor        = 2 * time.Minute  //
)

// A session's calls return ErrClosed when it is closed, and ErrEnded when the chat is over.
var (
	ErrClosed = errors.New("the session is closed")
	ErrEnded  = errors.New("the chat has ended")
)

// Join connects to a chat. It returns when items can be received; those from before the session come
// first. ctx bounds the joining only; the session lasts until Close or until the chat is over. An error
// is that of the call that failed, after its retries.
func (c *Client) Join(ctx context.Context, cfg SessionConfig) (*Session, error) {
	if cfg.Poll < 0 || cfg.GiveUp < 0 || cfg.SendTimeout < 0 {
		return nil, errors.New("client: the times of a SessionConfig must not be negative")
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

// finish ends the session: the last state is set before Done.
func (s *Session) finish(last State) {
	changed := s.stand(last)
	close(s.done) // before items: readers call Err when items end
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
				return e // connecting works, but reading the transcript does not
			}
		}
		s.tell(Reconnecting)
		if err := s.reconnect(err); err != nil {
			if errors.Is(err, errChatOver) {
				return s.over()
			}
			return err
		}
	}
}

// changeOver switches to the fresh connection, if there is one.
func (s *Session) changeOver() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.socket, s.next = s.next, nil
	return s.socket != nil
}

// Items yields the items of the chat, from the first one on, until the session or ctx ends. An error
// comes last; the end of the chat is not an error. When 64 items are waiting, the session stops reading
// until one is taken, and loses nothing. Each item goes to one loop: concurrent loops share them.
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

// deliver delivers an item unless it was delivered before, and reports the chat's end.
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
	if item.Event() == EventEnded && item.RelatedContactId == nil { // not the end of a past chat
		return errChatOver
	}
	return nil
}

// errChatOver reports to run that the chat is over.
var errChatOver = errors.New("the chat is over")

// over ends a session whose chat ended while it was disconnected. What it missed is read if the
// service allows it; otherwise it delivers an end without an id.
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

// report calls OnState, which may block.
func (s *Session) report(state State) {
	if s.cfg.OnState != nil {
		defer s.occupied()()
		s.cfg.OnState(state)
	}
}

// stand sets the state and reports whether it changed.
func (s *Session) stand(state State) (changed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	changed = s.state != state
	s.state = state
	return changed
}

// State returns the session's state.
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

// Close closes the connection, but does not leave the chat: another session may continue with After.
// It waits until everything that the session has started is over, and may be called more than once.
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

// leave ends a session without a goroutine.
func (s *Session) leave() {
	s.mu.Lock()
	s.err = ErrClosed
	s.mu.Unlock()
	s.finish(Closed)
}

// occupied is called before run does something other than read; the result is called afterwards.
func (s *Session) occupied() func() {
	s.busy.Add(1)
	return func() {
		s.hear()
		s.busy.Add(-1)
	}
}

// hear notes that the other side is alive, or need not be.
func (s *Session) hear() { s.lastSeen.Store(int64(time.Since(s.born))) }
