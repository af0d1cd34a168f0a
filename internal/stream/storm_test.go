package stream_test

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"parley.example/parley/internal/bus"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
	"parley.example/parley/internal/engine/enginetest"
	"parley.example/parley/internal/flow"
	"parley.example/parley/internal/flow/machine"
	"parley.example/parley/internal/socket/sockettest"
	"parley.example/parley/internal/store"
	"parley.example/parley/internal/websocket"
)

var storms = flag.Int("storms", 0, "how many more storms to let loose, beyond those with a seed in the table")

// TestStorm lets nodes with one store, and a bus that loses, repeats and
// reorders messages, come and go while clients talk over them, who repeat
// requests elsewhere and give up waiting. What is promised holds all the same.
func TestStorm(t *testing.T) {
	seeds := []uint64{1, 2, 3, 4}
	for i := range *storms {
		seeds = append(seeds, 1000+uint64(i))
	}
	for _, seed := range seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { newStorm(t, seed).run() })
		})
	}
}

const (
	instance = center.InstanceID("11111111-1111-4111-8111-111111111111")
	quota    = 40 // of active chats
	clients  = 12
	turns    = 80 // of each client
)

// The flows: one asks a function, says what it answered and has the contact wait in a
// queue, from which it is passed on, as a new contact, every twenty seconds.
var flows = map[string]string{
	"greet": enginetest.Greet,
	"main": `{"Version":"2019-10-30","StartAction":"a","Actions":[
 {"Identifier":"a","Type":"InvokeLambdaFunction","Parameters":{"LambdaFunctionARN":"f","InvocationTimeLimitSeconds":"8"},"Transitions":{"NextAction":"b","Errors":[{"NextAction":"c","ErrorType":"NoMatchingError"}]}},
 {"Identifier":"b","Type":"MessageParticipant","Parameters":{"Text":"It is $.External.it"},"Transitions":{"NextAction":"t"}},
 {"Identifier":"c","Type":"MessageParticipant","Parameters":{"Text":"It failed"},"Transitions":{"NextAction":"t"}},
 {"Identifier":"t","Type":"UpdateContactTargetQueue","Parameters":{"QueueId":"sales"},"Transitions":{"NextAction":"q","Errors":[{"NextAction":"w","ErrorType":"NoMatchingError"}]}},
 {"Identifier":"q","Type":"TransferContactToQueue","Parameters":{},"Transitions":{"Errors":[{"NextAction":"w","ErrorType":"QueueAtCapacity"},{"NextAction":"w","ErrorType":"NoMatchingError"}]}},
 {"Identifier":"w","Type":"Wait","Parameters":{"TimeLimitSeconds":"604800"},"Transitions":{"NextAction":"d","Conditions":[{"NextAction":"d","Condition":{"Operator":"Equals","Operands":["WaitCompleted"]}}],"Errors":[{"NextAction":"d","ErrorType":"NoMatchingError"}]}},
 {"Identifier":"d","Type":"DisconnectParticipant","Parameters":{},"Transitions":{}}]}`,
	"CUSTOMER_QUEUE": `{"Version":"2019-10-30","StartAction":"w","Actions":[
 {"Identifier":"w","Type":"Wait","Parameters":{"TimeLimitSeconds":"20"},"Transitions":{"NextAction":"p","Conditions":[{"NextAction":"p","Condition":{"Operator":"Equals","Operands":["WaitCompleted"]}}],"Errors":[{"NextAction":"p","ErrorType":"NoMatchingError"}]}},
 {"Identifier":"p","Type":"DequeueContactAndTransferToQueue","Parameters":{"QueueId":"help"},"Transitions":{"NextAction":"e","Errors":[{"NextAction":"e","ErrorType":"QueueAtCapacity"},{"NextAction":"e","ErrorType":"NoMatchingError"}]}},
 {"Identifier":"e","Type":"EndFlowExecution","Parameters":{},"Transitions":{}}]}`,
}

// storm is one run.
type storm struct {
	*testing.T
	store   store.Store
	bus     bus.Local
	catalog enginetest.Flows
	failing atomic.Bool   // the store cannot write some of the changes
	lag     time.Duration // how long changes are on their way to the store, at most

	mu      sync.Mutex // guards what follows
	rand    *rand.Rand
	members []*member // those that are alive
	chats   []*talk
	ending  bool
}

