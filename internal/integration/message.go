package integration

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"github.com/google/uuid"

	"parley.example/parley/api/restjson"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
	"parley.example/parley/internal/contact/frames"
	"parley.example/parley/internal/store"
)

// StreamMessage returns the body of the delivery of one item: the message and its
// attributes, without the endpoint's envelope. The message is the item's JSON
// text as on sockets; the attributes, all of data type String, are those of
// Amazon's message streaming. One without a value (ParticipantRole of chat.ended)
// is omitted, as SNS does not accept empty values.
func StreamMessage(p center.Partition, instance center.InstanceID, st contact.Streamed) []byte {
	it := &st.Item
	var scratch [1024]byte
	text := frames.AppendItem(scratch[:0], it, st.Rcpt)

	b := make([]byte, 0, len(text)+len(text)/4+512)
	b = append(b, `{"Message":`...)
	b = restjson.Quote(b, text)
	b = append(b, `,"MessageAttributes":{`...)
	visibility := it.Visibility
	if visibility == center.VisibleAll {
		visibility = "ALL"
	}
	first := true
	for _, a := range [...]struct{ name, value string }{
		{"AccountId", p.Account},
		{"ContactId", string(it.Contact)},
		{"ContentType", it.ContentType},
		{"InitialContactId", string(it.Chat)},
		{"InstanceId", string(instance)},
		{"MessageVisibility", string(visibility)},
		{"ParticipantRole", string(it.Role)},
		{"Type", string(it.Type)},
	} {
		if a.value == "" {
			continue
		}
		if !first {
			b = append(b, ',')
		}
		first = false
		b = append(append(append(b, '"'), a.name...), `":`...)
		b = restjson.Quote(b, a.value)
	}
	return append(b, "}}"...)
}

// message is a decoded body of [StreamMessage].
type message struct {
	Message           string
	MessageAttributes map[string]string
}

func readMessage(d *store.Delivery) (message, error) {
	var m message
	if err := json.Unmarshal(d.Body, &m); err != nil {
		return message{}, &answerError{fmt.Sprintf("the delivery cannot be decoded: %v", err)}
	}
	return m, nil
}

// names returns the names of the attributes in order.
func (m *message) names() []string {
	names := make([]string, 0, len(m.MessageAttributes))
	for n := range m.MessageAttributes {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

// messageSpace is the name space of message ids (UUID version 5).
var messageSpace = uuid.MustParse("8f3a4c52-5d0e-4b7a-9c86-21f7b0d9e364")

// messageID returns the id of a delivery's message: the same for all attempts,
// also after a restart.
func messageID(d *store.Delivery) string {
	return uuid.NewSHA1(messageSpace, []byte(d.Stream+"/"+strconv.FormatInt(d.ID, 10))).String()
}
