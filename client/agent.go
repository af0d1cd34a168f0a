package client

import (
	"context"
	"errors"
	"iter"
	"sync"
	"time"

	"parley.example/parley/api/agent"
)

// AgentConfig configures an [Agent]. InstanceID, UserName and Password are required, unless there is a Token.
type AgentConfig struct {
	// InstanceID is the id, the ARN or the alias of the instance.
	InstanceID string

	// UserName and Password are those of the user. The password is not kept.
	UserName, Password string

	// Token is the session token of an earlier sign-in ([Agent.Token]), in place of the three above.
	Token string

	// Seen is what an earlier run has received of each chat ([Agent.Seen]): items come from behind it. Of other chats
	// they come from the agent's acceptance on.
	Seen []agent.Seen

	// OnEvent is called for each event, in order and never concurrently; Events then has none. It may block: the agent
	// waits for it, and calls may be made in it. It must not call Close or SignOut.
	OnEvent func(*AgentEvent)

	// GiveUp is how long an agent tries to reconnect before it closes; 0 means an hour.
	GiveUp time.Duration

	// SendTimeout is how long sending a message is retried if the context has no deadline; 0 means 2
	// minutes.
	SendTimeout time.Duration
}

// The reasons for which an agent is over that are not the network's. After either it does not help to reconnect.
var (
	// ErrSignedOut: the session is over, because the user signed out, here or elsewhere, was deleted, or twelve hours have
	// passed. Sign in again.
	ErrSignedOut = errors.New("the agent is signed out")

	// ErrReplaced: the user has opened too many streams, and this one was the oldest.
	ErrReplaced = errors.New("the agent has too many streams, and this was the oldest")
)

// Agent is a person's side of the contact centre, over Parley's API of agents: a status, the contacts in hand and the items of
// their chats. What happens comes as events, over one socket, whatever the number of chats.
//
// It reconnects when the connection breaks. Each item is delivered once, and those of a chat in order, whatever the network
// does: the server is told how far each chat was received. Only transient events, such as typing and receipts, and
// broadcasts can be missed while there is no connection. Snapshots are whole: of changes that follow each other faster than they
// are read, the last is told of.
//
// Calls that answer with an error of the service return an [*Error], in which errors.AsType finds one of package
// agent: UnauthorizedException (sign in again), AccessDeniedException (which names the permission that is missing),
// InvalidStateException (as accepting what does not ring any more), ResourceNotFoundException (a contact that is not
// in hand). A contact is named by its own id or by that of the first contact of its chat.
//
// An agent has one goroutine and a timer that sends a heartbeat every ten seconds, which Close ends. All methods may be called by
// many goroutines at once.
type Agent struct {
	Colleagues
	serverClock // its ServerTime is the agent's

	c   *Client
	cfg AgentConfig

	user   *agent.UserSummary
	expiry time.Time

	ctx    context.Context
	hangUp context.CancelFunc // ends ctx
	done   chan struct{}      // closed when the agent is over
	events chan *AgentEvent
	work   sync.WaitGroup // run

	link link
	feed feed  // of run alone
	err  error // why it is over; set before done is closed

	mu       sync.Mutex // guards what follows
	state    State
	snapshot *agent.AgentSnapshot
	chats    chatsInHand // nil when the agent is over
	seen     []agent.Seen
	statuses []agent.AgentStatusSummary // to choose from; nil before they are known
}

// eventsWaiting is how many events wait for Events before the agent waits.
const eventsWaiting = 64

// SignIn signs a user in and opens the stream of what happens to the agent: the first events say what there is. It returns when
// the first snapshot has come. ctx bounds the signing in only; the agent lasts until Close or SignOut, until the
// session is over, or until it gave up reconnecting. Who has just signed in has the status Offline, as far as no other stream of
// the user is open: see SetStatus.
//
// A wrong password is an UnauthorizedException, as an unknown user and instance are; a user without the permission to work at
// a desk gets AccessDeniedException. A password that is tried too often is a ThrottlingException.
func (c *Client) SignIn(ctx context.Context, cfg AgentConfig) (*Agent, error) {
	if cfg.GiveUp < 0 || cfg.SendTimeout < 0 {
		return nil, errors.New("client: the times of an AgentConfig must not be negative")
	}
	if cfg.GiveUp == 0 {
		cfg.GiveUp = giveUpAfter
	}
	a := &Agent{
		Colleagues: Colleagues{c.Agents, cfg.Token}, c: c, done: make(chan struct{}), events: make(chan *AgentEvent, eventsWaiting), chats: chatsInHand{},
	}
	if cfg.Token == "" {
		out, err := a.calls.SignIn().InstanceID(cfg.InstanceID).UserName(cfg.UserName).Password(cfg.Password).Send(ctx)
		if err != nil {
			return nil, err
		}
		a.token, a.user, a.expiry = out.SessionToken, out.User, out.Expiry
	} else {
		out, err := a.Settings(ctx)
		if err != nil {
			return nil, err
		}
		a.user = out.User
	}
	cfg.Password = ""
	a.cfg = cfg
	a.feed.init(cfg.Seen)
	a.ctx, a.hangUp = context.WithCancel(context.WithoutCancel(ctx))
	a.link.born = time.Now()
	sock, first, err := a.open(ctx)
	if err != nil {
		a.hangUp()
		return nil, err
	}
	a.keep(first)
	a.link.start(sock, beating(&a.link))
	a.work.Go(func() { a.run(first) })
	return a, nil
}

