package catalog

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/flow/machine"
	"parley.example/parley/internal/hours"
)

// returns is a module that says a text and returns.
func returns(text string) string {
	return fmt.Sprintf(`{"Version":"2019-10-30","StartAction":"say","Actions":[
		{"Identifier":"say","Type":"MessageParticipant","Parameters":{"Text":%q},"Transitions":{"NextAction":"end"}},
		{"Identifier":"end","Type":"EndFlowModuleExecution","Parameters":{},"Transitions":{}}],"Settings":{}}`, text)
}

func (f *fixture) module(t *testing.T, instance, name, content string) *Module {
	t.Helper()
	m, err := f.CreateModule(t.Context(), instance, NewModule{Name: name, Content: content})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestModuleRunsGoOnWithTheirContent(t *testing.T) {
	f := newFixture(t, Limits{})
	ctx := t.Context()
	id := f.instance(t, "acme")
	instance := center.InstanceID(id)
	m := f.module(t, id, "m", returns("one"))
	if _, _, err := f.CreateModuleVersion(ctx, id, m.ID, "", ""); err != nil {
		t.Fatal(err)
	}
	if _, _, err := f.CreateAlias(ctx, id, m.ID, NewAlias{Name: "prod", Version: 1}); err != nil {
		t.Fatal(err)
	}
	if err := f.UpdateModule(ctx, id, m.ID, new(returns("two")), nil); err != nil {
		t.Fatal(err)
	}
	if err := f.UpdateModule(ctx, id, m.ID+":$SAVED", new(`{"half":"done"}`), nil); err != nil {
		t.Fatal(err)
	}
	restarted := f.again(Limits{})
	if err := restarted.Prepare(ctx, instance); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]*Catalog{"the same process": f.Catalog, "a restarted one": restarted} {
		for ref, want := range map[string]string{
			m.ID: "two", m.ID + ":$LATEST": "two", m.ID + ":1": "one", m.ID + ":prod": "one", testPartition.ARN(instance, center.KindFlowModule, m.ID) + ":prod": "one",
		} {
			got, module, err := c.Module(instance, ref)
			if err != nil || string(module) != m.ID || string(got.Content()) != returns(want) {
				t.Errorf("in %s Module(%s) = %v, %v; want the content of %s", name, ref, got, err, want)
			}
		}
		for ref, want := range map[string]center.Reason{
			m.ID + ":$SAVED": center.BadRequest, m.ID + ":2": center.NotFound, m.ID + ":test": center.NotFound, "x": center.NotFound,
		} {
			_, _, err := c.Module(instance, ref)
			wantReason(t, "Module("+ref+")", err, want)
		}
	}
	began, _, err := f.Module(instance, m.ID+":prod")
	if err != nil {
		t.Fatal(err)
	}
	run := &machine.Run{Flow: "f", Hash: "h", Stack: []machine.Frame{{Flow: center.FlowID(m.ID), Hash: began.Hash}}}
	if err := f.DescribeModule(ctx, id, m.ID, Describing{Archived: new(true)}); err != nil {
		t.Fatal(err)
	}
	_, _, err = f.Module(instance, m.ID)
	wantReason(t, "an archived module", err, center.BadRequest)
	if err := f.DeleteModule(ctx, id, m.ID); err != nil {
		t.Fatal(err)
	}
	restarted = f.again(Limits{})
	if err := restarted.Prepare(ctx, instance, run); err != nil {
		t.Fatal(err)
	}
	if got, err := restarted.Content(center.FlowID(m.ID), began.Hash); err != nil || string(got.Content()) != returns("one") {
		t.Errorf("the content of a version of a deleted module: %v, %v", got, err)
	}
	_, _, err = restarted.Module(instance, m.ID)
	wantReason(t, "a deleted module", err, center.NotFound)
}

