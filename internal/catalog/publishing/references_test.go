package publishing_test

import (
	"strings"
	"testing"

	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/catalog/catalogtest"
	"parley.example/parley/internal/catalog/contents"
	"parley.example/parley/internal/catalog/publishing"
	"parley.example/parley/internal/catalog/setup"
	"parley.example/parley/internal/center"
)

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
	f := catalogtest.New(t, catalog.Limits{})
	ctx := t.Context()
	id := f.NewInstance(t, "acme")
	create := func(name, content string, draft bool) error {
		_, err := publishing.CreateFlow(ctx, f.Catalog, id, publishing.NewFlow{Name: name, Type: catalog.TypeInbound, Content: content, Draft: draft})
		return err
	}
	if err := create("lenient", naming, false); err != nil {
		t.Fatalf("without the check: %v", err)
	}
	f.Catalog = f.Again(catalog.Limits{}, func(c *catalog.Config) { c.CheckReferences = true })
	if err := create("draft", naming, true); err != nil {
		t.Errorf("a draft: %v", err)
	}
	err := create("strict", naming, false)
	catalogtest.WantReason(t, "a flow that names nothing", err, center.InvalidFlow)
	e, ok := err.(*center.Error)
	if !ok || len(e.Problems) != 8 {
		t.Fatalf("problems %q; want all eight at once", e.Problems)
	}
	for i, want := range []string{
		"queue] Actions[0].Parameters.QueueId", "hours] Actions[2].Parameters.HoursOfOperationId", "flow] Actions[3].Parameters.ContactFlowId",
		"hook] Actions[4].Parameters.EventHooks.CustomerQueue", "function] Actions[5].Parameters.LambdaFunctionARN",
		"module] Actions[6].Parameters.FlowModuleId", "view] Actions[7].Parameters.ViewResource.Id", "bot] Actions[8].Parameters.LexV2Bot.AliasArn",
	} {
		_, path, _ := strings.Cut(want, " ")
		if e.Problems[i] != "Invalid Action property value. Path: "+path {
			t.Errorf("problem %q; want one about %s, in the words of the service", e.Problems[i], want)
		}
		if why := "[" + want + ": "; i < 4 && !strings.Contains(e.Message, why) { // the message has room for some
			t.Errorf("the message %q does not have %q", e.Message, why)
		}
	}
	both := strings.Replace(strings.Replace(naming, "CheckHoursOfOperation", "Nonsense", 1), "no-queue", strings.Repeat("q", 300), 1)
	err = publishing.UpdateFlow(ctx, f.Catalog, id, catalog.All[*catalog.Flow](catalogtest.Must(f.Snapshot(ctx, string(id))))[0].ID, contents.Live, both)
	catalogtest.WantReason(t, "an update", err, center.InvalidFlow)
	if e, ok := err.(*center.Error); !ok || len(e.Problems) < 8 || !strings.Contains(strings.Join(e.Problems, "\n"), "Invalid Action type") {
		t.Errorf("problems %q; want those of the document and of its references", e.Problems)
	}

	// With what it names, it can be published.
	snap := catalogtest.Must(f.Snapshot(ctx, string(id)))
	target := f.NewFlow(t, id, "target", catalogtest.Says("x"))
	m := f.NewModule(t, id, "m", catalogtest.Returns("x"))
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
	// A version or an alias of it has to be there, and a draft does not do: no chat comes to one.
	for _, err := range []error{
		third(publishing.CreateVersion[*catalog.Flow](ctx, f.Catalog, id, target.ID, publishing.NewVersion{})), third(publishing.CreateVersion[*catalog.Module](ctx, f.Catalog, id, m.ID, publishing.NewVersion{})),
		second(publishing.CreateAlias[*catalog.Flow](ctx, f.Catalog, id, target.ID, publishing.NewAlias{Name: "prod", Version: 1})), second(publishing.CreateAlias[*catalog.Module](ctx, f.Catalog, id, m.ID, publishing.NewAlias{Name: "prod", Version: 1})),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for qualifier, there := range map[string]bool{":1": true, ":prod": true, ":$LATEST": true, ":2": false, ":nobody": false, ":$SAVED": false} {
		content := strings.NewReplacer(string(target.ID), string(target.ID)+qualifier, string(m.ID), string(m.ID)+qualifier).Replace(good)
		err := create("with "+qualifier, content, false)
		if there {
			if err != nil {
				t.Errorf("a flow that names %s: %v", qualifier, err)
			}
			continue
		}
		catalogtest.WantReason(t, "a flow that names "+qualifier, err, center.InvalidFlow)
		if e, ok := err.(*center.Error); ok && len(e.Problems) != 3 {
			t.Errorf("%s: problems %q; want those of the transfer, the hook and the module", qualifier, e.Problems)
		}
	}
	if list := publishing.References("no JSON"); list != nil {
		t.Errorf("References of no JSON = %+v", list)
	}
}

func second[A any](_ A, err error) error { return err }

func third[A, B any](_ A, _ B, err error) error { return err }
