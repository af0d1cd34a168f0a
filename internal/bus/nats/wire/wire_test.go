package wire

import (
	"bytes"
	"reflect"
	"strings"
	"testing"

	"parley.example/parley/internal/bus"
	"parley.example/parley/internal/bus/bustest"
)

// onWire encodes and decodes a message; its subject is not among what is encoded.
func onWire(t *testing.T, m bus.Message) bus.Message {
	t.Helper()
	got, ok := Decode(Append(nil, &m))
	if !ok {
		t.Fatalf("%+v is not read", m)
	}
	got.Subject = m.Subject
	return got
}

// TestEveryMemberIsOnTheWire fails when a message or an event gets a member that is not encoded.
func TestEveryMemberIsOnTheWire(t *testing.T) {
	want := bustest.Full()
	if got := onWire(t, want); !reflect.DeepEqual(got, want) {
		t.Errorf("read %+v; want %+v", got, want)
	}
	full := reflect.ValueOf(want)
	for i := range full.NumField() {
		var one bus.Message
		reflect.ValueOf(&one).Elem().Field(i).Set(full.Field(i))
		if got := onWire(t, one); !reflect.DeepEqual(got, one) {
			t.Errorf("%s alone: read %+v; want %+v", full.Type().Field(i).Name, got, one)
		}
	}
	event := full.FieldByName("Events").Index(0)
	for i := range event.NumField() {
		one := bus.Message{Events: make([]bus.Event, 2)} // one of them with no member at all
		reflect.ValueOf(&one.Events[1]).Elem().Field(i).Set(event.Field(i))
		if got := onWire(t, one); !reflect.DeepEqual(got, one) {
			t.Errorf("%s of an event alone: read %+v; want %+v", event.Type().Field(i).Name, got, one)
		}
	}
}

func TestExtremesAreOnTheWire(t *testing.T) {
	for _, want := range []bus.Message{
		{},
		{Version: -1, Seq: -1 << 63},
		{Version: 1<<63 - 1},
		{Events: []bus.Event{{Payload: []byte{}}, {Payload: nil}}}, // empty is sent, nil is not
		{Events: []bus.Event{{Payload: bytes.Repeat([]byte("x"), 1<<20)}, {Seq: 1}}},
	} {
		if got := onWire(t, want); !reflect.DeepEqual(got, want) {
			t.Errorf("read %.100v; want %.100v", got, want)
		}
	}
}

// TestMembersOfLaterReleasesAreSkipped adds members of all kinds, to a message and to an event.
func TestMembersOfLaterReleasesAreSkipped(t *testing.T) {
	later := string([]byte{60<<kinds | number, 0x80, 1, 60<<kinds | text, 2, 'h', 'i', 61<<kinds | block, 1, 0, 0, 0, 'x'})
	event := string([]byte{messageEvent, byte(len(later) + 2), 0, 0, 0}) + later + string([]byte{eventSeq, 7})
	got, ok := Decode([]byte(string([]byte{format}) + later + string([]byte{messageVersion, 9}) + event))
	want := bus.Message{Version: 9, Events: []bus.Event{{Seq: 7}}}
	if !ok || !reflect.DeepEqual(got, want) {
		t.Errorf("read %+v, %t; want %+v", got, ok, want)
	}
}

func TestWhatIsNoMessage(t *testing.T) {
	valid := bustest.Full()
	whole := Append(nil, &valid)
	for name, data := range map[string][]byte{
		"nothing":                 {},
		"another format":          append([]byte{format + 1}, whole[1:]...),
		"an unknown kind":         {format, 1 << kinds},
		"a key without a number":  {format, messageVersion},
		"a number without an end": {format, messageVersion, 0x80, 0x80},
		"a number too large":      append([]byte{format, messageVersion}, bytes.Repeat([]byte{0xff}, 11)...),
		"a text that is cut":      {format, messageOrigin, 5, 'a'},
		"a text of 2^63 bytes":    append([]byte{format, messageOrigin}, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 1),
		"a block without length":  {format, messageEvent, 1, 0, 0},
		"a block that is cut":     {format, messageEvent, 9, 0, 0, 0, eventSeq, 1},
		"an event that is cut":    {format, messageEvent, 1, 0, 0, 0, eventSeq},
		"JSON":                    []byte(`{"Version":1}`),
	} {
		if m, ok := Decode(data); ok || !reflect.DeepEqual(m, bus.Message{}) {
			t.Errorf("%s: read %+v, %t; want nothing", name, m, ok)
		}
	}
}

