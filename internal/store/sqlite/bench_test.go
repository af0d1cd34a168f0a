package sqlite_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/process/cputest"
	"parley.example/parley/internal/store"
	"parley.example/parley/internal/store/sqlite"
)

// The benchmarks print, beside a change's cost, its latency and how many
// changes there are to one raw append with fdatasync on the same disk in the
// same minute: disks differ by more than stores do.

// BenchmarkAppend appends one item of 300 bytes at a time to 1,000 chats.
func BenchmarkAppend(b *testing.B) {
	for _, submitters := range []int{1, 64, 1024} {
		b.Run(fmt.Sprintf("submitters=%d", submitters), func(b *testing.B) {
			s := benchStore(b)
			const chats = 1024
			ids := make([]center.ContactID, chats)
			seqs := make([]int64, chats)
			for i := range ids {
				ids[i] = newID()
				if err := submit(s, newChat(ids[i], start)); err != nil {
					b.Fatal(err)
				}
			}
			content := benchText(300)
			benchmark(b, s, submitters, func(submitter, i int) *store.Change {
				own := max(1, chats/submitters) // chats of one submitter follow each other
				n := submitter*own + i%own
				seqs[n]++
				it := item(ids[n], seqs[n], start.Add(time.Duration(seqs[n])*time.Millisecond))
				it.Content = content
				return &store.Change{Chat: ids[n], Items: []center.Item{it}}
			})
		})
	}
}

// BenchmarkStart creates chats as StartChatContact does: head, contact with
// two attributes, replay key, quota and three items.
func BenchmarkStart(b *testing.B) {
	for _, submitters := range []int{1, 64} {
		b.Run(fmt.Sprintf("submitters=%d", submitters), func(b *testing.B) {
			s := benchStore(b)
			state, answer := []byte(benchText(1500)), []byte(benchText(200))
			benchmark(b, s, submitters, func(_, i int) *store.Change {
				now := start.Add(time.Duration(i) * time.Millisecond)
				id := center.NewContactID(now)
				c := newChat(id, now)
				c.State.State, c.State.Due = state, now.Add(5*time.Minute)
				for seq := range int64(3) {
					c.Items = append(c.Items, item(id, seq+1, now))
				}
				c.Quotas = []store.Quota{{Counter: store.ActiveChats(instance), Delta: 1, Limit: 1 << 40}}
				c.Contacts[0].Attributes = map[string]string{"customer": "Customer " + string(id), "channel": "web"}
				c.Once = &store.Once{Key: "StartChatContact/" + center.NewUUID(), Answer: answer, At: now}
				return c
			})
		})
	}
}

// BenchmarkTranscript reads pages of 100 items of transcripts of several lengths, in the
// ways of GetTranscript: what a page costs must not depend on how long the transcript is.
func BenchmarkTranscript(b *testing.B) {
	for _, length := range []int64{1_000, 10_000, 100_000} {
		s, id, second := benchStore(b), newID(), newID()
		for seq := int64(0); seq < length; seq += 1000 {
			c := &store.Change{Chat: id}
			if seq == 0 {
				c = newChat(id, start)
				c.Contacts = append(c.Contacts, center.Contact{ID: second, Chat: id, Instance: instance, Initiated: start.Add(time.Hour)})
			}
			for n := seq + 1; n <= seq+1000; n++ {
				it := item(id, n, start.Add(time.Duration(n)*time.Second))
				if n > length/2 {
					it.Contact = second
				}
				c.Items = append(c.Items, it)
			}
			if err := submit(s, c); err != nil {
				b.Fatal(err)
			}
		}
		early, middle, late := start.Add(150*time.Second), start.Add(time.Duration(length/2)*time.Second), start.Add(time.Duration(length-120)*time.Second)
		for _, page := range []struct {
			name string
			q    store.ItemQuery
		}{
			{"newest", store.ItemQuery{Descending: true}},
			{"from-seq", store.ItemQuery{From: length / 2}},
			{"before-early", store.ItemQuery{Before: early, Descending: true}},
			{"before-middle", store.ItemQuery{Before: middle, Descending: true}},
			{"after-middle", store.ItemQuery{After: middle}},
			{"after-late", store.ItemQuery{After: late}},
			{"second-contact", store.ItemQuery{Contact: second}},
			{"first-contact-newest", store.ItemQuery{Contact: id, Descending: true}},
		} {
			b.Run(fmt.Sprintf("items=%d/%s", length, page.name), func(b *testing.B) {
				page.q.Chat, page.q.Limit = id, 100
				for b.Loop() {
					items, err := s.Items(b.Context(), page.q)
					if err != nil || len(items) != 100 {
						b.Fatalf("%d items, %v", len(items), err)
					}
				}
			})
		}
	}
}

func benchStore(b *testing.B) store.Store {
	b.Helper()
	s, err := sqlite.Open(b.Context(), sqlite.Options{Dir: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { s.Close() })
	return s
}

// benchmark lets submitters submit b.N changes, each waiting for its own, and reports.
func benchmark(b *testing.B, s store.Store, submitters int, change func(submitter, i int) *store.Change) {
	probe := probeDisk(b)
	latencies := make([][]time.Duration, submitters)
	var left atomic.Int64
	left.Store(int64(b.N))
	used := cputest.Start()
	b.ResetTimer()
	var wg sync.WaitGroup
	for n := range submitters {
		wg.Go(func() {
			for i := 0; left.Add(-1) >= 0; i++ {
				began := time.Now()
				if err := submit(s, change(n, i)); err != nil {
					b.Error(err)
					return
				}
				latencies[n] = append(latencies[n], time.Since(began))
			}
		})
	}
	wg.Wait()
	b.StopTimer()
	used.Report(b, b.N, "changes")
	all := slices.Concat(latencies...)
	slices.Sort(all)
	perSecond := float64(b.N) / b.Elapsed().Seconds()
	b.ReportMetric(perSecond, "changes/s")
	b.ReportMetric(all[len(all)/2].Seconds()*1000, "p50-ms")
	b.ReportMetric(all[len(all)*99/100].Seconds()*1000, "p99-ms")
	b.ReportMetric(probe.Seconds()*1e6, "probe-µs")
	b.ReportMetric(perSecond*probe.Seconds(), "changes/probe")
}

// probeDisk returns the mean time of an append with fsync.
func probeDisk(b *testing.B) time.Duration {
	b.Helper()
	f, err := os.Create(filepath.Join(b.TempDir(), "probe"))
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	record := []byte(benchText(324))
	const n = 200
	began := time.Now()
	for range n {
		if _, err := f.Write(record); err != nil {
			b.Fatal(err)
		}
		if err := syncData(f); err != nil {
			b.Fatal(err)
		}
	}
	return time.Since(began) / n
}

// benchText returns text that does not compress to nothing.
func benchText(n int) string {
	var sb strings.Builder
	for i := 0; sb.Len() < n; i++ {
		fmt.Fprintf(&sb, "%x ", uint32(i)*2654435761)
	}
	return sb.String()[:n]
}
