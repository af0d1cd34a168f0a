package cli

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/alecthomas/kong"
)

// output is what a command writes, for a test that reads it meanwhile.
type output struct {
	mu    sync.Mutex // guards what follows
	text  bytes.Buffer
	grown chan struct{} // closed with the next write
}

func newOutput() *output { return &output{grown: make(chan struct{})} }

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	close(o.grown)
	o.grown = make(chan struct{})
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// wait returns when the output contains text.
func (o *output) wait(t *testing.T, text string) {
	t.Helper()
	o.after(t, 0, text)
}

// after returns when the output contains text behind its first n bytes.
func (o *output) after(t *testing.T, n int, text string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for {
		o.mu.Lock()
		found, grown := bytes.Contains(o.text.Bytes()[n:], []byte(text)), o.grown
		o.mu.Unlock()
		if found {
			return
		}
		select {
		case <-grown:
		case <-ctx.Done():
			t.Fatalf("nothing says %q behind %d bytes:\n%s", text, n, o)
		}
	}
}

// parley runs a command line that ends by itself.
func parley(t *testing.T, in string, args ...string) (status int, out, errs string) {
	t.Helper()
	o, e := newOutput(), newOutput()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	status = run(ctx, args, streams{strings.NewReader(in), o, e})
	if ctx.Err() != nil {
		t.Errorf("parley %q does not end:\n%s%s", args, o, e)
	}
	return status, o.String(), e.String()
}

// asProgram makes this binary the command parley, for tests that need it as a process of its own.
const asProgram = "TEST_AS_PARLEY"

// TestMain takes the settings of whoever runs the tests out of the environment. Tests that wait for
// a clock or a network run in parallel, those that set variables before them.
func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		os.Exit(Run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
	}
	for _, v := range os.Environ() {
		name, _, _ := strings.Cut(v, "=")
		if strings.HasPrefix(name, "PARLEY_") || strings.HasPrefix(name, "AWS_") {
			if err := os.Unsetenv(name); err != nil {
				panic(err)
			}
		}
	}
	os.Exit(m.Run())
}

func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// verbs returns every verb that the command line has and people call, "" among them.
func verbs(t *testing.T) (list []string) {
	t.Helper()
	var cmd command
	parser, err := kong.New(&cmd, words)
	if err != nil {
		t.Fatal(err)
	}
	if err := kong.Visit(parser.Model, func(v kong.Visitable, next kong.Next) error {
		if node, ok := v.(*kong.Node); ok && !node.Passthrough { // which takes every word as it is
			list = append(list, strings.TrimSpace(node.Path()))
		}
		return next(nil)
	}); err != nil || len(list) < 12 {
		t.Fatalf("the verbs are %q, %v", list, err)
	}
	return list
}

// TestHelp asks each verb for help: it is given on standard output, with
// examples, no line longer than a terminal is wide.
func TestHelp(t *testing.T) {
	for _, verb := range verbs(t) {
		status, out, errs := parley(t, "", append(strings.Fields(verb), "--help")...)
		if status != 0 || errs != "" || !strings.Contains(out, "Usage: parley") {
			t.Errorf("parley %s --help = %d\n%s%s", verb, status, out, errs)
		}
		if !strings.Contains(out, "Examples:\n\n    parley") {
			t.Errorf("parley %s --help has no examples:\n%s", verb, out)
		}
		for line := range strings.Lines(out) {
			if len(line) > 110 {
				t.Errorf("parley %s --help has a line of %d characters: %s", verb, len(line), line)
			}
		}
	}
	bare, help := newOutput(), newOutput()
	if run(t.Context(), nil, streams{nil, bare, io.Discard}) != 0 || run(t.Context(), []string{"--help"}, streams{nil, help, io.Discard}) != 0 ||
		bare.String() != help.String() {
		t.Error("parley without arguments is not parley --help")
	}
}