func TestOldModulesAndViewsAreForgotten(t *testing.T) {
	f := newFixture(t, Limits{})
	ctx := t.Context()
	id := f.instance(t, "acme")
	instance := center.InstanceID(id)
	flows := f.count(t, instance, center.KindFlowVersion)
	m := f.module(t, id, "m", returns("0"))
	v, err := f.CreateView(ctx, id, NewView{Name: "s", Content: ViewContent{Template: `{"Head":{},"Body":[]}`}})
	if err != nil {
		t.Fatal(err)
	}
	update := func(text string) {
		t.Helper()
		if err := f.UpdateModule(ctx, id, m.ID, new(returns(text)), nil); err != nil {
			t.Fatal(err)
		}
		if _, err := f.UpdateView(ctx, id, v.ID, ViewContent{Template: `{"Head":{"Title":"` + text + `"},"Body":[]}`}, false); err != nil {
			t.Fatal(err)
		}
	}
	want := func(when string, n int) {
		t.Helper()
		modules, views := f.count(t, instance, center.KindFlowVersion)-flows, f.count(t, instance, center.KindViewVersion)
		if modules != n || views != n {
			t.Errorf("%s: %d contents of the module and %d of the view; want %d", when, modules, views, n)
		}
	}
	update("1")
	if _, _, err := f.CreateModuleVersion(ctx, id, m.ID, "", ""); err != nil {
		t.Fatal(err)
	}
	if _, _, err := f.CreateViewVersion(ctx, id, v.ID, "", ""); err != nil {
		t.Fatal(err)
	}
	update("2")
	want("while chats may need them", 3)
	f.now = f.now.Add(9 * 24 * time.Hour)
	update("3")
	want("nine days later", 3) // the version, "2" that was just replaced, and "3"
	if err := f.DeleteModuleVersion(ctx, id, m.ID, 1); err != nil {
		t.Fatal(err)
	}
	if err := f.DeleteViewVersion(ctx, id, v.ID, 1); err != nil {
		t.Fatal(err)
	}
	f.now = f.now.Add(7 * 24 * time.Hour)
	update("3")
	want("a week after the version went", 3)
	f.now = f.now.Add(2 * 24 * time.Hour)
	update("3")
	want("nine days after the version went", 1)
	if snap, err := f.Snapshot(ctx, id); err != nil || len(All[*View](snap)[0].Actions) != 1 {
		t.Errorf("actions of contents that are gone are kept: %v, %v", All[*View](snap)[0].Actions, err)
	}
	if err := f.DeleteModule(ctx, id, m.ID); err != nil {
		t.Fatal(err)
	}
	if err := f.DeleteView(ctx, id, v.ID); err != nil {
		t.Fatal(err)
	}
	want("deleted", 1)
	f.now = f.now.Add(9 * 24 * time.Hour)
	f.flow(t, id, "other", says("x"))
	f.module(t, id, "other", returns("x"))
	if err := f.UpdateModule(ctx, id, All[*Module](must(f.Snapshot(ctx, id)))[0].ID, new(returns("y")), nil); err != nil {
		t.Fatal(err)
	}
	if n := f.count(t, instance, center.KindViewVersion); n != 0 {
		t.Errorf("%d contents of views long after theirs was deleted", n)
	}
	if snap := must(f.again(Limits{}).Snapshot(ctx, id)); len(snap.graves) != 0 {
		t.Errorf("%d graves are left", len(snap.graves))
	}
}

