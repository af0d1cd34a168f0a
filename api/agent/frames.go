package agent

import (
	"encoding/json"

	"parley.example/parley/api/restjson"
)

// FrameType says what a frame of a stream is.
type FrameType string

// The types of frames. The server sends snapshots, items, broadcasts and heartbeats; the client
// a start and heartbeats. A client ignores types that it does not know, as the server does.
const (
	FrameSnapshot  FrameType = "SNAPSHOT"  // the whole agent: at the beginning, and after every change; a slow client gets the newest alone
	FrameItem      FrameType = "ITEM"      // of a chat in hand
	FrameBroadcast FrameType = "BROADCAST" // of one of the user's clients to all of them
	FrameHeartbeat FrameType = "HEARTBEAT" // sent by the client every 30 seconds or so; the server answers each
	FrameStart     FrameType = "START"     // from the client, as its first: the stream begins
)

// Frame is a text frame from the server: {"Type":"ITEM","InitialContactId":"…","Sequence":12,"Frame":{…}}. Which
// members there are follows from Type.
type Frame struct {
	Type     FrameType
	Snapshot *AgentSnapshot // of FrameSnapshot

	// Of FrameItem: the chat, and the frame that participants' own sockets carry, with the topic aws/chat. Sequence
	// numbers the items of the chat, and grows; it is 0 for what is not in the transcript, such as typing and receipts.
	InitialContactId string
	Sequence         int64
	Visibility       ItemVisibility // AGENT for what agents and supervisors alone may see; "" for what everybody may
	Frame            json.RawMessage

	Content string // of FrameBroadcast
}

// AppendJSON appends the frame as a JSON object.
func (f *Frame) AppendJSON(b []byte) []byte {
	b = append(b, '{')
	b = restjson.String(b, "Type", f.Type)
	switch f.Type {
	case FrameSnapshot:
		b = append(f.Snapshot.AppendJSON(restjson.Key(b, "Snapshot")), ',')
	case FrameItem:
		b = restjson.String(b, "InitialContactId", f.InitialContactId)
		b = restjson.Int(b, "Sequence", f.Sequence)
		if f.Visibility != "" {
			b = restjson.String(b, "Visibility", f.Visibility)
		}
		b = restjson.Raw(b, "Frame", f.Frame)
	case FrameBroadcast:
		b = restjson.String(b, "Content", f.Content)
	}
	return restjson.End(b)
}

// DecodeJSON reads a frame.
func (f *Frame) DecodeJSON(d *restjson.Decoder) {
	if !d.Object() {
		return
	}
	for d.Next() {
		switch string(d.Key()) {
		case "Type":
			f.Type = FrameType(d.String())
		case "Snapshot":
			f.Snapshot = &AgentSnapshot{}
			f.Snapshot.DecodeJSON(d)
		case "InitialContactId":
			f.InitialContactId = d.String()
		case "Sequence":
			f.Sequence = d.Int64()
		case "Visibility":
			f.Visibility = ItemVisibility(d.String())
		case "Frame":
			f.Frame = d.Raw()
		case "Content":
			f.Content = d.String()
		default:
			d.Skip()
		}
	}
}

// Seen says which item of a chat a client has received last: a chat by the first contact of its chain.
type Seen struct {
	InitialContactId string
	Sequence         int64
}

// ClientFrame is a text frame from the client: {"Type":"START","Seen":[{"InitialContactId":"…","Sequence":12}]}
// or {"Type":"HEARTBEAT"}. A START is answered with a snapshot. Of chats in Seen the items after those follow, all of them and in
// order; of other chats that are connected in that snapshot those after its LastSequence; of chats that are
// accepted later those from the acceptance on. A second START is ignored.
type ClientFrame struct {
	Type FrameType
	Seen []Seen // at most MaxSeen; more are ignored
	// Version is that of the last snapshot that the client has, from whichever node; 0 for none. Those of the stream have higher ones.
	Version int64
}

// MaxSeen is how many chats a START may name.
const MaxSeen = 100

// AppendJSON appends the frame as a JSON object.
func (f *ClientFrame) AppendJSON(b []byte) []byte {
	b = append(b, '{')
	b = restjson.String(b, "Type", f.Type)
	if f.Type == FrameStart {
		b = restjson.AppendList(b, "Seen", f.Seen, func(s *Seen, b []byte) []byte {
			b = append(b, '{')
			b = restjson.String(b, "InitialContactId", s.InitialContactId)
			b = restjson.Int(b, "Sequence", s.Sequence)
			return restjson.End(b)
		})
		if f.Version > 0 {
			b = restjson.Int(b, "Version", f.Version)
		}
	}
	return restjson.End(b)
}

// DecodeJSON reads a frame.
func (f *ClientFrame) DecodeJSON(d *restjson.Decoder) {
	if !d.Object() {
		return
	}
	for d.Next() {
		switch string(d.Key()) {
		case "Type":
			f.Type = FrameType(d.String())
		case "Seen":
			f.Seen = restjson.DecodeList(d, func(s *Seen, d *restjson.Decoder) { s.DecodeJSON(d) })
			f.Seen = f.Seen[:min(len(f.Seen), MaxSeen)]
		case "Version":
			f.Version = d.Int64()
		default:
			d.Skip()
		}
	}
}

// DecodeJSON reads what a client has seen of a chat.
func (s *Seen) DecodeJSON(d *restjson.Decoder) {
	if !d.Object() {
		return
	}
	for d.Next() {
		switch string(d.Key()) {
		case "InitialContactId":
			s.InitialContactId = d.String()
		case "Sequence":
			s.Sequence = d.Int64()
		default:
			d.Skip()
		}
	}
}
