package cli

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"parley.example/parley/api/connect"
	"parley.example/parley/api/participant"
	"parley.example/parley/client"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/cli/terminal"
	"parley.example/parley/internal/server/servertest"
)

// TestAgentPiped is a whole chat from two pipes: a customer who waits in the queue of the demo, and the demo agent.
func TestAgentPiped(t *testing.T) {
	t.Parallel()
	s := servertest.Start(t)
	agent := speak(t, "agent", "--endpoint", s.URL+"/")
	agent.out.wait(t, "-- you are Available")
	ana := talk(t, "--endpoint", s.URL, "--agent", "--attr", "tier=gold")
	agent.out.wait(t, "tier = gold")
	agent.say("/accept")
	agent.say("good day")
	agent.say("//accept is what I typed")
	agent.say("/wait")
	agent.say("/chats")
	ana.out.wait(t, "Dana: good day")
	ana.out.wait(t, "Dana: /accept is what I typed")
	ana.say("hello")
	agent.out.wait(t, "-- Ana is connected, in view")
	agent.say("/info")
	agent.say("/transcript")
	agent.out.wait(t, "agent Dana (you), connected")
	agent.say("/end")
	agent.say("/clear")
	agent.say("/chats")
	agent.out.wait(t, "-- no chat is in hand")
	agent.say("/quit")
	if status := agent.status(); status != 0 || agent.errs.String() != "" {
		t.Errorf("the agent ended with %d\n%s%s", status, agent.out, agent.errs)
	}
	if status := ana.status(); status != 0 || !strings.Contains(ana.out.String(), "-- the chat has ended") {
		t.Errorf("the customer ended with %d\n%s%s", status, ana.out, ana.errs)
	}
	before, _, _ := strings.Cut(agent.out.String(), "-- Ana is connected, in view")
	once(t, before, "-- signed in as demo-agent (Dana)", "rings: Ana from BasicQueue", "tier = gold", "-- accepted: Ana", "Flow: Hello! I am putting you into a queue",
		"-- Dana joined", "Dana: good day", "Dana: /accept is what I typed", "Ana: hello\n")
	if strings.Contains(agent.out.String(), "\a") || strings.Contains(agent.out.String(), "\x1b") {
		t.Errorf("to a pipe it rings the bell or colours:\n%q", agent.out)
	}
}

// TestAgentScript: the end of a pipe ends and clears the chat, and says by its status whether all was done.
func TestAgentScript(t *testing.T) {
	t.Parallel()
	s := servertest.Start(t)
	for lines, want := range map[string]int{"/accept\nHello\n/wait\nbye\n": 0, "/accept\nHello\n/dance\n/reject\n": 1} {
		ana := talk(t, "--endpoint", s.URL, "--agent")
		ana.out.wait(t, "You are next")
		go func() {
			ana.out.wait(t, "Dana: Hello")
			ana.say("thanks")
		}()
		status, out, errs := parley(t, lines, "agent", "--endpoint", s.URL)
		if status != want || errs != "" || !strings.Contains(out, "-- cleared: Ana") {
			t.Errorf("with %q = %d; want %d\n%s%s", lines, status, want, out, errs)
		}
		if want == 1 && (!strings.Contains(out, "there is no command /dance; /help lists them") || !strings.Contains(out, "-- nothing rings")) {
			t.Errorf("what could not be done is not named:\n%s", out)
		}
		if ana.status() != 0 {
			t.Errorf("the customer: %s", ana.errs)
		}
	}
}

// fakeTerminal is a terminal for whoever writes lines: "" is Ctrl-C.
type fakeTerminal struct {
	*terminal.Terminal
	lines chan string
	out   *output
}

func newFakeTerminal() *fakeTerminal {
	f := &fakeTerminal{lines: make(chan string), out: newOutput()}
	f.Terminal = terminal.Of(f.out, func() (string, error) {
		if text := <-f.lines; text != "" {
			return text, nil
		}
		return "", io.EOF
	})
	f.Interactive = true
	f.Prompt = func(text string) { _, _ = io.WriteString(f.out, "prompt: "+text+"\n") }
	return f
}

