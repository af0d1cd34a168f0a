package desk_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	api "parley.example/parley/api/agent"
	"parley.example/parley/api/restjson"
	"parley.example/parley/internal/agent"
	"parley.example/parley/internal/agentapi/desk"
	"parley.example/parley/internal/auth"
	"parley.example/parley/internal/bus"
	"parley.example/parley/internal/bus/bustest"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/catalog/publishing"
	"parley.example/parley/internal/catalog/setup"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
	"parley.example/parley/internal/engine"
	"parley.example/parley/internal/engine/enginetest"
	"parley.example/parley/internal/socket/sockettest"
	"parley.example/parley/internal/store"
	"parley.example/parley/internal/websocket"
)

// toQueue puts a chat into a queue.
const toQueue = `{"Version":"2019-10-30","StartAction":"a","Actions":[
 {"Identifier":"a","Type":"UpdateContactTargetQueue","Parameters":{"QueueId":%q},"Transitions":{"NextAction":"b","Errors":[{"NextAction":"c","ErrorType":"NoMatchingError"}]}},
 {"Identifier":"b","Type":"TransferContactToQueue","Parameters":{},"Transitions":{"NextAction":"c","Errors":[{"NextAction":"c","ErrorType":"QueueAtCapacity"},{"NextAction":"c","ErrorType":"NoMatchingError"}]}},
 {"Identifier":"c","Type":"DisconnectParticipant","Parameters":{},"Transitions":{}}]}`

// reader reads the frames of a stream.
type reader struct {
	*sockettest.Client
	t     *testing.T
	items []string
}

// until reads frames up to a snapshot that is as it should be.
func (r *reader) until(what string, is func(a *api.AgentSnapshot) bool) {
	r.t.Helper()
	for range 50 {
		op, payload, err := r.Next()
		if err != nil || op != websocket.Text {
			r.t.Fatalf("%s: the next frame is %x %q, %v", what, op, payload, err)
		}
		var f api.Frame
		if err := restjson.Unmarshal(payload, &f); err != nil {
			r.t.Fatal(err)
		}
		switch {
		case f.Type == api.FrameItem:
			r.items = append(r.items, string(f.Frame))
		case f.Type == api.FrameSnapshot && is(f.Snapshot):
			return
		}
	}
	r.t.Fatalf("%s: no snapshot shows it", what)
}

// hears reads frames up to an item.
func (r *reader) hears(text string) {
	r.t.Helper()
	for range 50 {
		if n := len(r.items); n > 0 && strings.Contains(r.items[n-1], text) {
			return
		}
		op, payload, err := r.Next()
		if err != nil || op != websocket.Text {
			r.t.Fatalf("%s: the next frame is %x %q, %v", text, op, payload, err)
		}
		var f api.Frame
		if err := restjson.Unmarshal(payload, &f); err != nil {
			r.t.Fatal(err)
		}
		if f.Type == api.FrameItem {
			r.items = append(r.items, string(f.Frame))
		}
	}
	r.t.Fatalf("%s has not come", text)
}

func shows(state string) func(*api.AgentSnapshot) bool {
	return func(a *api.AgentSnapshot) bool {
		return state == "" && len(a.Contacts) == 0 || len(a.Contacts) == 1 && string(a.Contacts[0].State) == state
	}
}

// scene is an agent whose stream is open at one node, while everything happens at another.
type scene struct {
	t        *testing.T
	one, two *enginetest.Engine // the hub's node, and the other
	at       *enginetest.Engine // where commands are given
	hub      *desk.Hub
	link     *bustest.Link // by which the hub hears
	instance center.InstanceID
	flow     center.FlowID // to the agent's queue
	stream   *reader
	read     atomic.Pointer[func()] // happens once, when the hub's node has read a chat
}

// reads is the store of the hub's node.
type reads struct {
	store.Store
	s *scene
}

