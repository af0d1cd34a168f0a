package ratelimit

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"
)

var began = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func TestParseRate(t *testing.T) {
	for text, want := range map[string]Rate{
		"20:100": {20, 100}, "200:1000": {200, 1000}, "0.5:3": {0.5, 3}, "7": {7, 35}, "0.01": {0.01, 1}, "1000000:1": {1e6, 1},
	} {
		r, err := ParseRate(text)
		if err != nil || r != want {
			t.Errorf("ParseRate(%q) = %v, %v; want %v", text, r, err, want)
		}
		if again, err := ParseRate(r.String()); err != nil || again != r {
			t.Errorf("%q, which %v is written as, is read as %v, %v", r, want, again, err)
		}
	}
	for _, text := range []string{"", "x", "20:", ":100", "0:5", "-1:5", "20:0.5", "20:100:3", "NaN", "NaN:5", "5:NaN", "Inf", "1e9:5", "5:1e12", "20 : 100", "off"} {
		if r, err := ParseRate(text); err == nil || !strings.Contains(err.Error(), "a rate like 20:100") {
			t.Errorf("ParseRate(%q) = %v, %v; want an error with an example", text, r, err)
		}
	}
}

// TestTable lets the burst through, then as many as time gives, each caller on its own.
func TestTable(t *testing.T) {
	table, now := NewTable(Rate{10, 5}, 1000), began
	a, b := table.Key("a"), table.Key("b")
	through := func(key uint64, cost float64) (n int, wait time.Duration) {
		for {
			if wait = table.Take(key, cost, now); wait > 0 {
				if again := table.Take(key, cost, now); again != wait {
					t.Errorf("who asks again waits for %s; want %s as before", again, wait)
				}
				return n, wait
			}
			n++
		}
	}
	for _, c := range []struct {
		name  string
		after time.Duration
		key   uint64
		cost  float64
		n     int
		wait  time.Duration
	}{
		{"the burst", 0, a, 1, 5, 100 * time.Millisecond},
		{"another caller's", 0, b, 1, 5, 100 * time.Millisecond},
		{"a little later", 30 * time.Millisecond, a, 1, 0, 70 * time.Millisecond},
		{"when there is one again", 70 * time.Millisecond, a, 1, 1, 100 * time.Millisecond},
		{"two that count for two", 400 * time.Millisecond, a, 2, 2, 200 * time.Millisecond},
		{"no more than the burst", time.Hour, a, 1, 5, 100 * time.Millisecond},
		{"more than the burst holds", time.Hour, a, 99, 1, 500 * time.Millisecond},
		{"a part of one", 50 * time.Millisecond, a, 0.25, 2, 25 * time.Millisecond},
		{"after the clock is set back, no longer than for two bursts", -time.Hour, a, 1, 0, 600 * time.Millisecond},
		{"and then as usual", 700 * time.Millisecond, a, 1, 2, 100 * time.Millisecond},
	} {
		now = now.Add(c.after)
		if n, wait := through(c.key, c.cost); n != c.n || wait != c.wait {
			t.Errorf("%s: %d pass, then one waits for %s; want %d and %s", c.name, n, wait, c.n, c.wait)
		}
	}
	now = now.Add(time.Hour)
	for n := range 6 {
		if wait := table.Wait(b, now); (wait > 0) != (n > 4) {
			t.Errorf("after %d requests the next one waits for %s", n, wait)
		}
		table.Charge(b, 1, now)
	}
	for range 3 {
		table.Charge(b, 1000, now)
		if wait := table.Wait(b, now); wait != 600*time.Millisecond {
			t.Errorf("who is charged more than there is waits for %s; want a burst and one request", wait)
		}
	}
	if wait := table.Take(b, 1, now.Add(600*time.Millisecond)); wait > 0 {
		t.Errorf("when that is paid, a request waits for %s", wait)
	}
}

// TestTableIsBounded floods a table from a million addresses: it does not grow, who has used up a bucket does not
// get another one for being pushed out, and those who keep to the rate are served as before.
func TestTableIsBounded(t *testing.T) {
	const flood, flooders, callers = 1_000_000, 20, 100
	table, now := NewTable(Rate{10, 50}, 1<<16), began
	if size := unsafe.Sizeof(*table) + uintptr(tableShards*cap(table.shards[0].slots))*unsafe.Sizeof(slot{}); size > 2<<20 {
		t.Errorf("a table for 65,536 callers has %d bytes", size)
	}
	passed, refused := make([]int, flooders), 0
	keys := func(name string, n int) (all []uint64) {
		for i := range n {
			all = append(all, table.Key(name, strconv.Itoa(i)))
		}
		return all
	}
	flooding, calling := keys("flooder", flooders), keys("caller", callers)
	for n := range flood {
		now = now.Add(10 * time.Microsecond) // ten seconds in all
		if table.Take(table.Key(strconv.Itoa(n)), 1, now) > 0 {
			refused++
		}
		if n%100 == 0 { // 1,000 a second each
			for i := range passed {
				if table.Take(flooding[i], 1, now) == 0 {
					passed[i]++
				}
			}
		}
		if n%20_000 == 0 { // five a second each
			for i := range callers {
				if wait := table.Take(calling[i], 1, now); wait > 0 {
					t.Fatalf("after %d addresses, a caller within the rate waits for %s", n, wait)
				}
			}
		}
	}
	for i, n := range passed {
		if n < 148 || n > 151 {
			t.Errorf("flooder %d made %d requests; want 50 and 10 a second, 150", i, n)
		}
	}
	t.Logf("of %d addresses' first requests %d were refused", flood, refused)
	if refused > 0 {
		t.Errorf("%d addresses were refused their first request", refused)
	}
}

// TestFloodGivesNoMoreThanItsSet: callers who are more than the slots of their set make no more requests
// together than those slots allow.
func TestFloodGivesNoMoreThanItsSet(t *testing.T) {
	table, now := NewTable(Rate{10, 50}, 1), began
	allowed := 0
	for n := range 200_000 { // as many callers, in one moment
		if table.Take(table.Key(strconv.Itoa(n)), 1, now) == 0 {
			allowed++
		}
	}
	if slots := tableShards * tableWays; allowed > slots*50 {
		t.Errorf("%d requests were allowed; want at most %d, the bursts of %d slots", allowed, slots*50, slots)
	}
}

// TestTableServesMany has many goroutines share one bucket: exactly the burst passes.
func TestTableServesMany(t *testing.T) {
	table := NewTable(Rate{1, 1000}, 1<<10)
	var passed atomic.Int64
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for n := range 500 {
				if table.Take(table.Key("one"), 1, began) == 0 {
					passed.Add(1)
				}
				table.Take(table.Key(fmt.Sprint(g, n)), 1, began)
			}
		})
	}
	wg.Wait()
	if passed.Load() != 1000 {
		t.Errorf("%d requests passed; want the 1,000 of the burst", passed.Load())
	}
}

// BenchmarkTake takes from the buckets of many callers on all processors.
func BenchmarkTake(b *testing.B) {
	table, now := NewTable(Rate{20, 100}, 1<<16), time.Now()
	names := make([]string, 1<<12)
	for i := range names {
		names[i] = fmt.Sprint("2001:db8::", i)
	}
	b.ReportAllocs()
	b.RunParallel(func(p *testing.PB) {
		for n := rand.IntN(len(names)); p.Next(); n++ {
			table.Take(table.Key(names[n%len(names)]), 1, now)
		}
	})
}