// turn is a mutex for which virtual time goes on while somebody waits: the check holds it while it reads from stores that
// take time to answer.
type turn chan struct{}

func (t turn) Lock()   { t <- struct{}{} }
func (t turn) Unlock() { <-t }

// talk is a chat and what was acknowledged of it.
type talk struct {
	id  center.ContactID
	ana center.ParticipantID

	mu         turn // guards what follows
	messages   map[string]*message
	order      [][]string        // texts of each client, in the order in which they were acknowledged
	attributes map[string]string // acknowledged
	tags       map[center.ContactID][]string
	streams    []string // acknowledged
	sockets    []*listener
}

// message is one that a client sent.
type message struct {
	item    center.ItemID // "" while it is not acknowledged
	streams []string      // those that were acknowledged before it was sent
}

func newStorm(t *testing.T, seed uint64) *storm {
	s := &storm{T: t, store: enginetest.Memory(t), catalog: enginetest.ParseFlows(t, flows), rand: rand.New(rand.NewPCG(seed, 0))}
	s.lag = time.Duration(1+s.n(30)) * time.Millisecond
	s.catalog.Queues = map[string]machine.Queue{
		"sales": {ID: "sales", ARN: "arn:sales", Name: "Sales", Max: 3}, "help": {ID: "help", ARN: "arn:help", Name: "Help", Max: -1},
	}
	return s
}

// n returns a random number below limit.
func (s *storm) n(limit int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.rand.IntN(limit)
}

// someone returns a node that is alive.
func (s *storm) someone() *member {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.members[s.rand.IntN(len(s.members))]
}

// pause lets up to most pass, in steps, so that clients do things at the same moment.
func (s *storm) pause(most time.Duration) {
	const step = 10 * time.Millisecond
	time.Sleep(step * time.Duration(s.n(1+int(most/step)))) // of the bubble's clock
}

func (s *storm) run() {
	for i := range 3 {
		s.members = append(s.members, s.join(fmt.Sprintf("n%d", i)))
	}
	time.Sleep(time.Second)
	for i := range 1 + s.n(8) { // one in a few storms is about one chat
		s.begin(i)
	}
	s.failing.Store(s.n(3) == 0)
	weather, calm := context.WithCancel(s.Context())
	var sky, crowd sync.WaitGroup
	sky.Go(func() { s.weather(weather) })
	for n := range clients {
		crowd.Go(func() { s.client(n) })
	}
	crowd.Wait()
	calm()
	sky.Wait()
	s.failing.Store(false)
	for _, m := range s.members {
		m.link.Break(nil)
	}
	time.Sleep(2 * time.Minute) // leases expire, effects are taken over and end, gaps are repaired
	synctest.Wait()
	s.check()
	s.finish()
}

// begin starts a chat, with one socket or two; one in three has a message processor.
func (s *storm) begin(i int) {
	m := s.someone()
	name := []string{"greet", "main"}[i%2]
	r, err := m.engine.Start(s.Context(), contact.Start{Instance: instance, Contact: center.NewContactID(time.Now()), Flow: name, DisplayName: "Ana"}, "")
	if err != nil {
		s.Fatalf("Start: %v", err)
	}
	c := &talk{id: r.Contact, ana: r.Participant, mu: make(turn, 1), messages: map[string]*message{}, order: make([][]string, clients),
		attributes: map[string]string{}, tags: map[center.ContactID][]string{}}
	s.chats = append(s.chats, c)
	if i%3 == 0 {
		if _, err := m.engine.Do(s.Context(), c.id, contact.SetProcessor{Processor: &flow.Processor{Function: "p", Deliver: true}}); err != nil {
			s.Fatalf("SetProcessor: %v", err)
		}
	}
	for range 1 + i%2 {
		go s.listen(c)
	}
}

