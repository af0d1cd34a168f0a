package golang

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"net/http"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"parley.example/parley/api/agent"
	"parley.example/parley/api/connect"
	"parley.example/parley/api/participant"
	"parley.example/parley/api/restjson"
	"parley.example/parley/client/agentcall"
	"parley.example/parley/client/connectcall"
	"parley.example/parley/client/participantcall"
	"parley.example/parley/internal/codegen/model"
)

// builders begins a builder of an operation, whichever package it is in.
func builders(t *testing.T, name string, config restjson.ClientConfig) reflect.Value {
	t.Helper()
	switch name {
	case "connect":
		return reflect.ValueOf(connectcall.New(&restjson.Client{API: connect.API, Config: config}))
	case "agent":
		return reflect.ValueOf(agentcall.New(&restjson.Client{API: agent.API, Config: config}))
	case "participant":
		return reflect.ValueOf(participantcall.New(&restjson.Client{API: participant.API, Config: config}))
	}
	t.Fatalf("no builders for %s", name)
	return reflect.Value{}
}

// eachBuilder runs f for every operation that has a builder.
func eachBuilder(t *testing.T, f func(t *testing.T, a *theAPI, calls reflect.Value, op restjson.Operation, s *model.Shape)) {
	each(t, func(t *testing.T, a *theAPI, op restjson.Operation, s *model.Shape) {
		name, _, _ := strings.Cut(strings.TrimPrefix(t.Name(), strings.Split(t.Name(), "/")[0]+"/"), "/")
		if name == "connect" || name == "participant" || name == "agent" { // the zoo's generated text is looked at in TestFluentSetters
			f(t, a, builders(t, name, restjson.ClientConfig{Endpoint: "http://front.test", HTTPClient: &http.Client{Transport: a.sent[0]}}), op, s)
		}
	})
}

// fill sets every member of in that is set by the builder's setters: element by element, or all at once.
func fill(t *testing.T, m *model.Model, b, in reflect.Value, s *model.Shape, whole bool) reflect.Value {
	t.Helper()
	a := &api{Model: m}
	taken := map[string]bool{"Items": true, "Pages": true, "Input": true, "With": true, "Send": true}
	for _, member := range s.Members {
		taken[goName(member.Name)] = true
	}
	call := func(name string, args ...reflect.Value) {
		method := b.MethodByName(name)
		if !method.IsValid() {
			t.Fatalf("%s has no setter %s", b.Type(), name)
		}
		b = method.Call(args)[0]
	}
	for _, member := range s.Members {
		v := in.Elem().FieldByName(field(member))
		switch kind := m.Shapes[member.Target].Type; {
		case v.IsZero():
		case (kind == "list" || kind == "map") && whole:
			call("Set"+goName(member.Name), v)
		case kind == "list" && v.Len() == 0:
			call(a.elementSetter(member, taken))
		case kind == "list":
			for _, e := range v.Seq2() {
				call(a.elementSetter(member, taken), e)
			}
		case kind == "map":
			for k, e := range v.Seq2() {
				call(a.elementSetter(member, taken), k, e)
			}
		case v.Kind() == reflect.Pointer:
			call(goName(member.Name), v.Elem())
		default:
			call(goName(member.Name), v)
		}
	}
	return b
}

// TestEveryBuilder sets everything an operation takes through its builder, sends it through the
// handler to a second client, and holds what passed against the model.
func TestEveryBuilder(t *testing.T) {
	eachBuilder(t, func(t *testing.T, a *theAPI, calls reflect.Value, op restjson.Operation, s *model.Shape) {
		for round := range 3 {
			g := &sampler{t: t, m: a.model, round: round, sparse: round == 2}
			shape := a.model.Shapes[s.Input.Target]
			in := a.newInput(op.Name)
			want := g.input(shape, in.Elem())
			want.fill(g, shape, in.Elem())
			result := reflect.New(a.front.MethodByName(op.Name).Type().Out(0).Elem())
			output := g.structure(a.model.Shapes[s.Output.Target], result.Elem())
			back := a.sent[1]
			back.status, back.resp = 200, http.Header{}
			back.answer = []byte(mustJSON(t, output))

			empty := calls.MethodByName(op.Name).Call(nil)[0]
			b := fill(t, a.model, empty, in, shape, round == 1)
			if got := b.MethodByName("Input").Call(nil)[0]; !reflect.DeepEqual(got.Interface(), in.Interface()) {
				t.Fatalf("round %d: Input() = %+v; want %+v", round, got.Elem(), in.Elem())
			}
			if got := empty.MethodByName("With").Call([]reflect.Value{in})[0].MethodByName("Input").Call(nil)[0]; !reflect.DeepEqual(got.Interface(), in.Interface()) {
				t.Fatalf("round %d: With(in).Input() = %+v; want %+v", round, got.Elem(), in.Elem())
			}
			if !empty.MethodByName("Input").Call(nil)[0].Elem().IsZero() {
				t.Fatalf("round %d: setting members changed the builder they were set on", round)
			}
			sent := b.MethodByName("Send").Call([]reflect.Value{reflect.ValueOf(t.Context())})
			if err, _ := sent[1].Interface().(error); err != nil {
				t.Fatalf("round %d: %v", round, err)
			}
			for _, tap := range a.sent {
				want.compare(t, op, tap)
			}
			if !reflect.DeepEqual(sent[0].Interface(), result.Interface()) {
				t.Fatalf("round %d: the output is %+v; want %+v", round, sent[0].Elem(), result.Elem())
			}
		}
	})
}