func (r *reads) Chat(ctx context.Context, id center.ContactID) (store.Head, error) {
	head, err := r.Store.Chat(ctx, id)
	if happens := r.s.read.Swap(nil); happens != nil {
		(*happens)()
	}
	return head, err
}

// inScene plays in a bubble, with the stream begun and the agent available.
func inScene(t *testing.T, play func(s *scene)) {
	synctest.Test(t, func(t *testing.T) {
		kept, shared := enginetest.Memory(t), &bus.Local{}
		s := &scene{t: t, link: &bustest.Link{Bus: shared}}
		start := func(name string, kept store.Store, observers []engine.Observer, agents []engine.AgentObserver) *enginetest.Engine {
			return enginetest.Start(t, enginetest.Options{Store: kept, Node: name, Shared: true, Link: &bustest.Link{Bus: shared}, Observers: observers, Agents: agents})
		}
		s.two = start("two", kept, nil, nil)
		i, err := setup.CreateInstance(t.Context(), s.two.Catalog, setup.NewInstance{Alias: "desks", Identity: "CONNECT_MANAGED"})
		if err != nil {
			t.Fatal(err)
		}
		s.instance = i.ID
		snap, err := s.two.Catalog.Snapshot(t.Context(), string(i.ID))
		if err != nil {
			t.Fatal(err)
		}
		flow, err := publishing.CreateFlow(t.Context(), s.two.Catalog, i.ID, publishing.NewFlow{Name: "to the queue", Type: catalog.TypeInbound, Content: fmt.Sprintf(toQueue, catalog.All[*catalog.Queue](snap)[0].ID)})
		if err != nil {
			t.Fatal(err)
		}
		s.flow = flow.ID
		of := auth.Session{Instance: i.ID, User: "bo", ID: "one", Until: time.Now().Add(12 * time.Hour)}
		s.hub = desk.New(desk.Config{
			Bus: s.link, Log: enginetest.NoLog, Node: "one", Shared: true,
			Open:  func(*http.Request) (auth.Session, error) { return of, nil },
			Admit: func(context.Context, auth.Session) error { return nil },
			Tag:   func(context.Context, center.InstanceID, center.UserID) (string, error) { return "as it was", nil },
		})
		one := start("one", &reads{kept, s}, []engine.Observer{s.hub}, []engine.AgentObserver{s.hub})
		s.one, s.at = one, s.two
		s.hub.Catalog, s.hub.Clock = one.Catalog, one.Clock
		s.hub.Begin(one.Engine)
		defer func() {
			if err := s.hub.Shutdown(context.WithoutCancel(t.Context())); err != nil {
				t.Error(err)
			}
		}()
		s.stream = &reader{Client: sockettest.Pipe(t, s.hub, "/agent/stream", ""), t: t}
		s.stream.Send(`{"Type":"START"}`)
		s.stream.until("the beginning", shows(""))
		if _, err := s.two.Agents.Do(t.Context(), i.ID, "bo", agent.SetStatus{Status: enginetest.Available}); err != nil {
			t.Fatal(err)
		}
		s.stream.until("the status", func(a *api.AgentSnapshot) bool { return a.Status.Type == "ROUTABLE" })
		play(s)
		s.stream.Conn.Close()
	})
}

// do gives a chat a command.
func (s *scene) do(id center.ContactID, cmd contact.Command) {
	s.t.Helper()
	if _, err := s.at.Do(s.t.Context(), id, cmd); err != nil {
		s.t.Fatalf("%T: %v", cmd, err)
	}
}

// ring starts a chat that rings at the agent.
func (s *scene) ring() (id center.ContactID, customer center.ParticipantID) {
	s.t.Helper()
	id = center.NewContactID(s.at.Clock.Now())
	began, err := s.at.Start(s.t.Context(), contact.Start{Contact: id, Instance: s.instance, Flow: string(s.flow), DisplayName: "Ana", ContentTypes: []string{center.PlainText}}, "")
	if err != nil {
		s.t.Fatal(err)
	}
	s.do(id, contact.Connect{Participant: began.Participant})
	s.do(id, contact.Offer{User: "bo", Identity: contact.Identity{DisplayName: "Bo"}, Ring: time.Minute, Slots: 3})
	return id, began.Participant
}