// weather breaks links and lets nodes die, stop, hang and join.
func (s *storm) weather(ctx context.Context) {
	for next := len(s.members); ; {
		select {
		case <-time.After(time.Duration(500+s.n(6000)) * time.Millisecond):
		case <-ctx.Done():
			return
		}
		s.checkTimers()
		m := s.someone()
		switch s.n(8) {
		case 0, 1: // it is replaced
			s.mu.Lock()
			s.members = slices.DeleteFunc(s.members, func(other *member) bool { return other == m })
			alone := len(s.members) == 0
			s.mu.Unlock()
			if !alone {
				m.leave(s.n(2) == 0)
				s.pause(5 * time.Second)
			}
			fresh := s.join(fmt.Sprintf("n%d", next))
			next++
			s.mu.Lock()
			s.members = append(s.members, fresh)
			s.mu.Unlock()
			if alone {
				m.leave(true)
			}
		case 2: // it hangs, as far as its leases go
			m.cut.off.Store(true)
			time.AfterFunc(time.Duration(s.n(20000))*time.Millisecond, func() { m.cut.off.Store(m.dead.Load()) })
		default:
			m.link.Break(s.fault())
		}
	}
}

// client talks in all chats.
func (s *storm) client(n int) {
	for turn := range turns {
		s.pause(time.Duration(1+s.n(4)*s.n(4)) * 500 * time.Millisecond)
		s.mu.Lock()
		c := s.chats[s.rand.IntN(len(s.chats))]
		s.mu.Unlock()
		key := fmt.Sprintf("%d-%d", n, turn)
		switch k := s.n(40); {
		case k < 20:
			s.say(c, n, key)
		case k < 26:
			s.attribute(c, key)
		case k < 31:
			s.tag(c, key)
		case k < 33:
			s.streamTo(c, key)
		case k < 36:
			s.bot(c, key)
		case k < 39:
			if _, err := s.do(c, s.someone(), contact.Signal{Participant: c.ana, ContentType: center.EventTyping}); err != nil {
				s.fine(err)
			}
		default:
			if turn > turns*3/4 && s.n(4) == 0 {
				end := []contact.Command{contact.Stop{}, contact.Disconnect{Participant: c.ana, ClientToken: key}}[s.n(2)]
				if _, err := s.do(c, s.someone(), end); err != nil {
					s.fine(err)
				}
			}
		}
	}
}

// do gives a chat a command, sometimes without much patience.
func (s *storm) do(c *talk, m *member, cmd contact.Command) (contact.Reply, error) {
	ctx := s.Context()
	if s.n(10) == 0 {
		hasty, cancel := context.WithTimeout(ctx, time.Duration(s.n(8))*time.Millisecond)
		defer cancel()
		ctx = hasty
	}
	return m.engine.Do(ctx, c.id, cmd)
}

// fine fails the test unless an error is one that clients have to expect.
func (s *storm) fine(err error) {
	switch center.ReasonOf(err) {
	case center.Denied, center.Gone, center.Throttled, center.Unavailable, center.Conflict, center.BadRequest, center.NotFound, center.QuotaExceeded, center.LimitExceeded:
		return
	}
	if errors.Is(err, errDisk) && s.failing.Load() {
		return
	}
	if err != context.DeadlineExceeded && err != context.Canceled {
		s.Errorf("a client was answered %v", err)
	}
}

// say sends a message, and repeats it on other nodes: always when it was not
// acknowledged, and sometimes when it was.
func (s *storm) say(c *talk, n int, text string) {
	c.mu.Lock()
	sent := &message{streams: slices.Clone(c.streams)}
	c.messages[text] = sent
	c.mu.Unlock()
	send := contact.Send{Participant: c.ana, ContentType: center.PlainText, Content: text, ClientToken: text}
	again := s.n(3)
	for range 5 {
		r, err := s.do(c, s.someone(), send)
		if err != nil {
			s.fine(err)
			continue
		}
		c.mu.Lock()
		switch {
		case sent.item == "":
			sent.item = r.Item
			c.order[n] = append(c.order[n], text)
		case sent.item != r.Item:
			s.Errorf("%s was answered with the item %s, then %s", text, sent.item, r.Item)
		}
		c.mu.Unlock()
		if again--; again <= 0 {
			return
		}
		s.pause(10 * time.Second / time.Duration(1+s.n(1000)))
	}
}

