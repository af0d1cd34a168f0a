package integration

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/flow/machine"
)

// Bot understands what customers say: it is asked once for each utterance. There
// are [Lex] and [Endpoint]. A Bot may be used by many goroutines.
type Bot interface {
	// Ask gives the bot one utterance and returns its answer, within ask.TimeLimit
	// (10 s if zero). The same ask may be repeated after a crash. The text of an
	// error is for the flow log.
	Ask(ctx context.Context, ask machine.Ask) (machine.Answer, error)
}

// longestTurn is the time limit of an ask that has none: the service's own limit
// of a turn.
const longestTurn = 10 * time.Second

// Bots is a Bot that asks the one for the alias or the AI agent, which the
// configuration alone determines. An alias of Lex V2 is looked up in Named by its
// ARN, BOTID/ALIASID, BOTID and "*"; a bot of Lex V1 by NAME:ALIAS, NAME and "*".
// All others go to Other.
//
// An AI agent is looked up by UUID:QUALIFIER, UUID and "*". It is no bot of Lex, so
// a [Lex] under "*", and Other, are passed over.
type Bots struct {
	Named map[string]Bot
	Other Bot // nil for none
}

var (
	_ Bot = (*Bots)(nil)
	_ Bot = (*Lex)(nil)
	_ Bot = (*Endpoint)(nil)
)

// NewBots returns the bots of a configuration. The URL of an entry determines
// the protocol:
//
//   - lex+http://host:port or lex+https://…: the base of a Lex V2 runtime API,
//     see [Lex]
//   - any other http or https URL: one bot, see [Endpoint]
//
// An AI agent is named by its id or ARN, with a qualifier or without, as in
// StartAssistantContact; its URL is of the second kind. aws may be nil; otherwise all other bots are asked there.
func NewBots(urls map[string]string, aws *AWS, client *http.Client, log *slog.Logger) (*Bots, error) {
	b := &Bots{Named: make(map[string]Bot, len(urls))}
	for _, name := range slices.Sorted(maps.Keys(urls)) {
		base, lex := strings.CutPrefix(urls[name], "lex+")
		if err := checkURL(base); err != nil {
			return nil, fmt.Errorf("the URL of bot %s %w", name, err)
		}
		key := name
		if agent, ok := center.ParseAIAgentID(name); ok {
			if key = string(agent); lex {
				return nil, fmt.Errorf("the URL of AI agent %s must be that of an HTTP bot: a Lex runtime has no AI agents", name)
			}
			if b.Named[key] != nil {
				return nil, fmt.Errorf("AI agent %s is given twice, by its id and its ARN", agent)
			}
		}
		if lex {
			b.Named[key] = &Lex{Endpoint: base, AWS: aws, Client: client, Log: log}
		} else {
			b.Named[key] = &Endpoint{URL: base, Client: client, Log: log}
		}
	}
	if aws != nil {
		b.Other = &Lex{AWS: aws, Client: client, Log: log}
	}
	return b, nil
}

// Ask implements Bot. A bot that is not configured is NotFound.
func (b *Bots) Ask(ctx context.Context, ask machine.Ask) (machine.Answer, error) {
	bot := b.find(&ask)
	if bot == nil {
		return machine.Answer{}, center.Errorf(center.NotFound, "bot %s cannot be asked: no endpoint is configured for it", botName(&ask))
	}
	return bot.Ask(ctx, ask)
}

// Knows reports whether an AI agent is configured.
func (b *Bots) Knows(agent center.AIAgentID) bool { return b.find(&machine.Ask{Agent: agent}) != nil }

// find returns the bot for an ask, nil if there is none.
func (b *Bots) find(ask *machine.Ask) Bot {
	for _, name := range botNames(ask) {
		bot, ok := b.Named[name]
		if _, lex := bot.(*Lex); ok && !(lex && ask.Agent != "") {
			return bot
		}
	}
	if ask.Agent != "" {
		return nil
	}
	return b.Other
}

// botName returns the name of an ask's bot for errors and logs.
func botName(ask *machine.Ask) string {
	return cmp.Or(string(ask.Agent), ask.Alias, ask.Name)
}

// botNames returns the names by which an ask's bot is looked up in a
// configuration, the most specific first.
func botNames(ask *machine.Ask) []string {
	if ask.Agent != "" {
		agent, _ := ask.Agent.Cut()
		return []string{string(ask.Agent), string(agent), "*"}
	}
	if ask.Alias == "" {
		return []string{ask.Name + ":" + ask.V1Alias, ask.Name, "*"}
	}
	names := []string{ask.Alias}
	if bot, alias, ok := aliasOf(ask.Alias); ok {
		names = append(names, bot+"/"+alias, bot)
	}
	return append(names, "*")
}

// aliasOf parses the ARN of a bot alias:
// arn:aws:lex:REGION:ACCOUNT:bot-alias/BOTID/ALIASID.
func aliasOf(arn string) (bot, alias string, ok bool) {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) != 6 || parts[2] != "lex" {
		return "", "", false
	}
	rest, ok := strings.CutPrefix(parts[5], "bot-alias/")
	if !ok {
		return "", "", false
	}
	bot, alias, ok = strings.Cut(rest, "/")
	return bot, alias, ok && bot != "" && alias != "" && !strings.Contains(alias, "/")
}
