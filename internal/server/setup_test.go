package server_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"parley.example/parley/api/connect"
	"parley.example/parley/api/participant"
	"parley.example/parley/internal/server"
	"parley.example/parley/internal/server/servertest"
)

// advisor names what an administrator has set up: a module, hours, a view and a queue.
const advisor = `{"Version":"2019-10-30","StartAction":"module","Actions":[
 {"Identifier":"module","Type":"InvokeFlowModule","Parameters":{"FlowModuleId":"MODULE:prod"},"Transitions":{"NextAction":"hours","Errors":[{"NextAction":"failed","ErrorType":"NoMatchingError"}]}},
 {"Identifier":"hours","Type":"CheckHoursOfOperation","Parameters":{"HoursOfOperationId":"HOURS"},"Transitions":{"NextAction":"failed","Conditions":[{"NextAction":"view","Condition":{"Operator":"Equals","Operands":["True"]}},{"NextAction":"closed","Condition":{"Operator":"Equals","Operands":["False"]}}],"Errors":[{"NextAction":"failed","ErrorType":"NoMatchingError"}]}},
 {"Identifier":"view","Type":"ShowView","Parameters":{"ViewResource":{"Id":"VIEW","Version":"Latest"},"InvocationTimeLimitSeconds":"600","ViewData":{"Question":"Whom do you want to speak to?"}},"Transitions":{"NextAction":"failed","Conditions":[{"NextAction":"name","Condition":{"Operator":"Equals","Operands":["Go on"]}}],"Errors":[{"NextAction":"failed","ErrorType":"NoMatchingCondition"},{"NextAction":"failed","ErrorType":"NoMatchingError"},{"NextAction":"failed","ErrorType":"TimeLimitExceeded"}]}},
 {"Identifier":"name","Type":"MessageParticipant","Parameters":{"Text":"You chose $.Views.ViewResultData.whom."},"Transitions":{"NextAction":"target","Errors":[{"NextAction":"failed","ErrorType":"NoMatchingError"}]}},
 {"Identifier":"target","Type":"UpdateContactTargetQueue","Parameters":{"QueueId":"QUEUE"},"Transitions":{"NextAction":"queue","Errors":[{"NextAction":"failed","ErrorType":"NoMatchingError"}]}},
 {"Identifier":"queue","Type":"TransferContactToQueue","Parameters":{},"Transitions":{"NextAction":"failed","Errors":[{"NextAction":"full","ErrorType":"QueueAtCapacity"},{"NextAction":"failed","ErrorType":"NoMatchingError"}]}},
 {"Identifier":"full","Type":"MessageParticipant","Parameters":{"Text":"Everybody is busy."},"Transitions":{"NextAction":"wait","Errors":[{"NextAction":"failed","ErrorType":"NoMatchingError"}]}},
 {"Identifier":"closed","Type":"MessageParticipant","Parameters":{"Text":"We are closed."},"Transitions":{"NextAction":"wait","Errors":[{"NextAction":"failed","ErrorType":"NoMatchingError"}]}},
 {"Identifier":"failed","Type":"MessageParticipant","Parameters":{"Text":"Something failed."},"Transitions":{"NextAction":"wait","Errors":[{"NextAction":"wait","ErrorType":"NoMatchingError"}]}},
 {"Identifier":"wait","Type":"Wait","Parameters":{"TimeLimitSeconds":"604800"},"Transitions":{"NextAction":"end","Conditions":[{"NextAction":"end","Condition":{"Operator":"Equals","Operands":["WaitCompleted"]}}],"Errors":[{"NextAction":"end","ErrorType":"NoMatchingError"}]}},
 {"Identifier":"end","Type":"DisconnectParticipant","Parameters":{},"Transitions":{}}]}`