// attribute sets an attribute, and reads it on another node.
func (s *storm) attribute(c *talk, key string) {
	value := key
	if _, err := s.do(c, s.someone(), contact.SetAttributes{Attributes: map[string]string{key: value}}); err != nil {
		s.fine(err)
		return
	}
	c.mu.Lock()
	c.attributes[key] = value
	c.mu.Unlock()
	m := s.someone()
	if state, err := m.engine.State(s.Context(), c.id); err != nil || state.Attributes[key] != value {
		s.Errorf("%s reads the attribute %s as %q, %v", m.name, key, state.Attributes[key], err)
	}
}

// tag tags any contact of the chain.
func (s *storm) tag(c *talk, key string) {
	state, err := s.someone().engine.State(s.Context(), c.id)
	if err != nil {
		s.Errorf("State: %v", err)
		return
	}
	chain := state.Chain()
	id := chain[s.n(len(chain))].ID
	if _, err := s.do(c, s.someone(), contact.Tag{Contact: id, Set: map[string]string{key: "v"}}); err != nil {
		s.fine(err)
		return
	}
	c.mu.Lock()
	c.tags[id] = append(c.tags[id], key)
	c.mu.Unlock()
}

func (s *storm) streamTo(c *talk, key string) {
	r, err := s.do(c, s.someone(), contact.StartStreaming{Endpoint: "e", ClientToken: key})
	if err != nil {
		s.fine(err)
		return
	}
	c.mu.Lock()
	c.streams = append(c.streams, r.ID)
	c.mu.Unlock()
}

// bot is a custom participant that comes, speaks and goes, each on some node.
func (s *storm) bot(c *talk, key string) {
	r, err := s.do(c, s.someone(), contact.AddParticipant{ClientToken: key})
	for _, cmd := range []contact.Command{
		contact.Connect{Participant: r.Participant},
		contact.Send{Participant: r.Participant, ContentType: center.PlainText, Content: "bot " + key, ClientToken: key},
		contact.Disconnect{Participant: r.Participant, ClientToken: key},
	} {
		if err != nil {
			s.fine(err)
			return
		}
		s.pause(time.Second)
		_, err = s.do(c, s.someone(), cmd)
	}
}

// listener is one socket of a chat, from its handshake to its end.
type listener struct {
	by    string
	seqs  []int64
	ended bool
}

// listen keeps a socket of a chat open, on one node after the other.
func (s *storm) listen(c *talk) {
	for {
		s.pause(3 * time.Second)
		s.mu.Lock()
		over := s.ending
		s.mu.Unlock()
		if over {
			return
		}
		m := s.someone()
		conn, refusal := sockettest.TryPipe(s, m.hub, "/?token="+string(c.id)+"/"+string(c.ana), "")
		if refusal != nil {
			if refusal.Code == 403 || refusal.Code == 410 {
				return
			}
			continue
		}
		l := &listener{by: m.name}
		c.mu.Lock()
		c.sockets = append(c.sockets, l)
		c.mu.Unlock()
		s.read(c, l, sockettest.NewClient(s.T, conn))
	}
}

// read subscribes and notes the items that come.
func (s *storm) read(c *talk, l *listener, client *sockettest.Client) {
	defer client.Conn.Close()
	defer func() {
		c.mu.Lock()
		l.ended = true
		c.mu.Unlock()
	}()
	if head, err := client.Reader.ReadString('\n'); err != nil || !strings.Contains(head, "101") {
		return // its node is gone
	}
	for {
		line, err := client.Reader.ReadString('\n')
		if err != nil {
			return
		}
		if line == "\r\n" {
			break
		}
	}
	if _, err := client.Conn.Write(sockettest.Texts(`{"topic":"aws/subscribe","content":{"topics":["aws/chat"]}}`)); err != nil {
		return
	}
	for {
		op, payload, err := client.Next()
		if err != nil {
			return
		}
		if op == websocket.Close {
			client.Conn.Write(sockettest.Frame(op, payload[:min(2, len(payload))]))
			continue
		}
		var frame struct{ Content string }
		var item struct {
			ID center.ItemID `json:"Id"`
		}
		if json.Unmarshal(payload, &frame) != nil || json.Unmarshal([]byte(frame.Content), &item) != nil {
			continue // an answer
		}
		if seq, ok := item.ID.Seq(); ok && seq > 0 {
			c.mu.Lock()
			l.seqs = append(l.seqs, seq)
			c.mu.Unlock()
		}
	}
}
