// Package frames writes what sockets and streaming endpoints are sent of a chat: the
// events of a commit, and the JSON text of an item. It has no I/O, and what it is given stays as it is.
// Start reading at [Of].
package frames

import (
	"bytes"
	"time"

	"parley.example/parley/api/restjson"
	"parley.example/parley/internal/bus"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
)

// Of returns the pushes of one commit encoded for sockets. An agent who
// leaves is sent nothing that follows, unless it is the chat's end or, in the same commit, for
// that agent alone; a customer is sent what the flow after its leaving says (DisconnectOnCustomerExit).
func Of(pushes []center.Push) []bus.Event {
	if len(pushes) == 0 {
		return nil
	}
	events := make([]bus.Event, len(pushes))
	ends := pushes[len(pushes)-1].Last
	for i := range pushes {
		p := &pushes[i]
		events[i] = bus.Event{
			Seq: p.Item.Seq, Payload: payload(&p.Item, p.Receipt),
			Visibility: p.Item.Visibility, Only: p.Only, Except: p.Except, Left: p.Gone, Last: p.Last,
		}
		if !ends && agentLeaves(&p.Item) {
			events[i].Left = p.Item.Participant
		}
		for j := range events[:i] {
			if events[j].Left != "" && events[j].Left == p.Only {
				events[i].Left, events[j].Left = p.Only, ""
			}
		}
	}
	return events
}

// Again returns the events for stored items of a chat: the same that
// [Of] returned when they were committed, but for supervisors, who may be silent after they have left.
func Again(c *contact.Chat, items []center.Item) []bus.Event {
	events := make([]bus.Event, len(items))
	for i := range items {
		it := &items[i]
		events[i] = bus.Event{
			Seq: it.Seq, Payload: payload(it, nil), Visibility: it.Visibility, Last: it.ContentType == center.EventEnded,
		}
		if p := c.Participant(it.Participant); agentLeaves(it) && (p == nil || !c.Ended || !c.Stayed(p)) {
			events[i].Left = it.Participant
		}
	}
	return events
}

// agentLeaves reports whether an item is the last for who caused it. It is not for a supervisor,
// who may go on without being seen.
func agentLeaves(it *center.Item) bool {
	return it.ContentType == center.EventLeft && it.Role != center.RoleCustomer && it.Role != center.RoleSupervisor
}

// payload returns the text of the frame that carries an item. The item is a
// string that holds JSON: ChatJS silently drops an object.
func payload(it *center.Item, r *center.Receipt) []byte {
	if it.Type == "" {
		return nil
	}
	const head = `{"topic":"aws/chat","contentType":"application/json","content":`
	var scratch [1024]byte
	text := AppendItem(scratch[:0], it, r)
	escapes := bytes.Count(text, []byte{'"'}) + bytes.Count(text, []byte{'\\'})
	b := make([]byte, 0, len(head)+len(text)+escapes+len(`""}`))
	return append(restjson.Quote(append(b, head...), text), '}')
}

// AppendItem appends the JSON text of an item as sockets and message streaming
// carry it: the members of the Participant Service's Item, with both contact
// ids. r is set for TypeMetadata, whose text has no contact ids.
func AppendItem(b []byte, it *center.Item, r *center.Receipt) []byte {
	b = append(b, `{"AbsoluteTime":"`...)
	b = appendTime(b, it.Time)
	b = append(b, '"')
	if r == nil && (it.Type == center.TypeMessage || it.Content != "") {
		b = appendMember(b, "Content", it.Content)
	}
	if it.ContentType != "" {
		b = appendMember(b, "ContentType", it.ContentType)
	}
	b = appendMember(b, "Id", string(it.ID))
	b = appendMember(b, "Type", string(it.Type))
	if r != nil {
		return append(appendReceipt(append(b, `,"MessageMetadata":`...), r), '}')
	}
	if it.Participant != "" {
		b = appendMember(b, "ParticipantId", string(it.Participant))
		b = appendMember(b, "DisplayName", it.DisplayName)
		b = appendMember(b, "ParticipantRole", string(it.Role))
	}
	if it.Processing != "" {
		b = append(b, `,"MessageMetadata":{"MessageId":`...)
		b = restjson.Quote(b, string(it.ID))
		b = append(appendMember(b, "MessageProcessingStatus", string(it.Processing)), '}')
	}
	if a := it.Attachment; a != nil {
		b = append(b, `,"Attachments":[{"AttachmentId":`...)
		b = restjson.Quote(b, a.ID)
		b = appendMember(b, "AttachmentName", a.Name)
		b = appendMember(b, "ContentType", a.ContentType)
		b = appendMember(b, "Status", string(a.Status))
		b = append(b, "}]"...)
	}
	b = appendMember(b, "InitialContactId", string(it.Chat))
	b = appendMember(b, "ContactId", string(it.Contact))
	return append(b, '}')
}

func appendReceipt(b []byte, r *center.Receipt) []byte {
	b = append(b, `{"MessageId":`...)
	b = restjson.Quote(b, string(r.Item))
	b = append(b, `,"Receipts":[{`...)
	if !r.Delivered.IsZero() {
		b = append(appendTime(append(b, `"DeliveredTimestamp":"`...), r.Delivered), `",`...)
	}
	if !r.Read.IsZero() {
		b = append(appendTime(append(b, `"ReadTimestamp":"`...), r.Read), `",`...)
	}
	b = append(b, `"RecipientParticipantId":`...)
	return append(restjson.Quote(b, string(r.Recipient)), "}]}"...)
}

func appendTime(b []byte, t time.Time) []byte {
	return t.UTC().AppendFormat(b, center.TimeLayout)
}

func appendMember(b []byte, name, value string) []byte {
	b = append(b, ',', '"')
	b = append(b, name...)
	b = append(b, '"', ':')
	return restjson.Quote(b, value)
}
