package integration

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/flow/machine"
)

func TestReadTurn(t *testing.T) {
	a, err := readTurn([]byte(`{
 "sessionState":{"intent":{"name":"Book","state":"ReadyForFulfillment","slots":{
   "City":{"value":{"originalValue":"paris","interpretedValue":"Paris","resolvedValues":["Paris"]}},
   "Raw":{"shape":"Scalar","value":{"originalValue":"as said"}},
   "Many":{"shape":"List","value":{"originalValue":"a and b"},"values":[{"shape":"Scalar","value":{"interpretedValue":"A"}},{"value":{"interpretedValue":"B"}},null]},
   "Whole":{"shape":"Composite","subSlots":{"Part":{"value":{"interpretedValue":"P"}},"Gap":null}},
   "Empty":null, "Hollow":{"shape":"Scalar"}}}},
 "interpretations":[
   {"nluConfidence":{"score":0.91},"intent":{"name":"Book"},"sentimentResponse":{"sentiment":"NEGATIVE","sentimentScore":{"positive":0.1,"negative":0.7,"neutral":0.15,"mixed":0.05}}},
   {"nluConfidence":0.4,"intent":{"name":"Cancel","slots":{"Id":null}}},
   {"intent":{"name":"FallbackIntent"}}]}`))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"City": "Paris", "Raw": "as said", "Many": []any{"A", "B", nil}, "Whole": map[string]any{"Part": "P", "Gap": nil}, "Empty": nil, "Hollow": nil}
	if a.Intent != "Book" || a.State != "ReadyForFulfillment" || !reflect.DeepEqual(a.Slots, want) {
		t.Errorf("%s is %s with slots %v; want %v", a.Intent, a.State, a.Slots, want)
	}
	if a.Confidence == nil || *a.Confidence != 0.91 {
		t.Errorf("confidence %v; want 0.91", a.Confidence)
	}
	if s := a.Sentiment; s == nil || *s != (machine.Sentiment{Label: "NEGATIVE", Positive: 0.1, Negative: 0.7, Mixed: 0.05, Neutral: 0.15}) {
		t.Errorf("sentiment %+v", s)
	}
	alternatives := []machine.Alternative{{Intent: "Cancel", Confidence: new(0.4), Slots: map[string]any{"Id": nil}}, {Intent: "FallbackIntent"}}
	if !reflect.DeepEqual(a.Alternatives, alternatives) {
		t.Errorf("alternatives %+v; want %+v", a.Alternatives, alternatives)
	}
}

