package cli

import (
	"context"
	"io"
	"net"
	"strings"
	"sync"
	"testing"

	"parley.example/parley/api/connect"
	"parley.example/parley/internal/cli/terminal"
	"parley.example/parley/internal/engine/enginetest"
	"parley.example/parley/internal/server"
	"parley.example/parley/internal/server/servertest"
)

// greeting is the flow [enginetest.Greet] with a greeting by name.
var greeting = strings.Replace(enginetest.Greet, `"Hello"`, `"Hello $.CustomerEndpoint.DisplayName, you are $.Attributes.tier."`, 1)

// talker is a running parley chat, or parley agent, with an input that the test writes.
type talker struct {
	t    *testing.T
	in   *io.PipeWriter
	out  *output
	errs *output
	stop context.CancelFunc
	end  chan int
	seen int // how much of the output came before the last of the lines
}

func talk(t *testing.T, args ...string) *talker {
	return speak(t, append([]string{"chat"}, args...)...)
}

func speak(t *testing.T, args ...string) *talker {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	r, w := io.Pipe()
	k := &talker{t: t, in: w, out: newOutput(), errs: newOutput(), stop: cancel, end: make(chan int, 1)}
	go func() { k.end <- run(ctx, args, streams{r, k.out, k.errs}) }()
	t.Cleanup(func() {
		cancel()
		w.Close()
	})
	return k
}

func (k *talker) say(text string) {
	k.t.Helper()
	if _, err := io.WriteString(k.in, text+"\n"); err != nil {
		k.t.Fatal(err)
	}
}

// status waits for the end of the command.
func (k *talker) status() int {
	k.t.Helper()
	ctx, cancel := context.WithTimeout(k.t.Context(), patience)
	defer cancel()
	select {
	case s := <-k.end:
		return s
	case <-ctx.Done():
		k.t.Fatalf("parley chat does not end:\n%s%s", k.out, k.errs)
		return -1
	}
}

// once fails the test unless each text was said exactly once, in this order.
func once(t *testing.T, said string, texts ...string) {
	t.Helper()
	rest := said
	for _, text := range texts {
		if strings.Count(said, text) != 1 {
			t.Errorf("%q was said %d times:\n%s", text, strings.Count(said, text), said)
		}
		_, after, ok := strings.Cut(rest, text)
		if !ok {
			t.Errorf("%q was not said in its turn:\n%s", text, said)
		}
		rest = after
	}
}

// TestChatPiped sends the lines of a pipe, prints the messages, and ends with its input.
func TestChatPiped(t *testing.T) {
	t.Parallel()
	s := servertest.Start(t)
	flow := s.Flow(t, "Greeting", greeting)
	status, out, errs := parley(t, "First words\n\n  second words  \n", "chat", "--endpoint", s.URL+"/", "--flow", flow, "--name", "Bo", "--attr", "tier=gold")
	if status != 0 || errs != "" {
		t.Fatalf("chat = %d %q", status, errs)
	}
	once(t, out, "Hello Bo, you are gold.", "Bo: First words\n", "Bo: second words\n", "-- the chat has ended\n")
	for line := range strings.Lines(out) {
		if !strings.HasPrefix(line, "-- ") && !strings.Contains(line, ": ") {
			t.Errorf("the line %q has no sender", line)
		}
	}
}

