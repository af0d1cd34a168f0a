package cli

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"
	"unicode"

	"golang.org/x/term"

	"parley/api/connect"
	"parley/api/participant"
	"parley/api/restjson"
	"parley/internal/auth"
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
	cfg := restjson.ClientConfig{Endpoint: strings.TrimSuffix(c.Endpoint, "/"), HTTPClient: &http.Client{Timeout: 30 * time.Second}, UserAgent: "parley/" + version}
	token := c.Token
	if token == "" {
		var err error
		if token, err = c.start(ctx, cfg); err != nil {
			return fmt.Errorf("cannot start a chat at %s: %w", cfg.Endpoint, err)
		}
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	ui := newTerminal(std)
	s := newSession(participant.NewClient(cfg), token, ui.item, ui.state)
	go func() { // ends with the input, or with the process: a terminal's read cannot be called off
		c.read(ctx, s, ui)
		stop()
	}()
	err := s.run(ctx)
	ui.close()
	if ctx.Err() != nil {
		_, err = fmt.Fprintf(std.out, "Come back with: parley chat --endpoint %s --token %s\n", cfg.Endpoint, token)
	}
	return err
}

func (c *chatCmd) start(ctx context.Context, cfg restjson.ClientConfig) (token string, err error) {
	if id := os.Getenv("AWS_ACCESS_KEY_ID"); id != "" {
		key := auth.Key{ID: id, Secret: os.Getenv("AWS_SECRET_ACCESS_KEY")}
		cfg.Sign = func(r *http.Request, body []byte) error {
			auth.Sign(r, body, key, c.Region, "connect", time.Now())
			return nil
		}
	}
	instance, flow := c.Instance, c.Flow
	if instance == "" {
		instance = string(catalog.DemoInstance)
	}
	if flow == "" {
		flow = string(catalog.DemoFlow)
	}
	out, err := connect.NewClient(cfg).StartChatContact(ctx, &connect.StartChatContactRequest{
		InstanceId: instance, ContactFlowId: flow, Attributes: c.Attr,
		ParticipantDetails: &connect.ParticipantDetails{DisplayName: c.Name},
	})
	if err != nil {
		return "", err
	}
	return *out.ParticipantToken, nil
}

// lastWords is how long a chat with piped input waits for answers before it ends.
const lastWords = time.Second

// read takes lines until /leave or the end of the input. Piped input ends the
// chat with it, after the other side had time to answer.
func (c *chatCmd) read(ctx context.Context, s *session, ui *terminal) {
	select {
	case <-s.ready:
	case <-ctx.Done():
		return
	}
	ui.typed = func() {
		go func() { _ = s.typing(ctx) }() // a notice that is lost is no loss
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
			if err := s.end(ctx); err != nil {
				ui.print("", "not ended: "+err.Error())
			}
			if !ui.interactive {
				<-ctx.Done() // the last items are on their way
				return
			}
		default:
			ui.expect(line, 1)
			if err := s.send(ctx, line); err != nil {
				ui.expect(line, -1)
				ui.print("", "not sent: "+err.Error())
			}
		}
	}
}

// terminal shows a chat: with a prompt and a history of lines when it is one,
// plain lines otherwise.
type terminal struct {
	interactive bool
	out         io.Writer
	line        func() (string, error)
	restore     func()
	typed       func() // called while the customer writes, at most every 10 s; set before the first line
	last        string

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
func (t *terminal) expected(it participant.Item) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	text := deref(it.Content)
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
		if t.typed != nil && time.Since(told) > heartbeat {
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

func (t *terminal) state(s string) {
	if s != t.last {
		t.last = s
		t.print("", "-- "+s)
	}
}

func (t *terminal) item(it participant.Item) {
	name := deref(it.DisplayName)
	if name == center.DisplayNameSystemMessage {
		name = "Flow"
	}
	switch {
	case it.Type == participant.ChatItemTypeATTACHMENT && len(it.Attachments) > 0:
		t.print(name, "[file "+deref(it.Attachments[0].AttachmentName)+"]")
	case it.Type == participant.ChatItemTypeMESSAGE && t.expected(it): // it stands there
	case it.Type == participant.ChatItemTypeMESSAGE:
		t.print(name, deref(it.Content))
	case it.Type != participant.ChatItemTypeEVENT: // receipts and the like: nothing is said
	default:
		switch deref(it.ContentType) {
		case center.EventTyping:
			t.print("", "-- "+name+" is typing")
		case center.EventJoined:
			t.print("", "-- "+name+" joined")
		case center.EventLeft:
			t.print("", "-- "+name+" left")
		case center.EventIdle:
			t.print("", "-- "+name+" is idle")
		case center.EventReturned:
			t.print("", "-- "+name+" is back")
		case center.EventEnded:
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