func TestChatMessages(t *testing.T) {
	const picker = `{"templateType":"ListPicker","version":"1.0","data":{"content":{"title":"T","elements":[{"title":"A"}]}}}`
	show := func(title string, buttons ...string) string {
		list := make([]map[string]string, len(buttons))
		for i, b := range buttons {
			text, value, _ := strings.Cut(b, "=")
			list[i] = map[string]string{"text": text, "value": value}
		}
		text, err := json.Marshal(map[string]any{"contentType": "ImageResponseCard", "imageResponseCard": map[string]any{
			"title": title, "subtitle": "S", "imageUrl": "https://pictures.example/" + title, "buttons": list}})
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	list := func(title string) string {
		return `"templateType":"ListPicker","version":"1.0","data":{"content":{"title":"` + title + `","subtitle":"S","imageType":"URL","imageData":"https://pictures.example/` + title + `","elements":[{"title":"Yes"}]}}}`
	}
	text := func(s string) machine.BotMessage {
		return machine.BotMessage{ContentType: center.PlainText, Content: s}
	}
	interactive := func(s string) machine.BotMessage {
		return machine.BotMessage{ContentType: center.Interactive, Content: s}
	}
	quoted := func(s string) string {
		b, _ := json.Marshal(s)
		return string(b)
	}
	for _, c := range []struct {
		name, messages string
		want           []machine.BotMessage
		picks          map[string]string
	}{
		{"none", ``, nil, nil},
		{"text", `{"contentType":"PlainText","content":"a"},{"contentType":"SSML","content":"<speak>b</speak>"},{"contentType":"CustomPayload","content":"c"}`,
			[]machine.BotMessage{text("a"), text("<speak>b</speak>"), text("c")}, nil},
		{"empty ones are left out", `{"contentType":"PlainText","content":" "},{"contentType":"PlainText"}`, nil, nil},
		{"template as payload", `{"contentType":"CustomPayload","content":` + quoted(picker) + `}`, []machine.BotMessage{interactive(picker)}, nil},
		{"template as text", `{"contentType":"PlainText","content":` + quoted(" "+picker) + `}`, []machine.BotMessage{interactive(" " + picker)}, nil},
		{"other JSON", `{"contentType":"CustomPayload","content":"{\"templateType\":\"ListPicker\"}"}`, []machine.BotMessage{text(`{"templateType":"ListPicker"}`)}, nil},
		{"a view is not a bot's", `{"contentType":"CustomPayload","content":` + quoted(strings.Replace(picker, "ListPicker", "ViewResource", 1)) + `}`,
			[]machine.BotMessage{text(strings.Replace(picker, "ListPicker", "ViewResource", 1))}, nil},
		{"card", show("One", "Yes=y"), []machine.BotMessage{interactive(`{` + list("One"))}, map[string]string{"Yes": "y"}},
		{"card without values", show("One", "Yes"), []machine.BotMessage{interactive(`{` + list("One"))}, map[string]string{"Yes": "Yes"}},
		{"card without buttons", show("One"), []machine.BotMessage{text("One\nS")}, nil},
		{"cards", show("One", "Yes=y") + "," + show("Two", "Yes=n"), []machine.BotMessage{interactive(
			`{"templateType":"Carousel","version":"1.0","data":{"content":{"title":"One","elements":[{"templateIdentifier":"card1",` + list("One") + `,{"templateIdentifier":"card2",` + list("Two") + `]}}}`)},
			map[string]string{"Yes": "n"}},
		{"card between texts", `{"content":"a"},` + show("One", "Yes=y") + `,{"content":"b"}`, []machine.BotMessage{text("a"), interactive(`{` + list("One")), text("b")}, map[string]string{"Yes": "y"}},
	} {
		var messages []lexMessage
		if err := json.Unmarshal([]byte("["+c.messages+"]"), &messages); err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		got, picks, err := chatMessages(messages)
		if err != nil || !reflect.DeepEqual(got, c.want) || !reflect.DeepEqual(picks, c.picks) {
			t.Errorf("%s:\n%+v, %v, %v; want\n%+v, %v", c.name, got, picks, err, c.want, c.picks)
		}
	}

	// The templates of the reference, as a payload of Lex and as text, which Amazon's samples answer.
	for _, template := range []string{"ListPicker", "TimePicker", "Panel", "QuickReply", "Carousel", "ApplePay", "AppleForm", "WhatsAppInteractiveList", "WhatsAppInteractiveReplyButton"} {
		shown := strings.Replace(picker, "ListPicker", template, 1)
		for _, as := range []string{"CustomPayload", "PlainText", ""} {
			got, _, err := chatMessages([]lexMessage{{ContentType: as, Content: shown}})
			if err != nil || !reflect.DeepEqual(got, []machine.BotMessage{interactive(shown)}) {
				t.Errorf("a %s as %q: %+v, %v", template, as, got, err)
			}
		}
	}

	long := strings.Replace(picker, `"T"`, `"`+strings.Repeat("x", maxInteractive)+`"`, 1)
	for _, m := range []lexMessage{{Content: long}, {Card: &card{Title: strings.Repeat("x", maxInteractive), Buttons: []button{{Text: "a"}}}}} {
		if _, _, err := chatMessages([]lexMessage{m}); err == nil || !strings.Contains(err.Error(), "20 KB or more") {
			t.Errorf("an interactive message that is too long: %v", err)
		}
	}
}

func TestPicks(t *testing.T) {
	for _, c := range []struct {
		picks      map[string]string
		said, want string
	}{
		{nil, "Roses", "Roses"},
		{map[string]string{"Roses": "kind=1"}, "Roses", "kind=1"},
		{map[string]string{"Roses": "kind=1"}, "roses please", "roses please"},
		{map[string]string{"Roses": "kind=1"}, `{"templateIdentifier":"card1","listTitle":"Flowers","selectionText":"Roses"}`, "kind=1"},
		{nil, `{"templateIdentifier":"t","listTitle":"L","selectionText":"Roses"}`, `{"templateIdentifier":"t","listTitle":"L","selectionText":"Roses"}`},
		{map[string]string{"Roses": "kind=1"}, `{"broken`, `{"broken`},
	} {
		kept, err := memory{State: json.RawMessage(`{"a":1}`), Picks: c.picks}.text()
		if err != nil {
			t.Fatal(err)
		}
		m := readMemory(kept)
		if got := m.said(c.said); got != c.want || string(m.State) != `{"a":1}` {
			t.Errorf("with %v, %q is told as %q (state %s); want %q", c.picks, c.said, got, m.State, c.want)
		}
	}
	if m := readMemory(json.RawMessage(`[]`)); m.State != nil || m.Picks != nil {
		t.Errorf("what cannot be read became %+v", m)
	}
}

func FuzzReadTurn(f *testing.F) {
	f.Add([]byte(elicit))
	f.Add([]byte(`{"messages":[{"imageResponseCard":{"buttons":[{}]}},{"imageResponseCard":{"buttons":[{}]}}],"sessionState":{"dialogAction":{"type":"Close"}}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		a, err := readTurn(text)
		if err == nil && (len(a.Messages) > maxMessages || len(a.Session) > maxMemory || len(a.Alternatives) > maxIntents) {
			t.Errorf("an answer beyond its bounds: %d messages, %d bytes, %d alternatives", len(a.Messages), len(a.Session), len(a.Alternatives))
		}
	})
}
