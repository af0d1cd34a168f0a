package flow

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"parley.example/parley/internal/center"
)

// seeds gives a fuzz test the package's own flows.
func seeds(f *testing.F, add func(content []byte)) {
	f.Helper()
	paths, err := filepath.Glob("testdata/*.json")
	if err != nil {
		f.Fatal(err)
	}
	for _, path := range paths {
		content, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		add(content)
	}
}

// FuzzParse: no document makes the parser or the checks panic, and one that
// parses is given back as it was.
func FuzzParse(f *testing.F) {
	seeds(f, func(content []byte) { f.Add(content) })
	f.Add([]byte(`{"Actions":[null,1,{"Transitions":{"Conditions":[{}],"Errors":[{}]}}],"Metadata":{"name":1}}`))
	f.Add([]byte(`{"Actions":[{"Identifier":"a","Type":"Wait","Parameters":{"Events":[1],"TimeLimitSeconds":[]}}]}`))
	f.Fuzz(func(t *testing.T, content []byte) {
		parsed, err := Parse(content)
		if err != nil {
			return
		}
		if !bytes.Equal(parsed.Content(), content) {
			t.Error("the content is not what was parsed")
		}
		problems := parsed.Problems()
		if len(problems) > maxProblems {
			t.Errorf("%d problems", len(problems))
		}
		for _, p := range problems {
			if n := utf8.RuneCountInString(p); n == 0 || n > maxMessage {
				t.Errorf("a problem of %d characters", n)
			}
		}
		if len(Check(parsed)) < len(problems) {
			t.Error("Check says less than Problems")
		}
	})
}

// FuzzRun: no document and no order of events makes the interpreter panic,
// run on without end, or change the run it was given.
func FuzzRun(f *testing.F) {
	seeds(f, func(content []byte) { f.Add(content, []byte("tmbeExvsS"), `{"a":"1"}`) })
	f.Add([]byte(doc(say("a", "$.External.a[0].b`$['Attributes']['x y']`", "a"))), []byte("ttt"), `{"a":[{"b":1}]}`)
	f.Fuzz(func(t *testing.T, content []byte, script []byte, answer string) {
		parsed, err := Parse(content)
		if err != nil || len(script) > 64 {
			return
		}
		s, i := settled()
		s.flows["main"] = parsed
		s.flows["f"] = parsed
		i.modules["m"], i.modules["f"] = parsed.WithSettings(content), parsed
		i.views["form"] = View{ID: "form"}
		i.metrics["q"] = Metrics{Contacts: 1}
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
			if len(out.Messages) > maxSteps || len(out.Effects) > maxSteps || len(out.Log) > maxLog+maxSteps {
				t.Errorf("a step made %d messages, %d calls, %d log entries", len(out.Messages), len(out.Effects), len(out.Log))
			}
		}
		if (out.Run == nil) != (out.End != "") {
			t.Errorf("run %v with end %q", out.Run, out.End)
		}
	})
}

// FuzzReferences: no text makes finding or looking up its references panic;
// what is found stands in the text, and nothing of the rest is lost.
func FuzzReferences(f *testing.F) {
	for _, text := range []string{
		"Hello, $.Attributes.empFirstName $.Attributes.empLastName , You are Authenticated.", "`$.External.items[0].id`",
		"$['Attributes']['first name']$.['LanguageCode'].", "$5.00 $ 118.02 ${AWS::Region} $.", "$.Views.ViewResultData.FormData.extras.0",
		"$.Attributes.escalationReason 窓口へ", "$.Media.Sip.Headers.P-Asserted-Identity-", "$.SegmentAttributes['connect:X']['Y'].$[''].a$[",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		found := compile(text)
		rest := text
		for _, p := range found.parts {
			want := p.literal
			if p.ref != nil {
				want = p.ref.raw
				if again, size, ok := scanReference(want); !ok || size != len(want) || again.name != p.ref.name || !slices.Equal(again.path, p.ref.path) {
					t.Errorf("the reference %q of %q reads as %+v", want, text, again)
				}
				if after, quoted := strings.CutPrefix(rest, "`"+want+"`"); quoted {
					rest = after
					continue
				}
			}
			if !strings.HasPrefix(rest, want) {
				t.Fatalf("%q does not go on with %q", rest, want)
			}
			rest = rest[len(want):]
		}
		if found.constant() {
			rest = strings.TrimPrefix(rest, found.literal)
		}
		if rest != "" {
			t.Errorf("%q of %q is lost", rest, text)
		}
		s := newWorld()
		m := &machine{w: s.World, c: s.Contact, flow: &Flow{}}
		if said, ok := found.text(m); ok && len(said) > maxText+len(text) {
			t.Errorf("a text of %d bytes", len(said))
		}
		if v, ok := found.value(m); ok && found.whole() == nil && v.kind != kindText {
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
