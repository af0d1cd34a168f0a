package client_test

import (
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"parley.example/parley/api/connect"
	"parley.example/parley/client"
	"parley.example/parley/internal/catalog"
)

// colleague hires a user of the demo agent's routing profile with permissions, to whom a quick connect of the demo queue leads.
func (s *stage) colleague(name string, permissions ...string) (quick string) {
	s.t.Helper()
	ctx := s.t.Context()
	check := func(err error) {
		if err != nil {
			s.t.Helper()
			s.t.Fatal(err)
		}
	}
	for _, attribute := range []connect.InstanceAttributeType{"MULTI_PARTY_CHAT_CONFERENCE", connect.InstanceAttributeTypeENHANCED_CHAT_MONITORING} {
		_, err := s.c.UpdateInstanceAttribute().InstanceID(catalog.DemoInstance).AttributeType(attribute).Value("true").Send(ctx)
		check(err)
	}
	profile, err := s.c.CreateSecurityProfile().InstanceID(catalog.DemoInstance).SecurityProfileName("Of " + name).SetPermissions(append(permissions, "BasicAgentAccess")).Send(ctx)
	check(err)
	demo, err := s.c.DescribeUser().InstanceID(catalog.DemoInstance).UserID(catalog.DemoAgent).Send(ctx)
	check(err)
	user, err := s.c.CreateUser().InstanceID(catalog.DemoInstance).Username(name).Password(catalog.DemoPassword).RoutingProfileID(*demo.User.RoutingProfileId).
		SetSecurityProfileIDs([]string{*profile.SecurityProfileId}).PhoneConfig(connect.UserPhoneConfig{PhoneType: connect.PhoneTypeSOFT_PHONE}).Send(ctx)
	check(err)
	flows, err := s.c.ListContactFlows().InstanceID(catalog.DemoInstance).SetContactFlowTypes([]connect.ContactFlowType{connect.ContactFlowTypeAGENT_TRANSFER}).Send(ctx)
	check(err)
	q, err := s.c.CreateQuickConnect().InstanceID(catalog.DemoInstance).Name("to " + name).QuickConnectConfig(connect.QuickConnectConfig{
		QuickConnectType: connect.QuickConnectTypeUSER, UserConfig: &connect.UserQuickConnectConfig{UserId: *user.UserId, ContactFlowId: *flows.ContactFlowSummaryList[0].Id}}).Send(ctx)
	check(err)
	_, err = s.c.AssociateQueueQuickConnects().InstanceID(catalog.DemoInstance).QueueID(catalog.DemoQueue).SetQuickConnectIDs([]string{*q.QuickConnectId}).Send(ctx)
	check(err)
	return *q.QuickConnectId
}

func as(name string) func(*client.AgentConfig) {
	return func(c *client.AgentConfig) { c.UserName = name }
}

// forgetful is a way to the server that loses the first answer to each call that changes a contact.
type forgetful struct {
	*http.Transport
	mu   sync.Mutex // guards what follows
	seen map[string]bool
	lost int
}

func (f *forgetful) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := f.Transport.RoundTrip(r)
	call := r.Method + " " + r.URL.Path
	f.mu.Lock()
	defer f.mu.Unlock()
	if err != nil || r.Method == http.MethodGet || f.seen[call] || !strings.Contains(call, "/agent/contacts/") {
		return resp, err
	}
	f.seen[call] = true
	f.lost++
	return nil, errors.Join(resp.Body.Close(), errDown)
}

// forget has it lose answers to the same calls again.
func (f *forgetful) forget() {
	f.mu.Lock()
	defer f.mu.Unlock()
	clear(f.seen)
}

