package server_test

import (
	"strings"
	"testing"

	"parley.example/parley/api/agent"
	"parley.example/parley/api/connect"
	"parley.example/parley/internal/server/servertest"
)

// TestQuickResponses sets quick responses up, and finds them at the desk by shortcut and words, filled in for the contact.
func TestQuickResponses(t *testing.T) {
	o := openCentre(t)
	_, elsewhere := o.queue("Elsewhere")
	ed, bo := o.agent("ed", "ContentManagement.Create", "ContentManagement.Edit", "ContentManagement.View", "ContentManagement.Delete"), o.agent("bo").available()
	ctx := t.Context()
	create := func(name, content string, change ...func(*agent.CreateQuickResponseRequest)) string {
		t.Helper()
		in := &agent.CreateQuickResponseRequest{SessionToken: ed.Token, Name: name, Content: content}
		for _, f := range change {
			f(in)
		}
		out, err := o.Agent.CreateQuickResponse(ctx, in)
		if err != nil {
			t.Fatalf("CreateQuickResponse(%s): %v", name, err)
		}
		return out.QuickResponseId
	}
	hi := create("Greeting", "Hello {{Customer.DisplayName}}, {{Agent.DisplayName}} of {{Queue.Name}} here. You are {{Attributes.tier}}, and {{Attributes.nothing}}.",
		func(in *agent.CreateQuickResponseRequest) { in.ShortcutKey = new("hi") })
	create("Refund", "**Money** back in three days", func(in *agent.CreateQuickResponseRequest) { in.ContentFormat = agent.QuickResponseFormatMARKDOWN })
	create("Not ours", "Hello", func(in *agent.CreateQuickResponseRequest) { in.RoutingProfileIds = []string{elsewhere} })
	old := create("Old", "Hello", func(in *agent.CreateQuickResponseRequest) { in.IsActive = new(false) })

	l := o.call(func(in *connect.StartChatContactRequest) { in.Attributes = map[string]string{"tier": "gold"} })
	o.takes(bo, l)
	search := func(change ...func(*agent.SearchQuickResponsesRequest)) (all []agent.QuickResponseResult) {
		t.Helper()
		in := &agent.SearchQuickResponsesRequest{SessionToken: bo.Token, MaxResults: new(int32(1))}
		for _, f := range change {
			f(in)
		}
		for {
			out, err := o.Agent.SearchQuickResponses(ctx, in)
			if err != nil {
				t.Fatalf("SearchQuickResponses: %v", err)
			}
			all = append(all, out.Results...)
			if in.NextToken = out.NextToken; in.NextToken == nil {
				return all
			}
		}
	}
	names := func(all []agent.QuickResponseResult) string {
		var out []string
		for _, r := range all {
			out = append(out, r.Name)
		}
		return strings.Join(out, ", ")
	}
	if got := names(search()); got != "Greeting, Refund" {
		t.Errorf("the agent has %s; want those of everybody", got)
	}
	found := search(func(in *agent.SearchQuickResponsesRequest) {
		in.ContactId = &l.Contact
		in.Queries = []agent.QuickResponseQuery{{Name: agent.QuickResponseFieldSHORTCUT_KEY, Values: []string{"h"}, Operator: agent.QuickResponseOperatorCONTAINS_AND_PREFIX, Priority: agent.QuickResponsePriorityHIGH}}
	})
	if len(found) != 1 || found[0].QuickResponseId != hi || found[0].KnowledgeBaseId != o.Instance(t) || *found[0].ShortcutKey != "hi" ||
		*found[0].Contents.PlainText != "Hello Ana, BO of BasicQueue here. You are gold, and {{Attributes.nothing}}." ||
		strings.Join(found[0].AttributesNotInterpolated, " ") != "Attributes.nothing" || len(found[0].AttributesInterpolated) != 4 {
		t.Errorf("by its shortcut the agent finds %+v, %+v", found, found[0].Contents)
	}
	found = search(func(in *agent.SearchQuickResponsesRequest) {
		in.Attributes = map[string]string{"tier": "iron"}
		in.Queries = []agent.QuickResponseQuery{{Name: agent.QuickResponseFieldCONTENT, Values: []string{"hello"}, Operator: agent.QuickResponseOperatorCONTAINS}}
	})
	if len(found) != 1 || !strings.HasPrefix(*found[0].Contents.PlainText, "Hello {{Customer.DisplayName}}, BO of {{Queue.Name}} here. You are iron") {
		t.Errorf("without a contact the agent finds %+v", found)
	}
	if found = search(func(in *agent.SearchQuickResponsesRequest) {
		in.Queries = []agent.QuickResponseQuery{{Name: agent.QuickResponseFieldNAME, Values: []string{"refund"}, Operator: agent.QuickResponseOperatorCONTAINS}}
	}); len(found) != 1 || found[0].Contents.PlainText != nil || *found[0].Contents.Markdown != "**Money** back in three days" {
		t.Errorf("by its name the agent finds %+v", found)
	}
	_, err := o.Agent.SearchQuickResponses(ctx, &agent.SearchQuickResponsesRequest{SessionToken: ed.Token, ContactId: &l.Contact})
	servertest.Refused(t, "filling in another's contact", err, "ResourceNotFoundException", 404)

	update := func(in *agent.UpdateQuickResponseRequest) error {
		in.SessionToken = ed.Token
		_, err := o.Agent.UpdateQuickResponse(ctx, in)
		return err
	}
	servertest.Refused(t, "a shortcut of two", update(&agent.UpdateQuickResponseRequest{QuickResponseId: old, ShortcutKey: new("HI")}), "InvalidStateException", 409)
	servertest.Refused(t, "changing nothing there is", update(&agent.UpdateQuickResponseRequest{QuickResponseId: "no such", Name: new("x")}), "ResourceNotFoundException", 404)
	if err := update(&agent.UpdateQuickResponseRequest{QuickResponseId: old, Name: new("Alt"), IsActive: new(true), Description: new("Anew"), ContentFormat: agent.QuickResponseFormatMARKDOWN, RoutingProfileIds: []string{}}); err != nil {
		t.Fatal(err)
	}
	if err := update(&agent.UpdateQuickResponseRequest{QuickResponseId: hi, RemoveShortcutKey: new(true)}); err != nil {
		t.Fatal(err)
	}
	if got := names(search()); got != "Alt, Greeting, Refund" {
		t.Errorf("after the changes the agent has %s", got)
	}
	list := func(token *string) *agent.ListQuickResponsesResponse {
		t.Helper()
		out, err := o.Agent.ListQuickResponses(ctx, &agent.ListQuickResponsesRequest{SessionToken: ed.Token, MaxResults: new(int32(3)), NextToken: token})
		if err != nil {
			t.Fatalf("ListQuickResponses: %v", err)
		}
		return out
	}
	first := list(nil)
	if first.NextToken == nil || len(first.QuickResponses) != 3 || first.QuickResponses[0].Name != "Alt" || first.QuickResponses[1].ShortcutKey != nil || !strings.Contains(first.QuickResponses[1].Content, "{{Queue.Name}}") ||
		first.QuickResponses[2].Name != "Not ours" || len(first.QuickResponses[2].RoutingProfileIds) != 1 {
		t.Errorf("the first page is %+v", first)
	}
	if rest := list(first.NextToken); rest.NextToken != nil || len(rest.QuickResponses) != 1 {
		t.Errorf("the rest is %+v", rest)
	}
	for range 2 {
		if _, err := o.Agent.DeleteQuickResponse(ctx, &agent.DeleteQuickResponseRequest{SessionToken: ed.Token, QuickResponseId: hi}); err != nil {
			t.Errorf("DeleteQuickResponse: %v", err)
		}
	}
	_, err = o.Agent.CreateQuickResponse(ctx, &agent.CreateQuickResponseRequest{SessionToken: bo.Token, Name: "x", Content: "y"})
	servertest.Refused(t, "setting one up without the permission", err, "AccessDeniedException", 403)
	_, err = o.Agent.ListQuickResponses(ctx, &agent.ListQuickResponsesRequest{SessionToken: bo.Token})
	servertest.Refused(t, "listing all without the permission", err, "AccessDeniedException", 403)
	_, err = o.Agent.UpdateQuickResponse(ctx, &agent.UpdateQuickResponseRequest{SessionToken: bo.Token, QuickResponseId: old})
	servertest.Refused(t, "changing one without the permission", err, "AccessDeniedException", 403)
	_, err = o.Agent.DeleteQuickResponse(ctx, &agent.DeleteQuickResponseRequest{SessionToken: bo.Token, QuickResponseId: old})
	servertest.Refused(t, "deleting one without the permission", err, "AccessDeniedException", 403)
}
