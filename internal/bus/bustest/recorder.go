// Package bustest has the contract of every bus ([Run]), and buses for tests: a
// [Recorder], which keeps what was published, and a [Link], on which messages are
// lost, doubled and reordered when the test wants it. Both block as little as the bus they wrap.
// Start reading at [Run], [Recorder] and [Link].
package bustest

import (
	"encoding/json"
	"slices"
	"sync"

	"parley.example/parley/internal/bus"
)

// Recorder is a local bus that keeps all events published on it.
type Recorder struct {
	bus.Local

	mu     sync.Mutex // guards events
	events []Event
}

// Event is a recorded event with what its payload says.
type Event struct {
	bus.Event
	Subject bus.Subject
	Item    Item
	Text    string // the JSON of the item
}

// Item holds the members of an item that tests look at.
type Item struct {
	ID            string `json:"Id"`
	Content       string
	ContentType   string
	Role          string `json:"ParticipantRole"`
	ParticipantID string `json:"ParticipantId"`
}

// Publish implements [bus.Bus].
func (r *Recorder) Publish(m bus.Message) {
	r.record(m)
	r.Local.Publish(m)
}

func (r *Recorder) record(m bus.Message) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range m.Events {
		kept := Event{Event: e, Subject: m.Subject}
		if e.Payload != nil {
			kept.Item, kept.Text = decode(e.Payload)
		}
		r.events = append(r.events, kept)
	}
}

// decode returns the item that a payload carries. A payload that is not well
// formed is the test's failure: its item is empty.
func decode(payload []byte) (it Item, text string) {
	var frame struct{ Content string }
	if json.Unmarshal(payload, &frame) != nil || json.Unmarshal([]byte(frame.Content), &it) != nil {
		return Item{}, string(payload)
	}
	return it, frame.Content
}

// Events returns the events so far.
func (r *Recorder) Events() []Event {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.events)
}

// Of returns the events so far of a content type.
func (r *Recorder) Of(contentType string) []Event {
	return slices.DeleteFunc(r.Events(), func(e Event) bool { return e.Item.ContentType != contentType })
}
