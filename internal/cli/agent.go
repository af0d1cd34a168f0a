package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/term"

	"parley.example/parley/api/agent"
	"parley.example/parley/api/participant"
	"parley.example/parley/client"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/cli/desk"
	"parley.example/parley/internal/cli/terminal"
	"parley.example/parley/internal/server"
)

// agentCmd is an agent in the terminal.
type agentCmd struct {
	Endpoint     string `help:"The server (${default})." default:"http://127.0.0.1:8790" env:"PARLEY_ENDPOINT,AWS_ENDPOINT_URL_CONNECT,AWS_ENDPOINT_URL" placeholder:"URL"`
	Instance     string `help:"Instance id, ARN or alias. Default: the demo instance." placeholder:"ID" env:"PARLEY_INSTANCE"`
	Name         string `help:"User name. Default: the demo agent." placeholder:"NAME" env:"PARLEY_USER"`
	PasswordFile string `help:"File whose first line is the password. Otherwise PARLEY_PASSWORD is, or it is asked for." placeholder:"FILE" env:"PARLEY_PASSWORD_FILE"`
	Status       string `help:"Status to begin with. Default: the first with which chats are offered." placeholder:"NAME"`
}

// Help is shown below the flags.
func (agentCmd) Help() string {
	return `Examples:
  parley agent                             be the demo agent of parley serve --dev
  parley agent --name demo-agent-2         be the second one, to whom demo-agent may /transfer and /invite
  parley agent --name demo-supervisor      be the supervisor, who may /monitor both
  parley agent --instance shop --name jo   sign in as jo, and be asked for the password
  parley agent --status Offline            sign in, and take no chats yet
  printf '/accept\nHello\n/wait\n/end\n' | parley agent
                                           take one chat from a script: /accept waits for one

At the desk:
` + desk.CommandHelp("  ") + `

Anything else is sent to the chat in view. The password is never an argument: other users of the machine see those.
With lines from a pipe, the end of the input ends the chats that are connected; the exit status is 1 if something
could not be done.`
}

// Run works until the agent leaves.
func (c *agentCmd) Run(ctx context.Context, std streams) error {
	if err := address("endpoint", &c.Endpoint); err != nil {
		return err
	}
	demo := c.Instance == "" && (c.Name == "" || catalog.DemoUser(c.Name))
	if c.Instance == "" {
		c.Instance = catalog.DemoAlias
	}
	if c.Name == "" {
		c.Name = catalog.DemoUserName
	}
	password, err := c.password(std, demo)
	if err != nil {
		return err
	}
	api, err := client.New(client.Config{Region: "us-east-1", Endpoint: c.Endpoint, UserAgent: "parley/" + version, AttemptTimeout: 30 * time.Second})
	if err != nil {
		return err
	}
	defer api.CloseIdleConnections()
	return c.work(ctx, api, password, terminal.New(std.in, std.out))
}

// password returns the password: of the file, of the environment, the demo agent's, or what is typed.
func (c *agentCmd) password(std streams, demo bool) (string, error) {
	if c.PasswordFile != "" {
		text, err := os.ReadFile(c.PasswordFile)
		if err != nil {
			return "", fmt.Errorf("--password-file: %w", err)
		}
		first, _, _ := strings.Cut(string(text), "\n")
		if first = strings.TrimSuffix(first, "\r"); first == "" {
			return "", fmt.Errorf("--password-file: the first line of %s is empty; it is to be the password", c.PasswordFile)
		}
		return first, nil
	}
	if p := os.Getenv("PARLEY_PASSWORD"); p != "" {
		return p, nil
	}
	if demo {
		return catalog.DemoPassword, nil
	}
	in, isFile := std.in.(*os.File)
	if !isFile || !term.IsTerminal(int(in.Fd())) {
		return "", usage{errors.New("no password: there is no terminal to ask on; set PARLEY_PASSWORD or --password-file")}
	}
	fmt.Fprintf(std.err, "Password of %s: ", c.Name)
	text, err := term.ReadPassword(int(in.Fd()))
	fmt.Fprintln(std.err)
	if err != nil {
		return "", fmt.Errorf("no password was given: %w", err)
	}
	return string(text), nil
}

