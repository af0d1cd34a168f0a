package client

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"
	"sync/atomic"
	"time"

	"parley.example/parley/api/connect"
	"parley.example/parley/client/connectcall"
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

// SessionConfig configures a [Session]. Only Token or Chat is required.
type SessionConfig struct {
	// Token is the participant token, from StartChatContact or CreateParticipant.
	Token string

	// Chat is the answer of StartChatContact, in place of Token, to join as the customer. If it has a
	// connection (ConnectionTypes), the session opens that one, which saves a call; it asks for another if
	// the one in the answer does not work, as when it is older than 100 seconds. [Client.Start] does both.
	Chat *connect.StartChatContactResponse

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

	// OnCaughtUp is called once, when the items that were there when the session began have been given
	// to the program: what follows happens. It must not call Close. Like OnItem it is never called
	// concurrently.
	OnCaughtUp func()

	// OnState is called when the state changes, never concurrently. It may block: the session waits
	// for it. It must not call Close.
	OnState func(State)

	// GiveUp is how long a session tries to reconnect before it closes; 0 means an hour.
	GiveUp time.Duration

	// SendTimeout is how long sending a message is retried if the context has no deadline; 0 means 2
	// minutes.
	SendTimeout time.Duration
}

// socketed reports whether the session is to have a socket.
func (cfg *SessionConfig) socketed() bool { return cfg.Poll == 0 && !cfg.SendOnly }

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

	ctx    context.Context         // ends when the session is over, with ErrEnded as its cause when the chat is
	cancel context.CancelCauseFunc // ends ctx
	hangUp context.CancelFunc      // ends ctx, and the calls under way
	done   chan struct{}           // closed when the session is over
	items  chan *Item
	work   sync.WaitGroup // run
	once   sync.Once      // for Close, of a session without run

	caller caller
	conn   connection
	reader reader      // of run alone
	away   absence     // of run alone
	left   atomic.Bool // the participant has left the chat by End
	err    error       // why it is over; set before done is closed

	mu    sync.Mutex // guards what follows
	state State
	typed time.Time // when typing was last sent
}

// Defaults and bounds of sessions.
const (
	typingEvery  = 10 * time.Second // sending typing more often adds nothing
	itemsWaiting = 64               // for Items, before the session waits
	giveUpAfter  = time.Hour
	sendFor      = 2 * time.Minute
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
	chat := cfg.Chat
	if chat != nil {
		if cfg.Token != "" {
			return nil, errors.New("client: a SessionConfig has either Token or Chat")
		}
		cfg.Token, cfg.Chat = deref(chat.ParticipantToken), nil // the session outlives what the answer has
	}
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
	s := &Session{c: c, cfg: cfg, done: make(chan struct{}), items: make(chan *Item, itemsWaiting)}
	calls, hangUp := context.WithCancel(context.WithoutCancel(ctx))
	s.hangUp = hangUp
	s.ctx, s.cancel = context.WithCancelCause(calls)
	s.caller.init(c, cfg, s.ctx, calls)
	s.conn.init(c, &s.caller, cfg.socketed())
	if chat != nil && !cfg.ConnectParticipant { // which takes a call in any case
		s.conn.offer(chat)
	}
	s.reader.init(c, &s.caller, cfg, s.hand)
	sock, err := s.conn.open(ctx)
	if err != nil {
		s.hangUp()
		return nil, err
	}
	if cfg.SendOnly {
		s.become(Connected)
		return s, nil
	}
	s.setState(Connected) // run reports it
	s.conn.start(sock, s.conn.tend)
	s.work.Go(s.run)
	return s, nil
}