func mustJSON(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

var uuidForm = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)

// TestEveryTokenIsFilledIn leaves idempotency tokens out: each Send makes its own and the builder
// stays without.
func TestEveryTokenIsFilledIn(t *testing.T) {
	found := 0
	eachBuilder(t, func(t *testing.T, a *theAPI, calls reflect.Value, op restjson.Operation, s *model.Shape) {
		for _, m := range a.model.Shapes[s.Input.Target].Members {
			if !m.Traits.IdempotencyToken {
				continue
			}
			found++
			c := &tokens{}
			var b reflect.Value
			switch op.Service {
			case "connect":
				b = reflect.ValueOf(connectcall.New(c)).MethodByName(op.Name).Call(nil)[0]
			case "agent":
				b = reflect.ValueOf(agentcall.New(c)).MethodByName(op.Name).Call(nil)[0]
			default:
				b = reflect.ValueOf(participantcall.New(c)).MethodByName(op.Name).Call(nil)[0]
			}
			for range 2 {
				b.MethodByName("Send").Call([]reflect.Value{reflect.ValueOf(t.Context())})
			}
			field := func(in reflect.Value) string {
				return fmt.Sprint(reflect.Indirect(in.Elem().FieldByName(field(m))))
			}
			first, second := field(reflect.ValueOf(c.sent[0])), field(reflect.ValueOf(c.sent[1]))
			if !uuidForm.MatchString(first) || !uuidForm.MatchString(second) || first == second {
				t.Fatalf("the tokens of two sends are %q and %q; want two UUIDs", first, second)
			}
			if !b.MethodByName("Input").Call(nil)[0].Elem().IsZero() {
				t.Fatal("Send changed the builder")
			}
		}
	})
	if found < 50 {
		t.Fatalf("%d operations take an idempotency token; the models have more", found)
	}
}

// tokens is a Caller that only looks at what is called.
type tokens struct {
	restjson.Client
	sent []any
}

func (c *tokens) Do(_ context.Context, _ *restjson.Operation, in, _ any) error {
	c.sent = append(c.sent, in)
	return nil
}

var record = flag.Bool("record", false, "write testdata/requests.golden anew")