// work signs in and works until the agent leaves, or is signed out.
func (c *agentCmd) work(ctx context.Context, api *client.Client, password string, ui *terminal.Terminal) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	ui.Role = participant.ParticipantRoleAGENT
	d := desk.New(ctx, screen{ui})
	a, err := api.SignIn(ctx, client.AgentConfig{InstanceID: c.Instance, UserName: c.Name, Password: password, OnEvent: d.Event, GiveUp: giveUp})
	if err != nil {
		ui.Close()
		return fmt.Errorf("cannot sign in as %s at %s: %w", c.Name, c.Endpoint, c.hint(reason(err), password))
	}
	status, err := c.choose(ctx, a)
	if err != nil {
		ui.Close()
		stop()                                           // nothing is shown any more
		_ = a.SignOut(context.WithoutCancel(ctx), false) // the error says more
		return err
	}
	d.Begin(a, status)
	ui.Typed = func() { go d.Typing() } // losing a typing event does no harm
	asked := false                      // of the goroutine that reads alone
	read := ui.Line
	ui.Line = func() (string, error) {
		text, err := read()
		if err == nil {
			asked = false
		}
		return text, err
	}
	ui.Again = func() bool {
		left := d.Left()
		if left == "" || asked {
			return false
		}
		asked = true
		ui.Print("-- Ctrl-C again leaves: " + left + ". /end and /clear first are kinder")
		return true
	}
	lines := make(chan string, maxUnsent)
	go func() { // ends with the input, or with the process: reading a terminal cannot be cancelled
		ui.Read(ctx, lines)
		if ui.Interactive {
			stop() // Ctrl-C or Ctrl-D
		}
	}()
	var working sync.WaitGroup
	working.Go(func() {
		if d.Begun(ctx) && (c.Name == catalog.DemoUserName || c.Name == catalog.DemoSecondName) && c.Status == "" && ui.Interactive && d.Left() == "" {
			ui.Print("-- chats ring here: begin one in another terminal with " + server.CommandLine(startedAs(os.Args[0]), "chat --agent", c.Endpoint))
		}
		d.Obey(ctx, lines)
		stop()
	})
	if ui.Interactive {
		working.Go(func() { d.Tick(ctx) })
	}
	select {
	case <-a.Done():
		err = a.Err()
	case <-ctx.Done():
	}
	stop()
	working.Wait()
	if err == nil {
		farewell, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer cancel()
		left := d.Left()
		if err := a.SignOut(farewell, false); err != nil {
			ui.NotSent("-- not signed out: " + reason(err).Error())
		} else if left != "" {
			ui.Print("-- signed out: " + left)
		} else {
			ui.Print("-- signed out")
		}
	}
	_ = a.Close() // it has nothing that could fail
	ui.Close()
	switch {
	case err != nil && !errors.Is(err, client.ErrClosed):
		return reason(err)
	case ui.Failed():
		return silent{errors.New("not everything was done")}
	}
	return nil
}

// choose sets the status to begin with, unless the agent has one already with which chats are offered, and returns what it has
// set; "" when that changes nothing.
func (c *agentCmd) choose(ctx context.Context, a *client.Agent) (string, error) {
	status := c.Status
	if status == "" {
		// One that is to follow is from before: who signs in wants to work.
		if now := a.Snapshot(); now.Status.Type == agent.AgentStatusTypeROUTABLE && now.NextStatus == nil {
			return "", nil
		}
		settings, err := a.Settings(ctx)
		if err != nil && ctx.Err() == nil {
			return "", reason(err)
		}
		if err != nil {
			return "", nil
		}
		for _, s := range settings.Statuses {
			if s.Type == agent.AgentStatusTypeROUTABLE {
				status = s.Id
				break
			}
		}
	}
	if status == "" {
		return "", nil
	}
	before := a.Snapshot()
	out, err := a.SetStatus(ctx, status)
	switch {
	case err != nil && ctx.Err() == nil:
		return "", reason(err)
	case err != nil: // interrupted, he leaves
		return "", nil
	case same(before.Status, out.Status) && same(before.NextStatus, out.NextStatus):
		return "", nil
	}
	return status, nil
}

// same reports whether two statuses, or next ones, are the same; nil is none.
func same(a, b *agent.CurrentStatus) bool {
	return a == nil && b == nil || a != nil && b != nil && a.Id == b.Id
}

// hint adds to an error of signing in what can be done about it.
func (c *agentCmd) hint(err error, password string) error {
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return notRunning(err)
	case errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("%w (is this a Parley?)", err)
	case c.Instance != catalog.DemoAlias || !strings.HasPrefix(err.Error(), "UnauthorizedException"):
		return err
	case !catalog.DemoUser(c.Name):
		return fmt.Errorf("%w (in the demo instance; --instance names another)", err)
	case password != catalog.DemoPassword:
		return fmt.Errorf("%w (the demo users' is %s; leave out --password-file and PARLEY_PASSWORD)", err, catalog.DemoPassword)
	}
	return fmt.Errorf("%w (the demo users exist in development mode only; use --instance and --name)", err)
}

// screen lets a desk show what happens on a terminal. What it does not have itself is the terminal's.
type screen struct{ *terminal.Terminal }

var _ desk.Screen = screen{}

// Interactive implements [desk.Screen], as all below do.
func (s screen) Interactive() bool { return s.Terminal.Interactive }

func (s screen) Prompt(text string) {
	if s.Terminal.Prompt != nil {
		s.Terminal.Prompt(terminal.Plain(text))
	}
}

func (s screen) Ring() { fmt.Fprint(s.Out, "\a") } // a terminal that is gone ends the reading too

func (s screen) Line(it *client.Item) string { return terminal.LineOf(it) }

func (s screen) Reason(err error) error { return reason(err) }

func (s screen) Failed(err error) { s.NotSent("-- " + reason(err).Error()) }

func (s screen) Skip(lines <-chan string) { s.ReportUnsent(lines) }