// work runs parley agent on a terminal.
func (f *fakeTerminal) work(t *testing.T, s *servertest.Server) <-chan error {
	t.Helper()
	c := &agentCmd{Endpoint: s.URL, Instance: catalog.DemoInstance, Name: catalog.DemoUserName}
	api, err := client.New(client.Config{Region: "us-east-1", Endpoint: s.URL})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(api.CloseIdleConnections)
	end := make(chan error, 1)
	go func() { end <- c.work(t.Context(), api, catalog.DemoPassword, f.Terminal) }()
	return end
}

// waits starts a chat that waits for the demo agent.
func waits(t *testing.T, s *servertest.Server, name string) *servertest.Chat {
	t.Helper()
	return s.Chat(t, func(in *connect.StartChatContactRequest) {
		in.ContactFlowId, in.ParticipantDetails = catalog.DemoWaiting, &connect.ParticipantDetails{DisplayName: name}
	})
}

// TestAgentSideBySide has two chats on one terminal: what is not in view is counted, and shown when it comes into view; Ctrl-C
// asks once while chats are open.
func TestAgentSideBySide(t *testing.T) {
	t.Parallel()
	s := servertest.Start(t)
	f := newFakeTerminal()
	end := f.work(t, s)
	f.out.wait(t, "prompt: Available> ")
	ana := waits(t, s, "Ana\x1b[2J")
	f.out.wait(t, "\a")
	f.out.wait(t, "prompt: Available | [1 Ana\ufffd[2J rings ")
	f.lines <- "/accept"
	f.out.wait(t, "prompt: Available | [1 Ana\ufffd[2J]> ")
	bo := waits(t, s, "Bo")
	f.out.wait(t, "[2] -- rings: Bo")
	f.lines <- "/accept"
	f.out.wait(t, "prompt: Available | 1 Ana\ufffd[2J | [2 Bo]> ")
	ana.Send("first of Ana")
	f.out.wait(t, "1 Ana\ufffd[2J (1) | [2 Bo]> ")
	bo.Send("first of Bo")
	f.out.wait(t, "[2] Bo: first of Bo")
	if strings.Contains(f.out.String(), "first of Ana") {
		t.Errorf("what is not in view is shown:\n%s", f.out)
	}
	f.lines <- "/next"
	f.out.wait(t, "[1] Ana\ufffd[2J: first of Ana")
	f.lines <- "for Ana"
	if _, err := s.Participant.SendEvent(t.Context(), &participant.SendEventRequest{ConnectionToken: ana.Bearer, ContentType: center.EventTyping}); err != nil {
		t.Fatal(err)
	}
	f.out.wait(t, "is typing> ")
	f.lines <- "/2"
	f.lines <- "for Bo"
	f.lines <- "" // Ctrl-C
	f.out.wait(t, "-- Ctrl-C again leaves: 2 chats stay yours for 3 minutes")
	f.lines <- "/status Offline"
	f.out.wait(t, "-- you will be Offline when nothing is in hand any more")
	f.lines <- "/status"
	f.out.wait(t, "-- Available (routable)")
	for who, want := range map[*servertest.Chat]string{ana: "for Ana", bo: "for Bo"} {
		if said := who.Texts(); !slices.Contains(said, want) {
			t.Errorf("%q did not come to its customer: %q", want, said)
		}
	}
	f.lines <- "/7"
	f.out.wait(t, "-- there is no chat 7 in hand")
	f.lines <- "/end 1"
	f.out.wait(t, "[1] -- over for you: /clear it")
	f.lines <- "/1"
	for line, says := range map[string]string{"/end": "chat 1 has ended; /end N ends another", "/transcript": "[1] Dana: for Ana", "into the void": "not sent: chat 1 has ended; /next"} {
		f.lines <- line
		f.out.wait(t, says) // and the other chat is left alone
	}
	f.lines <- "/2"
	f.lines <- "/clear"
	f.out.wait(t, "chat 2 is connected; /clear N clears another")
	f.lines <- "/next"
	f.out.wait(t, "[1] -- Ana\ufffd[2J has ended")
	f.lines <- "/clear 1"
	f.out.wait(t, "[1] -- cleared")
	f.lines <- ""
	f.out.wait(t, "-- Ctrl-C again leaves: 1 chat stays yours for 3 minutes")
	f.lines <- ""
	late, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	select {
	case err := <-end:
		if err != nil {
			t.Error(err)
		}
	case <-late.Done():
		t.Fatalf("Ctrl-C twice does not leave:\n%s", f.out)
	}
	once(t, f.out.String(), "-- chats ring here: ", "-- signed out: 1 chat stays yours for 3 minutes: sign in again")
	if n := strings.Count(f.out.String(), "Dana: for"); n > 1 { // the transcript
		t.Errorf("what was typed is shown again:\n%s", f.out)
	}
}