// TestColleagues hands chats over and watches them, where the first answer to every call is lost: each thing happens once.
func TestColleagues(t *testing.T) {
	onStage(t, func(t *testing.T, s *stage) {
		ctx := t.Context()
		quick := s.colleague("cy")
		s.colleague("sue", "ManagerListenIn", "ManagerBargeIn", "ContentManagement.Create")
		way := &forgetful{Transport: &http.Transport{DialContext: s.net.dial, IdleConnTimeout: time.Minute}, seen: map[string]bool{}}
		s.c = s.client(way, nil)
		var w, x, y watcher
		bo, cy, sue := s.signIn(&w), s.signIn(&x, as("cy")), s.signIn(&y, as("sue"))
		defer way.CloseIdleConnections()
		do := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
			pass(time.Second)
		}
		s.available(bo)
		ana, contact := s.caller()
		pass(time.Second)
		do(bo.Accept(ctx, contact))
		s.available(cy)
		offers := 0
		for q, err := range bo.QuickConnects(ctx, contact) {
			if err != nil {
				t.Fatal(err)
			}
			if offers++; q.Id == quick && (q.Name != "to cy" || !q.Agent.Available) {
				t.Errorf("the quick connect is %+v, where %+v", q, q.Agent)
			}
		}
		if offers != 4 {
			t.Errorf("there are %d quick connects; want two, and the demo's two", offers)
		}
		pass(time.Second)
		w.since()
		x.since()

		// The supervisor watches.
		active := ""
		for c, err := range sue.Active(ctx) {
			if err != nil || active != "" {
				t.Fatalf("a second contact to watch: %+v, %v", c, err)
			}
			active = c.ContactId
		}
		watched, err := sue.Monitor(ctx, active)
		do(err)
		do(sue.Barge(ctx, watched))
		_, err = sue.Send(ctx, watched, "I am Sue")
		do(err)
		do(sue.Silence(ctx, watched))
		do(sue.Leave(ctx, watched))
		wantTold(t, &y, "status Offline, contact monitored, item participant.joined, item participant.left, contact cleared")
		wantTold(t, &w, "item participant.joined, item participant.left")

		// An invitation is taken back, and another accepted.
		invited, err := bo.Invite(ctx, contact, quick)
		do(err)
		do(bo.Remove(ctx, contact, invited))
		way.forget()
		_, err = bo.Invite(ctx, contact, quick)
		do(err)
		do(cy.Accept(ctx, contact))
		do(cy.Leave(ctx, contact))
		do(cy.Clear(ctx, contact))
		wantTold(t, &x, "contact offered, contact cleared, contact offered, contact accepted, item participant.joined, item participant.left, contact ended, contact cleared")

		// A transfer, whose answer is lost, is one transfer.
		next, err := bo.Transfer(ctx, contact, quick)
		do(err)
		if got := w.since(); strings.Count(got, "item transfer.succeeded") != 1 || strings.Count(got, "contact ended") != 1 || strings.Contains(got, client.EventTransferFailed) {
			t.Errorf("who has transferred was told %s", got)
		}
		do(cy.Accept(ctx, next))
		if c := cy.Contact(contact); c == nil || c.ContactId != next || *c.PreviousContactId != contact {
			t.Errorf("after the transfer the other has %+v; want contact %s", c, next)
		}
		for name, shortcut := range map[string]string{"Welcome": "ka", "Kate is away": "away"} {
			_, err := s.c.Agents.CreateQuickResponse().SessionToken(sue.Token()).Name(name).ShortcutKey(shortcut).Content("I am {{Agent.DisplayName}}, {{Customer.DisplayName}}").Send(ctx)
			do(err)
		}
		var words []string
		for r, err := range cy.QuickResponses(ctx, next, "ka") {
			do(err)
			words = append(words, *r.ShortcutKey, *r.Contents.PlainText)
		}
		if got := strings.Join(words, "; "); got != "ka; I am cy, Ana; away; I am cy, Ana" { // a shortcut counts more than a name
			t.Errorf("the agent finds %s", got)
		}
		_, err = cy.Send(ctx, next, "I am Cy")
		do(errors.Join(err, ana.Close()))
		if got := x.said(next); len(got) != 1 {
			t.Errorf("the other hears %q", got)
		}
		for _, a := range []*client.Agent{bo, cy, sue} {
			do(a.SignOut(ctx, false))
		}
		if n := way.lost; n < 10 {
			t.Errorf("%d answers were lost; the test is about them", n)
		}
	})
}
