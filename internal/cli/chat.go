package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/feature/ec2/imds"
	"golang.org/x/term"

	"parley/api/connect"
	"parley/api/participant"
	"parley/client"
	"parley/internal/catalog"
	"parley/internal/center"
)

// chatCmd is a customer in the terminal.
type chatCmd struct {
	Endpoint string            `help:"The server (${default})." default:"http://127.0.0.1:8790" env:"PARLEY_ENDPOINT,AWS_ENDPOINT_URL_CONNECT,AWS_ENDPOINT_URL" placeholder:"URL"`
	Instance string            `help:"Instance id; the demo's when not given." placeholder:"ID" env:"PARLEY_INSTANCE"`
	Flow     string            `help:"Contact flow id; the demo's when not given." placeholder:"ID" env:"PARLEY_FLOW"`
	Name     string            `help:"Your name (${default})." default:"Ana" placeholder:"NAME"`
	Attr     map[string]string `help:"Contact attribute; may be repeated." placeholder:"KEY=VALUE"`
	Region   string            `help:"Region to sign for (${default})." default:"us-east-1" placeholder:"REGION" env:"AWS_REGION"`
	Token    string            `help:"Come back to a chat with its participant token instead of starting one." placeholder:"TOKEN"`
}

// Help is shown below the flags.
func (chatCmd) Help() string {
	return `Examples:
  parley chat                              chat with the demo flow of parley serve --dev
  parley chat --name Bo --attr tier=gold
  parley chat --instance ID --flow ID      signed with AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY
  echo "Hello" | parley chat               send lines and print what is said

In the chat: /end ends it, /leave leaves it open and tells how to come back, /help helps.`
}

