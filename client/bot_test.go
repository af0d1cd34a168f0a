package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"parley.example/parley/api/connect"
	"parley.example/parley/client"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/server"
	"parley.example/parley/internal/server/servertest"
)

// TestBotAttends answers as a custom participant with a session of its own.
func TestBotAttends(t *testing.T) {
	onStage(t, func(t *testing.T, s *stage) {
		token, contact := s.chat()
		var seen collector
		customer := s.join(client.SessionConfig{Token: token, OnItem: seen.item})
		synctest.Wait() // the customer first, then the bot
		robo := s.join(client.SessionConfig{Token: s.bot(contact), ConnectParticipant: true, Poll: time.Second})
		bot := &client.Bot{Client: s.c, Log: slog.New(slog.DiscardHandler), Handle: func(ctx context.Context, turn *client.Turn) error {
			switch text := turn.Item.Text(); text {
			case "fail":
				return errors.New("no idea")
			case "bye":
				if err := turn.Reply(ctx, "Bye"); err != nil {
					return err
				}
				return turn.Leave(ctx)
			default:
				if err := turn.Reply(ctx, "You said "+text); err != nil {
					return err
				}
				return turn.Say(ctx, client.Message{ContentType: client.PlainText, Content: "And now?"})
			}
		}}
		var attending sync.WaitGroup
		attending.Go(func() {
			if err := bot.Attend(t.Context(), robo); err != nil {
				t.Errorf("Attend = %v", err)
			}
		})
		for _, text := range []string{"one", "fail", "bye"} {
			pass(2 * time.Second)
			if _, err := customer.Send(t.Context(), text); err != nil {
				t.Fatal(err)
			}
		}
		attending.Wait() // the bot is out of the chat, which goes on
		pass(time.Second)
		want := "[joined] Hello [joined] one You said one And now? fail bye Bye [left]"
		if got := seen.said(); got != want {
			t.Errorf("seen: %s\nwant: %s", got, want)
		}
		for _, x := range []*client.Session{customer, robo} {
			_ = x.Close()
		}
		synctest.Wait()
	})
}

// TestBotAsWebhook is told of messages by a server and joins by itself.
func TestBotAsWebhook(t *testing.T) {
	const secret, topic = "0123456789abcdef", "arn:aws:sns:us-east-1:123456789012:bot"
	var turns, failures atomic.Int32
	bot := &client.Bot{Secret: []byte(secret), Name: "Robo", Log: slog.New(slog.DiscardHandler), Handle: func(ctx context.Context, turn *client.Turn) error {
		turns.Add(1)
		if err := turn.Reply(ctx, "You said "+turn.Item.Text()); err != nil {
			return err
		}
		if failures.Add(1) == 1 {
			return errors.New("failed after it spoke") // comes again, and must not speak twice
		}
		return nil
	}}
	hook := httptest.NewServer(bot)
	defer hook.Close()
	url := servertest.Start(t, servertest.Quietly(t), func(c *server.Config) {
		c.Streams, c.StreamSecret = map[string]string{topic: hook.URL}, secret
	}).URL
	c := dialReal(t, url)
	bot.Client = c
	token, contact := quietChat(t, c)
	customer, err := c.Join(t.Context(), client.SessionConfig{Token: token})
	if err != nil {
		t.Fatal(err)
	}
	defer customer.Close()
	_, err = c.StartContactStreaming().InstanceID(catalog.DemoInstance).ContactID(contact).
		ChatStreamingConfiguration(connect.ChatStreamingConfiguration{StreamingEndpointArn: topic}).Send(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"one", "two"} {
		if _, err := customer.Send(t.Context(), text); err != nil {
			t.Fatal(err)
		}
	}
	var said []string
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for item, err := range customer.Items(ctx) {
		if err != nil {
			t.Fatalf("%v; so far %v", err, said)
		}
		if item.IsMessage() && item.Text() != "Hello" {
			said = append(said, item.Name()+": "+item.Text())
		}
		if len(said) == 4 {
			break
		}
	}
	got := strings.Join(said, "; ")
	if !strings.Contains(got, "Robo: You said one; ") || !strings.HasSuffix(got, "Robo: You said two") || strings.Count(got, "You said one") != 1 {
		t.Errorf("said: %s", got)
	}
	if turns.Load() != 3 {
		t.Errorf("%d turns; want 3: the first came again", turns.Load())
	}
}