// TestWrongSettings gives each verb what it cannot work with: one line that
// names it, and status 2.
func TestWrongSettings(t *testing.T) {
	junk := write(t, "junk", "junk")
	dir := t.TempDir()
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"dance"}, "no command dance"},
		{[]string{"serve", "--fast"}, "--fast"},
		{[]string{"serve", "now"}, "argument now"},
		{[]string{"serve"}, "data: a directory is required"},
		{[]string{"serve", "--dev", "--new"}, "new: begins afresh in a data directory"},
		{[]string{"serve", "--dev", "--listen", "nowhere"}, `listen "nowhere" is not host:port`},
		{[]string{"serve", "--dev", "--listen", "127.0.0.1:99999"}, `listen "127.0.0.1:99999"`},
		{[]string{"serve", "--dev", "--admin-listen", "9790"}, `admin-listen "9790" is not host:port; for example 127.0.0.1:9790`},
		{[]string{"serve", "--dev", "--public-url", "chat.example.com"}, `public-url "chat.example.com"`},
		{[]string{"serve", "--dev", "--tls-cert", junk}, "tls-cert and tls-key"},
		{[]string{"serve", "--dev", "--tls-cert", junk, "--tls-key", junk}, "tls-cert, tls-key: "},
		{[]string{"serve", "--dev", "--tls-cert", filepath.Join(dir, "none"), "--tls-key", junk}, "none: no such file"},
		{[]string{"serve", "--dev", "--account", "me"}, `account "me"`},
		{[]string{"serve", "--dev", "--max-active-chats", "many"}, "; want --max-active-chats=N"},
		{[]string{"serve", "--dev", "--bot", "http://127.0.0.1:8791"}, "; want --bot=ARN=URL"},
		{[]string{"serve", "--dev", "--max-file-mb", "1000"}, "max-file-mb"},
		{[]string{"serve", "--dev", "--quota", "flows"}, "; want --quota=NAME=N"},
		{[]string{"serve", "--dev", "--quota", "flows=many"}, "; want --quota=NAME=N"},
		{[]string{"serve", "--dev", "--quota", "flows=0"}, "quota flows=0 must be from 1"},
		{[]string{"serve", "--dev", "--quota", "flow=3"}, `quota "flow" is not known; the quotas are active-chats, instances, flows, flow-modules, versions, aliases, views, queues, hours-of-operation, routing-profiles, quick-connects, quick-responses, security-profiles, agent-statuses, lambda-functions, bots, approved-origins, users, hierarchy-groups, predefined-attributes, proficiencies and all`},
		{[]string{"serve", "--config", write(t, "c.json", `{"dev":true,"quota":{"flows":"x"}}`)}, "--quota"},
		{[]string{"serve", "--config", write(t, "c.json", `{"dev":true,"quota":{"flows":1.5}}`)}, "--quota"},
		{[]string{"serve", "--dev", "--files", "/var/files"}, `files: "/var/files": want s3://BUCKET`},
		{[]string{"serve", "--dev", "--files", "s3://files", "--files-endpoint", "minio"}, "files-endpoint: not the base URL"},
		{[]string{"serve", "--dev", "--close-span", "soon"}, "--close-span"},
		{[]string{"serve", "--dev", "--lambda", "f"}, "--lambda"},
		{[]string{"serve", "--dev", "--lambda", "f=ftp://x"}, "lambda: the URL of function f"},
		{[]string{"serve", "--dev", "--lambda-endpoint", "x"}, "lambda: the Lambda endpoint"},
		{[]string{"serve", "--dev", "--stream", "arn:aws:sns:*=http://x"}, "stream-secret"},
		{[]string{"serve", "--dev", "--sns-endpoint", "x"}, "stream: the SNS endpoint"},
		{[]string{"serve", "--dev", "--origin", "shop.example"}, `origin "shop.example"`},
		{[]string{"serve", "--dev", "--log-level", "loud"}, "--log-level"},
		{[]string{"serve", "--dev", "--log-format", "xml"}, "--log-format"},
		{[]string{"serve", "--config", filepath.Join(dir, "none")}, "config: open"},
		{[]string{"serve", "--config", junk}, "config " + junk + " is not a JSON object"},
		{[]string{"serve", "--config", write(t, "c.json", `{"dev":true,"lisen":"x"}`)}, `unknown setting "lisen"`},
		{[]string{"serve", "--config", write(t, "c.json", `{"dev":true,"listen":"x"}`)}, `listen "x"`},
		{[]string{"serve", "--config", write(t, "c.json", `{"dev":true,"max-active-chats":"many"}`)}, "--max-active-chats"},
		{[]string{"serve", "--config", write(t, "c.json", `{"dev":true,"lambda":{"f":1}}`)}, "--lambda"},
		{[]string{"serve", "--config", write(t, "c.json", `{"dev":true,"lambda":{"f":"x"}}`)}, "lambda: the URL of function f"},
		{[]string{"serve", "--config", write(t, "c.json", `{"dev":true,"origin":["x"]}`)}, `origin "x"`},
		{[]string{"serve", "--config", write(t, "c.json", `{"help":true}`)}, `unknown setting "help"`},
		{[]string{"serve", "--config", write(t, "c.json", `[]`)}, "is not a JSON object"},
		{[]string{"keys"}, "--key-file"},
		{[]string{"keys", "--server", "chat.example.com"}, "is not a URL"},
		{[]string{"keys", "--key-file", junk}, "has no key"},
		{[]string{"keys", "reset"}, "--data"},
		{[]string{"keys", "rotate-tokens", "--data", dir, "--overlap", "soon"}, "not a time span"},
		{[]string{"keys", "--data", filepath.Join(dir, "none")}, "no such file"},
		{[]string{"keys", "--data", junk}, "is not a directory"},
		{[]string{"keys", "--data", dir}, "is not the data directory of a server"},
		{[]string{"keys", "create", "--data", dir}, "--name"},
		{[]string{"keys", "create", "--data", dir, "--name", "x", "--policy", filepath.Join(dir, "none")}, "--policy"},
		{[]string{"keys", "create", "--data", dir, "--name", "x", "--policy", junk}, "policy " + junk},
		{[]string{"keys", "disable", "--data", dir}, "<id>"},
		{[]string{"flow"}, "check"},
		{[]string{"flow", "check"}, "<file>"},
		{[]string{"flow", "check", filepath.Join(dir, "none")}, "no such file"},
		{[]string{"chat", "--attr", "x"}, "--attr"},
		{[]string{"version", "2"}, "argument 2"},
	} {
		status, out, errs := parley(t, "", c.args...)
		if status != 2 || out != "" || !strings.HasPrefix(errs, "parley: ") || !strings.Contains(errs, c.want) || strings.Count(errs, "\n") != 1 {
			t.Errorf("parley %q = %d %q %q; want status 2 and one line with %q", c.args, status, out, errs, c.want)
		}
	}
	if names, err := os.ReadDir(dir); err != nil || len(names) > 0 {
		t.Errorf("wrong settings left %v, %v", names, err)
	}
}

