package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/feature/ec2/imds"

	"parley.example/parley/api/connect"
	"parley.example/parley/client"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/cli/desk"
	"parley.example/parley/internal/cli/terminal"
	"parley.example/parley/internal/server"
)

// chatCmd is a customer in the terminal.
type chatCmd struct {
	Endpoint string            `help:"The server (${default})." default:"http://127.0.0.1:8790" env:"PARLEY_ENDPOINT,AWS_ENDPOINT_URL_CONNECT,AWS_ENDPOINT_URL" placeholder:"URL"`
	Instance string            `help:"Instance id. Default: the demo instance." placeholder:"ID" env:"PARLEY_INSTANCE"`
	Flow     string            `help:"Contact flow id. Default: the demo flow." placeholder:"ID" env:"PARLEY_FLOW"`
	Name     string            `help:"Your name (${default})." default:"Ana" placeholder:"NAME"`
	Attr     map[string]string `help:"Contact attribute; may be repeated." placeholder:"KEY=VALUE"`
	Region   string            `help:"Region to sign for (${default})." default:"us-east-1" placeholder:"REGION" env:"AWS_REGION,AWS_DEFAULT_REGION"`
	Agent    bool              `help:"Ask for a person: in the demo instance, with a flow that puts you into a queue."`
	Token    string            `help:"Rejoin a chat with its participant token instead of starting one." placeholder:"TOKEN"`
}

// Help is shown below the flags.
func (chatCmd) Help() string {
	return `Examples:
  parley chat                              chat with the demo flow of parley serve --dev
  parley chat --agent                      wait in a queue for a person: parley agent, in another terminal
  parley chat --name Bo --attr tier=gold
  parley chat --instance ID --flow ID      sign with AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY
  echo "Hello" | parley chat               send lines from a pipe and print the answers

In the chat, /end ends it, /leave or /quit leaves it open and prints how to rejoin it, and /help lists these commands.
Nothing else that begins with a slash is sent, unless there are two: //end sends /end.
A view of a flow is asked field by field, then an action is chosen; /skip leaves it.`
}

// Run chats until the chat has ended.
func (c *chatCmd) Run(ctx context.Context, std streams) error {
	api, err := c.client(ctx)
	if err != nil {
		return err
	}
	defer api.CloseIdleConnections()
	if c.Agent && c.Flow != "" {
		return usage{errors.New("--agent and --flow (or PARLEY_FLOW) name a flow each: leave one out")}
	}
	chat := &connect.StartChatContactResponse{ParticipantToken: &c.Token}
	if c.Token == "" {
		if chat, err = c.start(ctx, api); err != nil {
			return fmt.Errorf("cannot start a chat at %s: %w", c.Endpoint, c.hint(reason(err)))
		}
	}
	ui := terminal.New(std.in, std.out)
	if c.Agent && ui.Interactive && c.Token == "" {
		ui.Print("-- the demo agent answers this in another terminal, with " + server.CommandLine(startedAs(os.Args[0]), "agent", c.Endpoint))
	}
	return c.converse(ctx, api, chat, ui, std.out)
}

// maxUnsent bounds the lines that are not sent yet. The terminal is read
// meanwhile: in raw mode Ctrl-C is a key like any other.
const maxUnsent = 64

// converse runs the chat until it has ended, or until the user leaves it.
func (c *chatCmd) converse(ctx context.Context, api *client.Client, chat *connect.StartChatContactResponse, ui *terminal.Terminal, out io.Writer) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var s *client.Session
	joined := make(chan struct{}) // closed when s is there
	ui.Typed = func() {
		select {
		case <-joined:
			go func() { _ = s.Typing(ctx) }() // losing a typing event does no harm
		default:
		}
	}
	lines := make(chan string, maxUnsent)
	go func() { // ends with the input, or with the process: reading a terminal cannot be cancelled
		ui.Read(ctx, lines)
		if ui.Interactive {
			stop() // Ctrl-C or Ctrl-D
		}
	}()
	s, err := api.Join(ctx, client.SessionConfig{Chat: chat, OnItem: ui.Item, OnCaughtUp: ui.CaughtUp, OnState: ui.State, GiveUp: giveUp})
	if err == nil {
		close(joined)
		var sending sync.WaitGroup
		sending.Go(func() {
			c.say(ctx, s, ui, lines)
			stop()
		})
		select {
		case <-s.Done():
			err = s.Err()
		case <-ctx.Done():
		}
		stop()
		sending.Wait()
		_ = s.Close() // the chat has ended, or is left open on purpose
	}
	ui.Close()
	switch {
	case s != nil && s.State() == client.Ended:
		if ui.Failed() {
			return silent{errors.New("not everything was sent")}
		}
		return nil
	case err != nil && (s != nil || ctx.Err() == nil):
		return reason(err)
	}
	_, err = fmt.Fprintf(out, "Rejoin with: parley chat --endpoint %s --token %s\n", c.Endpoint, *chat.ParticipantToken)
	return err
}

