package server_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"parley.example/parley/internal/server"
	"parley.example/parley/internal/server/servertest"
)

// TestRefusedFlowsSayWhy: problems are in the words of the service, as people's tools
// read them; what helps an author stands in the message, and in the header that
// development mode adds.
func TestRefusedFlowsSayWhy(t *testing.T) {
	const actions = `"Actions":[
		{"Identifier":"Chat?","Type":"Compare","Parameters":{"ComparisonValue":"$.Agent"},"Transitions":{"Errors":[{"ErrorType":"NoMatchingCondition","NextAction":"End"}]}},
		{"Identifier":"End","Type":"EndFlowExecution","Parameters":{},"Transitions":{}}]`
	s := servertest.Start(t)
	for _, test := range []struct {
		path, content, member string
		problems              []string
		why                   []string
	}{
		{"/contact-flows/", `{"Version":"2019-10-30","StartAction":"Chat?",` + actions + `}`, "problems", []string{
			"Action is missing required property. Path: Actions[0].Transitions.NextAction",
			"Invalid Action property value. Path: Actions[0].Parameters.ComparisonValue",
			"Invalid Action type. Type: EndFlowExecution",
		}, []string{"[Chat?] Transitions.NextAction: ", "; [Chat?] Parameters.ComparisonValue: Invalid Action property value: must name a value below $.Agent"}},
		{"/contact-flow-modules/", `{"Version":"2019-10-30","StartAction":"Chat?",` + actions + `}`, "Problems", []string{
			"JSON field is missing or null for field name: settings",
			"Action is missing required property. Path: Actions[0].Transitions.NextAction",
			"Invalid Action property value. Path: Actions[0].Parameters.ComparisonValue",
		}, []string{"a module needs Settings", "[Chat?] Transitions.NextAction: "}},
		{"/contact-flows/", `{"Version":`, "problems", []string{"Invalid contact flow format"}, []string{"Invalid contact flow format: the content is not a JSON object"}},
	} {
		body, err := json.Marshal(map[string]string{"Name": "Refused", "Type": "CONTACT_FLOW", "Content": test.content})
		if err != nil {
			t.Fatal(err)
		}
		r := call(t, s, "PUT", test.path+s.Instance(t), string(body))
		var answer map[string]json.RawMessage
		var problems []struct{ Message string }
		if json.Unmarshal([]byte(r.body), &answer) != nil || json.Unmarshal(answer[test.member], &problems) != nil {
			t.Fatalf("%s %s: %d %s", test.path, test.content, r.status, r.body)
		}
		var got []string
		for _, p := range problems {
			got = append(got, p.Message)
		}
		if r.status != 400 || !slices.Equal(got, test.problems) {
			t.Errorf("%s: %d with %q; want %q", test.path, r.status, got, test.problems)
		}
		reason := r.header.Get("X-Parley-Debug-Reason")
		for _, why := range test.why {
			if !strings.Contains(reason, why) {
				t.Errorf("%s: refused because %q; want something about %q", test.path, reason, why)
			}
		}
	}
}

// TestOldSpellingsAreASetting of the server.
func TestOldSpellingsAreASetting(t *testing.T) {
	const content = `{"Version":"2019-10-30","StartAction":"untag","Actions":[
		{"Identifier":"untag","Type":"UnTagContact","Parameters":{"TagKeys":["team"]},"Transitions":{"NextAction":"end","Errors":[{"ErrorType":"NoMatchingError","NextAction":"end"}]}},
		{"Identifier":"end","Type":"DisconnectParticipant","Parameters":{},"Transitions":{}}]}`
	body, err := json.Marshal(map[string]string{"Name": "Untag", "Type": "CONTACT_FLOW", "Content": content})
	if err != nil {
		t.Fatal(err)
	}
	for taken, status := range map[bool]int{true: 200, false: 400} {
		s := servertest.Start(t, func(c *server.Config) { c.OldSpellings = taken })
		if r := call(t, s, "PUT", "/contact-flows/"+s.Instance(t), string(body)); r.status != status {
			t.Errorf("UnTagContact with the setting %t: %d %s", taken, r.status, r.body)
		}
	}
}