// must gives the value of a call that cannot fail.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func TestWhatFlowsAskFor(t *testing.T) {
	f := newFixture(t, Limits{})
	ctx := t.Context()
	id := f.instance(t, "acme")
	instance := center.InstanceID(id)
	snap := must(f.Snapshot(ctx, id))
	basic := All[*Hours](snap)[0]
	q, err := f.CreateQueue(ctx, id, NewQueue{Name: "q", Hours: basic.ID, MaxContacts: new(int32(2))})
	if err != nil {
		t.Fatal(err)
	}
	arn := testPartition.ARN(instance, center.KindQueue, q.ID)
	for _, ref := range []string{q.ID, arn} {
		got, err := f.Queue(instance, ref)
		if want := (machine.Queue{ID: center.QueueID(q.ID), ARN: arn, Name: "q", Hours: basic.ID, Max: 2}); err != nil || got != want {
			t.Errorf("Queue(%s) = %+v, %v; want %+v", ref, got, err, want)
		}
	}
	if err := f.UpdateQueue(ctx, id, q.ID, QueueChange{Disabled: new(true), MaxContacts: new((*int32)(nil))}); err != nil {
		t.Fatal(err)
	}
	if got, err := f.Queue(instance, q.ID); err != nil || !got.Disabled || got.Max != -1 {
		t.Errorf("the closed queue is %+v, %v", got, err)
	}
	for _, ref := range []string{"", "x", "agent/x", testPartition.ARN(instance, center.KindQueue, "agent/x"), strings.Replace(arn, "1234", "9", 1)} {
		_, err := f.Queue(instance, ref)
		wantReason(t, "Queue("+ref+")", err, center.NotFound)
	}

	monday := time.Date(2026, 1, 5, 15, 0, 0, 0, time.UTC) // ten in New York
	for _, ref := range []string{basic.ID, testPartition.ARN(instance, center.KindHours, basic.ID)} {
		if got, err := f.Hours(instance, ref, monday); err != nil || !got.Open || got.Override != "" {
			t.Errorf("Hours(%s) = %+v, %v", ref, got, err)
		}
	}
	if _, err := f.AddOverride(ctx, id, basic.ID, hours.Override{Name: "holiday", Type: hours.Closed, From: "2026-01-05", Till: "2026-01-05"}); err != nil {
		t.Fatal(err)
	}
	if got, err := f.Hours(instance, basic.ID, monday); err != nil || got.Open || got.Override != "holiday" {
		t.Errorf("on the holiday Hours = %+v, %v", got, err)
	}
	_, err = f.Hours(instance, "x", monday)
	wantReason(t, "Hours", err, center.NotFound)

	d, flowID, err := f.Default(instance, "CUSTOMER_QUEUE")
	if err != nil || d == nil || flowID == "" {
		t.Errorf("Default = %v, %v", d, err)
	}
	if _, err := f.Content(flowID, d.Hash); err != nil {
		t.Errorf("the content of the default flow: %v", err)
	}
	_, _, err = f.Default(instance, "CAMPAIGN")
	wantReason(t, "Default", err, center.NotFound)

	for _, ref := range []string{"form", "form:Latest", "form:1", "arn:aws:connect:us-west-2:aws:view/form:1"} {
		got, err := f.FindView(instance, ref)
		if err != nil || got.ID != "form" || got.ARN != "arn:aws:connect:us-east-1:aws:view/form" || got.Version != 1 || !slices.Contains(got.Actions, "Next") || got.Hash == "" {
			t.Errorf("FindView(%s) = %+v, %v", ref, got, err)
		}
	}
	v, err := f.CreateView(ctx, id, NewView{Name: "s", Content: ViewContent{Template: `{}`, Actions: []string{"a"}}, Draft: true})
	if err != nil {
		t.Fatal(err)
	}
	for ref, want := range map[string]center.Reason{v.ID: center.NotPublished, v.ID + ":$SAVED": center.BadRequest, v.ID + ":1": center.NotFound, "forms": center.NotFound, "form:2": center.NotFound, "form:x": center.Invalid} {
		_, err := f.FindView(instance, ref)
		wantReason(t, "FindView("+ref+")", err, want)
	}

	const unknown = center.InstanceID("x")
	for what, err := range map[string]error{
		"Queue": second(f.Queue(unknown, q.ID)), "Hours": second(f.Hours(unknown, basic.ID, monday)), "FindView": second(f.FindView(unknown, "form")),
		"LambdaAllowed": f.LambdaAllowed(unknown, "f"), "BotAllowed": f.BotAllowed(unknown, "b"),
	} {
		wantReason(t, what+" of an unknown instance", err, center.NotFound)
	}
}