// TestWebhookRefuses what is not genuine, too large, or no delivery.
func TestWebhookRefuses(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	secret := []byte("0123456789abcdef")
	asked := 0
	bot := &client.Bot{Secret: secret, Now: func() time.Time { return now }, Log: slog.New(slog.DiscardHandler), Handle: func(context.Context, *client.Turn) error {
		asked++
		return nil
	}}
	note := func(message string) string {
		body, err := json.Marshal(map[string]any{"Type": "Notification", "Message": message})
		if err != nil {
			t.Fatal(err)
		}
		return string(body)
	}
	for name, c := range map[string]struct {
		method, body, header string
		status               int
	}{
		"genuine":     {"POST", note(`{"Type":"EVENT"}`), "", 200},
		"ended":       {"POST", note(`{"Type":"EVENT","ContentType":"application/vnd.amazonaws.connect.event.chat.ended","InitialContactId":"c"}`), "", 200},
		"of the bot":  {"POST", note(`{"Type":"MESSAGE","ParticipantRole":"CUSTOM_BOT","Id":"1","InitialContactId":"c"}`), "", 200},
		"a GET":       {"GET", "", "", 405},
		"no header":   {"POST", note(`{}`), "none", 401},
		"forged":      {"POST", note(`{}`), client.Sign([]byte("other"), now, note(`{}`)), 401},
		"old":         {"POST", note(`{}`), client.Sign(secret, now.Add(-6*time.Minute), note(`{}`)), 401},
		"renewed":     {"POST", note(`{}`), client.Sign(secret, now.Add(-6*time.Minute), note(`{}`)) + fmt.Sprint(",t=", now.Unix()), 401},
		"other body":  {"POST", note(`{}`), client.Sign(secret, now, note(`{ }`)), 401},
		"not JSON":    {"POST", "x", "", 400},
		"no note":     {"POST", `{"Type":"SubscriptionConfirmation"}`, "", 400},
		"not an item": {"POST", note(`[]`), "", 400},
		"too large":   {"POST", strings.Repeat("x", 300<<10), "", 400},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequestWithContext(t.Context(), c.method, "/", strings.NewReader(c.body))
			switch c.header {
			case "":
				r.Header.Set(client.SignatureHeader, client.Sign(secret, now, c.body))
			case "none":
			default:
				r.Header.Set(client.SignatureHeader, c.header)
			}
			w := httptest.NewRecorder()
			bot.ServeHTTP(w, r)
			if w.Code != c.status {
				t.Errorf("status %d; want %d", w.Code, c.status)
			}
		})
	}
	if asked != 0 {
		t.Errorf("Handle was called %d times", asked)
	}
	header := client.Sign(secret, now, "x")
	if err := client.VerifyWebhook(secret, header+", v0=ff,v1=zz", []byte("x"), now); err != nil {
		t.Errorf("a header with more in it: %v", err)
	}
	if client.VerifyWebhook(nil, client.Sign(nil, now, "x"), []byte("x"), now) == nil {
		t.Error("without a secret everything is genuine")
	}
}

// TestWebhookOfABotThatLeft: a bot whom an agent has relieved, or who has left, is not told again and
// again of a message that it cannot answer.
func TestWebhookOfABotThatLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		paths := map[string]int{}
		relieved := false
		connector := roundTrip(func(r *http.Request) (*http.Response, error) {
			paths[r.URL.Path]++
			if strings.HasPrefix(r.URL.Path, "/participant/") && relieved {
				return canned(r, 403, "AccessDeniedException"), nil
			}
			res := canned(r, 200, "")
			res.Body = io.NopCloser(strings.NewReader(`{"ParticipantCredentials":{"ParticipantToken":"pt"},"ConnectionCredentials":{"ConnectionToken":"ct"},"Id":"1"}`))
			return res, nil
		})
		c, err := client.New(client.Config{Endpoint: "http://chat.test", Connector: connector})
		if err != nil {
			t.Fatal(err)
		}
		var said []string
		bot := &client.Bot{
			Client: c, Log: slog.New(slog.DiscardHandler), Verify: func(*http.Request, []byte) error { return nil },
			Handle: func(ctx context.Context, turn *client.Turn) error {
				said = append(said, turn.ContactID+turn.Item.ID())
				if turn.Item.ID() == "bye" {
					return turn.Leave(ctx)
				}
				return turn.Reply(ctx, "ok")
			},
		}
		tell := func(chat, id string) {
			t.Helper()
			body := fmt.Sprintf(`{"Type":"Notification","Message":"{\"Type\":\"MESSAGE\",\"ParticipantRole\":\"CUSTOMER\",\"Id\":\"%s\"}","MessageAttributes":{"InitialContactId":{"Value":"%s"},"InstanceId":{"Value":"i"}}}`, id, chat)
			w := httptest.NewRecorder()
			bot.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "POST", "/", strings.NewReader(body)))
			if w.Code != 200 {
				t.Errorf("%s of %s: status %d", id, chat, w.Code)
			}
		}
		tell("a", "1")
		tell("a", "bye")
		tell("a", "2") // to nobody
		tell("b", "3")
		relieved = true
		tell("b", "4") // tried, and given up
		tell("b", "5") // cannot be joined again
		if got := strings.Join(said, " "); got != "a1 abye b3 b4" || paths["/contact/create-participant"] != 3 {
			t.Errorf("the bot was asked %s, joined %d times", got, paths["/contact/create-participant"])
		}
	})
}

