package server_test

import (
	"bufio"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"parley.example/parley/api/connect"
	"parley.example/parley/internal/flowlog"
	"parley.example/parley/internal/server"
	"parley.example/parley/internal/server/servertest"
)

// logged is a flow that logs what it does, keeps a secret and says goodbye.
const logged = `{"Version":"2019-10-30","StartAction":"log","Actions":[
 {"Identifier":"log","Type":"UpdateFlowLoggingBehavior","Parameters":{"FlowLoggingBehavior":"Enabled"},"Transitions":{"NextAction":"set"}},
 {"Identifier":"set","Type":"UpdateContactAttributes","Parameters":{"Attributes":{"name":"Ana","password":"hunter2","favourite":"blue"}},"Transitions":{"NextAction":"say","Errors":[{"NextAction":"end","ErrorType":"NoMatchingError"}]}},
 {"Identifier":"say","Type":"MessageParticipant","Parameters":{"Text":"Hello $.Attributes.name"},"Transitions":{"NextAction":"w","Errors":[{"NextAction":"end","ErrorType":"NoMatchingError"}]}},
 {"Identifier":"w","Type":"Wait","Parameters":{"TimeLimitSeconds":"604800"},"Transitions":{"NextAction":"end","Conditions":[{"NextAction":"end","Condition":{"Operator":"Equals","Operands":["WaitCompleted"]}}],"Errors":[{"NextAction":"end","ErrorType":"NoMatchingError"}]}},
 {"Identifier":"end","Type":"DisconnectParticipant","Parameters":{},"Transitions":{}}]}`

// follow opens the live tail and returns what it sends, event by event.
func follow(t *testing.T, s *servertest.Server, query string) (next func() string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), "GET", s.URL+"/dev/flowlogs"+query, nil)
	if err != nil {
		t.Fatal(err)
	}
	client := *s.HTTP
	client.Timeout = 0
	res, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { res.Body.Close() })
	if res.StatusCode != 200 || res.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatalf("the tail answers %s, %s", res.Status, res.Header.Get("Content-Type"))
	}
	lines := bufio.NewScanner(res.Body)
	return func() string {
		for lines.Scan() {
			if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				return data
			}
		}
		return "the end"
	}
}

func TestFlowLogs(t *testing.T) {
	dir := t.TempDir()
	s := servertest.Start(t, func(c *server.Config) { c.FlowLogs, c.FlowLogHide = dir, []string{"favourite"} })
	next := follow(t, s, "?instance="+s.Instance(t))
	c := s.Chat(t, func(in *connect.StartChatContactRequest) { in.ContactFlowId = s.Flow(t, "Logged", logged) })

	record := func(text string) (r flowlog.Record) {
		if err := json.Unmarshal([]byte(text), &r); err != nil {
			t.Fatalf("the tail sends %q: %v", text, err)
		}
		return r
	}
	want := []string{
		`SetLoggingBehavior log {"LoggingBehavior":"Enable"}`,
		`SetAttributes set {"AddAttributeToRelatedContact":"false","Key":"name","Value":"Ana"}`,
		`SetAttributes set {"AddAttributeToRelatedContact":"false","Key":"password","Value":"[hidden]"}`,
		`SetAttributes set {"AddAttributeToRelatedContact":"false","Key":"favourite","Value":"[hidden]"}`,
		`PlayPrompt say {"Text":"Hello Ana","TextToSpeechType":"text"}`,
	}
	for i, w := range want {
		r := record(next())
		parameters, err := json.Marshal(r.Parameters)
		if err != nil {
			t.Fatal(err)
		}
		if got := r.Block + " " + r.Identifier + " " + string(parameters); got != w {
			t.Errorf("record %d is %s; want %s", i, got, w)
		}
		if r.ContactID != c.Contact || r.FlowName != "Logged" || !strings.HasSuffix(r.FlowID, "/contact-flow/"+s.Flow(t, "Logged", logged)) || r.Timestamp == "" {
			t.Errorf("record %d is of %s in %s %q at %q", i, r.ContactID, r.FlowID, r.FlowName, r.Timestamp)
		}
	}
	late := follow(t, s, "?recent=200&contact="+c.Contact)
	if r := record(late()); r.Identifier != "log" {
		t.Errorf("a late tail begins with %q", r.Identifier)
	}

	s.Stop() // ends the tails, though their clients would read on
	for text := next(); text != "the end"; text = next() {
		if r := record(text); r.ContactID != c.Contact {
			t.Errorf("a record of %s", r.ContactID)
		}
	}
	text, err := os.ReadFile(filepath.Join(dir, s.Instance(t)+".log"))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Count(string(text), "\n") < len(want) || strings.Contains(string(text), "hunter2") || strings.Contains(string(text), "blue") {
		t.Errorf("the file holds\n%s", text)
	}
}

func TestFlowLogTailRefusals(t *testing.T) {
	s := servertest.Start(t)
	for _, query := range []string{"?recent=x", "?recent=-1", "?recent=201"} {
		res, err := s.HTTP.Get(s.URL + "/dev/flowlogs" + query)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != 400 {
			t.Errorf("%s is answered %s; want 400", query, res.Status)
		}
	}
	dir := t.TempDir()
	production := servertest.Start(t, servertest.Production(dir))
	res, err := production.HTTP.Get(production.URL + "/dev/flowlogs")
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode == 200 {
		t.Error("a server outside development mode has a live tail")
	}
}