func second[T any](_ T, err error) error { return err }

func TestFunctionsAndBotsThatFlowsMayUse(t *testing.T) {
	f := newFixture(t, Limits{})
	ctx := t.Context()
	id := f.instance(t, "acme")
	instance := center.InstanceID(id)
	const function, alias = "arn:aws:lambda:us-east-1:123456789012:function:", "arn:aws:lex:us-east-1:123456789012:bot-alias/B/A"
	for _, a := range []Association{
		{Type: Functions, Value: function + "open"}, {Type: Functions, Value: function + "one:prod"}, {Type: BotsV2, Value: alias}, {Type: BotsV1, Value: "Trip", Place: "us-east-1"},
	} {
		if err := f.Associate(ctx, id, a); err != nil {
			t.Fatal(err)
		}
	}
	for ref, want := range map[string]bool{
		function + "open": true, function + "open:prod": true, function + "open:3": true, "open": true, function + "one:prod": true,
		function + "one": false, function + "one:test": false, "one": false, function + "two": false, "": false, "pen": false,
	} {
		if got := f.LambdaAllowed(instance, ref) == nil; got != want {
			t.Errorf("LambdaAllowed(%q) is %v; want %v", ref, got, want)
		}
	}
	for ref, want := range map[string]bool{alias: true, "Trip": true, alias + "B": false, "Trap": false, "": false} {
		if got := f.BotAllowed(instance, ref) == nil; got != want {
			t.Errorf("BotAllowed(%q) is %v; want %v", ref, got, want)
		}
	}
	f.cfg.Unassociated = true
	if err := f.LambdaAllowed(instance, function+"two"); err != nil {
		t.Errorf("in development mode: %v", err)
	}
	if err := f.BotAllowed(instance, "Trap"); err != nil {
		t.Errorf("in development mode: %v", err)
	}
}

// naming is a flow that names resources in all the ways there are.
const naming = `{"Version":"2019-10-30","StartAction":"queue","Actions":[
	{"Identifier":"queue","Type":"UpdateContactTargetQueue","Parameters":{"QueueId":"no-queue"},"Transitions":{"NextAction":"dynamic","Errors":[{"NextAction":"end","ErrorType":"NoMatchingError"}]}},
	{"Identifier":"dynamic","Type":"UpdateContactTargetQueue","Parameters":{"QueueId":"$.Attributes.queue"},"Transitions":{"NextAction":"hours","Errors":[{"NextAction":"end","ErrorType":"NoMatchingError"}]}},
	{"Identifier":"hours","Type":"CheckHoursOfOperation","Parameters":{"HoursOfOperationId":"no-hours"},"Transitions":{"NextAction":"end","Conditions":[{"NextAction":"flow","Condition":{"Operator":"Equals","Operands":["True"]}},{"NextAction":"flow","Condition":{"Operator":"Equals","Operands":["False"]}}],"Errors":[{"NextAction":"end","ErrorType":"NoMatchingError"}]}},
	{"Identifier":"flow","Type":"TransferToFlow","Parameters":{"ContactFlowId":"no-flow"},"Transitions":{"NextAction":"hook","Errors":[{"NextAction":"end","ErrorType":"NoMatchingError"}]}},
	{"Identifier":"hook","Type":"UpdateContactEventHooks","Parameters":{"EventHooks":{"CustomerQueue":"no-hook"}},"Transitions":{"NextAction":"function","Errors":[{"NextAction":"end","ErrorType":"NoMatchingError"}]}},
	{"Identifier":"function","Type":"InvokeLambdaFunction","Parameters":{"LambdaFunctionARN":"arn:aws:lambda:us-east-1:123456789012:function:none","InvocationTimeLimitSeconds":"3"},"Transitions":{"NextAction":"module","Errors":[{"NextAction":"end","ErrorType":"NoMatchingError"}]}},
	{"Identifier":"module","Type":"InvokeFlowModule","Parameters":{"FlowModuleId":"no-module"},"Transitions":{"NextAction":"view","Errors":[{"NextAction":"end","ErrorType":"NoMatchingError"}]}},
	{"Identifier":"view","Type":"ShowView","Parameters":{"ViewResource":{"Id":"no-view","Version":"Latest"},"InvocationTimeLimitSeconds":"60"},"Transitions":{"NextAction":"end","Conditions":[],"Errors":[{"NextAction":"bot","ErrorType":"NoMatchingCondition"},{"NextAction":"end","ErrorType":"NoMatchingError"},{"NextAction":"end","ErrorType":"TimeLimitExceeded"}]}},
	{"Identifier":"bot","Type":"ConnectParticipantWithLexBot","Parameters":{"Text":"Hello","LexV2Bot":{"AliasArn":"arn:aws:lex:us-east-1:123456789012:bot-alias/NO/BOT"}},"Transitions":{"NextAction":"end","Conditions":[],"Errors":[{"NextAction":"end","ErrorType":"NoMatchingCondition"},{"NextAction":"end","ErrorType":"NoMatchingError"}]}},
	{"Identifier":"end","Type":"DisconnectParticipant","Parameters":{},"Transitions":{}}]}`

