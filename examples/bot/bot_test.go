package main

import (
	"bytes"
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

var testTime = time.Date(2026, 4, 13, 12, 0, 0, 0, time.UTC)

// talk says lines to the bot and returns what came of it, carrying the session's
// state from answer to answer as Parley does.
func talk(t *testing.T, lines ...string) (said []string, last response) {
	t.Helper()
	h := handler(func() time.Time { return testTime })
	var state json.RawMessage
	for _, line := range lines {
		body, err := json.Marshal(map[string]any{"text": line, "sessionId": "s", "sessionState": state})
		if err != nil {
			t.Fatal(err)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "POST", "/", bytes.NewReader(body)))
		if w.Code != 200 {
			t.Fatalf("%q is answered %d %s", line, w.Code, w.Body)
		}
		last = response{}
		if err := json.Unmarshal(w.Body.Bytes(), &last); err != nil {
			t.Fatal(err)
		}
		var raw struct{ SessionState json.RawMessage }
		if err := json.Unmarshal(w.Body.Bytes(), &raw); err != nil {
			t.Fatal(err)
		}
		state = raw.SessionState
		for _, m := range last.Messages {
			if m.Card != nil {
				m.Content = "[" + m.Card.Title + "]"
			}
			said = append(said, m.Content)
		}
	}
	return said, last
}

func TestDialogs(t *testing.T) {
	const which, when = "[Which flowers would you like?]", "When will you fetch them? Say today, tomorrow, or a date like 2026-12-24."
	const help = "I can take an order for flowers, or get you a human. What would you like?"
	for _, c := range []struct {
		name  string
		lines []string
		want  []string
		end   string // intent, its state and the dialog action
	}{
		{"an order step by step", []string{"I want flowers", "roses", "tomorrow", "Yes!"},
			[]string{which, when, "So that is roses for 2026-04-14. Shall I order them?", "Thank you, your roses will be ready."}, "OrderFlowers Fulfilled Close"},
		{"an order in one breath", []string{"Order tulips for 2026-05-01, please", "ok"},
			[]string{"So that is tulips for 2026-05-01. Shall I order them?", "Thank you, your tulips will be ready."}, "OrderFlowers Fulfilled Close"},
		{"another mind", []string{"buy lilies today", "no", "roses"},
			[]string{"So that is lilies for 2026-04-13. Shall I order them?", "Let us begin again.", which, when}, "OrderFlowers InProgress ElicitSlot"},
		{"an odd answer", []string{"flowers", "blue", "roses", "blue"}, []string{which, "I did not get that.", which, when, "I did not get that.", when}, "OrderFlowers InProgress ElicitSlot"},
		{"odd answers", []string{"flowers", "blue", "green"}, []string{which, "I did not get that.", which, "I am sorry, I do not understand."}, "OrderFlowers Failed Close"},
		{"neither yes nor no", []string{"roses today", "maybe", "perhaps"},
			[]string{"So that is roses for 2026-04-13. Shall I order them?", "Please say yes or no.", "I am sorry, I do not understand."}, "OrderFlowers Failed Close"},
		{"an agent at any time", []string{"flowers", "a human!"}, []string{which, "I am getting somebody for you."}, "TalkToAgent Fulfilled Close"},
		{"help", []string{"what?"}, []string{help}, " ElicitIntent"},
		{"nothing to be done", []string{"what?", "why?"}, []string{help, "I am sorry, I cannot help you with that."}, "FallbackIntent ReadyForFulfillment Close"},
	} {
		said, last := talk(t, c.lines...)
		if got, want := strings.Join(said, "\n"), strings.Join(c.want, "\n"); got != want {
			t.Errorf("%s: the bot said\n%s\nwant\n%s", c.name, got, want)
		}
		end := " " + last.SessionState.DialogAction.Type
		if i := last.SessionState.Intent; i != nil {
			end = i.Name + " " + i.State + end
		}
		if end != c.end || last.SessionID != "s" {
			t.Errorf("%s: ends as %q in session %q; want %q", c.name, end, last.SessionID, c.end)
		}
	}
}

func TestInterpretations(t *testing.T) {
	for text, want := range map[string]string{
		"flowers": "OrderFlowers NEUTRAL", "flowers, lovely": "OrderFlowers POSITIVE", "an awful person": "TalkToAgent NEGATIVE",
		"lovely or bad": "FallbackIntent MIXED",
	} {
		_, last := talk(t, text)
		first := last.Interpretations[0]
		if got := first.Intent.Name + " " + first.Sentiment.Label; got != want {
			t.Errorf("%q is taken as %q; want %q", text, got, want)
		}
	}
}

func TestRefusals(t *testing.T) {
	h := handler(time.Now)
	for _, c := range []struct {
		method, body string
		status       int
	}{
		{"GET", "{}", 405}, {"POST", "hello", 400}, {"POST", "{}", 400}, {"POST", `{"text":"` + strings.Repeat("x", maxBody) + `"}`, 400},
	} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), c.method, "/", strings.NewReader(c.body)))
		if w.Code != c.status || w.Header().Get("X-Amzn-ErrorType") != "ValidationException" {
			t.Errorf("%s %.20s is answered %d %s; want %d", c.method, c.body, w.Code, w.Body, c.status)
		}
	}
}
