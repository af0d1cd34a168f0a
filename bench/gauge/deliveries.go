package gauge

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// Marker stands before the number of a message in its content.
const Marker = "#message "

// padding makes each content 200 bytes long.
var padding = strings.Repeat(" the quick brown fox jumps over the lazy dog,", 5)

// ContentLength is how long each content is, in bytes.
const ContentLength = 200

// Content is what the i-th message of a load says.
func Content(load, i int) string {
	b := make([]byte, 0, ContentLength+len(padding))
	b = append(b, Marker...)
	b = strconv.AppendInt(b, int64(load), 10)
	b = append(b, '.')
	b = strconv.AppendInt(b, int64(i), 10)
	b = append(b, padding...)
	return string(b[:ContentLength])
}

// ReadMarker finds the load and the number of a message in what it says.
func ReadMarker(text string) (load, i int, ok bool) {
	rest, ok := strings.CutPrefix(text, Marker)
	if !ok {
		return 0, 0, false
	}
	first, rest, _ := strings.Cut(rest, ".")
	second, _, _ := strings.Cut(rest, " ")
	load, err := strconv.Atoi(first)
	if err != nil || load < 0 {
		return 0, 0, false
	}
	i, err = strconv.Atoi(second)
	return load, i, err == nil && i >= 0
}

// Ends is how many receivers each message has.
const Ends = 2

// Deliveries follows the messages of one load to both receivers of each.
type Deliveries struct {
	Load    int
	Began   time.Time
	Both    Histogram                         // from when a message was, or was meant to be, sent to its second arrival
	sent    []atomic.Int64                    // when that was, since Began
	arrived []atomic.Uint32                   // where: a bit for each receiver
	seconds [MaxLasts / time.Second]Histogram // as Both, by the second of sending
	excess  atomic.Int64                      // arrivals that should not be
}

// both is arrived of a message that is with both.
const both = 1<<Ends - 1

// NewDeliveries follows the messages 0 to n-1 of a load.
func NewDeliveries(load, n int) *Deliveries {
	return &Deliveries{Load: load, Began: time.Now(), sent: make([]atomic.Int64, n), arrived: make([]atomic.Uint32, n)}
}

// Aim is told, before the first is sent, when that is meant to be and how many follow each second.
func (d *Deliveries) Aim(began time.Time, rate int) {
	d.Began = began
	for i := range d.sent {
		d.sent[i].Store(int64(i) * int64(time.Second/time.Duration(rate)))
	}
}

// Send takes note that the i-th message is sent now. It is an error that nobody follows it.
func (d *Deliveries) Send(i int) error {
	if i >= len(d.sent) {
		return fmt.Errorf("more than %d messages in one load", len(d.sent))
	}
	d.sent[i].Store(int64(time.Since(d.Began)))
	return nil
}

// Arrive takes note that the i-th message is with one of its receivers, 0 or 1.
func (d *Deliveries) Arrive(i, receiver int) {
	if i >= len(d.arrived) {
		d.excess.Add(1)
		return
	}
	bit := uint32(1) << receiver
	switch before := d.arrived[i].Or(bit); {
	case before&bit != 0:
		d.excess.Add(1)
	case before|bit == both:
		sent := time.Duration(d.sent[i].Load())
		took := time.Since(d.Began) - sent
		d.Both.Add(took)
		if s := int(sent / time.Second); s < len(d.seconds) {
			d.seconds[s].Add(took)
		}
	}
}

// Astray takes note of an arrival where the message was not sent to.
func (d *Deliveries) Astray() { d.excess.Add(1) }

// Check holds what arrived against what was acknowledged, the first n messages: each is with both receivers, once, and no other is with any.
func (d *Deliveries) Check(n int64) error {
	var lost int64
	excess := d.excess.Load()
	for i := range d.arrived {
		switch arrived := d.arrived[i].Load(); {
		case int64(i) < n && arrived != both:
			lost++
		case int64(i) >= n && arrived != 0:
			excess++
		}
	}
	if n > int64(len(d.arrived)) {
		lost += n - int64(len(d.arrived))
	}
	if lost > 0 || excess > 0 {
		return fmt.Errorf("%d of %d acknowledged messages did not reach both receivers, and there were %d deliveries that should not be", lost, n, excess)
	}
	return nil
}

// Median returns a quantile of the median second: what it is while nobody
// else stalls the disk or takes the processors.
func (d *Deliveries) Median(q float64) time.Duration {
	var all []time.Duration
	for i := range d.seconds {
		if d.seconds[i].Count() > 0 {
			all = append(all, d.seconds[i].Quantile(q))
		}
	}
	if len(all) == 0 {
		return 0
	}
	slices.Sort(all)
	return all[(len(all)-1)/2]
}