func TestPublishingHoldsToWhatAFlowNames(t *testing.T) {
	f := newFixture(t, Limits{})
	ctx := t.Context()
	id := f.instance(t, "acme")
	create := func(name, content string, draft bool) error {
		_, err := f.CreateFlow(ctx, id, NewFlow{Name: name, Type: TypeInbound, Content: content, Draft: draft})
		return err
	}
	if err := create("lenient", naming, false); err != nil {
		t.Fatalf("without the check: %v", err)
	}
	f.cfg.CheckReferences = true
	if err := create("draft", naming, true); err != nil {
		t.Errorf("a draft: %v", err)
	}
	err := create("strict", naming, false)
	wantReason(t, "a flow that names nothing", err, center.InvalidFlow)
	e, ok := err.(*center.Error)
	if !ok || len(e.Problems) != 8 {
		t.Fatalf("problems %q; want all eight at once", e.Problems)
	}
	for i, want := range []string{
		"Actions[0].Parameters.QueueId, Action: queue", "Actions[2].Parameters.HoursOfOperationId, Action: hours", "Actions[3].Parameters.ContactFlowId, Action: flow",
		"Actions[4].Parameters.EventHooks.CustomerQueue, Action: hook", "Actions[5].Parameters.LambdaFunctionARN, Action: function",
		"Actions[6].Parameters.FlowModuleId, Action: module", "Actions[7].Parameters.ViewResource.Id, Action: view", "Actions[8].Parameters.LexV2Bot.AliasArn, Action: bot",
	} {
		if !strings.HasPrefix(e.Problems[i], "Invalid Action property value. Path: "+want+": ") || len([]rune(e.Problems[i])) > maxMessage {
			t.Errorf("problem %q; want one about %s", e.Problems[i], want)
		}
	}
	both := strings.Replace(strings.Replace(naming, "CheckHoursOfOperation", "Nonsense", 1), "no-queue", strings.Repeat("q", 300), 1)
	err = f.UpdateContent(ctx, id, All[*Flow](must(f.Snapshot(ctx, id)))[0].ID, both)
	wantReason(t, "an update", err, center.InvalidFlow)
	if e, ok := err.(*center.Error); !ok || len(e.Problems) < 8 || !strings.Contains(strings.Join(e.Problems, "\n"), "Invalid Action type") {
		t.Errorf("problems %q; want those of the document and of its references", e.Problems)
	}

	// With what it names, it can be published.
	snap := must(f.Snapshot(ctx, id))
	target := f.flow(t, id, "target", says("x"))
	m := f.module(t, id, "m", returns("x"))
	const function, bot = "arn:aws:lambda:us-east-1:123456789012:function:none", "arn:aws:lex:us-east-1:123456789012:bot-alias/NO/BOT"
	for _, a := range []Association{{Type: Functions, Value: function}, {Type: BotsV2, Value: bot}} {
		if err := f.Associate(ctx, id, a); err != nil {
			t.Fatal(err)
		}
	}
	good := strings.NewReplacer("no-queue", All[*Queue](snap)[0].ID, "no-hours", snap.ARNOf(All[*Hours](snap)[0]), "no-flow", target.ID, "no-hook", snap.ARN(center.KindFlow, target.ID),
		"no-module", m.ID, "no-view", "form").Replace(naming)
	if err := create("good", good, false); err != nil {
		t.Errorf("a flow that names what there is: %v", err)
	}
	if list := References(good); len(list) != 8 || list[0] != (Reference{"queue", "Actions[0].Parameters.QueueId", center.KindQueue, All[*Queue](snap)[0].ID}) {
		t.Errorf("References = %+v", list)
	}
	if list := References("no JSON"); list != nil {
		t.Errorf("References of no JSON = %+v", list)
	}
}

