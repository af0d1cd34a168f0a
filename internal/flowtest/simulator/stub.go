package simulator

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"parley.example/parley/internal/flow/machine"
)

// Reply is what a stub does when it is called.
type Reply struct {
	Answer  json.RawMessage
	Failure string        // why there is no answer
	Timeout bool          // nothing comes until the caller's time limit
	After   time.Duration // how long it takes
}

// Function is a stub of Lambda functions.
type Function struct {
	Name string // by which the test calls it; "*" for every function
	Reply
}

// Bot is one rule of a stub of bots: what it answers to some texts, or to any.
type Bot struct {
	Name    string                 // by which the test calls it; "*" for every bot
	Matches func(text string) bool // nil for any text
	Reply
}

// reply returns what comes of an effect that calls a function, for a flow or for
// a message that goes through it, or asks a bot; false when there is no stub.
func (in *Instance) reply(e *machine.Effect) (r Reply, ok bool) {
	if e.Invoke != nil {
		r, ok = in.call(e.Invoke.Function)
	} else {
		r, ok = in.ask(e.Ask)
	}
	if !ok && in.Otherwise != nil {
		return in.Otherwise(e)
	}
	return r, ok
}

// call returns what the function with an ARN or a name answers.
func (in *Instance) call(function string) (Reply, bool) {
	names := functionNames(in, function)
	for _, f := range slices.Backward(in.Functions) {
		if f.Name == "*" || slices.Contains(names, f.Name) {
			return f.Reply, true
		}
	}
	return Reply{}, false
}

// ask returns what a bot answers.
func (in *Instance) ask(a *machine.Ask) (Reply, bool) {
	names := botNames(in, a)
	for _, anything := range []bool{false, true} {
		for _, b := range slices.Backward(in.Bots) {
			if (b.Matches == nil) == anything && (b.Name == "*" || slices.Contains(names, b.Name)) && (anything || b.Matches(a.Text)) {
				return b.Reply, true
			}
		}
	}
	return Reply{}, false
}

// hasFunction reports whether there is a stub of a function.
func (in *Instance) hasFunction(ref string) bool {
	names := append(functionNames(in, ref), "*")
	return slices.ContainsFunc(in.Functions, func(f Function) bool { return slices.Contains(names, f.Name) })
}

// hasBot reports whether there is a stub of a bot, whatever it answers to: by the
// ARN of its alias, of Lex V1 by its name without an alias.
func (in *Instance) hasBot(named string) bool {
	names := append(botNames(in, &machine.Ask{Alias: named}), "*")
	return slices.ContainsFunc(in.Bots, func(b Bot) bool {
		return slices.Contains(names, b.Name) || strings.HasPrefix(b.Name, named+":")
	})
}

// functionNames returns what a function may be called: its ARN, its name with
// and without a qualifier, and the name that designers show.
func functionNames(in *Instance, function string) []string {
	names := in.Aliases(function)
	if _, name, ok := strings.Cut(function, ":function:"); ok {
		names = append(names, name)
		bare, _, _ := strings.Cut(name, ":")
		names = append(names, bare)
	}
	return names
}

// functionName is the shortest of a function's own names.
func functionName(function string) string {
	if _, name, ok := strings.Cut(function, ":function:"); ok {
		return name
	}
	return function
}

// botNames returns what a bot may be called: the ARN of its alias, the ids in
// it, the name that designers show, and of Lex V1 its name.
func botNames(in *Instance, a *machine.Ask) []string {
	if a.Alias == "" {
		return []string{a.Name, a.Name + ":" + a.V1Alias}
	}
	names := in.Aliases(a.Alias)
	if _, ids, ok := strings.Cut(a.Alias, ":bot-alias/"); ok {
		id, _, _ := strings.Cut(ids, "/")
		names = append(names, ids, id)
	}
	return names
}

// botName is what to call a bot in messages.
func botName(in *Instance, a *machine.Ask) string {
	if a.Alias == "" {
		return a.Name
	}
	return in.called(a.Alias)
}

// Says is the answer of a bot that says something and goes on listening.
func Says(says ...string) machine.Answer {
	a := machine.Answer{State: "InProgress", DialogAction: "ElicitIntent"}
	for _, text := range says {
		a.Messages = append(a.Messages, machine.BotMessage{ContentType: "text/plain", Content: text})
	}
	return a
}

// EndsWith is the answer of a bot that has come to an intent.
func EndsWith(intent, state string, says ...string) machine.Answer {
	a := Says(says...)
	a.Intent, a.State, a.DialogAction = intent, state, "Close"
	return a
}

// ReplyOf is the reply of a bot that answers at once.
func ReplyOf(a machine.Answer) Reply {
	raw, err := json.Marshal(a)
	if err != nil {
		panic(fmt.Sprintf("simulator: an answer does not encode: %v", err)) // texts and what was JSON before
	}
	return Reply{Answer: raw}
}
