package cli

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"parley.example/parley/api/connect"
	"parley.example/parley/client"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/server/servertest"
)

// lines answers questions: each line is said once the output has the text before
// it, behind what there was when the last one was said.
func (k *talker) lines(pairs ...string) {
	k.t.Helper()
	for i := 0; i < len(pairs); i += 2 {
		k.out.after(k.t, k.seen, pairs[i])
		k.seen = len(k.out.String())
		k.say(pairs[i+1])
	}
}

// develop calls the developer API.
func develop(t *testing.T, s *servertest.Server, path, body string) {
	t.Helper()
	res, err := s.HTTP.Post(s.URL+path, "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusOK {
		t.Fatalf("%s %s = %s", path, body, res.Status)
	}
}

// TestChatAnswersViews goes through the demo's views: a list, a page, a form with
// fields of every kind, and a confirmation that has what was filled in.
func TestChatAnswersViews(t *testing.T) {
	t.Parallel()
	s := servertest.Start(t)
	k := talk(t, "--endpoint", s.URL, "--flow", catalog.DemoViews, "--name", "Bo")
	k.lines(
		"  1  Book a table", "9",
		`"9" is no action of this view`, "see the opening hours",
		"\n| - by tram, line 3\n", "1",
		"Name for the table (required) [Bo]:", "/empty",
		"-- Name for the table is required", "",
		"Guests (a number; required):", "four",
		`-- "four" is no number`, "4",
		"Day (a date as 2026-10-31; required):", "/done",
		"  2  Back", "book the table",
		"-- Day is required for Book the table", "/back",
		"Guests (a number; required) [4]:", "5",
		"Day (", "2026-10-31",
		"Time (a time as 13:00) [19:00]:", "/empty",
		"  2  Inside\n| Where (the number of one) [In the garden]:", "2",
		"  2  Five courses - takes an evening", "",
		"Extras (numbers with commas between them):", "3,1",
		"Anything else? (Allergies, for instance):", "/help",
		"/back asks the field before", "/none",
		"-- /none says nothing about a view", "//none of mine",
		"Choose an action by its number:", "1",
		"Press Enter to choose it:", "",
	)
	if status := k.status(); status != 0 {
		t.Errorf("the chat = %d %s", status, k.errs)
	}
	once(t, k.out.String(), "[shows the view list]", "Bo: See the opening hours\n", "Monday: closed", "Bo: Book a table\n", "\n| Customer: Bo\n",
		"Bo: Book the table\n  Name for the table: Bo\n  Guests: 5\n  Day: 2026-10-31\n  Where: Inside\n  Extras: A birthday cake, A high chair\n  Anything else?: /none of mine\n",
		"Booked: 2026-10-31, for 5", "Bo: Done\n", "Thank you for trying views!", "-- the chat has ended")
}

// TestChatLeavesViews leaves a view, which can be asked again; what is typed
// answers it without an action.
func TestChatLeavesViews(t *testing.T) {
	t.Parallel()
	s := servertest.Start(t)
	k := talk(t, "--endpoint", s.URL, "--flow", catalog.DemoViews)
	k.lines(
		"Choose an action by its number:", "/skip",
		"/form asks it again", "/help",
		"/form asks the view again", "/form",
		"Choose an action by its number:", "/skip",
		"/form asks it again", "what else is there?",
		"Choose an action by its number:", "/leave", // the flow has taken its other branch and shows the list again
	)
	if status := k.status(); status != 0 {
		t.Fatalf("leaving = %d %s", status, k.errs)
	}
	once(t, k.out.String(), "Ana: what else is there?\n", "You wrote instead of choosing")

	// Who comes back is asked the newest view, and none of those before.
	_, back, _ := strings.Cut(k.out.String(), "Rejoin with: parley chat ")
	again := talk(t, strings.Fields(back)...)
	again.lines("Choose an action by its number:", "3")
	if status := again.status(); status != 0 {
		t.Errorf("the chat = %d %s", status, again.errs)
	}
	once(t, again.out.String(), "Ana: what else is there?\n", "Choose an action by its number:", "Ana: Nothing, thank you\n", "-- the chat has ended")
}

