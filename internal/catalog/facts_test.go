package catalog_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/catalog/contents"
	"parley.example/parley/internal/catalog/publishing"
	"parley.example/parley/internal/catalog/queueing"
	"parley.example/parley/internal/catalog/setup"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/flow"
	"parley.example/parley/internal/hours"
)

// returns is a module that says a text and returns.
func returns(text string) string {
	return fmt.Sprintf(`{"Version":"2019-10-30","StartAction":"say","Actions":[
		{"Identifier":"say","Type":"MessageParticipant","Parameters":{"Text":%q},"Transitions":{"NextAction":"end"}},
		{"Identifier":"end","Type":"EndFlowModuleExecution","Parameters":{},"Transitions":{}}],"Settings":{}}`, text)
}

func (f *fixture) module(t *testing.T, id center.InstanceID, name, content string) *catalog.Module {
	t.Helper()
	m, err := publishing.CreateModule(t.Context(), f.Catalog, id, publishing.NewModule{Name: name, Content: content})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestModuleRunsGoOnWithTheirContent(t *testing.T) {
	f := newFixture(t, catalog.Limits{})
	ctx := t.Context()
	id := f.instance(t, "acme")
	m := f.module(t, id, "m", returns("one"))
	if _, _, err := publishing.CreateVersion[*catalog.Module](ctx, f.Catalog, id, m.ID, publishing.NewVersion{}); err != nil {
		t.Fatal(err)
	}
	if _, err := publishing.CreateAlias[*catalog.Module](ctx, f.Catalog, id, m.ID, publishing.NewAlias{Name: "prod", Version: 1}); err != nil {
		t.Fatal(err)
	}
	if err := publishing.UpdateModule(ctx, f.Catalog, id, m.ID, contents.Live, new(returns("two")), nil); err != nil {
		t.Fatal(err)
	}
	if err := publishing.UpdateModule(ctx, f.Catalog, id, m.ID, contents.Saved, new(`{"half":"done"}`), nil); err != nil {
		t.Fatal(err)
	}
	restarted := f.again(catalog.Limits{})
	if err := restarted.Prepare(ctx, id); err != nil {
		t.Fatal(err)
	}
	ref := string(m.ID)
	for name, c := range map[string]*catalog.Catalog{"the same process": f.Catalog, "a restarted one": restarted} {
		for ref, want := range map[string]string{
			ref: "two", ref + ":$LATEST": "two", ref + ":1": "one", ref + ":prod": "one", testPartition.ARN(id, center.KindFlowModule, ref) + ":prod": "one",
		} {
			got, module, err := c.Module(id, ref)
			if err != nil || string(module) != string(m.ID) || string(got.Content()) != returns(want) {
				t.Errorf("in %s Module(%s) = %v, %v; want the content of %s", name, ref, got, err, want)
			}
		}
		for ref, want := range map[string]center.Reason{
			ref + ":$SAVED": center.BadRequest, ref + ":2": center.NotFound, ref + ":test": center.NotFound, "x": center.NotFound,
		} {
			_, _, err := c.Module(id, ref)
			wantReason(t, "Module("+ref+")", err, want)
		}
	}
	began, _, err := f.Module(id, string(m.ID)+":prod")
	if err != nil {
		t.Fatal(err)
	}
	run := &flow.Run{Flow: "f", Hash: "h", Stack: []flow.Frame{{Flow: center.FlowID(m.ID), Hash: began.Hash}}}
	if err := publishing.Describe[*catalog.Module](ctx, f.Catalog, id, m.ID, publishing.Describing{Archived: new(true)}); err != nil {
		t.Fatal(err)
	}
	_, _, err = f.Module(id, string(m.ID))
	wantReason(t, "an archived module", err, center.BadRequest)
	if err := publishing.Delete[*catalog.Module](ctx, f.Catalog, id, m.ID); err != nil {
		t.Fatal(err)
	}
	restarted = f.again(catalog.Limits{})
	if err := restarted.Prepare(ctx, id, run); err != nil {
		t.Fatal(err)
	}
	if got, err := restarted.Content(center.FlowID(m.ID), began.Hash); err != nil || string(got.Content()) != returns("one") {
		t.Errorf("the content of a version of a deleted module: %v, %v", got, err)
	}
	_, _, err = restarted.Module(id, string(m.ID))
	wantReason(t, "a deleted module", err, center.NotFound)
}

func TestOldModulesAndViewsAreForgotten(t *testing.T) {
	f := newFixture(t, catalog.Limits{})
	ctx := t.Context()
	id := f.instance(t, "acme")
	flows := f.count(t, id, center.KindFlowVersion)
	m := f.module(t, id, "m", returns("0"))
	v, err := publishing.CreateView(ctx, f.Catalog, id, publishing.NewView{Name: "s", Content: catalog.ViewContent{Template: `{"Head":{},"Body":[]}`}})
	if err != nil {
		t.Fatal(err)
	}
	update := func(text string) {
		t.Helper()
		if err := publishing.UpdateModule(ctx, f.Catalog, id, m.ID, contents.Live, new(returns(text)), nil); err != nil {
			t.Fatal(err)
		}
		if err := publishing.UpdateView(ctx, f.Catalog, id, v.ID, catalog.ViewContent{Template: `{"Head":{"Title":"` + text + `"},"Body":[]}`}, false); err != nil {
			t.Fatal(err)
		}
	}
	want := func(when string, n int) {
		t.Helper()
		modules, views := f.count(t, id, center.KindFlowVersion)-flows, f.count(t, id, center.KindViewVersion)
		if modules != n || views != n {
			t.Errorf("%s: %d contents of the module and %d of the view; want %d", when, modules, views, n)
		}
	}
	update("1")
	if _, _, err := publishing.CreateVersion[*catalog.Module](ctx, f.Catalog, id, m.ID, publishing.NewVersion{}); err != nil {
		t.Fatal(err)
	}
	if _, _, err := publishing.CreateVersion[*catalog.View](ctx, f.Catalog, id, v.ID, publishing.NewVersion{}); err != nil {
		t.Fatal(err)
	}
	update("2")
	want("while chats may need them", 3)
	f.now = f.now.Add(9 * 24 * time.Hour)
	update("3")
	want("nine days later", 3) // the version, "2" that was just replaced, and "3"
	if err := publishing.DeleteVersion[*catalog.Module](ctx, f.Catalog, id, m.ID, 1); err != nil {
		t.Fatal(err)
	}
	if err := publishing.DeleteVersion[*catalog.View](ctx, f.Catalog, id, v.ID, 1); err != nil {
		t.Fatal(err)
	}
	f.now = f.now.Add(7 * 24 * time.Hour)
	update("3")
	want("a week after the version went", 3)
	f.now = f.now.Add(2 * 24 * time.Hour)
	update("3")
	want("nine days after the version went", 1)
	if snap, err := f.Snapshot(ctx, string(id)); err != nil || len(catalog.All[*catalog.View](snap)[0].Actions) != 1 {
		t.Errorf("actions of contents that are gone are kept: %v, %v", catalog.All[*catalog.View](snap)[0].Actions, err)
	}
	if err := publishing.Delete[*catalog.Module](ctx, f.Catalog, id, m.ID); err != nil {
		t.Fatal(err)
	}
	if err := publishing.Delete[*catalog.View](ctx, f.Catalog, id, v.ID); err != nil {
		t.Fatal(err)
	}
	want("deleted", 1)
	f.now = f.now.Add(9 * 24 * time.Hour)
	f.flow(t, id, "other", says("x"))
	f.module(t, id, "other", returns("x"))
	if err := publishing.UpdateModule(ctx, f.Catalog, id, catalog.All[*catalog.Module](must(f.Snapshot(ctx, string(id))))[0].ID, contents.Live, new(returns("y")), nil); err != nil {
		t.Fatal(err)
	}
	if n := f.count(t, id, center.KindViewVersion); n != 0 {
		t.Errorf("%d contents of views long after theirs was deleted", n)
	}
	snap := must(f.again(catalog.Limits{}).Snapshot(ctx, string(id)))
	for _, deleted := range []string{string(m.ID), string(v.ID)} {
		if _, ok := snap.Buried(deleted); ok {
			t.Errorf("a tombstone of %s is left", deleted)
		}
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
	f := newFixture(t, catalog.Limits{})
	ctx := t.Context()
	id := f.instance(t, "acme")
	snap := must(f.Snapshot(ctx, string(id)))
	basic := catalog.All[*catalog.Hours](snap)[0]
	q, err := queueing.CreateQueue(ctx, f.Catalog, id, queueing.NewQueue{Name: "q", Hours: basic.ID, MaxContacts: new(int32(2))})
	if err != nil {
		t.Fatal(err)
	}
	arn := testPartition.ARN(id, center.KindQueue, string(q.ID))
	for _, ref := range []string{string(q.ID), arn} {
		got, err := f.Queue(id, ref)
		if want := (flow.Queue{ID: q.ID, ARN: arn, Name: "q", Hours: string(basic.ID), Max: 2}); err != nil || got != want {
			t.Errorf("Queue(%s) = %+v, %v; want %+v", ref, got, err, want)
		}
	}
	if err := queueing.UpdateQueue(ctx, f.Catalog, id, q.ID, queueing.QueueChange{Disabled: new(true), MaxContacts: new((*int32)(nil))}); err != nil {
		t.Fatal(err)
	}
	if got, err := f.Queue(id, string(q.ID)); err != nil || !got.Disabled || got.Max != -1 {
		t.Errorf("the closed queue is %+v, %v", got, err)
	}
	for _, ref := range []string{"", "x", "agent/x", testPartition.ARN(id, center.KindQueue, "agent/x"), strings.Replace(arn, "1234", "9", 1)} {
		_, err := f.Queue(id, ref)
		wantReason(t, "Queue("+ref+")", err, center.NotFound)
	}

	monday := time.Date(2026, 1, 5, 15, 0, 0, 0, time.UTC) // ten in New York
	for _, ref := range []string{string(basic.ID), testPartition.ARN(id, center.KindHours, string(basic.ID))} {
		if got, err := f.Hours(id, ref, monday); err != nil || !got.Open || got.Override != "" {
			t.Errorf("Hours(%s) = %+v, %v", ref, got, err)
		}
	}
	if _, err := queueing.AddOverride(ctx, f.Catalog, id, basic.ID, hours.Override{Name: "holiday", Type: hours.Closed, From: "2026-01-05", Till: "2026-01-05"}); err != nil {
		t.Fatal(err)
	}
	if got, err := f.Hours(id, string(basic.ID), monday); err != nil || got.Open || got.Override != "holiday" {
		t.Errorf("on the holiday Hours = %+v, %v", got, err)
	}
	_, err = f.Hours(id, "x", monday)
	wantReason(t, "Hours", err, center.NotFound)

	d, flowID, err := f.Default(id, "CUSTOMER_QUEUE")
	if err != nil || d == nil || flowID == "" {
		t.Errorf("Default = %v, %v", d, err)
	}
	if _, err := f.Content(flowID, d.Hash); err != nil {
		t.Errorf("the content of the default flow: %v", err)
	}
	_, _, err = f.Default(id, "CAMPAIGN")
	wantReason(t, "Default", err, center.NotFound)

	for _, ref := range []string{"form", "form:Latest", "form:1", "arn:aws:connect:us-west-2:aws:view/form:1"} {
		got, err := f.FindView(id, ref)
		if err != nil || got.ID != "form" || got.ARN != "arn:aws:connect:us-east-1:aws:view/form" || got.Version != 1 || !slices.Contains(got.Actions, "Next") || got.Hash == "" {
			t.Errorf("FindView(%s) = %+v, %v", ref, got, err)
		}
	}
	v, err := publishing.CreateView(ctx, f.Catalog, id, publishing.NewView{Name: "s", Content: catalog.ViewContent{Template: `{}`, Actions: []string{"a"}}, Draft: true})
	if err != nil {
		t.Fatal(err)
	}
	for ref, want := range map[string]center.Reason{string(v.ID): center.NotPublished, string(v.ID) + ":$SAVED": center.BadRequest, string(v.ID) + ":1": center.NotFound, "forms": center.NotFound, "form:2": center.NotFound, "form:x": center.Invalid} {
		_, err := f.FindView(id, ref)
		wantReason(t, "FindView("+ref+")", err, want)
	}

	const unknown = center.InstanceID("x")
	for what, err := range map[string]error{
		"Queue": second(f.Queue(unknown, string(q.ID))), "Hours": second(f.Hours(unknown, string(basic.ID), monday)), "FindView": second(f.FindView(unknown, "form")),
		"LambdaAllowed": f.LambdaAllowed(unknown, "f"), "BotAllowed": f.BotAllowed(unknown, "b"),
	} {
		wantReason(t, what+" of an unknown instance", err, center.NotFound)
	}
}

func second[T any](_ T, err error) error { return err }

func TestFunctionsAndBotsThatFlowsMayUse(t *testing.T) {
	f := newFixture(t, catalog.Limits{})
	ctx := t.Context()
	id := f.instance(t, "acme")
	const function, alias = "arn:aws:lambda:us-east-1:123456789012:function:", "arn:aws:lex:us-east-1:123456789012:bot-alias/B/A"
	for _, a := range []catalog.Association{
		{Type: catalog.Functions, Value: function + "open"}, {Type: catalog.Functions, Value: function + "one:prod"}, {Type: catalog.BotsV2, Value: alias}, {Type: catalog.BotsV1, Value: "Trip", Place: "us-east-1"},
	} {
		if err := setup.Associate(ctx, f.Catalog, id, a); err != nil {
			t.Fatal(err)
		}
	}
	for ref, want := range map[string]bool{
		function + "open": true, function + "open:prod": true, function + "open:3": true, "open": true, function + "one:prod": true,
		function + "one": false, function + "one:test": false, "one": false, function + "two": false, "": false, "pen": false,
	} {
		if got := f.LambdaAllowed(id, ref) == nil; got != want {
			t.Errorf("LambdaAllowed(%q) is %v; want %v", ref, got, want)
		}
	}
	for ref, want := range map[string]bool{alias: true, "Trip": true, alias + "B": false, "Trap": false, "": false} {
		if got := f.BotAllowed(id, ref) == nil; got != want {
			t.Errorf("BotAllowed(%q) is %v; want %v", ref, got, want)
		}
	}
	dev := f.again(catalog.Limits{}, func(c *catalog.Config) { c.Unassociated = true })
	if err := dev.Prepare(ctx, id); err != nil {
		t.Fatal(err)
	}
	if err := dev.LambdaAllowed(id, function+"two"); err != nil {
		t.Errorf("in development mode: %v", err)
	}
	if err := dev.BotAllowed(id, "Trap"); err != nil {
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
	f := newFixture(t, catalog.Limits{})
	ctx := t.Context()
	id := f.instance(t, "acme")
	create := func(name, content string, draft bool) error {
		_, err := publishing.CreateFlow(ctx, f.Catalog, id, publishing.NewFlow{Name: name, Type: catalog.TypeInbound, Content: content, Draft: draft})
		return err
	}
	if err := create("lenient", naming, false); err != nil {
		t.Fatalf("without the check: %v", err)
	}
	f.Catalog = f.again(catalog.Limits{}, func(c *catalog.Config) { c.CheckReferences = true })
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
		if !strings.HasPrefix(e.Problems[i], "Invalid Action property value. Path: "+want+": ") || len([]rune(e.Problems[i])) > 256 {
			t.Errorf("problem %q; want one about %s", e.Problems[i], want)
		}
	}
	both := strings.Replace(strings.Replace(naming, "CheckHoursOfOperation", "Nonsense", 1), "no-queue", strings.Repeat("q", 300), 1)
	err = publishing.UpdateFlow(ctx, f.Catalog, id, catalog.All[*catalog.Flow](must(f.Snapshot(ctx, string(id))))[0].ID, contents.Live, both)
	wantReason(t, "an update", err, center.InvalidFlow)
	if e, ok := err.(*center.Error); !ok || len(e.Problems) < 8 || !strings.Contains(strings.Join(e.Problems, "\n"), "Invalid Action type") {
		t.Errorf("problems %q; want those of the document and of its references", e.Problems)
	}

	// With what it names, it can be published.
	snap := must(f.Snapshot(ctx, string(id)))
	target := f.flow(t, id, "target", says("x"))
	m := f.module(t, id, "m", returns("x"))
	const function, bot = "arn:aws:lambda:us-east-1:123456789012:function:none", "arn:aws:lex:us-east-1:123456789012:bot-alias/NO/BOT"
	for _, a := range []catalog.Association{{Type: catalog.Functions, Value: function}, {Type: catalog.BotsV2, Value: bot}} {
		if err := setup.Associate(ctx, f.Catalog, id, a); err != nil {
			t.Fatal(err)
		}
	}
	good := strings.NewReplacer("no-queue", string(catalog.All[*catalog.Queue](snap)[0].ID), "no-hours", snap.ARNOf(catalog.All[*catalog.Hours](snap)[0]), "no-flow", string(target.ID), "no-hook", snap.ARNOf(target),
		"no-module", string(m.ID), "no-view", "form").Replace(naming)
	if err := create("good", good, false); err != nil {
		t.Errorf("a flow that names what there is: %v", err)
	}
	if list := publishing.References(good); len(list) != 8 || list[0] != (publishing.Reference{Action: "queue", Path: "Actions[0].Parameters.QueueId", Kind: center.KindQueue, Value: string(catalog.All[*catalog.Queue](snap)[0].ID)}) {
		t.Errorf("References = %+v", list)
	}
	if list := publishing.References("no JSON"); list != nil {
		t.Errorf("References of no JSON = %+v", list)
	}
}

// TestContentAndSettingsAreBothKept updates one from one process and the other
// from another, at once.
func TestContentAndSettingsAreBothKept(t *testing.T) {
	f := newFixture(t, catalog.Limits{})
	ctx := t.Context()
	id := f.instance(t, "acme")
	m := f.module(t, id, "m", returns("0"))
	other := f.again(catalog.Limits{})
	const settings = `{"InputParameters":[{"Name":"who"}]}`
	won := race(2, func(i int) error {
		if i == 0 {
			return publishing.UpdateModule(ctx, f.Catalog, id, m.ID, contents.Live, new(returns("1")), nil)
		}
		return publishing.UpdateModule(ctx, other, id, m.ID, contents.Live, nil, new(settings))
	})
	c := f.again(catalog.Limits{})
	snap := must(c.Snapshot(ctx, string(id)))
	text, hash, err := c.Text(ctx, catalog.All[*catalog.Module](snap)[0], contents.Live)
	if err != nil || won != 2 || text.Content != returns("1") || text.Settings != settings {
		t.Errorf("%d updates succeeded; the module is %+v, %v", won, text, err)
	}
	if run, _, err := c.Module(id, string(m.ID)); err != nil || run.Hash != hash {
		t.Errorf("Module = %v, %v; want the content with the hash %s", run, err, hash)
	}
}

// TestReadersSeeWholeChanges reads while others write: a module's alias always
// leads to a version that is there.
func TestReadersSeeWholeChanges(t *testing.T) {
	f := newFixture(t, catalog.Limits{FlowVersions: 100})
	ctx := t.Context()
	id := f.instance(t, "acme")
	m := f.module(t, id, "m", returns("0"))
	if _, _, err := publishing.CreateVersion[*catalog.Module](ctx, f.Catalog, id, m.ID, publishing.NewVersion{}); err != nil {
		t.Fatal(err)
	}
	alias, err := publishing.CreateAlias[*catalog.Module](ctx, f.Catalog, id, m.ID, publishing.NewAlias{Name: "prod", Version: 1})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	var readers sync.WaitGroup
	for range 3 {
		readers.Go(func() {
			for {
				if _, _, err := f.Module(id, string(m.ID)+":prod"); err != nil {
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
		if err := publishing.UpdateModule(ctx, f.Catalog, id, m.ID, contents.Live, new(returns(fmt.Sprint(i+1))), nil); err != nil {
			t.Fatal(err)
		}
		_, n, err := publishing.CreateVersion[*catalog.Module](ctx, f.Catalog, id, m.ID, publishing.NewVersion{})
		if err != nil {
			t.Fatal(err)
		}
		if err := publishing.UpdateAlias[*catalog.Module](ctx, f.Catalog, id, m.ID, alias.ID, publishing.AliasChange{Version: &n}); err != nil {
			t.Fatal(err)
		}
		if err := publishing.DeleteVersion[*catalog.Module](ctx, f.Catalog, id, m.ID, n-1); err != nil {
			t.Fatal(err)
		}
	}
	close(done)
	readers.Wait()
}
