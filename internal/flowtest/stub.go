package flowtest

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"parley.example/parley/internal/flow/machine"
)

// reply is what a stub does when it is asked.
type reply struct {
	answer  json.RawMessage
	failure string        // why there is no answer
	timeout bool          // nothing comes until the caller's patience ends
	after   time.Duration // how long it takes
}

// function is a stub of Lambda functions.
type function struct {
	name string // as the scenario calls it; "*" for every function
	reply
}

// bot is one rule of a stub of bots: what it answers when it hears something.
type bot struct {
	name  string // as the scenario calls it; "*" for every bot
	hears pattern
	reply
}

// stubs are the functions and bots of a test. Of several that fit, the one
// that was told last answers; a bot's rule for anything comes after those for something.
type stubs struct {
	functions []function
	bots      []bot
	otherwise func(*machine.Effect) (reply, bool) // when none fits; may be nil
}

// of returns what comes of an effect that calls a function, for a flow or for
// a message that goes through it, or asks a bot.
func (s *stubs) of(in *Instance, e *machine.Effect) (reply, error) {
	var r reply
	var err error
	if e.Invoke != nil {
		r, err = s.call(in, e.Invoke.Function)
	} else {
		r, err = s.ask(in, e.Ask)
	}
	if err != nil && s.otherwise != nil {
		if made, ok := s.otherwise(e); ok {
			return made, nil
		}
	}
	return r, err
}

// errNoStub is the failure of what the test says nothing of.
var errNoStub = errors.New("there is no stub")

// call returns what the function with an ARN or a name answers.
func (s *stubs) call(in *Instance, function string) (reply, error) {
	names := functionNames(in, function)
	for _, f := range slices.Backward(s.functions) {
		if f.name == "*" || slices.Contains(names, f.name) {
			return f.reply, nil
		}
	}
	return reply{}, errNoStub
}

// ask returns what a bot answers.
func (s *stubs) ask(in *Instance, a *machine.Ask) (reply, error) {
	names := botNames(in, a)
	for _, anything := range []bool{false, true} {
		for _, b := range slices.Backward(s.bots) {
			if b.hears.any == anything && (b.name == "*" || slices.Contains(names, b.name)) && b.hears.matches(a.Text) {
				return b.reply, nil
			}
		}
	}
	return reply{}, errNoStub
}

// hasFunction reports whether there is a stub of a function.
func (s *stubs) hasFunction(in *Instance, ref string) bool {
	names := append(functionNames(in, ref), "*")
	return slices.ContainsFunc(s.functions, func(f function) bool { return slices.Contains(names, f.name) })
}

// hasBot reports whether there is a stub of a bot, whatever it hears: by the
// ARN of its alias, of Lex V1 by its name without an alias.
func (s *stubs) hasBot(in *Instance, named string) bool {
	names := append(botNames(in, &machine.Ask{Alias: named}), "*")
	return slices.ContainsFunc(s.bots, func(b bot) bool {
		return slices.Contains(names, b.name) || strings.HasPrefix(b.name, named+":")
	})
}

// functionNames returns what a function may be called: its ARN, its name with
// and without a qualifier, and the name that designers show.
func functionNames(in *Instance, function string) []string {
	names := in.aliases(function)
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
	names := in.aliases(a.Alias)
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

// plainAnswer is the answer of a bot that says something and goes on listening.
func plainAnswer(says []string) machine.Answer {
	a := machine.Answer{State: "InProgress", DialogAction: "ElicitIntent"}
	for _, text := range says {
		a.Messages = append(a.Messages, machine.BotMessage{ContentType: "text/plain", Content: text})
	}
	return a
}

// lastAnswer is the answer of a bot that has come to an intent.
func lastAnswer(intent, state string, slots map[string]any, attributes map[string]string, says []string) machine.Answer {
	a := plainAnswer(says)
	a.State, a.DialogAction, a.Intent, a.Slots, a.SessionAttributes = state, "Close", intent, slots, attributes
	return a
}

func encodeAnswer(a machine.Answer) json.RawMessage {
	raw, err := json.Marshal(a)
	if err != nil {
		panic(fmt.Sprintf("flowtest: an answer does not encode: %v", err)) // texts and what was JSON before
	}
	return raw
}

// covers reports whether what is in want is in got: members of objects may be
// missing in want, everything else is equal. path names the first difference.
func covers(got, want any, path string) (difference string) {
	switch want := want.(type) {
	case map[string]any:
		object, ok := got.(map[string]any)
		if !ok {
			return differ(got, want, path)
		}
		for key, v := range want {
			have, there := object[key]
			if !there {
				return fmt.Sprintf("%s is not there", path+"."+key)
			}
			if d := covers(have, v, path+"."+key); d != "" {
				return d
			}
		}
	case []any:
		list, ok := got.([]any)
		if !ok || len(list) != len(want) {
			return differ(got, want, path)
		}
		for i, v := range want {
			if d := covers(list[i], v, fmt.Sprintf("%s[%d]", path, i)); d != "" {
				return d
			}
		}
	default:
		if got != want {
			return differ(got, want, path)
		}
	}
	return ""
}

func differ(got, want any, path string) string {
	return fmt.Sprintf("%s is %s, not %s", path, compact(got), compact(want))
}

// jsonText writes a text in quotes, with the escapes of JSON.
func jsonText(s string) string {
	raw, err := json.Marshal(s)
	if err != nil {
		panic("flowtest: a text does not encode: " + err.Error()) // every string does
	}
	return string(raw)
}

// compact writes a value as JSON for a message.
func compact(v any) string {
	raw, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return clip(string(raw), 200)
}

// clip shortens what is too long for a message.
func clip(s string, n int) string {
	count := 0
	for i := range s {
		if count++; count > n {
			return s[:i] + "…"
		}
	}
	return s
}