// TestFailures end with one line and status 1.
func TestFailures(t *testing.T) {
	t.Parallel()
	status, out, errs := parley(t, "", "chat", "--endpoint", "http://127.0.0.1:1")
	if status != 1 || out != "" || !strings.HasPrefix(errs, "parley: cannot start a chat at http://127.0.0.1:1: ") || strings.Count(errs, "\n") != 1 {
		t.Errorf("chat without a server = %d %q %q", status, out, errs)
	}
}

// TestCommandLinesThatAreWrong: one line says what is wrong and what would be right.
func TestCommandLinesThatAreWrong(t *testing.T) {
	for line, want := range map[string]string{
		"dance":                                "there is no command dance; parley --help lists them",
		"chat now":                             "unexpected argument now; see parley chat --help",
		"keys list --dance":                    "unknown flag --dance; see parley keys list --help",
		"completion":                           `expected "<shell>"; see parley completion --help`,
		"serve --data":                         "--data needs a value; want --data=DIR",
		"chat --attr gold":                     "want --attr=KEY=VALUE",
		"chat --endpoint here":                 `endpoint "here" is not a URL like https://chat.example.com`,
		"agent --endpoint here":                `endpoint "here" is not a URL like https://chat.example.com`,
		"flow logs --endpoint here":            `endpoint "here" is not a URL like https://chat.example.com`,
		"erase --customer 1 --endpoint ftp://": `endpoint "ftp:/" is not a URL like https://chat.example.com`,
	} {
		status, out, errs := parley(t, "", strings.Fields(line)...)
		if status != 2 || out != "" || !strings.Contains(errs, want) || strings.Count(errs, "\n") != 1 {
			t.Errorf("parley %s = %d\n%s%s; want %s", line, status, out, errs, want)
		}
	}
	for _, line := range []string{"chat", "agent", "flow logs", "outbox", "health"} {
		status, _, errs := parley(t, "", append(strings.Fields(line), "--endpoint", "http://127.0.0.1:1")...)
		if status != 1 || !strings.Contains(errs, "http://127.0.0.1:1") || strings.Contains(errs, "Get ") || strings.Count(errs, "\n") != 1 {
			t.Errorf("parley %s without a server = %d %s", line, status, errs)
		}
	}
}