// Start starts a chat and joins it as its customer, as StartChatContact and [Client.Join] do one after
// the other, but for one round trip: StartChatContact is asked for the connection as well
// (ConnectionTypes, which Start sets). A service that does not know that leaves it out of its answer, and the
// session asks for a connection then. A repeated ClientToken joins the chat that it has started.
//
// cfg has neither Token nor Chat. The answer of StartChatContact is returned whenever there is one: if
// joining failed, the chat has begun all the same, and can be joined within five minutes.
func (c *Client) Start(ctx context.Context, chat connectcall.StartChatContact, cfg SessionConfig) (*Session, *connect.StartChatContactResponse, error) {
	if cfg.Token != "" || cfg.Chat != nil {
		return nil, nil, errors.New("client: the chat of Start is one that it starts: the SessionConfig has neither Token nor Chat")
	}
	var types []connect.ConnectionType
	if !cfg.ConnectParticipant {
		if types = append(types, connect.ConnectionTypeCONNECTION_CREDENTIALS); cfg.socketed() {
			types = append(types, connect.ConnectionTypeWEBSOCKET)
		}
	}
	out, err := chat.SetConnectionTypes(types).Send(ctx)
	if err != nil {
		return nil, nil, err
	}
	cfg.Chat = out
	s, err := c.Join(ctx, cfg)
	return s, out, err
}

// run reads until the session is over.
func (s *Session) run() {
	s.report(Connected)
	s.err = s.attend()
	s.conn.stop()
	if s.err == nil {
		s.cancel(ErrEnded)
		s.finish(Ended)
	} else {
		s.hangUp()
		s.finish(Closed)
	}
}

// finish ends the session: the last state is set before Done.
func (s *Session) finish(last State) {
	changed := s.setState(last)
	close(s.done) // before items: readers call Err when items end
	close(s.items)
	if changed {
		s.report(last)
	}
}

// attend stays in the chat: nil means that the chat is over.
func (s *Session) attend() error {
	for {
		s.become(Connected)
		err := s.receive()
		if errors.Is(err, errChatOver) {
			return nil
		}
		if s.ctx.Err() != nil {
			return ErrClosed
		}
		if s.conn.changeOver() {
			continue
		}
		if e := refusal(err); e != nil {
			if s.away.unread++; s.away.unread == refusalsMeant {
				return e // connecting works, but reading the transcript does not
			}
		}
		s.become(Reconnecting)
		if err := s.reconnect(err); err != nil {
			if errors.Is(err, errChatOver) {
				return s.reader.readEnd(s.cfg.GiveUp)
			}
			return err
		}
	}
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

// caughtUp calls OnCaughtUp the first time.
func (s *Session) caughtUp() {
	if s.cfg.OnCaughtUp == nil {
		return
	}
	defer s.conn.pause()()
	s.cfg.OnCaughtUp()
	s.cfg.OnCaughtUp = nil
}

// hand gives an item to the program, which may block.
func (s *Session) hand(item *Item) error {
	defer s.conn.pause()()
	if s.cfg.OnItem != nil {
		s.cfg.OnItem(item)
		return nil
	}
	select {
	case s.items <- item:
		return nil
	case <-s.ctx.Done():
		return ErrClosed
	}
}

// become changes the state and reports it.
func (s *Session) become(state State) {
	if s.setState(state) {
		s.report(state)
	}
}

// report calls OnState, which may block.
func (s *Session) report(state State) {
	if s.cfg.OnState != nil {
		defer s.conn.pause()()
		s.cfg.OnState(state)
	}
}

// setState sets the state and reports whether it changed.
func (s *Session) setState(state State) (changed bool) {
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
		return s.err
	default:
		return nil
	}
}

// Close closes the connection, but does not leave the chat: another session may continue with After.
// It waits until everything that the session has started is over, and may be called more than once.
func (s *Session) Close() error {
	s.hangUp()
	s.conn.close()
	s.work.Wait()
	if s.cfg.SendOnly {
		s.once.Do(s.leave)
	}
	return nil
}

// leave ends a session without a goroutine.
func (s *Session) leave() {
	s.err = ErrClosed
	s.finish(Closed)
}
