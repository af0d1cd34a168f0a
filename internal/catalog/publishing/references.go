package publishing

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/catalog/contents"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/flow"
	"parley.example/parley/internal/flow/check"
)

// named says which parameters of which actions name a resource. A dot leads
// into an object, a star stands for each of its members.
var named = map[string]map[string]center.Kind{
	"UpdateContactTargetQueue":         {"QueueId": center.KindQueue},
	"DequeueContactAndTransferToQueue": {"QueueId": center.KindQueue},
	"CheckMetricData":                  {"QueueId": center.KindQueue},
	"GetMetricData":                    {"QueueId": center.KindQueue},
	"CheckHoursOfOperation":            {"HoursOfOperationId": center.KindHours},
	"TransferToFlow":                   {"ContactFlowId": center.KindFlow},
	"CreateTask":                       {"ContactFlowId": center.KindFlow},
	"UpdateContactEventHooks":          {"EventHooks.*": center.KindFlow},
	"InvokeFlowModule":                 {"FlowModuleId": center.KindFlowModule},
	"ShowView":                         {"ViewResource.Id": center.KindView},
	"InvokeLambdaFunction":             {"LambdaFunctionARN": KindFunction},
	"ConnectParticipantWithLexBot":     {"LexV2Bot.AliasArn": KindBot, "LexBot.Name": KindBot},
}

// Kinds of what is associated with an instance, as references name them.
const (
	KindFunction center.Kind = "function"
	KindBot      center.Kind = "bot"
)

// Reference is one resource that a flow names by a fixed value.
type Reference struct {
	Action string // its identifier
	Path   string // of the parameter in the document: Actions[3].Parameters.QueueId
	Kind   center.Kind
	Value  string // an id or ARN
}

// References returns what a content names by fixed values, in the order of its
// actions. What is computed at run time, like $.Attributes.queue, is left out.
func References(content string) []Reference {
	var doc struct {
		Actions []struct {
			Identifier string
			Type       string
			Parameters map[string]json.RawMessage
		}
	}
	if json.Unmarshal([]byte(content), &doc) != nil {
		return nil // its problems say so
	}
	var list []Reference
	for i, a := range doc.Actions {
		for _, path := range slices.Sorted(maps.Keys(named[a.Type])) {
			for member, value := range values(a.Parameters, path) {
				list = append(list, Reference{
					Action: a.Identifier, Path: fmt.Sprintf("Actions[%d].Parameters.%s", i, member), Kind: named[a.Type][path], Value: value,
				})
			}
		}
	}
	return list
}

// values yields the fixed values at a path with the members they are found at.
func values(params map[string]json.RawMessage, path string) func(yield func(member, value string) bool) {
	return func(yield func(member, value string) bool) {
		first, rest, deeper := strings.Cut(path, ".")
		names := []string{first}
		if first == "*" {
			names = slices.Sorted(maps.Keys(params))
		}
		for _, name := range names {
			if deeper {
				var inner map[string]json.RawMessage
				if json.Unmarshal(params[name], &inner) != nil {
					continue
				}
				for member, value := range values(inner, rest) {
					if !yield(name+"."+member, value) {
						return
					}
				}
				continue
			}
			var text string
			fixed := json.Unmarshal(params[name], &text) == nil && text != "" && !strings.Contains(text, "$.") && !strings.Contains(text, "$[")
			if fixed && !yield(name, text) {
				return
			}
		}
	}
}

// vet returns what keeps a content from being published: its own problems, calls
// that do not keep to what the modules of the instance declare and, when references
// are checked, those that name nothing in the instance. A draft may have all of them.
func vet(ctx context.Context, c *catalog.Catalog, snap *catalog.Snapshot, parsed *flow.Flow, problems []check.Problem, draft bool) error {
	if draft {
		return nil
	}
	modules := callees{known: map[string]*flow.Contract{}}
	calls := check.Calls(parsed, func(ref string) *flow.Contract { return modules.find(ctx, c, snap, ref) })
	if modules.err != nil {
		return modules.err
	}
	for _, finding := range calls {
		problems = append(problems, check.Problem{Text: finding.Problem, Why: finding.String()})
	}
	if c.ChecksReferences() {
		for _, r := range References(string(parsed.Content())) {
			if err := resolves[r.Kind](c, snap, r.Value); err != nil {
				problems = append(problems, check.Problem{Text: "Invalid Action property value. Path: " + r.Path,
					Why: fmt.Sprintf("[%s] %s: %s", flow.Clip(r.Action), r.Path, err)})
			}
		}
	}
	if len(problems) > 0 {
		return invalidFlow(problems...)
	}
	return nil
}

// callees are the modules that the calls of a content would run, each read once.
type callees struct {
	known map[string]*flow.Contract
	err   error // the store failed
}

// find returns what a module declares. One that a call would not run is the matter
// of references, and of the call's error branch.
func (m *callees) find(ctx context.Context, c *catalog.Catalog, snap *catalog.Snapshot, ref string) *flow.Contract {
	contract, ok := m.known[ref]
	if ok || m.err != nil {
		return contract
	}
	module, which, err := snap.FindModule(ref)
	if err == nil && which != contents.Saved && !module.Archived {
		contract, err = contractOf(ctx, c, module, which)
	}
	if _, told := errors.AsType[*center.Error](err); err != nil && !told {
		m.err = err
	}
	m.known[ref] = contract
	return contract
}

// contractOf reads what a content of a module declares. Its Settings are all there
// is: without any it declares nothing.
func contractOf(ctx context.Context, c *catalog.Catalog, m *catalog.Module, which contents.Which) (*flow.Contract, error) {
	text, _, err := c.Text(ctx, m, which)
	if err != nil {
		return nil, err
	}
	parsed, err := text.Parse()
	if err != nil {
		return nil, err
	}
	return cmp.Or(parsed.Contract, &flow.Contract{}), nil
}

// resolves returns why a reference of a kind names nothing.
var resolves = map[center.Kind]func(c *catalog.Catalog, snap *catalog.Snapshot, ref string) error{
	center.KindQueue:      names[*catalog.Queue],
	center.KindHours:      names[*catalog.Hours],
	center.KindFlow:       namesContent((*catalog.Snapshot).FindFlow),
	center.KindFlowModule: namesContent((*catalog.Snapshot).FindModule),
	center.KindView:       namesContent((*catalog.Snapshot).FindView),
	KindFunction:          (*catalog.Catalog).MayCall,
	KindBot:               (*catalog.Catalog).MayAsk,
}

func names[T catalog.Resource](_ *catalog.Catalog, snap *catalog.Snapshot, ref string) error {
	_, err := catalog.Find[T](snap, ref)
	return err
}

func namesContent[T any](find func(*catalog.Snapshot, string) (T, contents.Which, error)) func(*catalog.Catalog, *catalog.Snapshot, string) error {
	return func(_ *catalog.Catalog, snap *catalog.Snapshot, ref string) error {
		_, which, err := find(snap, ref)
		if err == nil && which == contents.Saved {
			err = center.Errorf(center.BadRequest, "a chat comes to what is published, not to %q", ref)
		}
		return err
	}
}
