package bus

import (
	"fmt"
	"slices"
	"sync"
	"testing"

	"parley.example/parley/internal/center"
)

// recorder keeps the versions that its subscriptions receive, under a name each.
type recorder struct{ got []string }

func (r *recorder) as(name string) func(Message) {
	return func(m Message) { r.got = append(r.got, fmt.Sprint(name, m.Version)) }
}

func (r *recorder) want(t *testing.T, want ...string) {
	t.Helper()
	if !slices.Equal(r.got, want) {
		t.Errorf("received %q; want %q", r.got, want)
	}
	r.got = nil
}

func TestSubscribersReceiveTheirSubjectInOrder(t *testing.T) {
	var l Local
	var r recorder
	l.Publish(Message{Subject: Chat("c"), Version: 1}) // nobody listens
	first := &Subscription{Chat("c"), r.as("first")}
	l.Subscribe(first)
	l.Subscribe(&Subscription{Chat("c"), r.as("second")})
	l.Subscribe(&Subscription{Instance("c"), r.as("instance")})
	l.Publish(Message{Subject: Chat("c"), Version: 2})
	l.Publish(Message{Subject: Chat("c"), Version: 3})
	l.Publish(Message{Subject: Instance("c"), Version: 4})
	l.Publish(Message{Subject: Chat("other"), Version: 5})
	r.want(t, "first2", "second2", "first3", "second3", "instance4")
	if !l.Heard(Chat("c")) || !l.Heard(Instance("c")) || l.Heard(Chat("other")) {
		t.Error("it is unknown who has subscribers")
	}
	third := &Subscription{Chat("c"), r.as("third")}
	l.Subscribe(third)
	l.Unsubscribe(first)
	l.Unsubscribe(first)
	l.Publish(Message{Subject: Chat("c"), Version: 6})
	r.want(t, "second6", "third6")
	l.Unsubscribe(third)
	l.Subscribe(first)
	l.Publish(Message{Subject: Chat("c"), Version: 7})
	r.want(t, "second7", "first7")
}

func TestSubscriptionsComeAndGoWithinACall(t *testing.T) {
	var l Local
	var r recorder
	once := &Subscription{Subject: Chat("c")}
	once.Receive = func(m Message) {
		r.as("once")(m)
		l.Unsubscribe(once)
		l.Subscribe(&Subscription{Chat("c"), r.as("late")})
		if m.Version == 1 {
			l.Publish(Message{Subject: Chat("c"), Version: 2})
		}
	}
	l.Subscribe(once)
	l.Publish(Message{Subject: Chat("c"), Version: 1})
	r.want(t, "once1", "late2")
}

func TestNothingIsLeftOfEndedSubscriptions(t *testing.T) {
	var l Local
	var wg sync.WaitGroup
	for n := range 8 {
		wg.Go(func() {
			for i := range 100 {
				subject := Chat(center.ContactID(fmt.Sprint(i)))
				received := 0
				s := &Subscription{subject, func(m Message) {
					if m.Version == int64(n) {
						received++
					}
				}}
				l.Subscribe(s)
				l.Publish(Message{Subject: subject, Version: int64(n)})
				if l.Unsubscribe(s); received != 1 {
					t.Errorf("%d messages of my own; want 1", received)
				}
			}
		})
	}
	wg.Wait()
	for i := range l.shards {
		if n := len(l.shards[i].first) + len(l.shards[i].more); n != 0 {
			t.Errorf("shard %d holds %d subjects", i, n)
		}
	}
}

func TestChatOfSubject(t *testing.T) {
	if id, ok := Chat("c-1").Chat(); id != "c-1" || !ok {
		t.Errorf("the chat is %q, %t", id, ok)
	}
	if id, ok := Instance("i-1").Chat(); ok {
		t.Errorf("an instance is the chat %q", id)
	}
}

func BenchmarkPublishToNobody(b *testing.B) {
	var l Local
	m := Message{Subject: Chat("11111111-1111-4111-8111-111111111111"), Version: 1}
	b.ReportAllocs()
	for b.Loop() {
		l.Publish(m)
	}
}
