package integration

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"strings"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/flow/machine"
)

// maxTurn is how many bytes an answer of a bot may have.
const maxTurn = 256 << 10

// Lex is the bots of a Lex V2 runtime. It calls the operation RecognizeText, POST
// /bots/{botId}/botAliases/{botAliasId}/botLocales/{localeId}/sessions/{sessionId}/text.
// Lex keeps the state of a session itself, so a session state is sent with the
// first utterance only, for the session attributes of the flow. Lex V1 is not
// supported: the service has been shut down.
type Lex struct {
	Endpoint string // base URL; "" for AWS's
	AWS      *AWS   // signs calls; nil leaves them unsigned, which needs an Endpoint
	Client   *http.Client
	Log      *slog.Logger
}

// Ask implements Bot.
func (l *Lex) Ask(ctx context.Context, ask machine.Ask) (machine.Answer, error) {
	bot, alias, ok := aliasOf(ask.Alias)
	if !ok {
		if ask.Alias == "" {
			return machine.Answer{}, fmt.Errorf("bot %s is a Lex V1 bot, and that service has been shut down: configure an HTTP endpoint for it", ask.Name)
		}
		return machine.Answer{}, fmt.Errorf("%q is not the ARN of a bot alias", ask.Alias)
	}
	region, base := "", l.Endpoint
	if l.AWS != nil {
		region = l.AWS.region(ask.Alias)
		if base == "" {
			base = l.AWS.url(lexService, region)
		}
	}
	to := strings.TrimSuffix(base, "/") + "/bots/" + label(bot) + "/botAliases/" + label(alias) +
		"/botLocales/" + label(ask.Locale) + "/sessions/" + label(ask.Session) + "/text"
	kept := readMemory(ask.State)
	in := recognize{Text: kept.said(ask.Text), RequestAttributes: ask.Request}
	if ask.State == nil && len(ask.Attributes) > 0 {
		in.SessionState = firstState(ask.Attributes)
	}
	return converse(ctx, l.Client, l.Log, &ask, to, &in, func(ctx context.Context, r *http.Request, body []byte) error {
		if l.AWS == nil {
			return nil
		}
		return l.AWS.sign(ctx, r, body, lexService, region)
	})
}

// Endpoint is one bot behind an HTTP endpoint that answers like RecognizeText.
// It receives the body of RecognizeText by POST, with the labels of the
// operation's path as members: botId, botAliasId, localeId and sessionId; for a
// bot of Lex V1 the ids are its name and alias, for an AI agent its UUID and
// qualifier. Each request carries the session
// state of the last answer, so the endpoint need not keep any.
type Endpoint struct {
	URL    string
	Client *http.Client
	Log    *slog.Logger
}

// Ask implements Bot.
func (e *Endpoint) Ask(ctx context.Context, ask machine.Ask) (machine.Answer, error) {
	bot, alias := ask.Name, ask.V1Alias
	switch {
	case ask.Agent != "":
		var agent center.AIAgentID
		agent, alias = ask.Agent.Cut()
		bot = string(agent)
	case ask.Alias != "":
		var ok bool
		if bot, alias, ok = aliasOf(ask.Alias); !ok {
			bot = ask.Alias // not an ARN, but the endpoint may know it
		}
	}
	kept := readMemory(ask.State)
	in := recognize{
		Text: kept.said(ask.Text), RequestAttributes: ask.Request, SessionState: kept.State,
		BotID: bot, BotAliasID: alias, LocaleID: ask.Locale, SessionID: ask.Session,
	}
	if in.SessionState == nil && len(ask.Attributes) > 0 {
		in.SessionState = firstState(ask.Attributes)
	}
	return converse(ctx, e.Client, e.Log, &ask, e.URL, &in, nil)
}

func firstState(attributes map[string]string) json.RawMessage {
	text, err := json.Marshal(struct {
		SessionAttributes map[string]string `json:"sessionAttributes"`
	}{attributes})
	if err != nil {
		return nil // a map of texts always encodes
	}
	return text
}

// converse calls RecognizeText at a URL, signed if sign is not nil.
func converse(ctx context.Context, client *http.Client, log *slog.Logger, ask *machine.Ask, to string, in *recognize,
	sign func(context.Context, *http.Request, []byte) error) (machine.Answer, error) {
	body, err := json.Marshal(in)
	if err != nil {
		return machine.Answer{}, fmt.Errorf("bot %s cannot be asked: %w", botName(ask), err)
	}
	limit := ask.TimeLimit
	if limit <= 0 {
		limit = longestTurn
	}
	p := callLimit{what: "bot " + botName(ask), limit: limit, id: ask.Session, log: log}
	return retry(ctx, p, func(ctx context.Context) (machine.Answer, error) {
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, to, bytes.NewReader(body))
		if err != nil {
			return machine.Answer{}, &answerError{"cannot be asked: its configured URL is invalid"}
		}
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Accept", "application/json")
		if sign != nil {
			if err := sign(ctx, r, body); err != nil {
				return machine.Answer{}, &answerError{"cannot be asked: sign the request: " + quote(err.Error())}
			}
		}
		res, text, more, err := exchange(client, r, maxTurn)
		switch {
		case err != nil:
			return machine.Answer{}, fmt.Errorf("could not be asked: %w", err)
		case res.StatusCode < 200 || res.StatusCode > 299:
			return machine.Answer{}, &statusError{res.StatusCode, serviceProblem(res, text)}
		case more:
			return machine.Answer{}, &answerError{fmt.Sprintf("answered more than %d KB", maxTurn>>10)}
		}
		return readTurn(text)
	})
}
