package integration

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/flow/machine"
)

const shop = "arn:aws:lex:eu-west-1:123456789012:bot-alias/SHOPBOT001/TSTALIASID"

// elicit is an answer that asks for a slot.
const elicit = `{"messages":[{"contentType":"PlainText","content":"Which flowers?"}],
 "sessionState":{"dialogAction":{"type":"ElicitSlot","slotToElicit":"Kind"},"sessionAttributes":{"tier":"gold"},
  "intent":{"name":"Order","state":"InProgress","confirmationState":"None","slots":{"Kind":null}}},
 "interpretations":[],"sessionId":"c-1"}`

func TestAskLex(t *testing.T) {
	var got []string
	var last *http.Request
	var body []byte
	bots, err := NewBots(nil, testAWS(), client(func(r *http.Request) (*http.Response, error) {
		last = r
		body, _ = io.ReadAll(r.Body)
		got = append(got, r.Method+" "+r.URL.String()+" "+string(body))
		return answer(200, elicit), nil
	}), nil)
	if err != nil {
		t.Fatal(err)
	}
	ask := machine.Ask{Alias: shop, Locale: "en_US", Session: "c-1", Text: "I want flowers", Attributes: map[string]string{"tier": "gold"},
		Request: map[string]string{"x-amz-lex:channels:platform": "Connect Chat"}}
	a, err := bots.Ask(t.Context(), ask)
	if err != nil {
		t.Fatal(err)
	}
	ask.Text, ask.State = "roses", a.Session
	if _, err := bots.Ask(t.Context(), ask); err != nil {
		t.Fatal(err)
	}
	const to = "POST https://runtime-v2-lex.eu-west-1.amazonaws.com/bots/SHOPBOT001/botAliases/TSTALIASID/botLocales/en_US/sessions/c-1/text "
	want := []string{
		to + `{"text":"I want flowers","requestAttributes":{"x-amz-lex:channels:platform":"Connect Chat"},"sessionState":{"sessionAttributes":{"tier":"gold"}}}`,
		to + `{"text":"roses","requestAttributes":{"x-amz-lex:channels:platform":"Connect Chat"}}`,
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("asked\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if err := verified(last, body, "eu-west-1", "lex"); err != nil {
		t.Errorf("the signature is refused: %v", err)
	}
	if a.Intent != "Order" || a.State != "InProgress" || a.DialogAction != "ElicitSlot" || a.SessionAttributes["tier"] != "gold" ||
		len(a.Slots) != 1 || a.Slots["Kind"] != nil || len(a.Messages) != 1 || a.Messages[0] != (machine.BotMessage{ContentType: center.PlainText, Content: "Which flowers?"}) {
		t.Errorf("answer %+v", a)
	}
}

func TestAskEndpoint(t *testing.T) {
	var got []string
	bots, err := NewBots(map[string]string{"SHOPBOT001/TSTALIASID": "http://bot/talk?x=1", "Old:prod": "http://old/"}, nil,
		client(func(r *http.Request) (*http.Response, error) {
			body, _ := io.ReadAll(r.Body)
			got = append(got, r.URL.String()+" "+r.Header.Get("Authorization")+string(body))
			return answer(200, elicit), nil
		}), nil)
	if err != nil {
		t.Fatal(err)
	}
	first := machine.Ask{Alias: shop, Locale: "en_US", Session: "c-1", Text: "hi", Attributes: map[string]string{"tier": "gold"}}
	a, err := bots.Ask(t.Context(), first)
	if err != nil {
		t.Fatal(err)
	}
	for _, next := range []machine.Ask{
		{Alias: shop, Locale: "en_US", Session: "c-1", Text: "roses", Attributes: map[string]string{"tier": "gold"}, State: a.Session},
		{Name: "Old", V1Alias: "prod", Locale: "en_US", Session: "c-1", Text: "hi"},
	} {
		if _, err := bots.Ask(t.Context(), next); err != nil {
			t.Fatal(err)
		}
	}
	var answered struct{ SessionState json.RawMessage }
	if err := json.Unmarshal([]byte(elicit), &answered); err != nil {
		t.Fatal(err)
	}
	compact := strings.Join(strings.Fields(string(answered.SessionState)), "")
	want := []string{
		`http://bot/talk?x=1 {"botId":"SHOPBOT001","botAliasId":"TSTALIASID","localeId":"en_US","sessionId":"c-1","text":"hi","sessionState":{"sessionAttributes":{"tier":"gold"}}}`,
		`http://bot/talk?x=1 {"botId":"SHOPBOT001","botAliasId":"TSTALIASID","localeId":"en_US","sessionId":"c-1","text":"roses","sessionState":` + compact + `}`,
		`http://old/ {"botId":"Old","botAliasId":"prod","localeId":"en_US","sessionId":"c-1","text":"hi"}`,
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("asked\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// bot that says who it is.
type named string

func (n named) Ask(context.Context, machine.Ask) (machine.Answer, error) {
	return machine.Answer{Intent: string(n)}, nil
}

func TestWhichBot(t *testing.T) {
	all := &Bots{Named: map[string]Bot{shop: named("arn"), "B/A": named("alias"), "B": named("bot"), "Old:prod": named("v1 alias"), "Old": named("v1"), "*": named("any")}, Other: named("aws")}
	some := &Bots{Named: map[string]Bot{"B": named("bot")}, Other: named("aws")}
	const prefix = "arn:aws:lex:us-east-1:123456789012:bot-alias/"
	for _, c := range []struct {
		bots *Bots
		ask  machine.Ask
		want string
	}{
		{all, machine.Ask{Alias: shop}, "arn"}, {all, machine.Ask{Alias: prefix + "B/A"}, "alias"}, {all, machine.Ask{Alias: prefix + "B/X"}, "bot"},
		{all, machine.Ask{Alias: prefix + "C/A"}, "any"}, {all, machine.Ask{Alias: "no arn"}, "any"},
		{all, machine.Ask{Name: "Old", V1Alias: "prod"}, "v1 alias"}, {all, machine.Ask{Name: "Old", V1Alias: "test"}, "v1"}, {all, machine.Ask{Name: "New", V1Alias: "x"}, "any"},
		{some, machine.Ask{Alias: prefix + "B/A"}, "bot"}, {some, machine.Ask{Alias: shop}, "aws"},
	} {
		if a, err := c.bots.Ask(t.Context(), c.ask); err != nil || a.Intent != c.want {
			t.Errorf("Ask(%+v) went to %q, %v; want %q", c.ask, a.Intent, err, c.want)
		}
	}
	const agent = center.AIAgentID("11111111-2222-4333-8444-555555555555")
	all.Named[string(agent)], all.Named[string(agent)+":3"] = named("agent"), named("agent 3")
	for _, c := range []struct {
		bots  *Bots
		agent center.AIAgentID
		want  string // "" for none
	}{
		{all, agent, "agent"}, {all, agent + ":3", "agent 3"}, {all, agent + ":4", "agent"}, {all, "99999999-2222-4333-8444-555555555555", "any"},
		{some, agent, ""}, // AWS has no bot that is an AI agent
		{&Bots{Named: map[string]Bot{"*": &Lex{}}}, agent, ""},
	} {
		a, err := c.bots.Ask(t.Context(), machine.Ask{Agent: c.agent})
		if a.Intent != c.want || c.bots.Knows(c.agent) != (c.want != "") || c.want == "" && center.ReasonOf(err) != center.NotFound {
			t.Errorf("AI agent %s: asked %q, %v; want %q", c.agent, a.Intent, err, c.want)
		}
	}
	none, err := NewBots(nil, nil, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := none.Ask(t.Context(), machine.Ask{Alias: shop}); center.ReasonOf(err) != center.NotFound || !strings.Contains(err.Error(), shop) {
		t.Errorf("a bot that nobody named: %v; want NotFound that names it", err)
	}
	for _, url := range []string{"bot", "ftp://bot", "lex+bot", "lex+lex+http://x"} {
		if _, err := NewBots(map[string]string{"B": url}, nil, nil, nil); err == nil || !strings.Contains(err.Error(), "bot B") {
			t.Errorf("NewBots with %q = %v; want an error that names the bot", url, err)
		}
	}
}

// TestAskAIAgent: an AI agent is an HTTP bot, named by its id or its ARN, and is told
// which of its versions is meant.
func TestAskAIAgent(t *testing.T) {
	const id = "11111111-2222-4333-8444-555555555555"
	const arn = "arn:aws:wisdom:us-east-1:123456789012:ai-agent/66666666-2222-4333-8444-555555555555/" + id
	var got []string
	web := client(func(r *http.Request) (*http.Response, error) {
		body, _ := io.ReadAll(r.Body)
		got = append(got, r.URL.String()+" "+string(body))
		return answer(200, elicit), nil
	})
	bots, err := NewBots(map[string]string{arn: "http://agent/", id + ":3": "http://three/"}, nil, web, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, agent := range []center.AIAgentID{id, id + ":$LATEST", id + ":3"} {
		if _, err := bots.Ask(t.Context(), machine.Ask{Agent: agent, Locale: "en_US", Session: "c-1", Text: "hi", Attributes: map[string]string{"tier": "gold"}}); err != nil {
			t.Fatal(err)
		}
	}
	const rest = `"localeId":"en_US","sessionId":"c-1","text":"hi","sessionState":{"sessionAttributes":{"tier":"gold"}}}`
	want := []string{
		`http://agent/ {"botId":"` + id + `",` + rest,
		`http://agent/ {"botId":"` + id + `","botAliasId":"$LATEST",` + rest,
		`http://three/ {"botId":"` + id + `","botAliasId":"3",` + rest,
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("asked\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	for wrong, urls := range map[string]map[string]string{
		"must be that of an HTTP bot": {id: "lex+http://x"},
		"is given twice":              {id: "http://x", arn: "http://y"},
	} {
		if _, err := NewBots(urls, nil, nil, nil); err == nil || !strings.Contains(err.Error(), wrong) || !strings.Contains(err.Error(), id) {
			t.Errorf("NewBots(%v) = %v; want an error that it %s", urls, err, wrong)
		}
	}
}

func TestLexCannotBeAsked(t *testing.T) {
	l := &Lex{Endpoint: "http://lex", Client: client(func(*http.Request) (*http.Response, error) {
		t.Error("something was sent")
		return answer(500, ""), nil
	})}
	for _, c := range []struct {
		ask  machine.Ask
		want string
	}{
		{machine.Ask{Alias: "BOT"}, "is not the ARN of a bot alias"},
		{machine.Ask{Alias: "arn:aws:lex:us-east-1:1:bot-alias/B"}, "is not the ARN"},
		{machine.Ask{Alias: "arn:aws:lex:us-east-1:1:bot-alias/B/A/C"}, "is not the ARN"},
		{machine.Ask{Name: "Old", V1Alias: "prod"}, "a Lex V1 bot"},
	} {
		if _, err := l.Ask(t.Context(), c.ask); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("Ask(%+v) = %v; want %q", c.ask, err, c.want)
		}
	}
}

func TestBotAnswers(t *testing.T) {
	state := func(inner string) string { return `{"sessionState":{` + inner + `}}` }
	for _, c := range []struct {
		name   string
		answer *http.Response
		err    string // "" for an answer
	}{
		{"only an intent", answer(200, state(`"intent":{"name":"A","state":"Fulfilled"}`)), ""},
		{"only a dialog action", answer(200, state(`"dialogAction":{"type":"ElicitIntent"}`)), ""},
		{"unknown members", answer(200, `{"x":[1],"sessionState":{"dialogAction":{"type":"Close","y":{}},"z":1}}`), ""},
		{"nothing", answer(200, `{}`), "neither an intent nor a dialog action"},
		{"not JSON", answer(200, `hello`), "did not answer in the format of RecognizeText"},
		{"a list", answer(200, `[]`), "did not answer in the format of RecognizeText"},
		{"odd state", answer(200, `{"sessionState":[]}`), "session state that is not in the format of RecognizeText"},
		{"huge", answer(200, state(`"dialogAction":{"type":"Close"},"sessionAttributes":{"a":"`+strings.Repeat("x", maxTurn)+`"}`)), "answered more than 256 KB"},
		{"state too large", answer(200, state(`"dialogAction":{"type":"Close"},"sessionAttributes":{"a":"`+strings.Repeat("x", maxMemory)+`"}`)), "session state of more than 32 KB"},
		{"too many messages", answer(200, `{"messages":[`+strings.Repeat(`{"content":"x"},`, 10)+`{"content":"x"}],"sessionState":{"dialogAction":{"type":"Close"}}}`), "answered 11 messages"},
		{"refused", answer(403, `{"message":"no"}`, "X-Amzn-Errortype", "AccessDeniedException:x"), "answered 403 Forbidden: AccessDeniedException: no"},
		{"its function failed", answer(424, `{"message":"Invalid Lambda Response"}`, "X-Amzn-Errortype", "DependencyFailedException"), "answered 424 Failed Dependency: DependencyFailedException: Invalid Lambda Response"},
		{"no such locale", answer(404, `{"message":"no locale"}`), "answered 404"},
		{"redirect", answer(302, "", "Location", "http://elsewhere"), "answered 302"},
	} {
		t.Run(c.name, func(t *testing.T) {
			calls := 0
			e := &Endpoint{URL: "http://user:pw@bot", Client: client(func(*http.Request) (*http.Response, error) {
				calls++
				return c.answer, nil
			})}
			_, err := e.Ask(t.Context(), machine.Ask{Alias: shop, Text: "hi"})
			if c.err == "" && err != nil || c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err) || !strings.Contains(err.Error(), shop)) {
				t.Errorf("error %v; want %q and the bot's name", err, c.err)
			}
			if calls != 1 || err != nil && strings.Contains(err.Error(), "pw") {
				t.Errorf("%d calls, error %v; want one, and no secret", calls, err)
			}
		})
	}
}

func TestBotIsSlowOrDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hang := &Endpoint{URL: "http://bot", Client: client(func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		})}
		for limit, want := range map[time.Duration]time.Duration{0: 10 * time.Second, 6 * time.Second: 6 * time.Second} {
			start := time.Now()
			_, err := hang.Ask(t.Context(), machine.Ask{Alias: shop, TimeLimit: limit})
			if took := time.Since(start); took != want || !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "did not answer within "+want.String()) {
				t.Errorf("a silent bot with the limit %v: %v after %v", limit, err, took)
			}
		}
		calls := 0
		busy := &Endpoint{URL: "http://bot", Client: client(func(*http.Request) (*http.Response, error) {
			if calls++; calls < 3 {
				return answer(429, ""), nil
			}
			return answer(200, elicit), nil
		})}
		if a, err := busy.Ask(t.Context(), machine.Ask{Alias: shop}); err != nil || calls != 3 || a.Intent != "Order" {
			t.Errorf("a busy bot: %+v, %v after %d calls; want an answer to the third", a, err, calls)
		}
	})
}