// TestAgentPicks has the demo agent list who waits, by the server's clock, see why, and pick.
func TestAgentPicks(t *testing.T) {
	t.Parallel()
	s := servertest.Start(t)
	ctx, instance := t.Context(), s.Instance(t)
	k := speak(t, "agent", "--endpoint", s.URL, "--status", "Offline")
	k.out.wait(t, "-- you are Offline")
	if _, err := s.Connect.CreateAgentStatus(ctx, &connect.CreateAgentStatusRequest{InstanceId: instance, Name: "Lunch", State: connect.AgentStatusStateENABLED}); err != nil {
		t.Fatal(err)
	}
	k.out.wait(t, "-- an administrator has set you up otherwise")
	k.say("/waiting")
	k.out.wait(t, "-- nobody waits in BasicQueue")
	k.say("/status lunch")
	k.out.wait(t, "-- you are Lunch\n")
	ana := waits(t, s, "Ana")
	develop(t, s, "/dev/clock", `{"Advance":"2m"}`) // of which the agent's stream tells nothing
	for _, step := range []struct{ say, want string }{
		{"/why 1", "there is no 1 in the list of /waiting"},
		{"/waiting", "-- 1: Ana in BasicQueue, for 2m"},
		{"/why 1", "agent demo-agent has the status Lunch"},
		{"/why " + ana.Contact, "demo-agent"},
		{"/pick", "which one? A number of the list of /waiting"},
		{"/pick 1", "[1] -- rings: Ana"},
		{"hello?", "not sent: chat 1 rings; /accept it first"},
		{"/transcript", "chat 1 rings; only who accepts it reads it"},
		{"/next", "[1] -- Ana rings"},
		{"/reject", "[1] -- rejected: nothing else is offered"},
		{"/info", "[1] -- agent (you), who did not take it"},
		{"/chats", "[1] -- Ana was rejected, in view"},
		{"/end", "chat 1 was rejected; /end N ends another"},
		{"/clear", "[1] -- cleared: Ana"},
		{"/next", "-- there is nothing new"},
		{"/pick " + ana.Contact, "-- rings: Ana"},
		{"/help", "/why N"},
	} {
		from := len(k.out.String())
		k.say(step.say)
		k.out.after(t, from, step.want)
	}
	develop(t, s, "/dev/clock", `{"Advance":"30s"}`)
	k.out.wait(t, "[1] -- missed: nothing else is offered")
	k.say("/info")
	k.out.wait(t, "-- customer Ana\n")
	k.say("/quit")
	k.out.wait(t, "-- signed out: 1 chat is over and not cleared")
	if status := k.status(); status != 1 { // what was refused above
		t.Errorf("the agent ended with %d", status)
	}
}

// TestAgentMayNot: an agent without permissions is told which one is missing.
func TestAgentMayNot(t *testing.T) {
	t.Parallel()
	s := servertest.Start(t)
	s.Restrict(t)
	status, out, errs := parley(t, "/waiting\n/why x\n/quit\n", "agent", "--endpoint", s.URL, "--status", "offline")
	if status != 1 || errs != "" || !strings.Contains(out, "the permission ManualAssignAnyContact.Enable") || !strings.Contains(out, "the permission AccessMetrics.AgentActivityAudit.Access") {
		t.Errorf("without permissions = %d\n%s%s", status, out, errs)
	}
}

