package flow

import (
	"cmp"
	"iter"
	"slices"
	"strings"
)

// Type is all that the language knows of an action type. What running it does
// is a step of package machine; what else to check of it, where this does not
// say enough, is a rule of package check.
type Type struct {
	Name    string
	Index   int       // its position in [Types]
	Aliases []string  // names that people give to it: those of older blocks, and some that are often met
	Flows   FlowTypes // the types of flow that may hold it, as the designer has it
	Only    FlowTypes // those that the service publishes it in, where it is known to refuse others; else 0

	// Formerly are spellings of Name in Amazon's reference that the service refuses.
	Formerly []string

	Title  string   // what the designer calls it, "" for Name
	Family Family   // what it is for
	Shows  []string // the parameters that say most of it, or members of them behind a dot, the first that is there

	Params []Param
	OneOf  []string // exactly one of these parameters is given
	Open   bool     // parameters beyond Params are accepted: their names are not published

	// Instead is the parameter of another form of the action, of which the parameters
	// that must else be given are not asked.
	Instead string

	Required   []string    // error types that must have a branch
	Optional   []string    // error types that may have one
	Conditions *Conditions // nil when there may be none
	Rules      Rules

	NotInChat string // why a chat cannot do it; "" when it can
	Failure   string // the error type of an action that fails in every chat, when it is not NoMatchingError

	Block    string      // its name in flow logs, that of a legacy block, when it is not Name
	Variants []Variant   // blocks that depend on a parameter
	Logged   [][2]string // parameters that a chat has no use for, each, a member of it behind a dot, with its name in flow logs

	// read compiles the parameters; nil when Parley does not run the type. The
	// error says what is wrong with them, or is a *Refusal.
	read func(Params) (any, error)
}

// Family is what an action type is for.
type Family string

// The families.
const (
	FamilyTalk    Family = "talk"    // speaks with the customer
	FamilyControl Family = "control" // chooses a way
	FamilyContact Family = "contact" // changes the contact
	FamilyCall    Family = "call"    // asks another system
	FamilyEnd     Family = "end"     // ends or hands over
)

// Rules are yes-or-no facts about an action type.
type Rules uint8

// The rules.
const (
	Terminal Rules = 1 << iota // nothing follows
	Branches                   // NextAction is never the way on: it may be missing
	Suspends                   // waits for the world
	GoesOn                     // an error without a branch goes on with NextAction
	Stays                      // what follows it may be nothing, though it is not Terminal
	Speaks                     // says or shows something to the customer of a chat, or runs what may
)

// Variant is another block that stands for an action in flow logs, where a
// parameter has some value.
type Variant struct{ Parameter, Value, Block string }

// Conditions says what conditions an action type may have.
type Conditions struct {
	Operators []string // nil for any
	Operands  []string // nil for any
	Complete  []string // operands that must each have a branch
}

// Is reports whether a rule holds.
func (t *Type) Is(r Rules) bool { return t.Rules&r != 0 }

// Runs reports whether Parley runs the type; else it fails in every chat.
func (t *Type) Runs() bool { return t.read != nil }

// Errors are the error types that may have a branch, the required ones first.
func (t *Type) Errors() []string { return slices.Concat(t.Required, t.Optional) }

// Allows reports whether an error type may have a branch.
func (t *Type) Allows(errorType string) bool {
	return slices.Contains(t.Required, errorType) || slices.Contains(t.Optional, errorType)
}

// ParamNames are the names of the type's parameters, as they may be written today.
func (t *Type) ParamNames() iter.Seq[string] {
	return func(yield func(string) bool) {
		for i := range t.Params {
			if !t.Params[i].Withdrawn && !yield(t.Params[i].Name) {
				return
			}
		}
	}
}

// Unsupported is the error type with which an action of a type fails that
// Parley does not run.
func (t *Type) Unsupported() string { return cmp.Or(t.Failure, NoMatchingError) }

// refusal is that of a type that Parley does not run.
func (t *Type) refusal() *Refusal {
	r := &Refusal{ErrorType: t.Unsupported(), Why: t.Name + " is not supported"}
	if t.NotInChat != "" {
		r.Why = t.Name + ": " + t.NotInChat
	}
	return r
}

// block is the name in flow logs of an action with some parameters.
func (t *Type) block(p Params) string {
	for _, v := range t.Variants {
		if text, err := p.Literal(v.Parameter); err == nil && strings.EqualFold(text, v.Value) {
			return v.Block
		}
	}
	return cmp.Or(t.Block, t.Name)
}

// FlowTypes is a set of types of flow.
type FlowTypes uint16

// The types of flow.
const (
	Inbound FlowTypes = 1 << iota
	Queued
	AgentTransfers
	QueueTransfers
	AgentWhisper
	CustomerWhisper
	OutboundWhisper
	Hold
	Modules // not a type of flow to the API: what Settings make of a document

	Transfers = AgentTransfers | QueueTransfers
	Whispers  = AgentWhisper | CustomerWhisper | OutboundWhisper

	everywhere = Inbound | Queued | Transfers | Whispers | Hold
	anywhere   = everywhere | Modules
	spoken     = Inbound | Queued | Transfers
)

