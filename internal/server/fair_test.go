package server_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"parley.example/parley/api/participant"
	"parley.example/parley/internal/server"
	"parley.example/parley/internal/server/servertest"
)

// BenchmarkStranger has a customer read its chat and send to it while readers page by time through another
// chat of 100,000 messages, on the same cores as all the clients.
func BenchmarkStranger(b *testing.B) {
	s := servertest.Start(b, servertest.Quietly(b), func(c *server.Config) { c.Data = b.TempDir() })
	long, stranger := s.Chat(b), s.Chat(b)
	began := time.Now()
	var left atomic.Int64
	left.Store(100_000)
	var sending sync.WaitGroup
	for range 64 {
		sending.Go(func() {
			for n := left.Add(-1); n >= 0; n = left.Add(-1) {
				if _, err := long.TrySend(b.Context(), fmt.Sprint("message ", n)); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	sending.Wait()
	took := time.Since(began)
	for range 50 {
		stranger.Send("hello")
	}
	for _, readers := range []int{0, 1, 16, 128} {
		b.Run(fmt.Sprintf("readers=%d", readers), func(b *testing.B) {
			ctx, stop := context.WithCancel(b.Context())
			var reading sync.WaitGroup
			var pages atomic.Int64
			for range readers {
				reading.Go(func() {
					for ctx.Err() == nil {
						at := began.Add(rand.N(took)).UTC().Format(time.RFC3339Nano)
						if _, err := s.Participant.GetTranscript(ctx, &participant.GetTranscriptRequest{ConnectionToken: long.Bearer,
							MaxResults: new(int32(100)), ScanDirection: participant.ScanDirectionBACKWARD,
							StartPosition: &participant.StartPosition{AbsoluteTime: &at}}); err != nil && ctx.Err() == nil {
							b.Error(err)
							return
						}
						pages.Add(1)
					}
				})
			}
			var reads, sends []time.Duration
			for b.Loop() {
				before := time.Now()
				if _, err := s.Participant.GetTranscript(b.Context(), &participant.GetTranscriptRequest{
					ConnectionToken: stranger.Bearer, MaxResults: new(int32(15))}); err != nil {
					b.Fatal(err)
				}
				between := time.Now()
				stranger.Send("still here?")
				reads, sends = append(reads, between.Sub(before)), append(sends, time.Since(between))
			}
			b.ReportMetric(float64(pages.Load())/b.Elapsed().Seconds(), "pages/s")
			stop()
			reading.Wait()
			for name, all := range map[string][]time.Duration{"read": reads, "send": sends} {
				slices.Sort(all)
				b.ReportMetric(all[len(all)/2].Seconds()*1000, name+"-p50-ms")
				b.ReportMetric(all[len(all)*99/100].Seconds()*1000, name+"-p99-ms")
			}
		})
	}
}
