package contact

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/flow"
	"parley.example/parley/internal/flow/machine"
)

// shelf is a catalog whose flows and modules have versions, which have to be read
// before a decision can use them.
type shelf struct {
	testCatalog
	aliases  map[string]string         // "shop:prod" is "shop:1"
	contents map[string]*flow.Flow     // "shop:1", and "greet:1" of a module
	memory   map[ContentKey]*flow.Flow // those that were read
}

func (s shelf) find(ref string, plain flows) (*flow.Flow, center.FlowID, error) {
	id, _, qualified := strings.Cut(ref, ":")
	if !qualified {
		return plain.find(ref)
	}
	if version, ok := s.aliases[ref]; ok {
		ref = version
	}
	f, ok := s.contents[ref]
	if !ok {
		return nil, "", center.Errorf(center.NotFound, "flow %s has no version or alias %s", id, ref)
	}
	key := ContentKey{center.FlowID(id), f.Hash}
	if s.memory[key] == nil {
		return nil, key.Flow, &Need{Content: key}
	}
	return f, key.Flow, nil
}

func (s shelf) Published(_ center.InstanceID, ref string) (*flow.Flow, center.FlowID, error) {
	return s.find(ref, s.flows)
}

func (s shelf) Module(_ center.InstanceID, ref string) (*flow.Flow, center.FlowID, error) {
	return s.find(ref, s.modules)
}

func (s shelf) Content(id center.FlowID, hash string) (*flow.Flow, error) {
	if f := s.memory[ContentKey{id, hash}]; f != nil {
		return f, nil
	}
	return s.testCatalog.Content(id, hash)
}

// versioned is a chat with a shelf. unreadable contents are found to be gone when
// they are read.
type versioned struct {
	*chatTest
	shelf
	needs      []center.FlowID // of the contents that decisions asked for
	unreadable string
}

func newVersioned(t *testing.T, main ...string) *versioned {
	t.Helper()
	v := &versioned{chatTest: newChatTest(t, nil), shelf: shelf{
		testCatalog: catalogWithQueues(flows{"main": document(t, main...)}),
		aliases:     map[string]string{"shop:prod": "shop:1", "q:prod": "q:1", "after:prod": "after:1", "main:prod": "main:1"},
		contents: map[string]*flow.Flow{
			"shop:1": document(t, says("The old shop", "1"), step("InvokeFlowModule", `"FlowModuleId":"greet:1"`, "2", "NoMatchingError>2"), disconnect),
			"shop:2": document(t, says("The new shop", "1"), disconnect), "greet:1": document(t, says("The module", "1"), step("EndFlowModuleExecution", "", "")),
			"q:1": document(t, says("The old queue", "1"), ends()), "q:2": document(t, says("The new queue", "1"), ends()),
			"after:1": document(t, says("The old farewell", "1"), disconnect), "after:2": document(t, says("The new farewell", "1"), disconnect),
			"main:1": document(t, says("The old beginning", "1"), disconnect), "main:2": document(t, says("The new beginning", "1"), disconnect),
		},
		memory: map[ContentKey]*flow.Flow{},
	}}
	v.env.Catalog = v.shelf
	return v
}

// do gives a command, and reads what it needs, as the engine does.
func (v *versioned) do(cmd Command) Reply {
	v.t.Helper()
	v.env.Contents = nil
	for range 10 {
		r, err := v.try(cmd)
		need, ok := errors.AsType[*Need](err)
		if !ok {
			if err != nil {
				v.t.Fatalf("%T: %v", cmd, err)
			}
			return r
		}
		v.needs = append(v.needs, need.Content.Flow)
		v.env.Contents = maps.Clone(v.env.Contents)
		if v.env.Contents == nil {
			v.env.Contents = map[ContentKey]error{}
		}
		v.env.Contents[need.Content] = nil
		for ref, f := range v.contents {
			if id, _, _ := strings.Cut(ref, ":"); f.Hash == need.Content.Hash && id == string(need.Content.Flow) {
				if ref == v.unreadable {
					v.env.Contents[need.Content] = center.Errorf(center.NotFound, "the content is gone")
					break
				}
				v.memory[need.Content] = f
			}
		}
	}
	v.t.Fatalf("%T needs more and more: %v", cmd, v.needs)
	return Reply{}
}

// begin starts a chat with a flow and connects its customer.
func (v *versioned) begin(ref string) {
	v.t.Helper()
	ana := v.do(Start{Instance: instance, Contact: center.NewContactID(v.now), Flow: ref, DisplayName: "Ana"}).Participant
	v.do(Connect{Participant: ana})
}

// said is what the flows have said.
func (v *versioned) said() (texts []string) {
	for _, it := range v.items {
		if it.Role == center.RoleSystem && it.Type == center.TypeMessage {
			texts = append(texts, it.Content)
		}
	}
	return texts
}

