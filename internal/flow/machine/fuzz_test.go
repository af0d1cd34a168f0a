package machine

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/flow"
	"parley.example/parley/internal/flow/flowdoc"
)

// FuzzRun: no document and no order of events makes the interpreter panic,
// run on without end, or change the run it was given.
func FuzzRun(f *testing.F) {
	for _, content := range flowdoc.All(f) {
		f.Add(content, []byte("tmbeExvsS"), `{"a":"1"}`)
	}
	f.Add([]byte(flowdoc.Of(flowdoc.Say("a", "$.External.a[0].b`$['Attributes']['x y']`", "a"))), []byte("ttt"), `{"a":[{"b":1}]}`)
	f.Fuzz(func(t *testing.T, content []byte, script []byte, answer string) {
		parsed, err := flow.Parse(content)
		if err != nil || len(script) > 64 {
			return
		}
		s, i := settled()
		s.flows["main"] = parsed
		s.flows["f"] = parsed
		i.modules["m"], i.modules["f"] = parsed.WithSettings(content), parsed
		i.views["form"] = View{ID: "form"}
		i.metrics["q"] = QueueStatus{Contacts: 1}
		s.Contact.Queue.ID, s.Contact.Interactive, s.Contact.Related = "q", len(answer)%2 == 0, "c-r"
		s.Contact.Logging = len(script)%2 == 0
		s.Contact.BotPresent = true
		s.Contact.Attributes = map[string]string{"x": answer}
		kinds := []Kind{KindInbound, KindCustomerQueue, KindAgentWhisper, KindCustomerWhisper, KindDisconnect}
		kind := kinds[len(script)%len(kinds)]
		s.Contact.Queued = kind == KindCustomerQueue
		data := Data{}
		if json.Valid([]byte(answer)) { // a run keeps documents that were checked when they came
			data.Lex, data.Views = json.RawMessage(answer), json.RawMessage(answer)
		}
		out := Start(s.World, parsed, "main", kind, data)
		for _, c := range script {
			if out.Run == nil {
				break
			}
			before, err := json.Marshal(out.Run)
			if err != nil {
				t.Fatal(err)
			}
			run := out.Run
			s.Now = s.Now.Add(time.Hour)
			out = Advance(s.World, run, eventOf(c, run, answer))
			if after, _ := json.Marshal(run); !bytes.Equal(before, after) {
				t.Errorf("Advance changed the run it was given from %s to %s", before, after)
			}
			if len(out.Messages) > flow.MaxSteps || len(out.Effects) > flow.MaxSteps || len(out.Log) > maxLog+flow.MaxSteps {
				t.Errorf("a step made %d messages, %d calls, %d log entries", len(out.Messages), len(out.Effects), len(out.Log))
			}
		}
		if (out.Run == nil) != (out.End != "") {
			t.Errorf("run %v with end %q", out.Run, out.End)
		}
	})
}

// FuzzTexts: no text makes looking up its references panic, and none becomes too long.
func FuzzTexts(f *testing.F) {
	for _, text := range []string{
		"Hello, $.Attributes.empFirstName $.Attributes.empLastName , You are Authenticated.", "`$.External.items[0].id`",
		"$['Attributes']['first name']$.['LanguageCode'].", "$5.00 $ 118.02 ${AWS::Region} $.", "$.Views.ViewResultData.FormData.extras.0",
		"$.Attributes.escalationReason 窓口へ", "$.Media.Sip.Headers.P-Asserted-Identity-", "$.SegmentAttributes['connect:X']['Y'].$[''].a$[",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		found := flow.Compile(text)
		s := newWorld()
		m := &machine{w: s.World, c: s.Contact, flow: &flow.Flow{}}
		if said, ok := m.text(&found); ok && len(said) > maxText+len(text) {
			t.Errorf("a text of %d bytes", len(said))
		}
		if v, ok := m.value(&found); ok && found.Whole() == nil && !v.IsText() {
			t.Errorf("the value of %q is %+v", text, v)
		}
	})
}

// eventOf turns a letter of a script into an event.
func eventOf(c byte, r *Run, answer string) Event {
	switch c {
	case 't':
		return Event{Kind: EventTime}
	case 'm':
		return Event{Kind: EventCustomerMessage, ContentType: center.PlainText, Content: answer}
	case 'v':
		return Event{Kind: EventCustomerMessage, ContentType: center.InteractiveResponse, Content: answer}
	case 's':
		return Event{Kind: EventSignedIn, Session: r.Wait.Session, SignIn: SignIn{CustomerID: answer}}
	case 'S':
		return Event{Kind: EventSignInCancelled, Session: r.Wait.Session}
	case 'b':
		return Event{Kind: EventBotLeft}
	case 'e':
		return Event{Kind: EventEffectDone, Effect: r.Wait.Effect, Answer: json.RawMessage(answer)}
	case 'E':
		return Event{Kind: EventEffectDone, Effect: r.Wait.Effect, Err: answer}
	}
	return Event{Kind: EventEffectDone, Effect: string(c)}
}