// TestAgentIsSet: what a supervisor does to a status is told apart from what the agent does, a customer who leaves while it rings
// from a rejection, and what was in hand before from what is accepted.
func TestAgentIsSet(t *testing.T) {
	t.Parallel()
	s := servertest.Start(t)
	ctx, instance := t.Context(), s.Instance(t)
	lunch, err := s.Connect.CreateAgentStatus(ctx, &connect.CreateAgentStatusRequest{InstanceId: instance, Name: "Lunch", State: connect.AgentStatusStateENABLED})
	if err != nil {
		t.Fatal(err)
	}
	statuses, err := s.Connect.ListAgentStatuses(ctx, &connect.ListAgentStatusRequest{InstanceId: instance})
	if err != nil {
		t.Fatal(err)
	}
	ids := map[string]string{"Lunch": *lunch.AgentStatusId}
	for _, status := range statuses.AgentStatusSummaryList {
		ids[*status.Name] = *status.Id
	}
	supervisor := func(status string) {
		t.Helper()
		if _, err := s.Connect.PutUserStatus(ctx, &connect.PutUserStatusRequest{InstanceId: instance, UserId: catalog.DemoAgent, AgentStatusId: ids[status]}); err != nil {
			t.Fatal(err)
		}
	}
	k := speak(t, "agent", "--endpoint", s.URL)
	const another = ": a supervisor has set that, or another window of yours"
	step := func(do func(), want string) {
		t.Helper()
		from := len(k.out.String())
		do()
		k.out.after(t, from, want)
	}
	say := func(text string) func() { return func() { k.say(text) } }
	k.out.wait(t, "-- you are Available\n")
	step(func() { supervisor("Lunch") }, "-- you are Lunch now"+another)
	step(say("/status available"), "-- you are Available\n")
	step(func() { supervisor("Offline") }, "-- you are Offline now"+another+", or you were away for too long")
	step(func() { supervisor("Available") }, "-- you are Available now"+another)
	ana := waits(t, s, "Ana")
	k.out.wait(t, "[1] -- rings: Ana")
	step(func() {
		if _, err := s.Participant.DisconnectParticipant(ctx, &participant.DisconnectParticipantRequest{ConnectionToken: ana.Bearer}); err != nil {
			t.Fatal(err)
		}
	}, "[1] -- the customer has left: nothing else is offered")
	step(say("/clear"), "[1] -- cleared")
	bo := waits(t, s, "Bo")
	k.out.wait(t, "[1] -- rings: Bo")
	step(say("/accept"), "[1] -- accepted: Bo")
	step(func() { supervisor("Lunch") }, "-- you will be Lunch when nothing is in hand any more"+another)
	step(say("/status Available"), "-- you stay Available")
	step(say("/status Lunch"), "-- you will be Lunch when nothing is in hand any more\n")
	step(say("/quit"), "-- signed out: 1 chat stays yours for 3 minutes")
	if status := k.status(); status != 0 {
		t.Errorf("the agent ended with %d\n%s", status, k.errs)
	}
	bo.Send("are you there?")
	status, out, errs := parley(t, "here again\n", "agent", "--endpoint", s.URL)
	if status != 0 || errs != "" || strings.Contains(out, "accepted") || strings.Contains(out, "you will be") || strings.Contains(out, "chats ring here") || !strings.Contains(out, "-- you are Available\n") {
		t.Errorf("signed in again = %d\n%s%s", status, out, errs)
	}
	once(t, out, "-- signed in as demo-agent", "[1] -- in hand since before: Bo", "Bo: are you there?", "Dana: here again\n", "[1] -- cleared: Bo", "-- signed out\n")
}

// TestChatAgent: --agent is a flow of the demo instance, so it goes with no other flow or instance.
func TestChatAgent(t *testing.T) {
	t.Parallel()
	s := servertest.Start(t)
	for _, c := range []struct {
		args   []string
		status int
		want   string
	}{
		{[]string{"--flow", catalog.DemoFlow}, 2, "--agent and --flow (or PARLEY_FLOW) name a flow each: leave one out"},
		{[]string{"--instance", "22222222-1111-4111-8111-111111111111"}, 1, "--agent is for the demo instance"},
	} {
		status, out, errs := parley(t, "", append([]string{"chat", "--endpoint", s.URL, "--agent"}, c.args...)...)
		if status != c.status || out != "" || !strings.Contains(errs, c.want) || strings.Count(errs, "\n") != 1 {
			t.Errorf("%q = %d\n%s%s; want %d, %s", c.args, status, out, errs, c.status, c.want)
		}
	}
}

