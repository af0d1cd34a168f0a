package contact

import "parley.example/parley/internal/center"

// maxStreams is how many endpoints may stream one chat.
const maxStreams = 2

// StartStreaming adds an endpoint that is sent every item of the chat from now
// on (StartContactStreaming). The reply's ID is the StreamingId.
type StartStreaming struct {
	Endpoint    string
	ClientToken string
}

func (s StartStreaming) decide(d *decision) error {
	key := "StartContactStreaming/" + s.ClientToken
	if r, ok := d.kept(key); ok {
		d.change.Reply = r
		return nil
	}
	switch {
	case d.chat.Ended:
		return center.Errorf(center.NotFound, "contact %s has ended", d.chat.Current().ID)
	case len(d.chat.Streams) >= maxStreams:
		return center.Errorf(center.LimitExceeded, "a contact may have at most %d streaming endpoints", maxStreams)
	}
	d.change.Reply = Reply{ID: d.stream(d.edit(), s.Endpoint)}
	d.keep(key, d.change.Reply)
	return nil
}

// stream adds an endpoint to a chat that is being changed and returns the StreamingId.
func (d *decision) stream(c *Chat, endpoint string) (id string) {
	id = d.newID()
	c.Streams = append(c.Streams, Stream{ID: id, Endpoint: endpoint})
	return id
}

// StopStreaming removes an endpoint (StopContactStreaming). Items that are in
// the outbox already are still delivered.
type StopStreaming struct {
	ID string
}

func (s StopStreaming) decide(d *decision) error {
	for i := range d.chat.Streams {
		if d.chat.Streams[i].ID == s.ID {
			c := d.edit()
			c.Streams = append(c.Streams[:i], c.Streams[i+1:]...)
			return nil
		}
	}
	return center.Errorf(center.NotFound, "this contact has no streaming with the id %s", s.ID)
}