// flowWords are what to call types of flow, several at once before each alone.
var flowWords = []struct {
	types FlowTypes
	words string
}{
	{Inbound, "contact flows"}, {Queued, "customer queue flows"},
	{Transfers, "transfer flows"}, {AgentTransfers, "agent transfer flows"}, {QueueTransfers, "queue transfer flows"},
	{Whispers, "whispers"}, {AgentWhisper, "agent whispers"}, {CustomerWhisper, "customer whispers"}, {OutboundWhisper, "outbound whispers"},
	{Hold, "hold flows"}, {Modules, "modules"},
}

// String names the types: "contact flows, transfer flows and modules".
func (t FlowTypes) String() string {
	var names []string
	for _, w := range flowWords {
		if t&w.types == w.types {
			names = append(names, w.words)
			t &^= w.types
		}
	}
	if n := len(names) - 1; n > 0 {
		return strings.Join(names[:n], ", ") + " and " + names[n]
	}
	return strings.Join(names, "")
}

// TypeModule is the type of a module, which CreateContactFlow has no name for.
const TypeModule = "MODULE"

// typeNames gives for each type of flow, in the spelling of the API and of the
// designer, its bit.
var typeNames = map[string]FlowTypes{
	"CONTACT_FLOW": Inbound, "contactFlow": Inbound,
	"CUSTOMER_QUEUE": Queued, "customerQueue": Queued,
	"AGENT_TRANSFER": AgentTransfers, "agentTransfer": AgentTransfers,
	"QUEUE_TRANSFER": QueueTransfers, "queueTransfer": QueueTransfers,
	"AGENT_WHISPER": AgentWhisper, "agentWhisper": AgentWhisper,
	"CUSTOMER_WHISPER": CustomerWhisper, "customerWhisper": CustomerWhisper,
	"OUTBOUND_WHISPER": OutboundWhisper, "outboundWhisper": OutboundWhisper,
	"CUSTOMER_HOLD": Hold, "customerHold": Hold, "AGENT_HOLD": Hold, "agentHold": Hold,
}

// Param is a parameter of an action type.
type Param struct {
	Name     string
	Dynamic  Dynamic
	Required bool
	Values   []string // the literals it may have, compared without case
	Min, Max int      // of a literal number, when Max is not 0
	Exceeded bool     // Max is the reference's, and published flows exceed it: more is warned of, not refused

	// Loose is of one that may hold numbers and booleans as JSON writes them; in
	// all others the service takes strings alone. Withdrawn is of one that the
	// reference names and the service refuses: contents published before hold it.
	Loose, Withdrawn bool
}

// Dynamic says how far a parameter may refer to data.
type Dynamic uint8

// How far a parameter may refer to data.
const (
	Static      Dynamic = iota // literal only
	Single                     // literal, or exactly one reference
	Interpolate                // a text with references in it
	Structure                  // an object or array, with references in its strings
)

// The error types that more than one place knows.
const (
	NoMatchingError        = "NoMatchingError"
	NoMatchingCondition    = "NoMatchingCondition"
	TimeLimitExceeded      = "TimeLimitExceeded"
	InputTimeLimitExceeded = "InputTimeLimitExceeded"
	QueueAtCapacity        = "QueueAtCapacity"
	ChannelMismatch        = "ChannelMismatch"     // of what another channel than chat has
	ParticipantNotFound    = "ParticipantNotFound" // of waiting for a bot that is not there
)

// Refusal is why an action fails in every chat: Parley does not run its type, a
// chat does not have what it is for, or its parameters make no sense. As an error
// it is what reading the parameters returns for what no chat can do.
type Refusal struct {
	ErrorType string // the branch that is taken
	Why       string
	Invalid   bool // the parameters make no sense: publishing refuses it
}

func (r *Refusal) Error() string { return r.Why }

func literal(name string, values ...string) Param {
	return Param{Name: name, Dynamic: Static, Values: values}
}
func refer(name string) Param  { return Param{Name: name, Dynamic: Single} }
func prose(name string) Param  { return Param{Name: name, Dynamic: Interpolate} }
func nested(name string) Param { return Param{Name: name, Dynamic: Structure} }

func (p Param) must() Param { p.Required = true; return p }

func (p Param) loose() Param { p.Loose = true; return p }

func (p Param) withdrawn() Param { p.Withdrawn = true; return p }

func (p Param) of(values ...string) Param { p.Values = values; return p }

func (p Param) between(least, most int) Param { p.Min, p.Max = least, most; return p }

// exceeded says that published flows have more than the reference's bound.
func (p Param) exceeded() Param { p.Exceeded = true; return p }

// Frequent conditions.
var (
	equals       = []string{"Equals"}
	equalsAny    = &Conditions{Operators: equals}
	anyCondition = &Conditions{}
)

// someOf accepts Equals with some of a set of operands.
func someOf(operands ...string) *Conditions {
	return &Conditions{Operators: equals, Operands: operands}
}

// allOf accepts Equals with each of a set of operands, all of which must be there.
func allOf(operands ...string) *Conditions {
	return &Conditions{Operators: equals, Operands: operands, Complete: operands}
}

// Frequent lists of error types.
var (
	onError             = []string{NoMatchingError}
	onErrorAndCondition = []string{NoMatchingCondition, NoMatchingError}
	onCondition         = []string{NoMatchingCondition}
)

// prompt are the four ways to say something; an action takes one of them.
var prompt = []Param{prose("Text"), prose("SSML"), refer("PromptId"), nested("Media")}

// PromptNames are the parameters that hold something to say.
var PromptNames = []string{"Text", "SSML", "PromptId", "Media"}