// TestChatCommands leaves a chat open, rejoins it and ends it.
func TestChatCommands(t *testing.T) {
	t.Parallel()
	s := servertest.Start(t)
	k := talk(t, "--endpoint", s.URL, "--flow", s.Flow(t, "Greet", enginetest.Greet))
	k.out.wait(t, "Hello")
	k.say("/help")
	k.out.wait(t, "/end ends the chat")
	k.say("remember this")
	k.out.wait(t, "Ana: remember this")
	k.say(strings.Repeat("x", 16_385))
	k.out.wait(t, "not sent: ValidationException")
	k.say("/Quit now")
	k.out.wait(t, "there is no command /Quit; /help lists them")
	k.say("//quit")
	k.out.wait(t, "Ana: /quit\n")
	k.say("/quit")
	if status := k.status(); status != 0 {
		t.Fatalf("leaving = %d %s", status, k.errs)
	}
	_, back, ok := strings.Cut(k.out.String(), "Rejoin with: parley chat ")
	if !ok {
		t.Fatalf("it does not say how to rejoin:\n%s", k.out)
	}

	again := talk(t, strings.Fields(back)...)
	again.out.wait(t, "Ana: /quit\n")
	once(t, again.out.String(), "Hello", "Ana: remember this", "Ana: /quit\n")
	again.say("/end")
	if status := again.status(); status != 0 || !strings.Contains(again.out.String(), "-- the chat has ended") {
		t.Errorf("ending = %d\n%s%s", status, again.out, again.errs)
	}
	status, out, errs := parley(t, "", append([]string{"chat"}, strings.Fields(back)...)...)
	if status != 1 || out != "" || !strings.Contains(errs, "the chat has ended") || strings.Count(errs, "\n") != 1 {
		t.Errorf("rejoining too late = %d %q %q", status, out, errs)
	}
}

// TestChatInterrupted: an interrupt leaves the chat open.
func TestChatInterrupted(t *testing.T) {
	t.Parallel()
	s := servertest.Start(t)
	k := talk(t, "--endpoint", s.URL, "--flow", s.Flow(t, "Greet", enginetest.Greet))
	k.out.wait(t, "Hello")
	k.stop()
	if status := k.status(); status != 0 || !strings.Contains(k.out.String(), "Rejoin with: ") {
		t.Errorf("interrupted = %d\n%s%s", status, k.out, k.errs)
	}
}

// TestChatInterruptedWhileSending interrupts a terminal while a message waits for a server that is
// down: the terminal is still read, so Ctrl-C works.
func TestChatInterruptedWhileSending(t *testing.T) {
	t.Parallel()
	proxy, url, s := startBehindProxy(t)
	chat := &connect.StartChatContactResponse{ParticipantToken: new(s.Begin(t).Token)}
	c := &chatCmd{Endpoint: url, Region: "us-east-1"}
	api, err := c.client(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	keys := make(chan string)
	out := newOutput()
	ui := terminal.Of(out, func() (string, error) {
		text, more := <-keys
		if !more {
			return "", io.EOF
		}
		return text, nil
	})
	ui.Interactive = true
	end := make(chan error, 1)
	go func() { end <- c.converse(t.Context(), api, chat, ui, out) }()
	out.wait(t, "-- connected")
	proxy.Close()
	proxy.cut()
	out.wait(t, "-- connection lost, reconnecting")
	keys <- "are you there?"
	keys <- "hello?"
	close(keys) // Ctrl-C
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	select {
	case err := <-end:
		if err != nil {
			t.Fatal(err)
		}
	case <-ctx.Done():
		t.Fatalf("the interrupt has no effect:\n%s", out)
	}
	for _, want := range []string{"not sent: are you there?", "not sent: hello?", "Rejoin with: "} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("it does not say %q:\n%s", want, out)
		}
	}
}

// TestChatReportsUnsentLines: a program that pipes lines gets an exit status of 1.
func TestChatReportsUnsentLines(t *testing.T) {
	t.Parallel()
	s := servertest.Start(t)
	args := []string{"chat", "--endpoint", s.URL, "--flow", s.Flow(t, "Greet", enginetest.Greet)}
	for text, want := range map[string]string{
		strings.Repeat("x", 16_385):  "not sent: ValidationException",
		strings.Repeat("x", 100_000): "not sent: a line of the input is longer than 64 kB",
	} {
		status, out, _ := parley(t, "before\n"+text+"\n", args...)
		if status != 1 || !strings.Contains(out, "Ana: before") || !strings.Contains(out, want) || !strings.Contains(out, "-- the chat has ended") {
			t.Errorf("with a line of %d = %d %s; want status 1 and %q", len(text), status, out, want)
		}
	}
}