// TestContentAndSettingsAreBothKept updates one from one process and the other
// from another, at once.
func TestContentAndSettingsAreBothKept(t *testing.T) {
	f := newFixture(t, Limits{})
	ctx := t.Context()
	id := f.instance(t, "acme")
	m := f.module(t, id, "m", returns("0"))
	other := f.again(Limits{})
	const settings = `{"InputParameters":[{"Name":"who"}]}`
	won := race(2, func(i int) error {
		if i == 0 {
			return f.UpdateModule(ctx, id, m.ID, new(returns("1")), nil)
		}
		return other.UpdateModule(ctx, id, m.ID, nil, new(settings))
	})
	c := f.again(Limits{})
	snap := must(c.Snapshot(ctx, id))
	text, hash, err := c.ModuleText(ctx, All[*Module](snap)[0], Live)
	if err != nil || won != 2 || text.Content != returns("1") || text.Settings != settings {
		t.Errorf("%d updates succeeded; the module is %+v, %v", won, text, err)
	}
	if run, _, err := c.Module(center.InstanceID(id), m.ID); err != nil || run.Hash != hash {
		t.Errorf("Module = %v, %v; want the content with the hash %s", run, err, hash)
	}
}

// TestReadersSeeWholeChanges reads while others write: a module's alias always
// leads to a version that is there.
func TestReadersSeeWholeChanges(t *testing.T) {
	f := newFixture(t, Limits{FlowVersions: 100})
	ctx := t.Context()
	id := f.instance(t, "acme")
	instance := center.InstanceID(id)
	m := f.module(t, id, "m", returns("0"))
	if _, _, err := f.CreateModuleVersion(ctx, id, m.ID, "", ""); err != nil {
		t.Fatal(err)
	}
	_, alias, err := f.CreateAlias(ctx, id, m.ID, NewAlias{Name: "prod", Version: 1})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	var readers sync.WaitGroup
	for range 3 {
		readers.Go(func() {
			for {
				if _, _, err := f.Module(instance, m.ID+":prod"); err != nil {
					t.Errorf("Module: %v", err)
					return
				}
				select {
				case <-done:
					return
				default:
				}
			}
		})
	}
	for i := range 20 {
		if err := f.UpdateModule(ctx, id, m.ID, new(returns(fmt.Sprint(i+1))), nil); err != nil {
			t.Fatal(err)
		}
		_, n, err := f.CreateModuleVersion(ctx, id, m.ID, "", "")
		if err != nil {
			t.Fatal(err)
		}
		if err := f.UpdateAlias(ctx, id, m.ID, alias.ID, AliasChange{Version: &n}); err != nil {
			t.Fatal(err)
		}
		if err := f.DeleteModuleVersion(ctx, id, m.ID, n-1); err != nil {
			t.Fatal(err)
		}
	}
	close(done)
	readers.Wait()
}
