package gauge

import (
	"math/bits"
	"strconv"
	"sync/atomic"
	"time"
)

// Histogram counts durations in buckets whose width is 1/32 of their value, so
// a quantile is right to 3 %. Many goroutines may add to it.
type Histogram struct {
	buckets [(64 - subBits) << subBits]atomic.Int64
	count   atomic.Int64
	max     atomic.Int64
}

const subBits = 5

// Add counts a duration; one below 0, of a clock that went back, as 0.
func (h *Histogram) Add(d time.Duration) {
	v := uint64(max(d, 0))
	h.buckets[bucketOf(v)].Add(1)
	h.count.Add(1)
	for {
		m := h.max.Load()
		if int64(v) <= m || h.max.CompareAndSwap(m, int64(v)) {
			return
		}
	}
}

func bucketOf(v uint64) int {
	if v < 1<<subBits {
		return int(v)
	}
	shift := bits.Len64(v) - subBits - 1
	return (shift+1)<<subBits + int(v>>shift) - 1<<subBits
}

// floorOf is the smallest value of a bucket.
func floorOf(i int) uint64 {
	if i < 2<<subBits {
		return uint64(i)
	}
	shift := i>>subBits - 1
	return uint64(i&(1<<subBits-1)+1<<subBits) << shift
}

// Quantile returns the duration that the share q of all is not longer than; 0 without any.
func (h *Histogram) Quantile(q float64) time.Duration {
	n := h.count.Load()
	if n == 0 {
		return 0
	}
	rank := int64(q*float64(n-1)) + 1
	for i := range h.buckets {
		if rank -= h.buckets[i].Load(); rank <= 0 {
			return min(time.Duration(floorOf(i+1)-1), time.Duration(h.max.Load()))
		}
	}
	return time.Duration(h.max.Load())
}

// Count returns how many durations were added.
func (h *Histogram) Count() int64 { return h.count.Load() }

// P50 is the median.
func (h *Histogram) P50() time.Duration { return h.Quantile(.50) }

// P99 is what all but one of a hundred are not longer than.
func (h *Histogram) P99() time.Duration { return h.Quantile(.99) }

// Milliseconds returns d in them, for a table.
func Milliseconds(d time.Duration) float64 { return float64(d) / 1e6 }

// Number writes three digits or so.
func Number(v float64) string {
	switch {
	case v >= 100 || v == float64(int64(v)):
		return strconv.FormatFloat(v, 'f', 0, 64)
	case v >= 10:
		return strconv.FormatFloat(v, 'f', 1, 64)
	}
	return strconv.FormatFloat(v, 'f', 2, 64)
}
