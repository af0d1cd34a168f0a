package main

import (
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"parley.example/parley/api/participant"
	"parley.example/parley/client"
	"parley.example/parley/internal/center"
)

// marker stands before the number of a message in its content.
const marker = "#message "

// padding makes each content 200 bytes long.
var padding = strings.Repeat(" the quick brown fox jumps over the lazy dog,", 5)

// contentLength is how long each content is.
const contentLength = 200

// content is what the i-th message of a load says.
func content(load, i int) string {
	b := make([]byte, 0, contentLength+len(padding))
	b = append(b, marker...)
	b = strconv.AppendInt(b, int64(load), 10)
	b = append(b, '.')
	b = strconv.AppendInt(b, int64(i), 10)
	b = append(b, padding...)
	return string(b[:contentLength])
}

// messageBody is the body of a SendMessage as the client sends it.
func messageBody() []byte {
	return (&participant.SendMessageRequest{ClientToken: new(center.NewUUID()), Content: content(0, 0), ContentType: client.PlainText}).AppendJSON(nil)
}

// readMarker finds the load and the number of a message in what it says.
func readMarker(text string) (load, i int, ok bool) {
	rest, ok := strings.CutPrefix(text, marker)
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

// deliveries follows the messages of one load to both sessions of their chats.
type deliveries struct {
	load    int
	began   time.Time
	sent    []atomic.Int64                    // when each was, or was meant to be, since began
	arrived []atomic.Uint32                   // at how many sessions
	both    histogram                         // from sent to the second arrival
	seconds [maxLasts / time.Second]histogram // the same, by the second of sending
	excess  atomic.Int64                      // arrivals that should not be
}

func newDeliveries(load, n int) *deliveries {
	return &deliveries{load: load, began: time.Now(), sent: make([]atomic.Int64, n), arrived: make([]atomic.Uint32, n)}
}

func (d *deliveries) arrive(i int) {
	if i >= len(d.arrived) {
		d.excess.Add(1)
		return
	}
	switch d.arrived[i].Add(1) {
	case 1:
	case 2:
		sent := time.Duration(d.sent[i].Load())
		took := time.Since(d.began) - sent
		d.both.add(took)
		if s := int(sent / time.Second); s < len(d.seconds) {
			d.seconds[s].add(took)
		}
	default:
		d.excess.Add(1)
	}
}

// median returns a quantile of the median second: what it is while nobody
// else stalls the disk or takes the processors.
func (d *deliveries) median(q float64) time.Duration {
	var all []time.Duration
	for i := range d.seconds {
		if d.seconds[i].count.Load() > 0 {
			all = append(all, d.seconds[i].quantile(q))
		}
	}
	if len(all) == 0 {
		return 0
	}
	slices.Sort(all)
	return all[(len(all)-1)/2]
}