// formFlow shows a view of the instance, then says which notes came back.
const formFlow = `{"Version":"2019-10-30","StartAction":"v","Actions":[
	{"Identifier":"v","Type":"ShowView","Parameters":{"ViewResource":{"Id":%q},"InvocationTimeLimitSeconds":"600","ViewData":{"Who":"$.CustomerEndpoint.DisplayName"}},
	 "Transitions":{"NextAction":"m","Conditions":[{"NextAction":"m","Condition":{"Operator":"Equals","Operands":["Send"]}}],
	 "Errors":[{"NextAction":"x","ErrorType":"NoMatchingCondition"},{"NextAction":"x","ErrorType":"NoMatchingError"},{"NextAction":"x","ErrorType":"TimeLimitExceeded"}]}},
	{"Identifier":"m","Type":"MessageParticipant","Parameters":{"Text":"Noted: $.Views.ViewResultData.notes"},"Transitions":{"NextAction":"d","Errors":[{"NextAction":"d","ErrorType":"NoMatchingError"}]}},
	{"Identifier":"x","Type":"MessageParticipant","Parameters":{"Text":"No notes"},"Transitions":{"NextAction":"d","Errors":[{"NextAction":"d","ErrorType":"NoMatchingError"}]}},
	{"Identifier":"d","Type":"DisconnectParticipant","Parameters":{},"Transitions":{}}]}`

// notes makes a view of the instance and a flow that shows it; both ids.
func notes(t *testing.T, s *servertest.Server) (view, flow string) {
	t.Helper()
	out, err := s.Connect.CreateView(t.Context(), &connect.CreateViewRequest{InstanceId: s.Instance(t), Name: "Notes", Status: connect.ViewStatusPUBLISHED,
		Content: &connect.ViewInputContent{Actions: []string{"Send"}, Template: new(`{"Head":{"Configuration":{}},"Body":[{"_id":"f","Type":"Form","Props":{},"Content":[
			{"_id":"t","Type":"TextBox","Props":{},"Content":["Notes of ","$.Who"]},{"_id":"a","Type":"Application","Props":{}},
			{"_id":"n","Type":"TextArea","Props":{"Name":"notes","Label":"Notes"}},{"_id":"s","Type":"SubmitButton","Props":{"Label":"Send them","Action":"Send"}}]}]}`)}})
	if err != nil {
		t.Fatalf("CreateView: %v", err)
	}
	return *out.View.Id, s.Flow(t, "Notes", fmt.Sprintf(formFlow, *out.View.Id))
}

// TestChatViewsThatFail: a view that cannot be fetched can be tried again, though it
// was deleted meanwhile, and an answer that is refused can be made shorter.
func TestChatViewsThatFail(t *testing.T) {
	t.Parallel()
	s := servertest.Start(t)
	view, flow := notes(t, s)
	develop(t, s, "/dev/faults", `[{"Operation":"DescribeView","Status":404,"Code":"ResourceNotFoundException"}]`)
	k := talk(t, "--endpoint", s.URL, "--flow", flow)
	k.out.wait(t, "-- the view cannot be shown: ResourceNotFoundException")
	if _, err := s.Connect.DeleteView(t.Context(), &connect.DeleteViewRequest{InstanceId: s.Instance(t), ViewId: view}); err != nil {
		t.Fatalf("DeleteView: %v", err)
	}
	develop(t, s, "/dev/faults", `[]`)
	long := strings.Repeat("x", 13_000)
	k.lines(
		"(/form tries again)", "/form",
		"Notes:", long,
		"Press Enter to choose it:", "",
		"not sent: ValidationException", "/back",
		"Notes [xxx", "short ones",
		"Press Enter to choose it:", "",
	)
	if status := k.status(); status != 1 { // a program that pipes lines is told that one was not sent
		t.Errorf("the chat = %d %s", status, k.errs)
	}
	once(t, k.out.String(), "(Application: cannot be shown here)", "Ana: Send them\n  Notes: short ones\n", "Noted: short ones")
}

// TestChatViewsThatAreOver: a view that something follows cannot be answered any
// more, and what was typed into it goes nowhere.
func TestChatViewsThatAreOver(t *testing.T) {
	t.Parallel()
	s := servertest.Start(t)
	_, flow := notes(t, s)
	chat := s.Begin(t, func(r *connect.StartChatContactRequest) {
		r.ContactFlowId, r.SupportedMessagingContentTypes = flow, []string{client.PlainText, client.InteractiveMessage, client.InteractiveResponse}
	})
	k := talk(t, "--endpoint", s.URL, "--token", chat.Token)
	k.lines("Notes of Ana", "half of th")
	k.out.wait(t, "Press Enter to choose it:")
	chat.Bot("Botto").Send("Are you there?")
	k.lines("-- the view is over, as something followed it", "I am")
	k.out.wait(t, "Ana: I am")
	k.lines("", "/help", "/end ends the chat", "") // so the answer to what was sent has come, too
	develop(t, s, "/dev/clock", `{"Advance":"11m"}`)
	if status := k.status(); status != 0 {
		t.Errorf("the chat = %d %s", status, k.errs)
	}
	once(t, k.out.String(), "Press Enter to choose it:", "Botto: Are you there?", "-- the view is over", "Ana: ", "Flow: No notes", "-- the chat has ended")
}