// giveUp is how long a chat tries to reconnect to a server that is unreachable.
const giveUp = 10 * time.Minute

// client makes the client of both APIs. It signs with the key of the environment or the profile. Without
// a key it does not sign, which servers in development mode allow.
func (c *chatCmd) client(ctx context.Context) (*client.Client, error) {
	if err := address("endpoint", &c.Endpoint); err != nil {
		return nil, err
	}
	cfg, err := client.LoadConfig(ctx, config.WithRegion(c.Region), config.WithEC2IMDSClientEnableState(imds.ClientDisabled))
	if err != nil {
		return nil, err
	}
	if _, err := cfg.Credentials.Retrieve(ctx); err != nil {
		if os.Getenv("AWS_PROFILE") != "" {
			return nil, err
		}
		cfg.Credentials = nil
	}
	cfg.Endpoint, cfg.ParticipantEndpoint, cfg.UserAgent, cfg.AttemptTimeout = c.Endpoint, "", "parley/"+version, 30*time.Second
	return client.New(cfg)
}

// reason returns the part of an error that matters to users of a terminal: the service's message, or
// the network error.
func reason(err error) error {
	e, ok := errors.AsType[*client.Error](err)
	switch {
	case !ok:
		return err
	case e.Code() == "AccessDeniedException" && e.Operation.Name == "CreateParticipantConnection":
		return errors.New("the chat has ended, or the token is from another server")
	}
	return e.Err
}

// start starts a chat. The answer has the connection, if the server knows that.
func (c *chatCmd) start(ctx context.Context, api *client.Client) (*connect.StartChatContactResponse, error) {
	instance, flow := c.Instance, c.Flow
	if instance == "" {
		instance = string(catalog.DemoInstance)
	}
	if c.Agent {
		flow = string(catalog.DemoWaiting)
	}
	if flow == "" {
		flow = string(catalog.DemoFlow)
	}
	return api.StartChatContact().InstanceID(instance).ContactFlowID(flow).SetAttributes(c.Attr).
		ParticipantDetails(connect.ParticipantDetails{DisplayName: c.Name}).
		SupportedMessagingContentType(client.PlainText, client.InteractiveMessage, client.InteractiveResponse).
		ConnectionType(connect.ConnectionTypeWEBSOCKET, connect.ConnectionTypeCONNECTION_CREDENTIALS).Send(ctx)
}

// hint adds to a start error what can be done about it.
func (c *chatCmd) hint(err error) error {
	refused := func(codes ...string) bool {
		return slices.ContainsFunc(codes, func(code string) bool { return strings.HasPrefix(err.Error(), code) })
	}
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return notRunning(err)
	case refused("MissingAuthenticationToken", "UnrecognizedClient"):
		return fmt.Errorf("%w (outside development mode, set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY to a key from parley keys create)", err)
	case refused("ResourceNotFound") && c.Agent && c.Instance != "":
		return fmt.Errorf("%w (--agent is for the demo instance; elsewhere, --flow names a flow that asks for a person)", err)
	case refused("ResourceNotFound") && c.Flow == "":
		return fmt.Errorf("%w (the demo exists in development mode only; use --instance and --flow)", err)
	case refused("ResourceNotFound") && c.Instance == "":
		return fmt.Errorf("%w (in the demo instance; --instance names another)", err)
	}
	return err
}

// notRunning adds to the error of a server that is not there what can be done about it.
func notRunning(err error) error {
	return fmt.Errorf("%w (is the server running? Start one with: parley serve --dev)", err)
}

// say sends the lines in order, and asks the views that flows show, until /leave,
// or until there are no more lines: then it ends the chat, after the other side has
// had time to answer.
func (c *chatCmd) say(ctx context.Context, s *client.Session, ui *terminal.Terminal, lines <-chan string) {
	d := &dialogue{Session: s, ui: ui}
	for {
		var line string
		var more bool
		select {
		case <-ui.Changed:
			d.follow(ctx)
			continue
		case line, more = <-lines:
		case <-ctx.Done():
			ui.ReportUnsent(lines)
			return
		}
		if !more && ui.Interactive {
			return
		}
		if !more {
			select {
			case <-time.After(desk.AnswerWait):
			case <-ctx.Done():
				return
			}
			line = "/end"
		}
		line = strings.TrimSpace(line)
		switch {
		case line == "/help":
			d.help()
		case line == "/leave", line == "/quit":
			return
		case line == "/end":
			if err := s.End(ctx); err != nil {
				ui.NotSent("not ended: " + reason(err).Error())
			}
			if !ui.Interactive {
				<-ctx.Done() // the last items are on their way
				return
			}
		case d.answer(ctx, line) || line == "":
		case strings.HasPrefix(line, "//"):
			d.send(ctx, line[1:])
		case strings.HasPrefix(line, "/"):
			ui.NotSent(terminal.NoCommand(line).Error())
		default:
			d.send(ctx, line)
		}
	}
}
