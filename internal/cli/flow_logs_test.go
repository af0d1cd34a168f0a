package cli

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// record is a line of a flow log.
func record(contact, action, rest string) string {
	return `{"ContactId":"` + contact + `","ContactFlowId":"arn:aws:connect:us-east-1:1:instance/i/contact-flow/f1","ContactFlowModuleType":"PlayPrompt","Identifier":"` +
		action + `","Timestamp":"2026-04-13T00:14:31.581Z","Parameters":{}` + rest + "}"
}

func TestFlowLogLines(t *testing.T) {
	for line, want := range map[string]string{
		record("c", "a", ``):                 "00:14:31.581 c f1: PlayPrompt \"a\"\n",
		record("c", "a b", `,"Results":"x"`): "00:14:31.581 c f1: PlayPrompt \"a b\" -> x\n",
		record("c", "a", `,"ContactFlowName":"Main","ExternalResults":{"k":"v"}`):                                                      "00:14:31.581 c Main: PlayPrompt \"a\" answer={\"k\":\"v\"}\n",
		record("c", "a", `,"Results":"NoMatchingError","ErrorDetails":{"ErrorCode":"NoMatchingError","Message":"function f\nfailed"}`): "00:14:31.581 c f1: PlayPrompt \"a\" -> NoMatchingError (function f failed)\n",
		strings.Replace(record("c", "a", ``), `{}`, `{"Text":"Hello you","B":{"x":"1"},"A":"1"}`, 1):                                   "00:14:31.581 c f1: PlayPrompt \"a\" A=1 B={\"x\":\"1\"} Text=\"Hello you\"\n",
		strings.Replace(record("c", "a", ``), `{}`, `{"T":"`+strings.Repeat("é", 200)+`"}`, 1):                                         "00:14:31.581 c f1: PlayPrompt \"a\" T=" + strings.Repeat("é", 120) + "…\n",
		"half a rec": "",
	} {
		out := newOutput()
		if err := (&flowLogs{}).print(out, []byte(line)); err != nil || out.String() != want {
			t.Errorf("%s is shown as %q, %v; want %q", line, out, err, want)
		}
	}
}

func TestFlowLogFiles(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "i.log")
	var text strings.Builder
	for i := range 30 {
		text.WriteString(record([]string{"c-1", "c-2"}[i%2], fmt.Sprint("a", i), "") + "\n")
	}
	if err := os.WriteFile(path, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args        []string
		lines       int
		first, last string
	}{
		{nil, 20, `"a10"`, `"a29"`}, {[]string{"--recent", "200"}, 30, `"a0"`, `"a29"`}, {[]string{"--recent", "0"}, 0, "", ""},
		{[]string{"--contact", "c-1"}, 15, `"a0"`, `"a28"`}, {[]string{"--flow", "f1", "--recent", "2", "--json"}, 2, `"Identifier":"a28"`, `"Identifier":"a29"`},
		{[]string{"--flow", "f2"}, 0, "", ""},
	} {
		status, out, errs := parley(t, "", append([]string{"flow", "logs", "--dir", dir, "--instance", "i"}, c.args...)...)
		lines := strings.SplitAfter(strings.TrimSuffix(out, "\n"), "\n")
		if status != 0 || strings.Count(out, "\n") != c.lines || !strings.Contains(lines[0], c.first) || !strings.Contains(lines[len(lines)-1], c.last) {
			t.Errorf("%v ends with %d %s and prints\n%s", c.args, status, errs, out)
		}
	}
	if status, _, errs := parley(t, "", "flow", "logs", "--dir", dir, "--instance", "nobody"); status == 0 || !strings.Contains(errs, "nobody.log") {
		t.Errorf("no such file: %d %s", status, errs)
	}
	if status, _, errs := parley(t, "", "flow", "logs", "--recent", "201"); status != 2 || !strings.Contains(errs, "0 to 200") {
		t.Errorf("too many: %d %s", status, errs)
	}
}

// TestFlowLogFollows: lines that come, in parts too, and the file that takes
// the place of one that is full.
func TestFlowLogFollows(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "i.log")
	grow := func(text string) {
		f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if _, err := io.WriteString(f, text); err != nil {
			t.Fatal(err)
		}
	}
	grow(record("c", "first", "") + "\n")
	ctx, cancel := context.WithCancel(t.Context())
	out, ended := newOutput(), make(chan int)
	go func() {
		ended <- run(ctx, []string{"flow", "logs", "--dir", dir, "--instance", "i", "--follow", "--contact", "c"}, streams{strings.NewReader(""), out, out})
	}()
	out.wait(t, `"first"`)
	second := record("c", "second", "")
	grow(record("other", "not asked for", "") + "\n" + second[:20])
	grow(second[20:] + "\n")
	out.wait(t, `"second"`)
	grow(record("c", "last of the old", "") + "\n")
	if err := os.Rename(path, filepath.Join(dir, "i.1.log")); err != nil {
		t.Fatal(err)
	}
	grow(record("c", "first of the new", "") + "\n")
	out.wait(t, `"first of the new"`)
	cancel()
	if status := <-ended; status != 0 {
		t.Errorf("ends with %d:\n%s", status, out)
	}
	if text := out.String(); !strings.Contains(text, `"last of the old"`) || strings.Contains(text, "not asked for") || strings.Count(text, "\n") != 4 {
		t.Errorf("it printed\n%s", text)
	}
}

func TestFlowLogTail(t *testing.T) {
	asked := ""
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = r.URL.String()
		if r.URL.Query().Get("contact") == "nobody" {
			http.Error(w, "not here", http.StatusNotFound)
			return
		}
		fmt.Fprintf(w, ": hello\n\ndata: %s\n\nevent: lost\ndata: {\"Lost\":3}\n\ndata: %s\n\n", record("c", "one", ""), record("c", "two", ""))
	}))
	defer srv.Close()
	status, out, errs := parley(t, "", "flow", "logs", "--endpoint", srv.URL+"/", "--instance", "i", "--flow", "f", "--recent", "5")
	if status != 0 || !strings.Contains(out, `"one"`) || strings.Count(out, "\n") != 2 || !strings.Contains(errs, `lost records: {"Lost":3}`) {
		t.Errorf("ends with %d, prints\n%s\n%s", status, out, errs)
	}
	if want := "/dev/flowlogs?flow=f&instance=i&recent=5"; asked != want {
		t.Errorf("asked for %s; want %s", asked, want)
	}
	if status, _, errs := parley(t, "", "flow", "logs", "--endpoint", srv.URL, "--contact", "nobody"); status != 1 || !strings.Contains(errs, "not here") || !strings.Contains(errs, "development mode only") {
		t.Errorf("refused: %d %s", status, errs)
	}
	srv.Close()
	if status, _, errs := parley(t, "", "flow", "logs", "--endpoint", srv.URL); status != 1 || errs == "" {
		t.Errorf("no server: %d %s", status, errs)
	}
}
