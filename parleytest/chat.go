package parleytest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"parley.example/parley/api/connect"
	"parley.example/parley/client"
	"parley.example/parley/client/connectcall"
)

// patience is how long a chat waits for what it expects, in real time. It is long, for a test that is right
// never waits for it, and machines that run tests are busy.
const patience = 30 * time.Second

// Chat is a customer in a chat. The session is the customer's: it receives, sends and answers; its Items
// has nothing, for the chat reads them.
type Chat struct {
	*client.Session
	ContactID     string
	ParticipantID string // the customer's

	s *Server

	mu   sync.Mutex     // guards what follows
	all  []*client.Item // as they came
	read int            // how many of them have been looked at
	more chan struct{}  // closed when there is another item
}

// Chat starts a chat for the customer Ana with a flow and joins it. With changes the request is another:
//
//	s.Chat(flow, func(r connectcall.StartChatContact) connectcall.StartChatContact {
//		return r.Attribute("tier", "gold")
//	})
func (s *Server) Chat(flow string, change ...func(connectcall.StartChatContact) connectcall.StartChatContact) *Chat {
	s.t.Helper()
	request := s.Client.StartChatContact().InstanceID(s.Instance).ContactFlowID(flow).
		ParticipantDetails(connect.ParticipantDetails{DisplayName: "Ana"})
	for _, f := range change {
		request = f(request)
	}
	c := &Chat{s: s, more: make(chan struct{})}
	session, out, err := s.Client.Start(s.t.Context(), request, client.SessionConfig{OnItem: c.received})
	if err != nil {
		s.t.Fatalf("parleytest: no chat: %v", err)
	}
	s.t.Cleanup(func() { session.Close() })
	c.Session, c.ContactID, c.ParticipantID = session, *out.ContactId, *out.ParticipantId
	return c
}

func (c *Chat) received(item *client.Item) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all = append(c.all, item)
	close(c.more)
	c.more = make(chan struct{})
}

// Say sends a text.
func (c *Chat) Say(text string) {
	c.s.t.Helper()
	ctx, cancel := context.WithTimeout(c.s.t.Context(), patience)
	defer cancel()
	if _, err := c.Send(ctx, text); err != nil {
		c.s.t.Fatalf("parleytest: %q is not sent: %v\n%s", text, err, c)
	}
}

// Expect waits for the next message of somebody else, which must have the text in it, and returns it. An
// interactive message is known by its title as well.
func (c *Chat) Expect(text string) *client.Item {
	c.s.t.Helper()
	item := c.next("a message with "+quoted(text), func(i *client.Item) bool {
		return i.IsMessage() && (i.ParticipantId == nil || *i.ParticipantId != c.ParticipantID)
	})
	if m, ok := item.Interactive(); !strings.Contains(item.Text(), text) && !(ok && strings.Contains(m.Data.Content.Title, text)) {
		c.s.t.Fatalf("parleytest: the next message is %s; want %s in it\n%s", quoted(item.Text()), quoted(text), c)
	}
	return item
}

// ExpectEvent waits for an event, such as [client.EventEnded], and returns it. Whatever comes before it is passed over.
func (c *Chat) ExpectEvent(event string) *client.Item {
	c.s.t.Helper()
	return c.next("the event "+event, func(i *client.Item) bool { return i.Event() == event })
}

// Items returns what the customer has received so far, own messages included.
func (c *Chat) Items() []*client.Item {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]*client.Item(nil), c.all...)
}

// next waits for the next item that fits, and passes over others.
func (c *Chat) next(what string, fits func(*client.Item) bool) *client.Item {
	c.s.t.Helper()
	late := time.NewTimer(patience)
	defer late.Stop()
	for {
		item, more := c.take(fits)
		if item != nil {
			return item
		}
		select {
		case <-more:
			continue
		case <-c.Done():
			if item, _ := c.take(fits); item != nil { // it came with the end
				return item
			}
			c.s.t.Fatalf("parleytest: the chat is over (%v); want %s\n%s", errors.Join(client.ErrEnded, c.Err()), what, c)
		case <-late.C:
			c.s.t.Fatalf("parleytest: nothing for %s; want %s. If time is to pass, move the clock: Server.Advance\n%s", patience, what, c)
		}
	}
}

// take returns the next item that fits, or a channel that is closed when there is another one.
func (c *Chat) take(fits func(*client.Item) bool) (*client.Item, <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.read < len(c.all) {
		item := c.all[c.read]
		c.read++
		if fits(item) {
			return item, nil
		}
	}
	return nil, c.more
}

// String is the chat as the customer sees it, an item a line.
func (c *Chat) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "The chat %s:", c.ContactID)
	items := c.Items()
	for _, i := range items {
		what := quoted(i.Text())
		if event := i.Event(); event != "" {
			what = "(" + event + ")"
		} else if len(i.Attachments) > 0 && i.Attachments[0].AttachmentName != nil {
			what = "[" + *i.Attachments[0].AttachmentName + "]"
		}
		fmt.Fprintf(&b, "\n  %s %s", i.Name(), what)
	}
	if len(items) == 0 {
		b.WriteString(" nothing has come.")
	}
	return b.String()
}

// quoted quotes a text, shortened.
func quoted(text string) string {
	const most = 200
	if r := []rune(text); len(r) > most {
		text = string(r[:most]) + "…"
	}
	return fmt.Sprintf("%q", text)
}