// Run chats until the chat has ended.
func (c *chatCmd) Run(ctx context.Context, std streams) error {
	api, err := c.client(ctx)
	if err != nil {
		return err
	}
	defer api.CloseIdleConnections()
	token := c.Token
	if token == "" {
		if token, err = c.start(ctx, api); err != nil {
			return fmt.Errorf("cannot start a chat at %s: %w", c.Endpoint, because(err))
		}
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	ui := newTerminal(std)
	s, err := api.Join(ctx, client.SessionConfig{Token: token, OnItem: ui.item, OnState: ui.state, GiveUp: giveUp})
	if err != nil {
		ui.close()
		return because(err)
	}
	go func() { // ends with the input, or with the process: a terminal's read cannot be called off
		c.read(ctx, s, ui)
		stop()
	}()
	select {
	case <-s.Done():
	case <-ctx.Done():
	}
	err = s.Close()
	ui.close()
	if s.State() == client.Ended {
		return err
	}
	if ctx.Err() != nil {
		_, err = fmt.Fprintf(std.out, "Come back with: parley chat --endpoint %s --token %s\n", c.Endpoint, token)
		return err
	}
	return because(s.Err())
}

// giveUp is how long a chat tries to come back to a server that is out of reach.
const giveUp = 10 * time.Minute

// client makes the client of both APIs. It signs with the key of the environment or the profile; without
// one it does not, which servers in development mode allow.
func (c *chatCmd) client(ctx context.Context) (*client.Client, error) {
	c.Endpoint = strings.TrimSuffix(c.Endpoint, "/")
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

// because is the part of an error that people at a terminal want: what the service says, or what
// is wrong with the network.
func because(err error) error {
	e, ok := errors.AsType[*client.Error](err)
	switch {
	case !ok:
		return err
	case e.Code() == "AccessDeniedException" && e.Operation.Name == "CreateParticipantConnection":
		return errors.New("the chat has ended, or the token is not one of this server")
	}
	return e.Err
}

func (c *chatCmd) start(ctx context.Context, api *client.Client) (token string, err error) {
	instance, flow := c.Instance, c.Flow
	if instance == "" {
		instance = string(catalog.DemoInstance)
	}
	if flow == "" {
		flow = string(catalog.DemoFlow)
	}
	out, err := api.StartChatContact().InstanceID(instance).ContactFlowID(flow).SetAttributes(c.Attr).
		ParticipantDetails(connect.ParticipantDetails{DisplayName: c.Name}).Send(ctx)
	if err != nil {
		return "", err
	}
	return *out.ParticipantToken, nil
}

// lastWords is how long a chat with piped input waits for answers before it ends.
const lastWords = time.Second

// read takes lines until /leave or the end of the input. Piped input ends the
// chat with it, after the other side had time to answer.
func (c *chatCmd) read(ctx context.Context, s *client.Session, ui *terminal) {
	ui.typed = func() {
		go func() { _ = s.Typing(ctx) }() // a notice that is lost is no loss
	}
	for {
		line, err := ui.line()
		if err != nil && ui.interactive {
			return
		}
		if err != nil {
			select {
			case <-time.After(lastWords):
			case <-ctx.Done():
				return
			}
			line = "/end"
		}
		switch line = strings.TrimSpace(line); line {
		case "":
		case "/help":
			ui.print("", "/end ends the chat, /leave leaves it open, everything else is sent")
		case "/leave":
			return
		case "/end":
			if err := s.End(ctx); err != nil {
				ui.print("", "not ended: "+because(err).Error())
			}
			if !ui.interactive {
				<-ctx.Done() // the last items are on their way
				return
			}
		default:
			ui.expect(line, 1)
			if _, err := s.Send(ctx, line); err != nil {
				ui.expect(line, -1)
				ui.print("", "not sent: "+because(err).Error())
			}
		}
	}
}

// typingEvery is how often the other side is told of typing.
const typingEvery = 10 * time.Second

// terminal shows a chat: with a prompt and a history of lines when it is one,
// plain lines otherwise.
type terminal struct {
	interactive bool
	out         io.Writer
	line        func() (string, error)
	restore     func()
	typed       func() // called while the customer writes, at most every 10 s; set before the first line

	mu   sync.Mutex     // guards mine
	mine map[string]int // what was written here and will come back as an item
}

// expect notes that a text stands on the screen already, as it was written, so
// that the item it becomes is not shown again. Pipes show what is sent only so.
func (t *terminal) expect(text string, times int) {
	if !t.interactive {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.mine[text] += times; t.mine[text] <= 0 {
		delete(t.mine, text)
	}
}

// expected reports whether an item is one that was written here, once for each.
func (t *terminal) expected(it *client.Item) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	text := it.Text()
	if it.ParticipantRole != participant.ParticipantRoleCUSTOMER || t.mine[text] == 0 {
		return false
	}
	if t.mine[text]--; t.mine[text] == 0 {
		delete(t.mine, text)
	}
	return true
}

func newTerminal(std streams) *terminal {
	t := &terminal{out: std.out, restore: func() {}, mine: map[string]int{}}
	in, isFile := std.in.(*os.File)
	if !isFile || !term.IsTerminal(int(in.Fd())) {
		lines := bufio.NewScanner(std.in)
		t.line = func() (string, error) {
			if !lines.Scan() {
				return "", io.EOF
			}
			return lines.Text(), nil
		}
		return t
	}
	old, err := term.MakeRaw(int(in.Fd()))
	if err == nil {
		t.restore = func() {
			fmt.Fprint(std.out, "\r\x1b[K")     // the prompt
			_ = term.Restore(int(in.Fd()), old) // nothing is left to do if the terminal is gone
		}
	}
	tty := term.NewTerminal(struct {
		io.Reader
		io.Writer
	}{in, std.out}, "> ")
	var told time.Time
	tty.AutoCompleteCallback = func(string, int, rune) (string, int, bool) {
		if t.typed != nil && time.Since(told) > typingEvery {
			told = time.Now()
			t.typed()
		}
		return "", 0, false
	}
	t.interactive, t.out = true, tty
	t.line = func() (string, error) {
		if width, height, err := term.GetSize(int(in.Fd())); err == nil && width > 0 {
			_ = tty.SetSize(width, height) // else lines break as on a terminal of 80 columns
		}
		return tty.ReadLine()
	}
	return t
}

// close gives the terminal back; nothing may be printed to t after it.
func (t *terminal) close() { t.restore() }

func (t *terminal) print(who, text string) {
	if who != "" {
		who += ": "
	}
	fmt.Fprintf(t.out, "%s\n", plain(who+text)) // a terminal that is gone ends the reading too
}

// plain takes out what would steer a terminal instead of being shown: others
// write what stands here.
func plain(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return unicode.ReplacementChar
		}
		return r
	}, text)
}

func (t *terminal) state(s client.State) {
	switch s {
	case client.Connected:
		t.print("", "-- connected")
	case client.Reconnecting:
		t.print("", "-- connection lost, coming back")
	}
}

func (t *terminal) item(it *client.Item) {
	name := it.Name()
	if name == center.DisplayNameSystemMessage {
		name = "Flow"
	}
	switch {
	case it.Type == participant.ChatItemTypeATTACHMENT && len(it.Attachments) > 0:
		t.print(name, "[file "+deref(it.Attachments[0].AttachmentName)+"]")
	case it.Withheld() != "":
		t.expected(it)
		t.print("", "-- not delivered ("+strings.ToLower(string(it.Withheld()))+"): "+it.Text())
	case it.Type == participant.ChatItemTypeMESSAGE && t.expected(it): // it stands there
	case it.Type == participant.ChatItemTypeMESSAGE:
		t.print(name, it.Text())
	case it.Type != participant.ChatItemTypeEVENT: // receipts and the like: nothing is said
	default:
		switch it.Event() {
		case client.EventTyping:
			t.print("", "-- "+name+" is typing")
		case client.EventJoined:
			t.print("", "-- "+name+" joined")
		case client.EventLeft:
			t.print("", "-- "+name+" left")
		case client.EventIdle:
			t.print("", "-- "+name+" is idle")
		case client.EventReturned:
			t.print("", "-- "+name+" is back")
		case client.EventEnded:
			t.print("", "-- the chat has ended")
		}
	}
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