// roundTrip is a Connector of a function.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// welcome is an answer for all that a webhook's bot calls.
var welcome = answer{status: 200, body: `{"ParticipantCredentials":{"ParticipantToken":"pt"},"ConnectionCredentials":{"ConnectionToken":"ct"},"Id":"1"}`}

// told delivers a message of a chat to a bot and returns the status.
func told(t *testing.T, bot *client.Bot, chat, id string) int {
	body := fmt.Sprintf(`{"Type":"Notification","Message":"{\"Type\":\"MESSAGE\",\"ParticipantRole\":\"CUSTOMER\",\"Id\":\"%s\"}","MessageAttributes":{"InitialContactId":{"Value":"%s"},"InstanceId":{"Value":"i"}}}`, id, chat)
	w := httptest.NewRecorder()
	bot.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "POST", "/", strings.NewReader(body)))
	return w.Code
}

// TestWebhookOneTurnAtATime: more chats than are kept, all at once, and the turns of each one after the other.
func TestWebhookOneTurnAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		connector := &script{answers: []answer{welcome}}
		var mu sync.Mutex // guards answering
		answering := map[string]int{}
		bot := &client.Bot{
			Client: newClient(t, connector, nil), MaxChats: 2, Verify: func(*http.Request, []byte) error { return nil },
			Handle: func(ctx context.Context, turn *client.Turn) error {
				count := func(by int) {
					mu.Lock()
					defer mu.Unlock()
					if answering[turn.ContactID] += by; answering[turn.ContactID] > 1 {
						t.Errorf("chat %s has two turns at a time", turn.ContactID)
					}
				}
				count(1)
				pass(time.Second)
				count(-1)
				return nil
			},
		}
		var deliveries sync.WaitGroup
		for i := range 60 {
			deliveries.Go(func() {
				if status := told(t, bot, strconv.Itoa(i%5), strconv.Itoa(i)); status != 200 {
					t.Errorf("status %d", status)
				}
			})
		}
		deliveries.Wait()
		joins := 0
		for _, r := range connector.sent {
			if r.URL.Path == "/contact/create-participant" {
				joins++
			}
		}
		if joins != 5 {
			t.Errorf("%d joins of 5 chats that were in use all the time", joins)
		}
	})
}

// TestWebhookEvictsChats keeps connections for the chats used last, and joins again where it must; one
// that cannot be joined is left alone.
func TestWebhookEvictsChats(t *testing.T) {
	connector := &script{answers: []answer{welcome}}
	turns := 0
	bot := &client.Bot{
		Client: newClient(t, connector, nil), MaxChats: 2, Log: slog.New(slog.DiscardHandler), Verify: func(*http.Request, []byte) error { return nil },
		Handle: func(ctx context.Context, turn *client.Turn) error {
			turns++
			return turn.Reply(ctx, "ok")
		},
	}
	tell := func(chat, id string) int { return told(t, bot, chat, id) }
	for i, chat := range []string{"a", "b", "a", "c", "b", "a"} { // c makes it forget b, b makes it forget a, and so on
		if status := tell(chat, fmt.Sprint(i)); status != 200 {
			t.Fatalf("status %d", status)
		}
	}
	joins := 0
	for i, r := range connector.sent {
		if r.URL.Path == "/contact/create-participant" {
			joins++
			if member(connector.body[i], "ClientToken") == "" {
				t.Error("a join without a token")
			}
		}
	}
	if joins != 5 || turns != 6 {
		t.Errorf("%d joins and %d turns; want 5 and 6", joins, turns)
	}
	if status := tell("a", "5"); status != 200 || turns != 6 {
		t.Errorf("a delivery that came again: status %d, %d turns", status, turns)
	}
	connector.answers = []answer{refusal(409, "ConflictException")}
	if status := tell("d", "1"); status != 200 || turns != 6 {
		t.Errorf("a chat that cannot be joined: status %d, %d turns", status, turns)
	}
	connector.answers = []answer{{status: 403, body: "<html>"}}
	if status := told(t, bot, "f", "1"); status != 500 {
		t.Errorf("refused by what stands between: status %d; want 500, so that it comes again", status)
	}
	connector.answers = []answer{{err: errDown}}
	fast := newClient(t, connector, func(c *client.Config) { c.Retry = client.NoRetry{} })
	bot.Client = fast
	if status := tell("e", "1"); status != 500 {
		t.Errorf("without a network: status %d; want 500, so that it comes again", status)
	}
}