// Token is the session token, with which another program goes on as the same session ([AgentConfig.Token]). It is a secret.
func (a *Agent) Token() string { return a.token }

// User is who is signed in.
func (a *Agent) User() *agent.UserSummary { return a.user }

// Expiry is when the session ends by itself; zero for an agent that was begun with a Token.
func (a *Agent) Expiry() time.Time { return a.expiry }

// Snapshot is all that the agent sees, as of the last one received. It is shared and must not be changed.
func (a *Agent) Snapshot() *agent.AgentSnapshot {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.snapshot
}

// Contact is the contact in hand with that id, its own or its chat's; nil when there is none. It is shared and must not be changed.
func (a *Agent) Contact(id string) *agent.AgentContact { return contactOf(a.Snapshot(), id) }

func contactOf(s *agent.AgentSnapshot, id string) *agent.AgentContact {
	if s == nil {
		return nil
	}
	for i := range s.Contacts {
		if c := &s.Contacts[i]; c.ContactId == id || c.InitialContactId == id {
			return c
		}
	}
	return nil
}

// Remaining is how long a contact still rings, or its after-contact work lasts, by the server's clock. It is not negative; ok is
// false for a contact without a limit.
func (a *Agent) Remaining(c *agent.AgentContact) (left time.Duration, ok bool) {
	if c.Deadline == nil {
		return 0, false
	}
	return max(0, c.Deadline.Sub(a.ServerTime())), true
}

// serverClock is the server's clock, as far as it has told.
type serverClock struct {
	mu       sync.Mutex // guards what follows
	told     time.Time  // at received
	received time.Time
}

func (c *serverClock) hear(now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.told, c.received = now, time.Now()
}

// ServerTime is the time of the server, which in development mode may be moved: that of the last snapshot or [Agent.Settings], and
// what has passed since.
func (c *serverClock) ServerTime() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.told.Add(time.Since(c.received))
}

// State is Connected, Reconnecting or Closed.
func (a *Agent) State() State {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.state
}

// Seen is how far the chats in hand were received, for [AgentConfig.Seen]. What waits for Events counts as received: it yields that
// behind Close as well.
func (a *Agent) Seen() []agent.Seen {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.seen
}

// Events yields what happens, from the first on, until the agent is over or ctx ends. An error comes last: what Err returns.
// When 64 events are waiting, the agent stops reading until one is taken, and loses nothing. Each event goes to
// one loop: concurrent loops share them.
func (a *Agent) Events(ctx context.Context) iter.Seq2[*AgentEvent, error] {
	return func(yield func(*AgentEvent, error) bool) {
		for {
			select {
			case e, ok := <-a.events:
				if !ok {
					yield(nil, a.Err())
					return
				}
				if !yield(e, nil) {
					return
				}
			case <-ctx.Done():
				yield(nil, context.Cause(ctx))
				return
			}
		}
	}
}

// Done is closed when the agent is over.
func (a *Agent) Done() <-chan struct{} { return a.done }

// Err returns why the agent is over: [ErrClosed] after Close, [ErrSignedOut], [ErrReplaced], or why it could not reconnect. It is
// nil before.
func (a *Agent) Err() error {
	select {
	case <-a.done:
		return a.err
	default:
		return nil
	}
}

// Close closes the connection, and leaves the user signed in and the contacts in hand: an agent with the Token goes on. An agent
// without any stream is set Offline by the server, once nothing is in hand. It waits until everything that the agent has started
// is over, and may be called more than once.
func (a *Agent) Close() error {
	a.hangUp()
	a.link.close()
	a.work.Wait()
	return nil
}