// TestAPayloadIsCopiedOnce: what is received is the part of the message's bytes, and cannot be appended over what follows it.
func TestAPayloadIsCopiedOnce(t *testing.T) {
	data := Append(nil, &bus.Message{Events: []bus.Event{{Payload: []byte("payload"), Only: "p"}}})
	m, _ := Decode(data)
	payload := m.Events[0].Payload
	if at := bytes.Index(data, payload); &data[at] != &payload[0] || cap(payload) != len(payload) {
		t.Errorf("the payload is not the part of the message, or has room for %d bytes more", cap(payload)-len(payload))
	}
}

func FuzzDecode(f *testing.F) {
	full := bustest.Full()
	for _, m := range []bus.Message{{}, full, {Version: -1, Events: []bus.Event{{Payload: []byte{}}}}} {
		f.Add(Append(nil, &m))
	}
	f.Add([]byte{format, 60<<kinds | text, 2, 'h', 'i', messageEvent, 0, 0, 0, 0})
	f.Add([]byte{format, messageOrigin, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 1})
	f.Fuzz(func(t *testing.T, data []byte) {
		m, ok := Decode(data)
		if !ok {
			return
		}
		again, ok := Decode(Append(nil, &m))
		if !ok || !reflect.DeepEqual(m, again) {
			t.Errorf("%+v is read as %+v, %t", m, again, ok)
		}
	})
}

func TestNames(t *testing.T) {
	n, err := NewNames("a.b-1")
	if err != nil {
		t.Fatal(err)
	}
	for subject, want := range map[bus.Subject]string{
		bus.Chat("11111111-1111-4111-8111-111111111111"): "a.b-1.chat.11111111-1111-4111-8111-111111111111",
		bus.Work:              "a.b-1.work",
		bus.Agent("a_B-9"):    "a.b-1.agent.a_B-9",
		bus.Chat(""):          "a.b-1.chat.=",
		bus.Chat("x y"):       "a.b-1.chat.=eCB5",
		bus.Chat("=eCB5"):     "a.b-1.chat.=PWVDQjU",
		"":                    "a.b-1.=",
		bus.Chat("a.b/c*>\n"): "a.b-1.chat.=YS5iL2MqPgo",
	} {
		wire, ok := n.Wire(subject)
		if wire != want || !ok {
			t.Errorf("%q is %q on the wire, %t; want %q", subject, wire, ok, want)
		}
		if back, ok := n.Subject(wire); back != subject || !ok {
			t.Errorf("%q is read as %q, %t; want %q", wire, back, ok, subject)
		}
	}
	if wire, ok := n.Wire(bus.Chat("0123456789") + bus.Subject(strings.Repeat("x", maxSubject))); ok {
		t.Errorf("a subject of %d bytes goes to the server", len(wire))
	}
	for _, wire := range []string{"", "a.b-1", "other.work", "a.b-1.", "a.b-1.chat.", "a.b-1.chat.x.y", "a.b-1.chat.=!", "a.b-1.=!", "a.b-1.chat.é"} {
		if s, ok := n.Subject(wire); ok {
			t.Errorf("%q is read as %q; want nothing", wire, s)
		}
	}
	for _, prefix := range []string{"", ".", "a.", "a..b", "a b", "a.*", "é"} {
		if _, err := NewNames(prefix); err == nil {
			t.Errorf("the prefix %q is taken", prefix)
		}
	}
}
