package engine_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"parley.example/parley/internal/bus"
	"parley.example/parley/internal/bus/bustest"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
	"parley.example/parley/internal/engine/enginetest"
	"parley.example/parley/internal/store/postgres"
	"parley.example/parley/internal/store/postgres/pgtest"
)

// BenchmarkOneChatOfNodes sends messages to one chat through one node, and through two in turns: by participants who wait for
// each other, and by many at once.
func BenchmarkOneChatOfNodes(b *testing.B) {
	database, err := pgtest.New(pgtest.Options{Fsync: true})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := database.Close(); err != nil {
			b.Error(err)
		}
	})
	var shared bus.Local
	var nodes []*enginetest.Engine
	peers := &atHome{}
	for i := range 2 {
		s, err := postgres.Open(context.Background(), postgres.Options{URL: database.URL("postgres")})
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { _ = s.Close() })
		nodes = append(nodes, open(b, s, func(o *enginetest.Options) {
			o.Node, o.Shared, o.Link, o.Peers = fmt.Sprint("node", i), true, &bustest.Link{Bus: &shared}, peers
		}))
	}
	peers.at = nodes[0]
	for _, senders := range []int{1, 2, 16, 64} {
		for _, among := range []int{1, 2} {
			b.Run(fmt.Sprintf("%dSenders/%dNodes", senders, among), func(b *testing.B) {
				chat, ana := start(b, nodes[0], "greet", "")
				do(b, nodes[0], chat, contact.Connect{Participant: ana})
				var n atomic.Int64
				began := time.Now()
				var wg sync.WaitGroup
				send := func(i int64) error {
					for { // it may be too busy
						_, err := nodes[int(i)%among].Do(context.Background(), chat, contact.Send{Participant: ana, ContentType: center.PlainText, Content: "What is my balance?", ClientToken: center.NewUUID()})
						if center.ReasonOf(err) != center.Unavailable {
							return err
						}
					}
				}
				for range senders {
					wg.Go(func() {
						for i := n.Add(1); i <= int64(b.N); i = n.Add(1) {
							if err := send(i); err != nil {
								b.Error(err)
								return
							}
						}
					})
				}
				wg.Wait()
				b.ReportMetric(float64(b.N)/time.Since(began).Seconds(), "messages/s")
			})
		}
	}
}

// atHome are peers of which one is the home of all chats.
type atHome struct{ at *enginetest.Engine }

func (h *atHome) Home(center.ContactID) string { return h.at.Node }

func (h *atHome) Ask(ctx context.Context, _ string, request []byte) ([]byte, error) {
	return h.at.Homes.Answer(ctx, request), nil
}
