package integration

import (
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

// Bot understands what customers say: it is asked once for each utterance. Lex
// is one kind, an HTTP endpoint another. A Bot may be asked by many goroutines.
type Bot interface {
	// Ask gives the bot one utterance and returns what it makes of it, within
	// ask.TimeLimit (10 s when it is zero). The same ask may come twice, after a
	// crash. An error says in words for the flow's log why there is no answer.
	Ask(ctx context.Context, ask machine.Ask) (machine.Answer, error)
}

// longestTurn is how long a bot may think when the ask does not say: the
// service's own limit of a turn.
const longestTurn = 10 * time.Second

// Bots is a Bot that asks the one behind the alias. Which that is, is settled
// by configuration alone. An alias of Lex V2 is looked for in Named as its ARN,
// as BOTID/ALIASID, as BOTID and as "*"; a bot of Lex V1 as NAME:ALIAS, NAME and
// "*". What is not named is asked of Other.
type Bots struct {
	Named map[string]Bot
	Other Bot // nil for none
}

var (
	_ Bot = (*Bots)(nil)
	_ Bot = (*Lex)(nil)
	_ Bot = (*Endpoint)(nil)
)

// NewBots returns the bots that a configuration names. The URL of an entry
// tells what is spoken there:
//
//   - lex+http://host:port or lex+https://…: the base of a Lex V2 runtime API,
//     see [Lex]
//   - any other http or https URL: one bot, see [Endpoint]
//
// aws may be nil; otherwise bots that are not named are asked there.
func NewBots(urls map[string]string, aws *AWS, client *http.Client, log *slog.Logger) (*Bots, error) {
	b := &Bots{Named: make(map[string]Bot, len(urls))}
	for _, name := range slices.Sorted(maps.Keys(urls)) {
		base, lex := strings.CutPrefix(urls[name], "lex+")
		if err := checkURL(base); err != nil {
			return nil, fmt.Errorf("the URL of bot %s %w", name, err)
		}
		if lex {
			b.Named[name] = &Lex{Endpoint: base, AWS: aws, Client: client, Log: log}
		} else {
			b.Named[name] = &Endpoint{URL: base, Client: client, Log: log}
		}
	}
	if aws != nil {
		b.Other = &Lex{AWS: aws, Client: client, Log: log}
	}
	return b, nil
}

// Ask implements Bot. A bot that no configuration names is NotFound.
func (b *Bots) Ask(ctx context.Context, ask machine.Ask) (machine.Answer, error) {
	for _, name := range botNames(&ask) {
		if bot, ok := b.Named[name]; ok {
			return bot.Ask(ctx, ask)
		}
	}
	if b.Other == nil {
		return machine.Answer{}, center.Errorf(center.NotFound, "bot %s cannot be asked: no endpoint is configured for it", botName(&ask))
	}
	return b.Other.Ask(ctx, ask)
}

// botName is what errors and logs call the bot of an ask.
func botName(ask *machine.Ask) string {
	if ask.Alias == "" {
		return ask.Name
	}
	return ask.Alias
}

// botNames returns what the bot of an ask may be called in a configuration,
// most exact first.
func botNames(ask *machine.Ask) []string {
	if ask.Alias == "" {
		return []string{ask.Name + ":" + ask.V1Alias, ask.Name, "*"}
	}
	names := []string{ask.Alias}
	if bot, alias, ok := aliasOf(ask.Alias); ok {
		names = append(names, bot+"/"+alias, bot)
	}
	return append(names, "*")
}

// aliasOf takes an ARN of a bot alias apart:
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
