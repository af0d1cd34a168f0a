package process

import (
	"context"
	"runtime/debug"
	gauges "runtime/metrics"
	"time"
)

// The collector lets the heap grow to twice what lives in it, looks again
// after two minutes when little is allocated, and gives memory back slowly. A
// server would hold for long what a burst needed: thousands of clients that
// connect concurrently, say. So one that is quiet collects soon after the burst, then
// once a minute, and gives back at once.
const (
	trimEvery = 10 * time.Second
	trimPause = time.Minute // between two collections
	quietRate = 4 << 20     // bytes allocated in a second; more is not quiet
	smallHeap = 24 << 20    // bytes that need no trimming
)

// heap is what the runtime says of its heap.
type heap struct {
	allocated uint64 // ever
	held      uint64 // in RAM: objects, garbage and free memory
}

// wants reports whether memory should be given back: by what the runtime said
// before and says now, and when it was given back last.
func (h heap) wants(before heap, elapsed, last time.Duration) bool {
	quiet := float64(h.allocated-before.allocated) < quietRate*elapsed.Seconds()
	return quiet && h.held > smallHeap && last >= trimPause
}

func readHeap() heap {
	s := []gauges.Sample{{Name: "/gc/heap/allocs:bytes"}, {Name: "/memory/classes/heap/objects:bytes"},
		{Name: "/memory/classes/heap/unused:bytes"}, {Name: "/memory/classes/heap/free:bytes"}}
	gauges.Read(s)
	v := func(i int) uint64 { return s[i].Value.Uint64() }
	return heap{allocated: v(0), held: v(1) + v(2) + v(3)}
}

// TrimMemory gives memory back while the server is quiet, until ctx ends.
func TrimMemory(ctx context.Context) {
	t := time.NewTicker(trimEvery)
	defer t.Stop()
	last := trimPause // since memory was given back
	for before := readHeap(); ; last += trimEvery {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		now := readHeap()
		if now.wants(before, trimEvery, last) {
			debug.FreeOSMemory()
			last = 0
		}
		before = now
	}
}