// say has the customer send messages.
func (s *scene) say(id center.ContactID, customer center.ParticipantID, texts ...string) {
	s.t.Helper()
	for _, text := range texts {
		s.do(id, contact.Send{Participant: customer, ContentType: center.PlainText, Content: text})
	}
}

// want checks that the stream has had each text once.
func (s *scene) want(texts ...string) {
	s.t.Helper()
	for _, text := range texts {
		if strings.Count(strings.Join(s.stream.items, "\n"), text) != 1 {
			s.t.Errorf("%q came not once in %d items", text, len(s.stream.items))
		}
	}
}

// An agent's stream is open at one node, and everything happens at another: the offer, what he does about it, what the customer writes, his
// status, and the end of his session. His stream shows all of it.
func TestStreamShowsWhatOtherNodesDo(t *testing.T) {
	inScene(t, func(s *scene) {
		id, ana := s.ring()
		s.stream.until("the offer", shows("CONNECTING"))
		s.do(id, contact.Accept{User: "bo"})
		s.stream.until("the acceptance", shows("CONNECTED"))
		synctest.Wait()
		s.say(id, ana, "message 0", "message 1", "message 2")
		synctest.Wait() // an end may overtake what was said at another node just before it
		s.do(id, contact.Leave{User: "bo"})
		s.stream.until("the end", shows("ENDED"))
		s.want("message 0", "message 1", "message 2")
		s.do(id, contact.Clear{User: "bo"})
		s.stream.until("the clearing", shows(""))
		if _, err := s.two.Agents.Do(s.t.Context(), s.instance, "bo", agent.SignOut{Offline: enginetest.Offline}); err != nil {
			t.Fatal(err)
		}
		for {
			op, payload, err := s.stream.Next()
			if err != nil || op == websocket.Close {
				if code, _ := websocket.CloseCode(payload); err != nil || code != 4401 {
					t.Errorf("after the sign-out the stream ends with %d, %v; want 4401", code, err)
				}
				break
			}
		}
	})
}

// TestAcceptedWhileTheDeskIsRead: a chat that is accepted at another node while a stream begins, and its desk has read that it rings, is followed from
// the acceptance on.
func TestAcceptedWhileTheDeskIsRead(t *testing.T) {
	inScene(t, func(s *scene) {
		id, ana := s.ring()
		s.stream.until("the offer", shows("CONNECTING"))
		s.stream.Conn.Close()
		synctest.Wait() // the desk has gone with its stream
		accept := func() {
			s.do(id, contact.Accept{User: "bo"})
			s.say(id, ana, "right after")
			time.Sleep(time.Second) // of the bubble's clock: the client has begun by then
		}
		s.read.Store(&accept)
		s.stream = &reader{Client: sockettest.Pipe(s.t, s.hub, "/agent/stream", ""), t: s.t}
		s.stream.Send(`{"Type":"START"}`)
		s.stream.until("the acceptance", shows("CONNECTED"))
		s.say(id, ana, "later")
		s.stream.hears("later")
		s.want("right after", "later")
	})
}