// TestAgentPassword: a password comes from a file, from the environment, or from a terminal; it cannot be an argument.
func TestAgentPassword(t *testing.T) {
	s := servertest.Start(t)
	file := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(file, []byte(catalog.DemoPassword+"\r\nmore\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	empty := write(t, "empty", "\n")
	named := []string{"agent", "--endpoint", s.URL, "--name", catalog.DemoUserName}
	for _, c := range []struct {
		args   []string
		env    string
		status int
		want   string
	}{
		{append(named, "--password-file", file), "", 0, "-- signed in as demo-agent"},
		{named, catalog.DemoPassword, 0, "-- signed in as demo-agent"},
		{named, "", 0, "-- signed in as demo-agent"}, // whose password everybody knows
		{[]string{"agent", "--endpoint", s.URL, "--name", "jo"}, "", 2, "set PARLEY_PASSWORD or --password-file"},
		{append(named, "--instance", "shop"), "", 2, "set PARLEY_PASSWORD or --password-file"},
		{named, "open sesame", 1, "the demo users' is Parley-demo-1; leave out"},
		{[]string{"agent", "--endpoint", s.URL, "--name", "jo"}, catalog.DemoPassword, 1, "UnauthorizedException: the username or the password is wrong (in the demo instance; --instance names another)"},
		{append(named, "--instance", "shop"), catalog.DemoPassword, 1, "the username or the password is wrong\n"},
		{append(named, "--password-file", empty), "", 1, "the first line of"},
		{append(named, "--password-file", file+"x"), "", 1, "no such file"},
		{append(named, "--password", "x"), "", 2, "unknown flag --password"},
		{append(named, "--status", "Lunch"), catalog.DemoPassword, 1, `there is no agent status "Lunch"; there are Available, Offline`},
		{[]string{"agent", "--endpoint", "http://127.0.0.1:1"}, "", 1, "parley serve --dev"},
	} {
		t.Setenv("PARLEY_PASSWORD", c.env)
		status, out, errs := parley(t, "/quit\n", c.args...)
		if status != c.status || !strings.Contains(out+errs, c.want) || strings.Contains(out+errs, "sesame") || status != 0 && strings.Count(errs, "\n") != 1 {
			t.Errorf("parley %q = %d\n%s%s; want %d and %q", c.args, status, out, errs, c.status, c.want)
		}
	}
}

// TestAgentReconnects: a connection that breaks loses nothing and shows nothing twice, and an interrupt leaves.
func TestAgentReconnects(t *testing.T) {
	t.Parallel()
	proxy, url, s := startBehindProxy(t)
	k := speak(t, "agent", "--endpoint", url)
	k.out.wait(t, "-- you are Available")
	ana := waits(t, s, "Ana")
	k.say("/accept")
	ana.Send("before")
	k.out.wait(t, "Ana: before")
	proxy.cut()
	k.out.wait(t, "-- connection lost, reconnecting")
	ana.Send("meanwhile")
	k.out.wait(t, "-- connected")
	k.say("after")
	k.out.wait(t, "Dana: after")
	once(t, k.out.String(), "Ana: before", "-- connection lost", "Ana: meanwhile", "Dana: after")
	elsewhere, err := client.New(client.Config{Region: "us-east-1", Endpoint: s.URL})
	if err != nil {
		t.Fatal(err)
	}
	defer elsewhere.CloseIdleConnections()
	a, err := elsewhere.SignIn(context.WithoutCancel(t.Context()), client.AgentConfig{
		InstanceID: catalog.DemoInstance, UserName: catalog.DemoUserName, Password: catalog.DemoPassword, OnEvent: func(*client.AgentEvent) {}})
	if err != nil {
		t.Fatal(err)
	}
	if err := a.SignOut(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	if status := k.status(); status != 1 || !strings.Contains(k.errs.String(), "the agent is signed out") {
		t.Errorf("signed out elsewhere = %d\n%s%s", status, k.out, k.errs)
	}
	again := speak(t, "agent", "--endpoint", s.URL)
	again.out.wait(t, "[1] Ana: before")
	again.stop()
	if status := again.status(); status != 0 {
		t.Errorf("interrupted = %d\n%s%s", status, again.out, again.errs)
	}
}