const greetings = `{"Version":"2019-10-30","StartAction":"a","Settings":{},"Actions":[
 {"Identifier":"a","Type":"MessageParticipant","Parameters":{"Text":"Greetings, version %d."},"Transitions":{"NextAction":"b","Errors":[{"NextAction":"b","ErrorType":"NoMatchingError"}]}},
 {"Identifier":"b","Type":"EndFlowModuleExecution","Parameters":{},"Transitions":{}}]}`

const choice = `{"Head":{"Title":"Choice","Configuration":{}},"Body":[{"_id":"c","Type":"Container","Props":{},"Content":[{"_id":"t","Type":"TextBox","Props":{},"Content":["$.Question"]},{"_id":"b","Type":"Button","Props":{"Action":"Go on"},"Content":["Go on"]}]}]}`

// answer checks a call that has to succeed and gives its answer.
func answer[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// shownView waits for the view that a flow shows and returns its token.
func shownView(t *testing.T, s *servertest.Server, c *servertest.Chat) string {
	t.Helper()
	token := ""
	eventually(t, "a view", func() bool {
		for _, text := range c.Texts() {
			var m struct {
				TemplateType string
				Data         struct {
					Content struct {
						ViewToken string
						ViewData  map[string]any
					}
				}
			}
			if json.Unmarshal([]byte(text), &m) == nil && m.TemplateType == "ViewResource" {
				if got := fmt.Sprint(m.Data.Content.ViewData); got != "map[Question:Whom do you want to speak to?]" {
					t.Errorf("the view is shown with %s", got)
				}
				token = m.Data.Content.ViewToken
			}
		}
		return token != ""
	})
	return token
}

// TestFlowUsesResources sets up what a flow names through the API of
// administrators, and has customers go through it.
func TestFlowUsesResources(t *testing.T) {
	s := servertest.Start(t)
	ctx, instance := t.Context(), s.Instance(t)
	module := *answer[*connect.CreateContactFlowModuleResponse](t)(s.Connect.CreateContactFlowModule(ctx, &connect.CreateContactFlowModuleRequest{
		InstanceId: instance, Name: "Greetings", Content: fmt.Sprintf(greetings, 1),
	})).Id
	answer[*connect.CreateContactFlowModuleVersionResponse](t)(s.Connect.CreateContactFlowModuleVersion(ctx, &connect.CreateContactFlowModuleVersionRequest{InstanceId: instance, ContactFlowModuleId: module}))
	answer[*connect.CreateContactFlowModuleAliasResponse](t)(s.Connect.CreateContactFlowModuleAlias(ctx, &connect.CreateContactFlowModuleAliasRequest{
		InstanceId: instance, ContactFlowModuleId: module, ContactFlowModuleVersion: 1, AliasName: "prod",
	}))
	answer[*connect.UpdateContactFlowModuleContentResponse](t)(s.Connect.UpdateContactFlowModuleContent(ctx, &connect.UpdateContactFlowModuleContentRequest{
		InstanceId: instance, ContactFlowModuleId: module, Content: new(fmt.Sprintf(greetings, 2)),
	}))
	var week []connect.HoursOfOperationConfig
	for _, day := range []connect.HoursOfOperationDays{"SUNDAY", "MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY"} {
		week = append(week, connect.HoursOfOperationConfig{Day: day, StartTime: &connect.HoursOfOperationTimeSlice{}, EndTime: &connect.HoursOfOperationTimeSlice{}})
	}
	hours := *answer[*connect.CreateHoursOfOperationResponse](t)(s.Connect.CreateHoursOfOperation(ctx, &connect.CreateHoursOfOperationRequest{
		InstanceId: instance, Name: "Always", TimeZone: "Pacific/Auckland", Config: week,
	})).HoursOfOperationId
	view := *answer[*connect.CreateViewResponse](t)(s.Connect.CreateView(ctx, &connect.CreateViewRequest{
		InstanceId: instance, Name: "Choice", Status: connect.ViewStatusPUBLISHED, Content: &connect.ViewInputContent{Template: new(choice), Actions: []string{"Go on"}},
	})).View.Id
	queue := *answer[*connect.CreateQueueResponse](t)(s.Connect.CreateQueue(ctx, &connect.CreateQueueRequest{
		InstanceId: instance, Name: "Advice", HoursOfOperationId: hours, MaxContacts: new(int32(1)),
	})).QueueId
	flow := s.Flow(t, "Advisor", strings.NewReplacer("MODULE", module, "HOURS", hours, "VIEW", view, "QUEUE", queue).Replace(advisor))

	begin := func() *servertest.Chat {
		return s.Chat(t, func(in *connect.StartChatContactRequest) {
			in.ContactFlowId = flow
			in.SupportedMessagingContentTypes = []string{"text/plain", "application/vnd.amazonaws.connect.message.interactive", "application/vnd.amazonaws.connect.message.interactive.response"}
		})
	}
	choose := func(c *servertest.Chat) {
		t.Helper()
		shownView(t, s, c)
		_, err := s.Participant.SendMessage(ctx, &participant.SendMessageRequest{
			ConnectionToken: c.Bearer, ContentType: "application/vnd.amazonaws.connect.message.interactive.response",
			Content: `{"templateType":"ViewResource","version":"1.0","action":"Go on","data":{"whom":"Eve"}}`,
		})
		if err != nil {
			t.Fatal(err)
		}
		eventually(t, "the answer to the choice", func() bool { return slices.Contains(c.Texts(), "You chose Eve.") })
	}
	says := func(c *servertest.Chat, text string) {
		t.Helper()
		eventually(t, text, func() bool { return slices.Contains(c.Texts(), text) })
	}

	first := begin()
	says(first, "Greetings, version 1.")
	token := shownView(t, s, first)
	// The view changes while the customer looks at it.
	answer[*connect.UpdateViewContentResponse](t)(s.Connect.UpdateViewContent(ctx, &connect.UpdateViewContentRequest{
		InstanceId: instance, ViewId: view, Status: connect.ViewStatusPUBLISHED, Content: &connect.ViewInputContent{Template: new(`{"Head":{"Configuration":{}},"Body":[]}`), Actions: []string{"Go on"}},
	}))
	shown := answer[*participant.DescribeViewResponse](t)(s.Participant.DescribeView(ctx, &participant.DescribeViewRequest{ConnectionToken: first.Bearer, ViewToken: token})).View
	if *shown.Id != view || *shown.Name != "Choice" || *shown.Content.Template != choice || !slices.Equal(shown.Content.Actions, []string{"Go on"}) {
		t.Errorf("DescribeView = %+v %+v; want what was shown", shown, shown.Content)
	}
	choose(first)
	eventually(t, "the contact to wait", func() bool {
		c := answer[*connect.DescribeContactResponse](t)(s.Connect.DescribeContact(ctx, &connect.DescribeContactRequest{InstanceId: instance, ContactId: first.Contact})).Contact
		return c.QueueInfo != nil && *c.QueueInfo.Id == queue
	})
	if _, err := s.Connect.DeleteQueue(ctx, &connect.DeleteQueueRequest{InstanceId: instance, QueueId: queue}); err == nil {
		t.Error("a queue in which a contact waits was deleted")
	}
	second := begin()
	choose(second)
	says(second, "Everybody is busy.")

	// After the first has gone there is room, but then the office closes.
	first.Stop()
	third := begin()
	shownView(t, s, third)
	choose(third)
	eventually(t, "the third to wait", func() bool {
		c := answer[*connect.DescribeContactResponse](t)(s.Connect.DescribeContact(ctx, &connect.DescribeContactRequest{InstanceId: instance, ContactId: third.Contact})).Contact
		return c.QueueInfo != nil
	})
	answer[*connect.CreateHoursOfOperationOverrideResponse](t)(s.Connect.CreateHoursOfOperationOverride(ctx, &connect.CreateHoursOfOperationOverrideRequest{
		InstanceId: instance, HoursOfOperationId: hours, Name: "Moving", OverrideType: connect.OverrideTypeCLOSED, EffectiveFrom: "2000-01-01", EffectiveTill: "2999-12-31", Config: []connect.HoursOfOperationOverrideConfig{},
	}))
	says(begin(), "We are closed.")
}

// TestCheckReferences refuses to publish what names nothing, when it is told to.
func TestCheckReferences(t *testing.T) {
	flow := strings.NewReplacer("MODULE:prod", "module", "HOURS", "hours", "VIEW", "form", "QUEUE", "queue").Replace(advisor)
	for check, want := range map[bool]int{false: 0, true: 3} {
		s := servertest.Start(t, func(c *server.Config) { c.CheckReferences = check })
		_, err := s.Connect.CreateContactFlow(t.Context(), &connect.CreateContactFlowRequest{
			InstanceId: s.Instance(t), Name: "Advisor", Type: connect.ContactFlowTypeCONTACT_FLOW, Content: flow,
		})
		invalid, _ := errors.AsType[*connect.InvalidContactFlowException](err)
		if want == 0 && err != nil || want > 0 && (invalid == nil || len(invalid.Problems) != want) {
			t.Errorf("with the check %v: %v %+v; want %d problems", check, err, invalid, want)
		}
	}
}

// TestProfilesNeedALoopbackAddress refuses to serve profiles where others could reach them.
func TestProfilesNeedALoopbackAddress(t *testing.T) {
	for addr, good := range map[string]bool{"127.0.0.1:6060": true, "0.0.0.0:6060": false} {
		c := server.Config{Dev: true, Pprof: addr}
		if err := c.Check(); (err == nil) != good {
			t.Errorf("Check with pprof %q = %v; want good %v", addr, err, good)
		}
	}
}

// TestAssistantSessions: CreateWisdomSession fails, unless its sessions are to be made up.
func TestAssistantSessions(t *testing.T) {
	const flow = `{"Version":"2019-10-30","StartAction":"a","Actions":[
		{"Identifier":"a","Type":"CreateWisdomSession","Parameters":{"WisdomAssistantArn":"arn:aws:wisdom:us-east-1:123456789012:assistant/a1"},"Transitions":{"NextAction":"s","Errors":[{"NextAction":"n","ErrorType":"NoMatchingError"}]}},
		{"Identifier":"s","Type":"UpdateContactData","Parameters":{"WisdomSessionArn":"$.Wisdom.SessionArn"},"Transitions":{"NextAction":"y","Errors":[{"NextAction":"n","ErrorType":"NoMatchingError"}]}},
		{"Identifier":"y","Type":"MessageParticipant","Parameters":{"Text":"$.Wisdom.SessionArn"},"Transitions":{"NextAction":"x"}},
		{"Identifier":"n","Type":"MessageParticipant","Parameters":{"Text":"There is no assistant."},"Transitions":{"NextAction":"x"}},
		{"Identifier":"x","Type":"Wait","Parameters":{"TimeLimitSeconds":"600"},"Transitions":{"NextAction":"e","Conditions":[{"NextAction":"e","Condition":{"Operator":"Equals","Operands":["WaitCompleted"]}}],"Errors":[{"NextAction":"e","ErrorType":"NoMatchingError"}]}},
		{"Identifier":"e","Type":"DisconnectParticipant","Parameters":{},"Transitions":{}}]}`
	for made, want := range map[bool]string{false: "There is no assistant.", true: "arn:aws:wisdom:us-east-1:123456789012:session/a1/"} {
		s := servertest.Start(t, func(c *server.Config) { c.AssistantSessions = made })
		id := s.Flow(t, "assistant", flow)
		said := s.Chat(t, func(r *connect.StartChatContactRequest) { r.ContactFlowId = id }).Texts()
		if len(said) != 1 || !strings.HasPrefix(said[0], want) {
			t.Errorf("with sessions that are made up %v the flow said %q; want %q", made, said, want)
		}
	}
}