// TestAcceptedHereWhileTheDeskIsRead: a chat whose ring the desk has not heard of, and that is accepted at the stream's own node while what another has changed is
// being read, is followed from the acceptance on.
func TestAcceptedHereWhileTheDeskIsRead(t *testing.T) {
	inScene(t, func(s *scene) {
		s.ring()
		s.stream.until("the offer", shows("CONNECTING"))
		var id center.ContactID
		var ana center.ParticipantID
		accept := func() {
			s.link.Break(bustest.Lose)
			id, ana = s.ring()
			time.Sleep(time.Second) // of the bubble's clock
			s.at = s.one
			s.do(id, contact.Accept{User: "bo"})
			s.say(id, ana, "right after")
		}
		s.read.Store(&accept)
		synctest.Wait()
		s.hub.Refresh("bo")
		s.stream.until("the acceptance", func(a *api.AgentSnapshot) bool {
			return len(a.Contacts) == 2 && (a.Contacts[0].State == "CONNECTED" || a.Contacts[1].State == "CONNECTED")
		})
		s.say(id, ana, "later")
		s.stream.hears("later")
		s.want("participant.joined", "right after", "later")
	})
}

// TestAcceptedUnheard: a chat whose acceptance at another node the desk has not heard of, and that something else is then done to here, is followed from the
// acceptance on.
func TestAcceptedUnheard(t *testing.T) {
	inScene(t, func(s *scene) {
		id, ana := s.ring()
		s.stream.until("the offer", shows("CONNECTING"))
		s.link.Break(bustest.Lose)
		time.Sleep(time.Second) // of the bubble's clock
		s.do(id, contact.Accept{User: "bo"})
		s.say(id, ana, "right after")
		s.at = s.one
		s.do(id, contact.SetAttributes{Attributes: map[string]string{"a": "b"}})
		s.stream.until("the acceptance", shows("CONNECTED"))
		s.say(id, ana, "later")
		s.stream.hears("later")
		s.want("participant.joined", "right after", "later")
	})
}

// TestVersionsGoOn: snapshots have higher versions than what the client has had of a node whose clock is ahead, by as much as clocks may differ.
func TestVersionsGoOn(t *testing.T) {
	inScene(t, func(s *scene) {
		s.stream.Conn.Close()
		synctest.Wait()
		now := s.one.Clock.Now()
		for _, c := range []struct {
			seen  int64
			above int64 // what the first snapshot is numbered above
			below int64
		}{
			{now.Add(time.Hour).UnixMicro(), 0, now.Add(time.Hour).UnixMicro()},
			{now.Add(time.Second).UnixMicro(), now.Add(time.Second).UnixMicro(), now.Add(time.Minute).UnixMicro()},
		} {
			s.stream = &reader{Client: sockettest.Pipe(s.t, s.hub, "/agent/stream", ""), t: s.t}
			s.stream.Send(fmt.Sprintf(`{"Type":"START","Version":%d}`, c.seen))
			s.stream.until("the first snapshot", func(a *api.AgentSnapshot) bool {
				if a.Version <= c.above || a.Version >= c.below {
					t.Errorf("to a client that has seen %d the first snapshot is %d; want one between %d and %d", c.seen, a.Version, c.above, c.below)
				}
				return true
			})
			s.stream.Conn.Close()
			synctest.Wait()
		}
	})
}

// TestStreamWithoutNotices: when no notice arrives, what is said in chats in hand, and what becomes of them, comes within seconds all the same, and a
// ring when the router has found it; from the acceptance on everything is there, once.
func TestStreamWithoutNotices(t *testing.T) {
	inScene(t, func(s *scene) {
		s.link.Break(bustest.Lose)
		id, ana := s.ring()
		time.Sleep(time.Second) // of the bubble's clock
		s.do(id, contact.Accept{User: "bo"})
		s.say(id, ana, "right after")
		s.hub.Refresh("bo") // the router looks every few seconds
		s.stream.until("the acceptance", shows("CONNECTED"))
		s.say(id, ana, "message 0", "message 1")
		s.stream.hears("message 1")
		s.say(id, ana, "message 2")
		s.stream.hears("message 2")
		s.do(id, contact.Leave{User: "bo"})
		s.stream.until("the end", shows("ENDED"))
		s.want("joined", "right after", "message 0", "message 1", "message 2")
		s.do(id, contact.Clear{User: "bo"})
		s.stream.until("the clearing", shows(""))
	})
}
