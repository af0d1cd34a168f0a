package center

import (
	"errors"
	"io"
	"strings"
	"testing"
	"time"
)

func TestItemIDCarriesItsPlace(t *testing.T) {
	now := time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)
	for _, seq := range []int64{0, 1, 255, 70_000, 1<<32 - 1} {
		id := NewItemID(now, seq, ^uint64(0))
		if got, ok := id.Seq(); !ok || got != seq {
			t.Errorf("Seq of %s = %d, %t; want %d", id, got, ok, seq)
		}
	}
	if a, b := NewItemID(now, 9, 0), NewItemID(now.Add(time.Millisecond), 1, 0); a >= b {
		t.Errorf("id %s is not below %s of a later time", a, b)
	}
	for _, id := range []ItemID{"", "x", ItemID(NewUUID())} {
		if seq, ok := id.Seq(); ok {
			t.Errorf("Seq of %q = %d; want none", id, seq)
		}
	}
}

func TestContactIDs(t *testing.T) {
	now := time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)
	a, b := NewContactID(now), NewContactID(now.Add(time.Millisecond))
	if a >= b {
		t.Errorf("contact %s is not below %s, which began later", a, b)
	}
	p := Partition{Region: "us-east-1", Account: "123456789012"}
	for _, s := range []string{string(a), p.ContactARN("i", a)} {
		if got, ok := ParseContactID(s); !ok || got != a {
			t.Errorf("ParseContactID(%q) = %q, %t; want %q", s, got, ok, a)
		}
	}
	if _, ok := ParseContactID("../etc/passwd"); ok {
		t.Error("ParseContactID took a path")
	}
}

func TestParseAIAgentID(t *testing.T) {
	const id = "11111111-2222-4333-8444-5555555555aa"
	const arn = "arn:aws:wisdom:us-east-1:123456789012:ai-agent/66666666-2222-4333-8444-555555555555/"
	for in, want := range map[string]AIAgentID{
		id: id, id + ":3": id + ":3", id + ":$LATEST": id + ":$LATEST", strings.ToUpper(id): id,
		arn + id: id, arn + id + ":3": id + ":3",
		"":           "",
		"x" + id:     "",
		id + ":":     "",
		id + ":1:2":  "",
		id + ":a/b":  "",
		"{" + id[2:]: "",
		"arn:aws:connect:us-east-1:123456789012:instance/" + id: "",
		"arn:aws:wisdom:us-east-1:123456789012:ai-agent/x":      "",
		"arn:aws:lex:us-east-1:123456789012:bot-alias/B/A":      "",
	} {
		if got, ok := ParseAIAgentID(in); got != want || ok != (want != "") {
			t.Errorf("ParseAIAgentID(%q) = %q, %t; want %q", in, got, ok, want)
		}
	}
	for in, want := range map[AIAgentID][2]string{id: {id, ""}, id + ":3": {id, "3"}} {
		if agent, qualifier := in.Cut(); string(agent) != want[0] || qualifier != want[1] {
			t.Errorf("%s is %s and %q", in, agent, qualifier)
		}
	}
}

func TestARNs(t *testing.T) {
	p := Partition{Region: "eu-west-1", Account: "123456789012"}
	for kind, suffix := range map[Kind]string{
		KindQueue: "/queue/x", KindHours: "/operating-hours/x", KindUser: "/agent/x", KindAgentStatus: "/agent-state/x", KindQuickConnect: "/transfer-destination/x",
		KindFlow: "/contact-flow/x", KindFlowModule: "/flow-module/x", KindRoutingProfile: "/routing-profile/x",
	} {
		arn := p.ARN("i", kind, "x")
		if want := "arn:aws:connect:eu-west-1:123456789012:instance/i" + suffix; arn != want {
			t.Errorf("ARN of a %s = %s; want %s", kind, arn, want)
		}
		if got, ok := ParseARN(arn); !ok || got != (ARN{p, "i", kind, "x"}) {
			t.Errorf("ParseARN(%s) = %+v, %t", arn, got, ok)
		}
	}
	for in, want := range map[string]string{
		"x": "x", p.InstanceARN("i"): "i", p.ARN("i", KindFlow, "f:$SAVED"): "f:$SAVED", "arn:aws:s3:::bucket": "arn:aws:s3:::bucket",
	} {
		if got := IDOf(in); got != want {
			t.Errorf("IDOf(%q) = %q; want %q", in, got, want)
		}
	}
	for _, bad := range []string{"", "arn:aws:connect:r:a:queue/x", "arn:aws:connect:r:a:instance/", "arn:aws:connect:r:a:instance/i/queue"} {
		if got, ok := ParseARN(bad); ok {
			t.Errorf("ParseARN(%q) = %+v; want none", bad, got)
		}
	}
}

func TestErrors(t *testing.T) {
	err := Errorf(Conflict, "cannot read it: %w", io.EOF)
	if ReasonOf(err) != Conflict || !errors.Is(err, io.EOF) || err.Error() != "cannot read it: EOF" {
		t.Errorf("Errorf = %v with reason %s", err, ReasonOf(err))
	}
	if ReasonOf(io.EOF) != Internal {
		t.Errorf("ReasonOf(EOF) = %s; want internal error", ReasonOf(io.EOF))
	}
	if e, ok := errors.AsType[*Error](Missing(KindQueue, "q")); !ok || e.Kind != KindQueue || e.ID != "q" || e.Message == "" {
		t.Errorf("Missing = %+v", e)
	}
}

func TestVisibility(t *testing.T) {
	for v, sees := range map[Visibility]string{VisibleAll: "CAS", VisibleCustomer: "C", VisibleAgent: "AS"} {
		var got strings.Builder
		for _, r := range []Role{RoleCustomer, RoleAgent, RoleSupervisor} {
			if v.To(r) {
				got.WriteString(string(r[0]))
			}
		}
		if got.String() != sees {
			t.Errorf("%q is seen by %q; want %q", v, got.String(), sees)
		}
	}
}

// TestReferenceToAFlow: a reference keeps the version or alias behind an id or ARN,
// and nothing else of it.
func TestReferenceToAFlow(t *testing.T) {
	arn := Partition{Region: "us-east-1", Account: "123456789012"}.ARN("i", KindFlow, "f")
	for _, c := range []struct {
		id  FlowID // of the flow that s led to
		s   string
		ref FlowRef
		of  FlowID
	}{
		{"f", "f", "f", "f"},
		{"f", "f:prod", "f:prod", "f"},
		{"f", arn, "f", "f"},
		{"f", arn + ":2", "f:2", "f"},
		{"f", "a name", "f", "f"},
		{"f", "a name:prod", "f:prod", "f"},
		{"f:prod", "f:prod", "f:prod", "f"}, // a document that a test opened as that
		{"f", "arn:of:something:else", "f", "f"},
		{"arn:of:something:else", "x", "arn:of:something:else", "arn:of:something:else"},
	} {
		if got := c.id.Ref(c.s); got != c.ref || got.ID() != c.of {
			t.Errorf("%s, which %q led to: %q of %q; want %q of %q", c.id, c.s, got, got.ID(), c.ref, c.of)
		}
	}
}
