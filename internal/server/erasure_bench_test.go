package server_test

import (
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"parley.example/parley/api/connect"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/server"
	"parley.example/parley/internal/server/servertest"
	"parley.example/parley/internal/store"
	"parley.example/parley/internal/store/sqlite"
)

// BenchmarkRetention measures a customer's messages, first alone and then while retention erases
// many chats: PARLEY_BENCH_CHATS of them, 2,000 if not set. It prints how long a message takes, and how many
// chats go in a second.
func BenchmarkRetention(b *testing.B) {
	chats := 2000
	if n, err := strconv.Atoi(os.Getenv("PARLEY_BENCH_CHATS")); err == nil {
		chats = n
	}
	dir := b.TempDir()
	data := func(c *server.Config) { c.Data = dir }
	s := servertest.Start(b, data, servertest.Quietly(b))
	model := s.Chat(b)
	for range 10 {
		model.Send(strings.Repeat("a message of some length ", 6))
	}
	model.Stop()
	s.Stop()
	multiply(b, dir, center.ContactID(model.Contact), chats)

	s = servertest.Start(b, data, servertest.Quietly(b))
	c := s.Chat(b)
	var took []time.Duration
	measure := func(until func() bool) {
		took = nil
		for !until() {
			for range 200 {
				began := time.Now()
				c.Send("a message in the meantime")
				took = append(took, time.Since(began))
				time.Sleep(2 * time.Millisecond)
			}
		}
		slices.Sort(took)
	}
	report := func(when string) {
		at := func(q float64) float64 { return float64(took[int(q*float64(len(took)-1))].Microseconds()) / 1000 }
		b.ReportMetric(at(0.5), when+"-p50-ms")
		b.ReportMetric(at(0.99), when+"-p99-ms")
	}
	rounds := 0
	measure(func() bool { rounds++; return rounds > 15 })
	report("alone")
	if _, err := s.Connect.TagResource(b.Context(), &connect.TagResourceRequest{
		ResourceArn: "arn:aws:connect:us-east-1:123456789012:instance/" + s.Instance(b), Tags: map[string]string{"parley-retain": "0d"}}); err != nil {
		b.Fatal(err)
	}
	began := time.Now()
	s.Clock().Advance(time.Second)
	measure(func() bool { return metric(b, s, "parley_chats_erased_total") >= float64(chats) })
	b.ReportMetric(float64(chats)/time.Since(began).Seconds(), "chats/s")
	report("beside")
}

// multiply puts copies of a chat that has ended into a data directory.
func multiply(b *testing.B, dir string, id center.ContactID, n int) {
	s, err := sqlite.Open(b.Context(), sqlite.Options{Dir: dir})
	if err != nil {
		b.Fatal(err)
	}
	head, err := s.Chat(b.Context(), id)
	if err != nil {
		b.Fatal(err)
	}
	items, err := s.Items(b.Context(), store.ItemQuery{Chat: id})
	if err != nil {
		b.Fatal(err)
	}
	var record center.Contact
	for c, err := range s.Contacts(b.Context(), store.ContactQuery{Chat: id}) {
		if err != nil {
			b.Fatal(err)
		}
		record = c
	}
	var wg sync.WaitGroup
	for range n {
		copied, h, contact := center.NewContactID(record.Initiated), head, record
		h.Kept, h.Ended = center.AllParts, record.Disconnected
		h.State = []byte(strings.ReplaceAll(string(head.State), string(id), string(copied)))
		contact.ID, contact.Chat = copied, copied
		own := slices.Clone(items)
		for i := range own {
			own[i].Chat, own[i].Contact = copied, copied
		}
		wg.Add(1)
		s.Submit(&store.Change{Chat: copied, State: &h, Items: own, Contacts: []center.Contact{contact}}, func(err error) {
			if err != nil {
				b.Error(err)
			}
			wg.Done()
		})
	}
	wg.Wait()
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
}