// TestRequestBytes holds the bytes of every operation's request against those on record, which were
// looked at when they were recorded: one element in each list and map, so that their order is one.
func TestRequestBytes(t *testing.T) {
	got := map[string]string{}
	eachBuilder(t, func(t *testing.T, a *theAPI, calls reflect.Value, op restjson.Operation, s *model.Shape) {
		g := &sampler{t: t, m: a.model, single: true}
		shape := a.model.Shapes[s.Input.Target]
		in := a.newInput(op.Name)
		want := g.input(shape, in.Elem())
		want.fill(g, shape, in.Elem())
		back := a.sent[1]
		back.status, back.resp, back.answer = 200, http.Header{}, []byte("{}")
		b := fill(t, a.model, calls.MethodByName(op.Name).Call(nil)[0], in, shape, false)
		b.MethodByName("Send").Call([]reflect.Value{reflect.ValueOf(t.Context())})
		tap := a.sent[0]
		want.compare(t, op, tap)
		var text strings.Builder
		text.WriteString(fmt.Sprintf("%s %s %s\n", op.Name, tap.method, tap.url.RequestURI()))
		for _, name := range slices.Sorted(maps.Keys(tap.header)) {
			text.WriteString(fmt.Sprintf("  %s: %s\n", name, strings.Join(tap.header[name], ", ")))
		}
		got[op.Service+" "+op.Name] = text.String() + cmp.Or("  "+string(tap.body), "") + "\n"
	})
	var all bytes.Buffer
	for _, name := range slices.Sorted(maps.Keys(got)) {
		service, _, _ := strings.Cut(name, " ")
		all.WriteString(service + ":" + got[name])
	}
	const file = "testdata/requests.golden"
	if *record {
		if err := os.WriteFile(file, all.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(want, all.Bytes()) {
		was, is := strings.Split(string(want), "\n"), strings.Split(all.String(), "\n")
		for i := range min(len(was), len(is)) {
			if was[i] != is[i] {
				t.Fatalf("line %d\n was %s\n  is %s", i+1, was[i], is[i])
			}
		}
		t.Fatalf("%d lines are on record; now there are %d", len(was), len(is))
	}
}

// TestFluentSetters looks at the setters of the members no AWS operation has.
func TestFluentSetters(t *testing.T) {
	data, err := os.ReadFile("../zoo/zoo.json")
	if err != nil {
		t.Fatal(err)
	}
	m, err := model.Read(data)
	if err != nil {
		t.Fatal(err)
	}
	files, err := Fluent(m, Options{Package: "zoocall", Runtime: "parley.example/parley/api/restjson"}, "parley.example/parley/internal/codegen/zoo", "parley.example/parley/client/internal/fluent")
	if err != nil {
		t.Fatal(err)
	}
	text := string(files["builders_gen.go"])
	for _, want := range []string{
		"func (b FeedAnimal) Photo(v []byte) FeedAnimal {\n\tb.in.Photo = slices.Clone(v)",
		"func (b FeedAnimal) Notes(v json.RawMessage) FeedAnimal {\n\tb.in.Notes = slices.Clone(v)",
		"func (b FeedAnimal) Since(v time.Time) FeedAnimal {\n\tb.in.Since = &v",
		"func (b FeedAnimal) Food(v zoo.Food) FeedAnimal {\n\tb.in.Food = &v",
		"func (b ListAnimals) Mood(v ...zoo.Mood) ListAnimals {",
		"func (b CloseZoo) Send(ctx context.Context) (*zoo.CloseZooResponse, error) {",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the builders have no %s", want)
		}
	}
	if !strings.Contains(string(files["calls_gen.go"]), "func (c Calls) CloseZoo() CloseZoo { return CloseZoo{caller: c.caller} }") {
		t.Error("Calls has no CloseZoo")
	}
	if _, err := Fluent(withMembers(t, data, `{"Id": {"target": "smithy.api#String"}, "ID": {"target": "smithy.api#String"}}`), Options{Package: "zoocall", Runtime: "parley.example/parley/api/restjson"}, "x/zoo", "x/fluent"); err == nil || !strings.Contains(err.Error(), "both have a setter ID") {
		t.Errorf("two members with one setter: %v", err)
	}
}

// withMembers is the zoo's model with other members of an input.
func withMembers(t *testing.T, data []byte, members string) *model.Model {
	t.Helper()
	m, err := model.Read(data)
	if err != nil {
		t.Fatal(err)
	}
	s := m.Shapes["parley.zoo#ListAnimalsRequest"]
	s.Members = nil
	if err := s.Members.UnmarshalJSON([]byte(members)); err != nil {
		t.Fatal(err)
	}
	return m
}

func TestNames(t *testing.T) {
	for _, c := range []struct{ name, goName, singular, phrase string }{
		{"InstanceId", "InstanceID", "InstanceId", "instance id"},
		{"QuickConnectIds", "QuickConnectIDs", "QuickConnectId", "quick connect ids"},
		{"resourceArn", "ResourceARN", "ResourceArn", "resource ARN"},
		{"StartWebRTCContact", "StartWebRTCContact", "StartWebRTCContact", "start web RTC contact"},
		{"S3Uri", "S3URI", "S3Uri", "S3 URI"},
		{"AllowedIps", "AllowedIPs", "AllowedIp", "allowed IPs"},
		{"Purposes", "Purposes", "Purpose", "purposes"},
		{"AgentStatuses", "AgentStatuses", "AgentStatus", "agent statuses"},
		{"UseCases", "UseCases", "UseCase", "use cases"},
		{"Vocabularies", "Vocabularies", "Vocabulary", "vocabularies"},
		{"ContactDataRequestList", "ContactDataRequestList", "ContactDataRequest", "contact data request list"},
		{"SortCriteria", "SortCriteria", "SortCriterion", "sort criteria"},
		{"ViewContentSha256", "ViewContentSHA256", "ViewContentSha256", "view content SHA256"},
	} {
		if g, s, p := goName(c.name), singular(c.name), phrase(c.name); g != c.goName || s != c.singular || p != c.phrase {
			t.Errorf("%s: goName %s, singular %s, phrase %q; want %s, %s, %q", c.name, g, s, p, c.goName, c.singular, c.phrase)
		}
	}
	for op, want := range map[string]string{
		"CreateQueue": "creates a queue", "DescribeAgentStatus": "describes an agent status", "SearchUsers": "searches users",
		"BatchGetFlowAssociation": "gets several flow associations", "CreateHoursOfOperation": "creates hours of operation",
		"UpdateViewContent": "updates view content",
	} {
		if got := sentence(op); got != want {
			t.Errorf("%s %s; want %s", op, got, want)
		}
	}
}

// TestGlossaryIsUsed finds texts about members and operations that do not exist.
func TestGlossaryIsUsed(t *testing.T) {
	known := map[string]bool{}
	for _, file := range []string{"connect", "connectparticipant", "agent"} {
		data, err := os.ReadFile("../../../api/model/" + file + ".json")
		if err != nil {
			t.Fatal(err)
		}
		m, err := model.Read(data)
		if err != nil {
			t.Fatal(err)
		}
		for _, ref := range m.Service.Operations {
			op := m.Shapes[ref.Target]
			known[op.Name()] = true
			for _, member := range m.Shapes[op.Input.Target].Members {
				known[member.Name], known[op.Name()+"."+member.Name] = true, true
			}
		}
	}
	for _, texts := range []map[string]string{operationTexts, memberTexts} {
		for name := range texts {
			if !known[name] {
				t.Errorf("the glossary has %s; the models do not", name)
			}
		}
	}
}
