package bustest

import (
	"fmt"
	"reflect"
	"slices"
	"testing"

	"parley.example/parley/internal/bus"
)

// Nodes are the buses of two nodes, which are one bus in one process.
type Nodes struct {
	A, B bus.Bus
	// Settle returns when the bus has what both have published, subscribed and
	// unsubscribed until now. Nil when there is nothing to wait for.
	Settle func()
}

// Run holds a bus to the contract, on which nothing is lost, doubled or reordered on purpose. open makes two nodes for each case.
func Run(t *testing.T, open func(*testing.T) Nodes) {
	for _, c := range []struct {
		name string
		run  func(*testing.T, Nodes)
	}{
		{"everything arrives once and in order", inOrder},
		{"a node's own subscribers are called within Publish", within},
		{"every member arrives", members},
		{"subjects are apart", apart},
		{"the last subscriber of a subject ends it", last},
		{"a subscription ends within a call", during},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := open(t)
			if n.Settle == nil {
				n.Settle = func() {}
			}
			c.run(t, n)
		})
	}
}

// inbox is a subscriber that a test can wait for.
type inbox chan bus.Message

func subscribe(on bus.Bus, subject bus.Subject) (inbox, *bus.Subscription) {
	in := make(inbox, 1024)
	s := &bus.Subscription{Subject: subject, Receive: func(m bus.Message) { in <- m }}
	on.Subscribe(s)
	return in, s
}

// until returns the versions up to that one, in the order in which they came. The test waits for it.
func (in inbox) until(version int64) (got []int64) {
	for {
		m := <-in
		if got = append(got, m.Version); m.Version == version {
			return got
		}
	}
}

// now returns the versions that are there.
func (in inbox) now() (got []int64) {
	for {
		select {
		case m := <-in:
			got = append(got, m.Version)
		default:
			return got
		}
	}
}

func publish(on bus.Bus, subject bus.Subject, versions ...int64) {
	for _, v := range versions {
		on.Publish(bus.Message{Subject: subject, Version: v})
	}
}

func versions(n int64) (all []int64) {
	for i := range n {
		all = append(all, i+1)
	}
	return all
}

func same(t *testing.T, what string, got []int64, want ...int64) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s received %d; want %d", what, got, want)
	}
}

func inOrder(t *testing.T, n Nodes) {
	one, two := bus.Chat("one"), bus.Chat("two")
	first, _ := subscribe(n.B, one)
	again, _ := subscribe(n.B, one)
	second, _ := subscribe(n.B, two)
	own, _ := subscribe(n.A, one)
	n.Settle()
	all := versions(300)
	for _, v := range all {
		publish(n.A, one, v)
		publish(n.A, two, v)
	}
	for i, in := range []inbox{first, again, second, own} {
		same(t, fmt.Sprint("subscriber ", i), in.until(300), all...)
	}
	n.Settle()
	for i, in := range []inbox{first, again, second, own} {
		same(t, fmt.Sprintf("subscriber %d, again", i), in.now())
	}
}

func within(t *testing.T, n Nodes) {
	first, _ := subscribe(n.A, bus.Work)
	second, _ := subscribe(n.A, bus.Work)
	publish(n.A, bus.Work, 1, 2)
	same(t, "the first", first.now(), 1, 2)
	same(t, "the second", second.now(), 1, 2)
}

func members(t *testing.T, n Nodes) {
	want := Full()
	in, _ := subscribe(n.B, want.Subject)
	n.Settle()
	n.A.Publish(want)
	if got := <-in; !reflect.DeepEqual(got, want) {
		t.Errorf("received %+v; want %+v", got, want)
	}
}

// apart: ids that are no ids of ours are subjects like all others, and nobody else hears them.
func apart(t *testing.T, n Nodes) {
	subjects := []bus.Subject{
		bus.Work, bus.Chat(""), bus.Chat("c"), bus.Instance("c"), bus.Agent("c"), bus.Chat("*"), bus.Chat(">"), bus.Chat("c.d"),
		bus.Chat("c/d"), bus.Chat("c d"), bus.Chat("c\r\nPING"), bus.Chat("=Yw"), bus.Chat("\xff\x00é"), "", "/", ".", "chat", "*", ">",
	}
	in := make([]inbox, len(subjects))
	for i, s := range subjects {
		in[i], _ = subscribe(n.B, s)
	}
	n.Settle()
	for i, s := range subjects {
		publish(n.A, s, int64(i)+1, -1)
	}
	for i, s := range subjects {
		same(t, fmt.Sprintf("the subscriber of %q", s), in[i].until(-1), int64(i)+1, -1)
	}
	n.Settle()
	for i, s := range subjects {
		same(t, fmt.Sprintf("the subscriber of %q, later", s), in[i].now())
	}
}

func last(t *testing.T, n Nodes) {
	subject := bus.Chat("c")
	one, first := subscribe(n.B, subject)
	two, second := subscribe(n.B, subject)
	n.B.Unsubscribe(first)
	n.Settle()
	publish(n.A, subject, 1)
	same(t, "who stays", two.until(1), 1)
	n.B.Unsubscribe(second)
	n.B.Unsubscribe(second)
	n.Settle()
	publish(n.A, subject, 2)
	n.Settle() // the bus has it before anybody subscribes again
	n.B.Subscribe(first)
	n.Settle()
	publish(n.A, subject, 3)
	same(t, "who came back", one.until(3), 3)
	same(t, "who is gone", two.now())
}

func during(t *testing.T, n Nodes) {
	subject := bus.Chat("c")
	var ended []int64
	once := &bus.Subscription{Subject: subject}
	once.Receive = func(m bus.Message) {
		ended = append(ended, m.Version)
		n.B.Unsubscribe(once)
	}
	n.B.Subscribe(once)
	stays, _ := subscribe(n.B, subject)
	n.Settle()
	publish(n.A, subject, 1, 2, 3)
	same(t, "who stays", stays.until(3), 1, 2, 3)
	same(t, "who left within the first call", ended, 1)
}

// Full returns a message of which every member, also of its events, is set. A
// member of a kind that it does not know is a panic: whoever adds one adds it here.
func Full() bus.Message {
	var m bus.Message
	n := 0
	fill(reflect.ValueOf(&m).Elem(), &n)
	m.Subject = bus.Chat("11111111-1111-4111-8111-111111111111")
	return m
}

func fill(v reflect.Value, n *int) {
	*n++
	switch v.Kind() {
	case reflect.String:
		v.SetString(fmt.Sprint("text ", *n))
	case reflect.Int64:
		v.SetInt(int64(*n))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Uint8:
		v.SetUint(uint64(*n % 256))
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range v.Len() {
			fill(v.Index(i), n)
		}
	case reflect.Struct:
		for _, field := range v.Fields() {
			fill(field, n)
		}
	default:
		panic("bustest cannot set a " + v.Kind().String())
	}
}
