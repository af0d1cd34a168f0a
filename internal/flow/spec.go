package flow

import (
	"cmp"
	"iter"
	"maps"
	"slices"
)

// spec says what the language knows of an action type: what Problems checks,
// what Check warns of, and the step that runs it.
type spec struct {
	name   string
	types  flowTypes // of flow that may hold it, as the designer has it
	params []param
	oneOf  []string // exactly one of these parameters
	open   bool     // parameters beyond params are accepted: their names are not published

	required []string // error types that must have a branch
	optional []string // error types that may have one
	rules    rules

	conditions func(v *validation, a *action) // checks Conditions; nil when there may be none
	also       func(v *validation, a *action) // further checks

	chat    string                     // why a chat cannot do it; "" when it can
	failure string                     // the error type of unsupported when not NoMatchingError
	make    func(params) (step, error) // nil when Parley does not run it
}

// rules are yes-or-no facts about an action type.
type rules uint8

const (
	terminal rules = 1 << iota // nothing follows
	branches                   // NextAction is never the way on: it may be missing
	suspends                   // waits for the world
	goesOn                     // an error without a branch goes on with NextAction
)

func (s *spec) is(r rules) bool { return s.rules&r != 0 }

// allows reports whether an error type may have a branch.
func (s *spec) allows(errorType string) bool {
	return slices.Contains(s.required, errorType) || slices.Contains(s.optional, errorType)
}

// unsupported is the step of a type that Parley does not run in a chat.
func (s *spec) unsupported() step {
	u := unsupported{errorType: s.failure, problem: s.name + " is not supported"}
	if s.chat != "" {
		u.problem = s.name + ": " + s.chat
	}
	return u
}

// names are those of the type's parameters.
func (s *spec) names() iter.Seq[string] {
	return func(yield func(string) bool) {
		for i := range s.params {
			if !yield(s.params[i].name) {
				return
			}
		}
	}
}

// flowTypes is a set of types of flow.
type flowTypes uint16

const (
	inbound flowTypes = 1 << iota
	queued
	transfers // agent and queue transfer
	agentWhisper
	customerWhisper
	outboundWhisper
	hold

	everywhere = inbound | queued | transfers | agentWhisper | customerWhisper | outboundWhisper | hold
	spoken     = inbound | queued | transfers
)

// typeNames gives for each type of flow, in the spelling of the API and of the
// designer, its bit.
var typeNames = map[string]flowTypes{
	"CONTACT_FLOW": inbound, "contactFlow": inbound,
	"CUSTOMER_QUEUE": queued, "customerQueue": queued,
	"AGENT_TRANSFER": transfers, "agentTransfer": transfers,
	"QUEUE_TRANSFER": transfers, "queueTransfer": transfers,
	"AGENT_WHISPER": agentWhisper, "agentWhisper": agentWhisper,
	"CUSTOMER_WHISPER": customerWhisper, "customerWhisper": customerWhisper,
	"OUTBOUND_WHISPER": outboundWhisper, "outboundWhisper": outboundWhisper,
	"CUSTOMER_HOLD": hold, "customerHold": hold, "AGENT_HOLD": hold, "agentHold": hold,
}

// param is a parameter of an action type.
type param struct {
	name     string
	dynamic  dynamic
	required bool
	values   []string // the literals it may have, compared without case
	min, max int      // of a literal number, when max is not 0
}

// dynamic says how far a parameter may refer to data.
type dynamic uint8

const (
	static      dynamic = iota // literal only
	single                     // literal, or exactly one reference
	interpolate                // a text with references in it
	structure                  // an object or array, with references in its strings
)

func literal(name string, values ...string) param {
	return param{name: name, dynamic: static, values: values}
}
func refer(name string) param  { return param{name: name, dynamic: single} }
func prose(name string) param  { return param{name: name, dynamic: interpolate} }
func nested(name string) param { return param{name: name, dynamic: structure} }

func (p param) must() param { p.required = true; return p }

func (p param) of(values ...string) param { p.values = values; return p }

func (p param) between(least, most int) param { p.min, p.max = least, most; return p }

// specs are the action types of the language by name.
var specs = index(participantSpecs, controlSpecs, contactSpecs, integrationSpecs, voiceSpecs)

func index(groups ...[]spec) map[string]*spec {
	byName := map[string]*spec{}
	for _, group := range groups {
		for i := range group {
			byName[group[i].name] = &group[i]
		}
	}
	return byName
}

// Frequent lists of error types.
var (
	onError             = []string{noMatchingError}
	onErrorAndCondition = []string{noMatchingCondition, noMatchingError}
	onCondition         = []string{noMatchingCondition}
)

// prompt are the four ways to say something; an action takes one of them.
var (
	prompt      = []param{prose("Text"), prose("SSML"), refer("PromptId"), nested("Media")}
	promptNames = []string{"Text", "SSML", "PromptId", "Media"}
)

// Type is what the language knows of an action type, for tools and tests that
// go through all of them.
type Type struct {
	Name     string
	Chat     bool     // a chat can do it; else it fails in every chat with Failure
	Failure  string   // the error type of one that a chat cannot do
	Terminal bool     // nothing follows it
	Goes     bool     // NextAction is its way on; else its branches decide
	Errors   []string // error types that may have a branch, the required ones first
}

// Types returns the action types of the language in the order of their names.
func Types() []Type {
	list := make([]Type, 0, len(specs))
	for _, name := range slices.Sorted(maps.Keys(specs)) {
		s := specs[name]
		t := Type{
			Name: name, Chat: s.make != nil && s.chat == "", Terminal: s.is(terminal), Goes: !s.is(terminal) && !s.is(branches),
			Errors: slices.Concat(s.required, s.optional),
		}
		if !t.Chat {
			t.Failure = cmp.Or(s.failure, noMatchingError)
		}
		list = append(list, t)
	}
	return list
}