// TestChatHints: the error says what to do when a chat cannot be started.
func TestChatHints(t *testing.T) {
	s := servertest.Start(t, servertest.Production(t.TempDir()))
	t.Setenv("AWS_MAX_ATTEMPTS", "1")
	_, _, away := parley(t, "", "chat", "--endpoint", "http://127.0.0.1:1")
	_, _, unsigned := parley(t, "", "chat", "--endpoint", s.URL)
	t.Setenv("AWS_ACCESS_KEY_ID", s.Key.ID)
	t.Setenv("AWS_SECRET_ACCESS_KEY", s.Key.Secret)
	_, _, demo := parley(t, "", "chat", "--endpoint", s.URL)
	for said, want := range map[string]string{away: "parley serve --dev", unsigned: "AWS_ACCESS_KEY_ID", demo: "--instance"} {
		if !strings.Contains(said, want) || strings.Count(said, "\n") != 1 {
			t.Errorf("it says %q; want one line with %s", said, want)
		}
	}
}

// TestChatSigned signs with the key of the environment, where the server requires it.
func TestChatSigned(t *testing.T) {
	s := servertest.Start(t, servertest.Production(t.TempDir()))
	args := []string{"chat", "--endpoint", s.URL, "--instance", s.Instance(t), "--flow", s.Flow(t, "Greet", enginetest.Greet)}
	status, _, errs := parley(t, "", args...)
	if status != 1 || !strings.Contains(errs, "MissingAuthenticationToken") || strings.Count(errs, "\n") != 1 {
		t.Errorf("without a key = %d %q", status, errs)
	}
	t.Setenv("AWS_ACCESS_KEY_ID", s.Key.ID)
	t.Setenv("AWS_SECRET_ACCESS_KEY", s.Key.Secret)
	if status, out, errs := parley(t, "", args...); status != 0 || !strings.Contains(out, "Hello") || !strings.Contains(out, "the chat has ended") {
		t.Errorf("with a key = %d %q %q", status, out, errs)
	}
}

// cuttableProxy is a proxy whose connections can be cut.
type cuttableProxy struct {
	net.Listener
	to string

	mu    sync.Mutex // guards conns
	conns []net.Conn
}

func (l *cuttableProxy) run() {
	for {
		in, err := l.Accept()
		if err != nil {
			return
		}
		out, err := net.Dial("tcp", l.to)
		if err != nil {
			in.Close()
			continue
		}
		l.mu.Lock()
		l.conns = append(l.conns, in, out)
		l.mu.Unlock()
		go pass(in, out)
		go pass(out, in)
	}
}

func pass(from, to net.Conn) {
	_, _ = io.Copy(to, from) // until it is cut
	to.Close()
}

// cut breaks all connections.
func (l *cuttableProxy) cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range l.conns {
		c.Close()
	}
	l.conns = nil
}

// startBehindProxy starts a server that is reached through a proxy.
func startBehindProxy(t *testing.T) (proxy *cuttableProxy, url string, s *servertest.Server) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	proxy, url = &cuttableProxy{Listener: l}, "http://"+l.Addr().String()
	s = servertest.Start(t, func(c *server.Config) { c.PublicURL = url })
	proxy.to = s.Addr
	go proxy.run()
	t.Cleanup(func() {
		l.Close()
		proxy.cut()
	})
	return proxy, url, s
}

// TestChatReconnects breaks the connection: the client reconnects by itself,
// shows what it missed, and shows nothing twice.
func TestChatReconnects(t *testing.T) {
	t.Parallel()
	proxy, url, s := startBehindProxy(t)

	chat := s.Begin(t)
	k := talk(t, "--endpoint", url, "--token", chat.Token)
	k.out.wait(t, "-- connected")
	k.say("before")
	k.out.wait(t, "Ana: before")
	bot := chat.Bot("Botto")
	proxy.cut()
	k.out.wait(t, "-- connection lost, reconnecting")
	bot.Send("while you were away")
	k.out.wait(t, "while you were away")
	k.say("after")
	k.out.wait(t, "Ana: after")
	k.say("/help") // lines are taken one after another: the send has had its answer, too
	k.out.wait(t, "/end ends the chat")
	once(t, k.out.String(), "Hello", "Ana: before", "connection lost", "Botto: while you were away", "Ana: after")

	proxy.cut()
	chat.Stop() // the chat ends while the client is disconnected
	if status := k.status(); status != 0 || !strings.Contains(k.out.String(), "-- the chat has ended") {
		t.Errorf("the chat ended while disconnected = %d\n%s%s", status, k.out, k.errs)
	}
}