func (v *versioned) want(when string, texts ...string) {
	v.t.Helper()
	if got := v.said(); !slices.Equal(got, texts) {
		v.t.Errorf("%s the flows have said %q; want %q", when, got, texts)
	}
}

func TestContentsAreReadWhenAChatComesToThem(t *testing.T) {
	v := newVersioned(t, step("TransferToFlow", `"ContactFlowId":"shop:prod"`, "", "NoMatchingError>1"), disconnect)
	v.begin("main")
	v.want("a transfer by alias:", "The old shop", "The module")
	if want := []center.FlowID{"shop", "greet"}; !slices.Equal(v.needs, want) {
		t.Errorf("the decision needed %v; want %v", v.needs, want)
	}
}

// TestReferenceIsFollowedWhenItsFlowBegins: what StartChatContact and event hooks
// name by an alias is looked up when the flow begins, as the published content is.
func TestReferenceIsFollowedWhenItsFlowBegins(t *testing.T) {
	v := newVersioned(t, disconnect)
	ana := v.do(Start{Instance: instance, Contact: center.NewContactID(v.now), Flow: "main:prod", DisplayName: "Ana"}).Participant
	if len(v.needs) != 0 || v.chat.Latest.Flow != "main" {
		t.Errorf("the start read %v; the contact has the flow %q", v.needs, v.chat.Latest.Flow)
	}
	v.aliases["main:prod"] = "main:2"
	v.do(Connect{Participant: ana})
	v.want("an alias that moved before the customer connected:", "The new beginning")

	v = newVersioned(t, append([]string{hooks("CustomerQueue", "q:prod", "1"), hooks("CustomerRemaining", "after:prod", "2"), waits(60, "3")},
		step("UpdateContactTargetQueue", `"QueueId":"sales"`, "4", "NoMatchingError>5"), step("TransferContactToQueue", "", "5", "NoMatchingError>5"), disconnect)...)
	v.begin("main")
	v.aliases["q:prod"], v.aliases["after:prod"] = "q:2", "after:2"
	v.now = v.now.Add(time.Minute)
	v.do(Tick{})
	bea := v.do(Join{User: "u1", DisplayName: "Bea"}).Participant
	v.do(Disconnect{Participant: bea})
	v.want("hooks whose aliases moved:", "The new queue", "The new farewell")
	for _, c := range v.contacts() {
		if strings.Contains(string(c.Flow), ":") {
			t.Errorf("contact %s has the flow %q; want an id", c.ID, c.Flow)
		}
	}
}

// TestStateNamesFlowsAsBefore: a chat that names no versions is stored as builds
// without them store it, so that each reads the other's chats.
func TestStateNamesFlowsAsBefore(t *testing.T) {
	v := newVersioned(t, hooks("CustomerRemaining", "main", "1"), waits(60, "2"), disconnect)
	v.do(Start{Instance: instance, Contact: center.NewContactID(v.now), Flow: "main", DisplayName: "Ana"})
	if state := string(v.chat.Encode()); !strings.Contains(state, `"flow":"main"`) {
		t.Errorf("before the flow begins the state is %s", state)
	}
	v.begin("main")
	if state := string(v.chat.Encode()); !strings.Contains(state, `"flow":"main"`) || !strings.Contains(state, `"hooks":{"CustomerRemaining":"main"}`) {
		t.Errorf("when it has begun the state is %s", state)
	}
}

// TestContentThatCannotBeRead is a problem of the flow that leads to it.
func TestContentThatCannotBeRead(t *testing.T) {
	logged := func(v *versioned) {
		t.Helper()
		if !slices.ContainsFunc(v.last.Log, func(e machine.LogEntry) bool {
			return e.Flow == "main" && strings.Contains(e.Problem, "the content is gone")
		}) {
			t.Errorf("the log does not say that the content is gone: %+v", v.last.Log)
		}
	}
	logging := step("UpdateFlowLoggingBehavior", `"FlowLoggingBehavior":"Enabled"`, "1")
	v := newVersioned(t, logging, step("TransferToFlow", `"ContactFlowId":"shop:prod"`, "", "NoMatchingError>2"), says("No shop", "3"), disconnect)
	v.unreadable = "shop:1"
	v.begin("main")
	v.want("a transfer:", "No shop")
	logged(v)

	v = newVersioned(t, disconnect)
	v.unreadable = "main:1"
	v.begin("main:prod")
	logged(v)
	if !v.chat.Ended || v.chat.Latest.DisconnectReason != center.ReasonSystemError {
		t.Errorf("a chat whose flow cannot be read has ended: %v, %s", v.chat.Ended, v.chat.Latest.DisconnectReason)
	}
}
