package server_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"parley.example/parley/api/connect"
	"parley.example/parley/internal/server/servertest"
)

// spoken is a flow that says a text, and says it anew whenever the customer writes.
func spoken(text string) string {
	const action = `{"Identifier":%q,"Type":%q,"Parameters":{%s},"Transitions":{%s}}`
	return `{"Version":"2019-10-30","StartAction":"a","Actions":[` + strings.Join([]string{
		fmt.Sprintf(action, "a", "MessageParticipant", fmt.Sprintf(`"Text":%q`, text), `"NextAction":"b","Errors":[{"NextAction":"b","ErrorType":"NoMatchingError"}]`),
		fmt.Sprintf(action, "b", "Wait", `"TimeLimitSeconds":"3600","Events":["CustomerReturned"]`,
			`"NextAction":"d","Conditions":[{"NextAction":"d","Condition":{"Operator":"Equals","Operands":["WaitCompleted"]}},{"NextAction":"c","Condition":{"Operator":"Equals","Operands":["CustomerReturned"]}}],"Errors":[{"NextAction":"d","ErrorType":"NoMatchingError"}]`),
		fmt.Sprintf(action, "c", "MessageParticipant", fmt.Sprintf(`"Text":"still %s"`, text), `"NextAction":"b","Errors":[{"NextAction":"b","ErrorType":"NoMatchingError"}]`),
		fmt.Sprintf(action, "d", "DisconnectParticipant", "", "")}, ",") + `]}`
}

// leading is a flow that transfers to another.
func leading(to string) string {
	return `{"Version":"2019-10-30","StartAction":"a","Actions":[
		{"Identifier":"a","Type":"TransferToFlow","Parameters":{"ContactFlowId":"` + to + `"},"Transitions":{"NextAction":"b","Errors":[{"NextAction":"b","ErrorType":"NoMatchingError"}]}},
		{"Identifier":"b","Type":"DisconnectParticipant","Parameters":{},"Transitions":{}}]}`
}

// TestChatsByAlias: a chat that came to a flow by an alias, at its start or by
// TransferToFlow, goes on with that content when the alias moves and when the
// server starts anew; a chat that comes later gets the other content.
func TestChatsByAlias(t *testing.T) {
	dir := t.TempDir()
	s := servertest.Start(t, servertest.Production(dir))
	ctx, instance := t.Context(), s.Instance(t)
	flow := s.Flow(t, "Shop", spoken("one"))
	must := func(_ any, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	version := func() {
		must(s.Connect.CreateContactFlowVersion(ctx, &connect.CreateContactFlowVersionRequest{InstanceId: instance, ContactFlowId: flow}))
	}
	publish := func(text string) {
		must(s.Connect.UpdateContactFlowContent(ctx, &connect.UpdateContactFlowContentRequest{InstanceId: instance, ContactFlowId: flow, Content: spoken(text)}))
	}
	version()
	publish("two")
	version()
	publish("three")
	alias, err := s.Connect.CreateContactFlowAlias(ctx, &connect.CreateContactFlowAliasRequest{InstanceId: instance, ContactFlowId: flow, AliasName: "prod", ContactFlowVersion: 1})
	must(alias, err)
	desk := s.Flow(t, "Desk", leading(*alias.ContactFlowArn))

	by := func(ref string) func(in *connect.StartChatContactRequest) {
		return func(in *connect.StartChatContactRequest) { in.ContactFlowId = ref }
	}
	answers := func(what string, c *servertest.Chat, text string, want ...string) {
		t.Helper()
		socket := c.Socket()
		if text != "" {
			c.Send(text)
		}
		for len(c.Texts()) < len(want) {
			socket.Next()
		}
		if got := c.Texts(); !slices.Equal(got, want) {
			t.Errorf("%s says %q; want %q", what, got, want)
		}
		socket.Close()
	}
	says := func(what string, c *servertest.Chat, want string) {
		t.Helper()
		answers(what, c, "", want)
	}
	old, transferred := s.Chat(t, by(*alias.ContactFlowArn)), s.Chat(t, by(desk))
	says("a chat by alias", old, "one")
	says("a chat that was transferred by alias", transferred, "one")
	says("a chat by version", s.Chat(t, by(flow+":2")), "two")
	says("a chat by the flow alone", s.Chat(t, by(flow)), "three")
	waiting := s.Begin(t, by(flow+":prod"))

	must(s.Connect.UpdateContactFlowAlias(ctx, &connect.UpdateContactFlowAliasRequest{InstanceId: instance, ContactFlowId: flow, AliasId: *alias.Id, ContactFlowVersion: new(int64(2))}))
	must(s.Connect.DeleteContactFlowVersion(ctx, &connect.DeleteContactFlowVersionRequest{InstanceId: instance, ContactFlowId: flow, ContactFlowVersion: 1}))
	s.Stop()
	s = servertest.Start(t, servertest.Production(dir))
	for what, c := range map[string]*servertest.Chat{"the chat by alias": old.On(s), "the chat that was transferred": transferred.On(s)} {
		c.Connect()
		answers(what, c, "Are you there?", "one", "Are you there?", "still one")
	}
	again := waiting.On(s)
	again.Connect()
	says("a chat whose customer came after the alias had moved", again, "two")
	says("a later chat by alias", s.Chat(t, by(flow+":prod")), "two")
	says("a later chat that is transferred by alias", s.Chat(t, by(desk)), "two")
}
