package machine

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

// TestRunsAreKeptAsTheyWere: chats keep runs and effects in these members; what an
// earlier version has written is read, and written again, without a loss.
func TestRunsAreKeptAsTheyWere(t *testing.T) {
	run := `{"flow":"f-1","hash":"h-1","kind":"customerQueue","data":{"attributes":{"a":"1"},"loops":{"l":2},` +
		`"lists":{"L":{"index":1,"length":3,"elements":[1,2,3]}},"external":{"x":1},"invocation":"i-1","lex":{"IntentName":"Order"},` +
		`"views":{"Action":"ok"},"metrics":{"Queue":{"Size":1}},"input":{"in":1},"module":{"Result":"done"},` +
		`"talk":{"state":{"s":1},"pending":["hello"]}},` +
		`"wait":{"action":"a","kind":"auth","until":"2026-03-01T12:00:00Z","effect":"e-1","events":["CustomerReturned"],"session":"s-1",` +
		`"since":"2026-03-01T11:00:00Z","provider":{"pool":"p","client":"c","redirect":"r"},"hidden":true},` +
		`"stack":[{"flow":"f-0","hash":"h-0","action":"m","data":{}}],"steps":7}`
	effects := `[{"id":"e-1","invoke":{"id":"e-1","function":"arn:f","async":true,"limit":8000000000,"parameters":{"p":"1"},"json":true}},` +
		`{"id":"e-2","kind":"ask","ask":{"alias":"arn:b","name":"n","v1Alias":"v","region":"r","locale":"en_US","session":"c-1","text":"hi",` +
		`"state":{"s":1},"attributes":{"a":"1"},"request":{"q":"1"},"limit":30000000000}},` +
		`{"id":"e-3","kind":"update","update":{"contact":"c-2","attributes":{"a":"1"},"name":"N","description":"D",` +
		`"references":{"r":{"type":"URL","value":"u"}},"segment":{"s":{"s":"v"}}}},` +
		`{"id":"e-4","kind":"continue","continue":{"source":"c-3","entire":true}}]`
	for kept, into := range map[string]any{run: new(Run), effects: new([]Effect)} {
		d := json.NewDecoder(strings.NewReader(kept))
		d.DisallowUnknownFields()
		if err := d.Decode(into); err != nil {
			t.Fatalf("%v in %s", err, kept)
		}
		if again, err := json.Marshal(into); err != nil || !bytes.Equal(again, []byte(kept)) {
			t.Errorf("what was kept is now\n%s, %v; want\n%s", again, err, kept)
		}
	}
}
