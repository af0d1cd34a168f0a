package desk_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
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

func shows(state string) func(*api.AgentSnapshot) bool {
	return func(a *api.AgentSnapshot) bool {
		return state == "" && len(a.Contacts) == 0 || len(a.Contacts) == 1 && string(a.Contacts[0].State) == state
	}
}

// An agent's stream is open at one node, and everything happens at another: the offer, what he does about it, what the customer writes, his
// status, and the end of his session. His stream shows all of it.
func TestStreamShowsWhatOtherNodesDo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		kept, shared := enginetest.Memory(t), &bus.Local{}
		var hub *desk.Hub
		start := func(name string, observers []engine.Observer, agents []engine.AgentObserver) *enginetest.Engine {
			return enginetest.Start(t, enginetest.Options{Store: kept, Node: name, Shared: true, Link: &bustest.Link{Bus: shared}, Observers: observers, Agents: agents})
		}
		two := start("two", nil, nil)
		i, err := setup.CreateInstance(t.Context(), two.Catalog, setup.NewInstance{Alias: "desks", Identity: "CONNECT_MANAGED"})
		if err != nil {
			t.Fatal(err)
		}
		snap, err := two.Catalog.Snapshot(t.Context(), string(i.ID))
		if err != nil {
			t.Fatal(err)
		}
		flow, err := publishing.CreateFlow(t.Context(), two.Catalog, i.ID, publishing.NewFlow{Name: "to the queue", Type: catalog.TypeInbound, Content: fmt.Sprintf(toQueue, catalog.All[*catalog.Queue](snap)[0].ID)})
		if err != nil {
			t.Fatal(err)
		}
		of := auth.Session{Instance: i.ID, User: "bo", ID: "one", Until: time.Now().Add(12 * time.Hour)}
		hub = desk.New(desk.Config{
			Bus: shared, Log: enginetest.NoLog, Node: "one",
			Open:  func(*http.Request) (auth.Session, error) { return of, nil },
			Admit: func(context.Context, auth.Session) error { return nil },
			Tag:   func(context.Context, center.InstanceID, center.UserID) (string, error) { return "as it was", nil },
		})
		one := start("one", []engine.Observer{hub}, []engine.AgentObserver{hub})
		hub.Catalog, hub.Clock = one.Catalog, one.Clock
		hub.Begin(one.Engine)
		defer func() {
			if err := hub.Shutdown(context.WithoutCancel(t.Context())); err != nil {
				t.Error(err)
			}
		}()
		stream := &reader{Client: sockettest.Pipe(t, hub, "/agent/stream", ""), t: t}
		stream.Send(`{"Type":"START"}`)
		stream.until("the beginning", shows(""))

		if _, err := two.Agents.Do(t.Context(), i.ID, "bo", agent.SetStatus{Status: enginetest.Available}); err != nil {
			t.Fatal(err)
		}
		stream.until("the status", func(a *api.AgentSnapshot) bool { return a.Status.Type == "ROUTABLE" })
		do := func(id center.ContactID, cmd contact.Command) contact.Reply {
			t.Helper()
			r, err := two.Do(t.Context(), id, cmd)
			if err != nil {
				t.Fatalf("%T: %v", cmd, err)
			}
			return r
		}
		id := center.NewContactID(two.Clock.Now())
		began, err := two.Start(t.Context(), contact.Start{Contact: id, Instance: i.ID, Flow: string(flow.ID), DisplayName: "Ana", ContentTypes: []string{center.PlainText}}, "")
		if err != nil {
			t.Fatal(err)
		}
		do(id, contact.Connect{Participant: began.Participant})
		do(id, contact.Offer{User: "bo", Identity: contact.Identity{DisplayName: "Bo"}, Ring: time.Minute, Slots: 3})
		stream.until("the offer", shows("CONNECTING"))
		do(id, contact.Accept{User: "bo"})
		stream.until("the acceptance", shows("CONNECTED"))
		synctest.Wait()
		for n := range 3 {
			do(id, contact.Send{Participant: began.Participant, ContentType: center.PlainText, Content: fmt.Sprint("message ", n)})
		}
		synctest.Wait() // an end may overtake what was said at another node just before it
		do(id, contact.Leave{User: "bo"})
		stream.until("the end", shows("ENDED"))
		for n := range 3 {
			if text := fmt.Sprint("message ", n); strings.Count(strings.Join(stream.items, "\n"), text) != 1 {
				t.Errorf("%q came not once: %q", text, stream.items)
			}
		}
		do(id, contact.Clear{User: "bo"})
		stream.until("the clearing", shows(""))
		if _, err := two.Agents.Do(t.Context(), i.ID, "bo", agent.SignOut{Offline: enginetest.Offline}); err != nil {
			t.Fatal(err)
		}
		for {
			op, payload, err := stream.Next()
			if err != nil || op == websocket.Close {
				if code, _ := websocket.CloseCode(payload); err != nil || code != 4401 {
					t.Errorf("after the sign-out the stream ends with %d, %v; want 4401", code, err)
				}
				break
			}
		}
		stream.Conn.Close()
	})
}
