package parleytest

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"parley.example/parley/client"
)

// inbox is what one side of a chat has received.
type inbox struct {
	s       *Server
	contact string
	own     string // whose side it is: a participant
	over    <-chan struct{}
	why     func() error // it is over

	mu   sync.Mutex     // guards what follows
	all  []*client.Item // as they came
	read int            // how many of them have been looked at
	more chan struct{}  // closed when there is another item
}

// init makes it ready to receive, of says whose it is.
func (c *inbox) init(s *Server) { c.s, c.more = s, make(chan struct{}) }

func (c *inbox) of(contact, own string, over <-chan struct{}, why func() error) {
	c.contact, c.own, c.over, c.why = contact, own, over, why
}

func (c *inbox) received(item *client.Item) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all = append(c.all, item)
	close(c.more)
	c.more = make(chan struct{})
}

// Expect waits for the next message of somebody else, which must have the text in it, and returns it. An
// interactive message is known by its title as well.
func (c *inbox) Expect(text string) *client.Item {
	c.s.t.Helper()
	item := c.next("a message with "+quoted(text), func(i *client.Item) bool {
		return i.IsMessage() && (i.ParticipantId == nil || *i.ParticipantId != c.own)
	})
	if m, ok := item.Interactive(); !strings.Contains(item.Text(), text) && !(ok && strings.Contains(m.Data.Content.Title, text)) {
		c.s.t.Fatalf("parleytest: the next message is %s; want %s in it\n%s", quoted(item.Text()), quoted(text), c)
	}
	return item
}

// ExpectEvent waits for an event, such as [client.EventEnded], and returns it. Whatever comes before it is passed over.
func (c *inbox) ExpectEvent(event string) *client.Item {
	c.s.t.Helper()
	return c.next("the event "+event, func(i *client.Item) bool { return i.Event() == event })
}

// Items returns what has been received so far, own messages included.
func (c *inbox) Items() []*client.Item {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]*client.Item(nil), c.all...)
}

// next waits for the next item that fits, and passes over others.
func (c *inbox) next(what string, fits func(*client.Item) bool) *client.Item {
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
		case <-c.over:
			if item, _ := c.take(fits); item != nil { // it came with the end
				return item
			}
			c.s.t.Fatalf("parleytest: the chat is over (%v); want %s\n%s", errors.Join(client.ErrEnded, c.why()), what, c)
		case <-late.C:
			c.s.t.Fatalf("parleytest: nothing for %s; want %s. If time is to pass, move the clock: Server.Advance\n%s", patience, what, c)
		}
	}
}

// take returns the next item that fits, or a channel that is closed when there is another one.
func (c *inbox) take(fits func(*client.Item) bool) (*client.Item, <-chan struct{}) {
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

// String is the chat as it came, an item a line.
func (c *inbox) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "The chat %s:", c.contact)
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
