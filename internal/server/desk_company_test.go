package server_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"parley.example/parley/api/agent"
	"parley.example/parley/api/connect"
	"parley.example/parley/api/participant"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/server"
	"parley.example/parley/internal/server/servertest"
)

// The content types of what sockets are told of transfers and company.
const (
	eventInvited = "application/vnd.amazonaws.connect.event.participant.invited"
	eventJoined  = "application/vnd.amazonaws.connect.event.participant.joined"
	eventLeft    = "application/vnd.amazonaws.connect.event.participant.left"
	eventFailed  = "application/vnd.amazonaws.connect.event.transfer.failed"
	eventEnded   = "application/vnd.amazonaws.connect.event.chat.ended"
)

// centre is an instance whose agents hand chats to each other.
type centre struct {
	*servertest.Server
	t testing.TB
}

// openCentre starts a server where agents may invite and supervisors watch.
func openCentre(t testing.TB, options ...func(*server.Config)) *centre {
	t.Helper()
	o := &centre{servertest.Start(t, options...), t}
	o.Clean(t)
	o.alwaysOpen()
	for _, on := range []connect.InstanceAttributeType{"MULTI_PARTY_CHAT_CONFERENCE", connect.InstanceAttributeTypeENHANCED_CHAT_MONITORING} {
		o.attribute(on, "true")
	}
	return o
}

// alwaysOpen has the queues open at whatever time the test runs: flows of transfers look.
func (o *centre) alwaysOpen() {
	o.t.Helper()
	hours, err := o.Connect.ListHoursOfOperations(o.t.Context(), &connect.ListHoursOfOperationsRequest{InstanceId: o.Instance(o.t)})
	if err != nil {
		o.t.Fatalf("ListHoursOfOperations: %v", err)
	}
	midnight := &connect.HoursOfOperationTimeSlice{}
	var days []connect.HoursOfOperationConfig
	for _, day := range []connect.HoursOfOperationDays{"SUNDAY", "MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY"} {
		days = append(days, connect.HoursOfOperationConfig{Day: day, StartTime: midnight, EndTime: midnight})
	}
	for _, h := range hours.HoursOfOperationSummaryList {
		if _, err := o.Connect.UpdateHoursOfOperation(o.t.Context(), &connect.UpdateHoursOfOperationRequest{InstanceId: o.Instance(o.t), HoursOfOperationId: *h.Id, Config: days}); err != nil {
			o.t.Fatalf("UpdateHoursOfOperation: %v", err)
		}
	}
}

func (o *centre) attribute(name connect.InstanceAttributeType, value string) {
	o.t.Helper()
	if _, err := o.Connect.UpdateInstanceAttribute(o.t.Context(), &connect.UpdateInstanceAttributeRequest{InstanceId: o.Instance(o.t), AttributeType: name, Value: value}); err != nil {
		o.t.Fatalf("UpdateInstanceAttribute: %v", err)
	}
}

// worker is an agent at his desk.
type worker struct {
	*servertest.Desk
	stream *servertest.Stream
	id     string
	quick  string // the quick connect that leads to him
}

// agent hires an agent, to whom a quick connect of the demo queue leads, and who is at his desk, Offline.
func (o *centre) agent(name string, permissions ...string) *worker {
	o.t.Helper()
	return o.agentOf(name, "", permissions...)
}

// agentOf hires an agent of a routing profile.
func (o *centre) agentOf(name, profile string, permissions ...string) *worker {
	o.t.Helper()
	w := &worker{id: hire(o.t, o.Server, name, profile, permissions...)}
	w.quick = o.quick("to "+name, connect.QuickConnectTypeUSER, w.id)
	w.Desk = o.SignIn(o.t, name, password)
	w.stream = w.Desk.Stream()
	w.stream.Snapshot(empty)
	return w
}

func (w *worker) available() *worker {
	w.Choose("Available")
	w.stream.Snapshot(has("Available", ""))
	return w
}

// quick makes a quick connect of the demo queue: to a user, a queue, or where a flow leads.
func (o *centre) quick(name string, typ connect.QuickConnectType, to string) string {
	o.t.Helper()
	c := &connect.QuickConnectConfig{QuickConnectType: typ}
	switch typ {
	case connect.QuickConnectTypeUSER:
		c.UserConfig = &connect.UserQuickConnectConfig{UserId: to, ContactFlowId: o.flow(connect.ContactFlowTypeAGENT_TRANSFER)}
	case connect.QuickConnectTypeQUEUE:
		c.QueueConfig = &connect.QueueQuickConnectConfig{QueueId: to, ContactFlowId: o.flow(connect.ContactFlowTypeQUEUE_TRANSFER)}
	case connect.QuickConnectTypePHONE_NUMBER:
		c.PhoneConfig = &connect.PhoneNumberQuickConnectConfig{PhoneNumber: to}
	default:
		c.FlowConfig = &connect.FlowQuickConnectConfig{ContactFlowId: to}
	}
	out, err := o.Connect.CreateQuickConnect(o.t.Context(), &connect.CreateQuickConnectRequest{InstanceId: o.Instance(o.t), Name: name, QuickConnectConfig: c})
	if err != nil {
		o.t.Fatalf("CreateQuickConnect: %v", err)
	}
	o.offer(catalog.DemoQueue, *out.QuickConnectId)
	return *out.QuickConnectId
}

// offer adds a quick connect to a queue.
func (o *centre) offer(queue, quick string) {
	o.t.Helper()
	if _, err := o.Connect.AssociateQueueQuickConnects(o.t.Context(), &connect.AssociateQueueQuickConnectsRequest{
		InstanceId: o.Instance(o.t), QueueId: queue, QuickConnectIds: []string{quick}}); err != nil {
		o.t.Fatalf("AssociateQueueQuickConnects: %v", err)
	}
}

// flow is the instance's default flow of a type.
func (o *centre) flow(typ connect.ContactFlowType) string {
	o.t.Helper()
	list, err := o.Connect.ListContactFlows(o.t.Context(), &connect.ListContactFlowsRequest{InstanceId: o.Instance(o.t), ContactFlowTypes: []connect.ContactFlowType{typ}})
	if err != nil || len(list.ContactFlowSummaryList) == 0 {
		o.t.Fatalf("ListContactFlows(%s): %+v, %v", typ, list, err)
	}
	return *list.ContactFlowSummaryList[0].Id
}

// make creates a flow of a type.
func (o *centre) make(name string, typ connect.ContactFlowType, content string) string {
	o.t.Helper()
	out, err := o.Connect.CreateContactFlow(o.t.Context(), &connect.CreateContactFlowRequest{InstanceId: o.Instance(o.t), Name: name, Type: typ, Content: content})
	if err != nil {
		o.t.Fatalf("CreateContactFlow(%s): %v", name, err)
	}
	return *out.ContactFlowId
}

// queue makes a queue, and a routing profile whose agents take chats from it.
func (o *centre) queue(name string) (id, profile string) {
	o.t.Helper()
	q, err := o.Connect.CreateQueue(o.t.Context(), &connect.CreateQueueRequest{InstanceId: o.Instance(o.t), Name: name, HoursOfOperationId: hoursOf(o.t, o.Server)})
	if err != nil {
		o.t.Fatalf("CreateQueue: %v", err)
	}
	p, err := o.Connect.CreateRoutingProfile(o.t.Context(), &connect.CreateRoutingProfileRequest{
		InstanceId: o.Instance(o.t), Name: name, Description: "Of agents of " + name, DefaultOutboundQueueId: *q.QueueId,
		MediaConcurrencies: []connect.MediaConcurrency{{Channel: connect.ChannelCHAT, Concurrency: new(int32(2))}},
		QueueConfigs:       []connect.RoutingProfileQueueConfig{{QueueReference: &connect.RoutingProfileQueueReference{QueueId: *q.QueueId, Channel: connect.ChannelCHAT}, Priority: 1}}})
	if err != nil {
		o.t.Fatalf("CreateRoutingProfile: %v", err)
	}
	return *q.QueueId, *p.RoutingProfileId
}

// line is a chat of a customer who watches his socket.
type line struct {
	*servertest.Chat
	socket *servertest.Socket
	items  []participant.Item // that have come
}

// until returns when the customer has been sent a message, or an event.
func (l *line) until(what string) {
	for {
		it := l.socket.Next()
		l.items = append(l.items, it)
		if it.Content != nil && *it.Content == what || it.ContentType != nil && *it.ContentType == what {
			return
		}
	}
}

// events are the kinds of what the customer has been sent, without messages.
func (l *line) events() (kinds []string) {
	for _, it := range l.items {
		kinds = append(kinds, eventOf(it)...)
	}
	return kinds
}

// eventOf is the kind of an item, nothing for a message.
func eventOf(it participant.Item) []string {
	if it.Content != nil {
		return nil
	}
	return []string{(*it.ContentType)[strings.LastIndex(*it.ContentType, "event.")+6:]}
}

// call starts a chat that waits in the demo queue, with its socket.
func (o *centre) call(change ...func(*connect.StartChatContactRequest)) *line {
	o.t.Helper()
	c := o.Chat(o.t, append([]func(*connect.StartChatContactRequest){func(in *connect.StartChatContactRequest) { in.ContactFlowId = o.Flow(o.t, "Queue", queue) }}, change...)...)
	return &line{Chat: c, socket: c.Socket()}
}

// takes has an agent, who alone is available, accept a chat.
func (o *centre) takes(w *worker, l *line) *servertest.Chat {
	o.t.Helper()
	w.stream.Contact(agent.AgentContactStateCONNECTING)
	me := w.Accept(l.Contact)
	w.stream.Contact(agent.AgentContactStateCONNECTED)
	return me
}

// untouched says both to the customer and back over the socket and the token that the customer has had from the beginning.
func (l *line) untouched(t testing.TB, s *servertest.Stream, as *servertest.Chat, word string) {
	t.Helper()
	l.Send(word + "?")
	s.Hear(word + "?")
	as.Send(word + "!")
	l.until(word + "!")
}

// events are the kinds of what was heard over a stream, without messages.
func events(items []servertest.Heard) (kinds []string) {
	for _, it := range items {
		kinds = append(kinds, eventOf(it.Item)...)
	}
	return kinds
}

// hears returns when an event has come over a stream.
func hears(s *servertest.Stream, event string) servertest.Heard {
	for {
		if f := s.Frame(); f.Type == agent.FrameItem {
			if it := s.Items[len(s.Items)-1]; it.ContentType != nil && *it.ContentType == event {
				return it
			}
		}
	}
}

// sees returns when a snapshot has come in which the agent's last contact has these connections: type, state and name of each.
func (w *worker) sees(want string) {
	w.stream.Snapshot(func(a *agent.AgentSnapshot) bool {
		return len(a.Contacts) > 0 && seen(&a.Contacts[len(a.Contacts)-1]) == want
	})
}

// seen writes the connections of a contact in one line.
func seen(c *agent.AgentContact) string {
	var out []string
	for i := range c.Connections {
		k := &c.Connections[i]
		text := fmt.Sprint(strings.ToLower(string(k.ConnectionType)), " ", strings.ToLower(string(k.State)))
		if k.DisplayName != nil {
			text += " " + *k.DisplayName
		}
		if k.Own != (i == 0) || k.Own && k.ConnectionId != c.ParticipantId {
			text += " whose?"
		}
		if k.QuickConnectName != nil {
			text += " by " + *k.QuickConnectName
		}
		out = append(out, text)
	}
	return strings.Join(out, ", ")
}

// TestColdTransfers hands a chat to an agent, to a queue and to where a flow leads, one after the other: the customer's socket, token
// and transcript are the same from the beginning to the end, and only who transfers is told that it has succeeded.
func TestColdTransfers(t *testing.T) {
	o := openCentre(t)
	second, profile := o.queue("Second")
	toQueue := o.quick("second line", connect.QuickConnectTypeQUEUE, second)
	toFlow := o.quick("by a flow", connect.QuickConnectType("FLOW"), o.make("Back", connect.ContactFlowTypeQUEUE_TRANSFER, queue))
	o.offer(second, toFlow)
	bo, cy, dee := o.agent("bo").available(), o.agent("cy"), o.agentOf("dee", profile).available()
	l := o.call()
	me := o.takes(bo, l)
	l.untouched(t, bo.stream, me, "one")

	cy.available()
	next := bo.Transfer(l.Contact, cy.quick)
	ended := bo.stream.Contact(agent.AgentContactStateENDED)
	if ended.ContactId != l.Contact || ended.ChatEnded {
		t.Errorf("what the agent has transferred is %+v; want contact %s, whose chat goes on", ended, l.Contact)
	}
	got := cy.stream.Contact(agent.AgentContactStateCONNECTING)
	if got.ContactId != next || got.InitialContactId != l.Contact || got.PreviousContactId == nil || *got.PreviousContactId != l.Contact || got.InitiationMethod != "TRANSFER" {
		t.Errorf("the transferred contact is %+v; want %s, a TRANSFER behind %s", got, next, l.Contact)
	}
	mine := cy.Accept(next)
	cy.stream.Contact(agent.AgentContactStateCONNECTED)
	l.untouched(t, cy.stream, mine, "two")
	for !slices.Contains(events(bo.stream.Items), "transfer.succeeded") { // items may come behind the snapshot
		bo.stream.Frame()
	}
	if got := events(bo.stream.Items); slices.Contains(got, "participant.left") && slices.Index(got, "participant.left") > slices.Index(got, "transfer.succeeded") {
		t.Errorf("who has transferred was told %v", got)
	}
	if got := events(cy.stream.Items); slices.Contains(got, "transfer.succeeded") {
		t.Errorf("the target was told %v", got)
	}
	bo.Leave(l.Contact) // what desks of Amazon's do behind it
	bo.Clear(l.Contact)
	bo.stream.Snapshot(empty)

	third := cy.Transfer(next, toQueue)
	cy.stream.Contact(agent.AgentContactStateENDED)
	cy.Clear(next)
	got = dee.stream.Contact(agent.AgentContactStateCONNECTING)
	if got.ContactId != third || got.Queue == nil || got.Queue.Id != second || got.PreviousContactId == nil || *got.PreviousContactId != next {
		t.Errorf("from the queue came %+v; want contact %s", got, third)
	}
	mine = dee.Accept(third)
	dee.stream.Contact(agent.AgentContactStateCONNECTED)
	l.untouched(t, dee.stream, mine, "three")

	fourth := dee.Transfer(third, toFlow)
	dee.stream.Contact(agent.AgentContactStateENDED)
	if got = bo.stream.Contact(agent.AgentContactStateCONNECTING); got.ContactId != fourth || got.Queue == nil || got.Queue.Id != catalog.DemoQueue {
		t.Errorf("where the flow leads rings %+v; want contact %s", got, fourth)
	}
	mine = bo.Accept(fourth)
	bo.stream.Contact(agent.AgentContactStateCONNECTED)
	l.untouched(t, bo.stream, mine, "four")
	want := "one? one! One moment please, you are being transferred. two? two! You are being transferred. The next free agent will be with you. three? three! four? four!"
	if said := strings.Join(l.Texts(), " "); said != want {
		t.Errorf("the customer's transcript is %q; want %q", said, want)
	}
	bo.Leave(fourth)
	l.until(eventEnded)
	want = "participant.joined " + strings.Repeat("participant.joined participant.left ", 4) + "participant.left chat.ended" // first and last the customer himself
	if got := strings.Join(l.events(), " "); got != want {
		t.Errorf("the customer was told %s; want %s", got, want)
	}
}

// TestTransferFails has a transfer end elsewhere, and one be cancelled: the agent keeps the chat.
func TestTransferFails(t *testing.T) {
	o := openCentre(t)
	waits := `{"Version":"2019-10-30","StartAction":"wait","Actions":[
 {"Identifier":"wait","Type":"Wait","Parameters":{"TimeLimitSeconds":"60"},"Transitions":{"NextAction":"end","Conditions":[{"NextAction":"end","Condition":{"Operator":"Equals","Operands":["WaitCompleted"]}}],"Errors":[{"NextAction":"end","ErrorType":"NoMatchingError"}]}},
 {"Identifier":"end","Type":"DisconnectParticipant","Parameters":{},"Transitions":{}}]}`
	quick := o.quick("nowhere", connect.QuickConnectType("FLOW"), o.make("Nowhere", connect.ContactFlowTypeQUEUE_TRANSFER, waits))
	bo, cy := o.agent("bo").available(), o.agent("cy")
	l := o.call()
	me := o.takes(bo, l)

	id := bo.Transfer(l.Contact, quick)
	bo.sees("agent connected BO, inbound connected Ana, outbound connecting nowhere by nowhere")
	_, err := o.Agent.TransferContact(t.Context(), &agent.TransferContactRequest{SessionToken: bo.Token, ContactId: l.Contact, QuickConnectId: quick})
	servertest.Refused(t, "a transfer during a transfer", err, "InvalidStateException", 409)
	_, err = o.Agent.RemoveParticipant(t.Context(), &agent.RemoveParticipantRequest{SessionToken: bo.Token, ContactId: l.Contact, ParticipantId: l.Participant})
	servertest.Refused(t, "ending the chat without the permission", err, "AccessDeniedException", 403)
	bo.Leave(l.Contact) // has no effect
	l.untouched(t, bo.stream, me, "meanwhile")
	bo.Remove(l.Contact, id)
	hears(bo.stream, eventFailed)
	if got := bo.Agent().Snapshot; seen(&got.Contacts[0]) != "agent connected BO, inbound connected Ana" {
		t.Errorf("after the transfer was cancelled the agent sees %s", seen(&got.Contacts[0]))
	}
	bo.Remove(l.Contact, id)
	l.untouched(t, bo.stream, me, "cancelled")

	again := bo.Transfer(l.Contact, quick)
	advance(t, o.Server, "61s")
	hears(bo.stream, eventFailed)
	l.untouched(t, bo.stream, me, "failed")
	if id == again {
		t.Errorf("both transfers are contact %s", id)
	}

	// Repeated with its token, a transfer has the same answer, also when it is over.
	in := &agent.TransferContactRequest{SessionToken: bo.Token, ContactId: l.Contact, QuickConnectId: quick, ClientToken: new("once")}
	first, err := o.Agent.TransferContact(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	bo.Remove(l.Contact, first.ContactId)
	if same, err := o.Agent.TransferContact(t.Context(), in); err != nil || same.ContactId != first.ContactId {
		t.Errorf("the transfer repeated is %+v, %v; want %s", same, err, first.ContactId)
	}
	for what, c := range map[string]struct {
		quick, code string
		status      int
	}{
		"a phone number":            {o.quick("phone", connect.QuickConnectTypePHONE_NUMBER, "+4930901820"), "InvalidStateException", 409},
		"oneself":                   {bo.quick, "ValidationException", 400},
		"no quick connect":          {"11111111-2222-4333-8444-555555555555", "ResourceNotFoundException", 404},
		"one of nobody's own queue": {o.apart(cy.id), "ResourceNotFoundException", 404},
	} {
		_, err := o.Agent.TransferContact(t.Context(), &agent.TransferContactRequest{SessionToken: bo.Token, ContactId: l.Contact, QuickConnectId: c.quick})
		servertest.Refused(t, "a transfer to "+what, err, c.code, c.status)
	}
	_, err = o.Agent.TransferContact(t.Context(), &agent.TransferContactRequest{SessionToken: cy.Token, ContactId: l.Contact, QuickConnectId: bo.quick})
	servertest.Refused(t, "a transfer of another's chat", err, "ResourceNotFoundException", 404)
}

// apart makes a quick connect that no queue offers.
func (o *centre) apart(user string) string {
	o.t.Helper()
	id := o.quick("apart", connect.QuickConnectTypeUSER, user)
	if _, err := o.Connect.DisassociateQueueQuickConnects(o.t.Context(), &connect.DisassociateQueueQuickConnectsRequest{
		InstanceId: o.Instance(o.t), QueueId: catalog.DemoQueue, QuickConnectIds: []string{id}}); err != nil {
		o.t.Fatalf("DisassociateQueueQuickConnects: %v", err)
	}
	return id
}

// TestWarmTransfer consults a colleague in the chat, who goes on when the first has left.
func TestWarmTransfer(t *testing.T) {
	o := openCentre(t)
	bo, cy := o.agent("bo").available(), o.agent("cy")
	l := o.call()
	me := o.takes(bo, l)
	_, err := o.Agent.InviteParticipant(t.Context(), &agent.InviteParticipantRequest{SessionToken: bo.Token, ContactId: l.Contact, QuickConnectId: cy.quick})
	servertest.Refused(t, "an invitation of one who is Offline", err, "InvalidStateException", 409)
	_, err = o.Agent.InviteParticipant(t.Context(), &agent.InviteParticipantRequest{SessionToken: bo.Token, ContactId: l.Contact, QuickConnectId: bo.quick})
	servertest.Refused(t, "an invitation of oneself", err, "ValidationException", 400)
	cy.available()

	id := bo.Invite(l.Contact, cy.quick)
	if again := bo.Invite(l.Contact, cy.quick); again != id {
		t.Errorf("invited again it is participant %s; want %s", again, id)
	}
	hears(bo.stream, eventInvited)
	got := cy.stream.Contact(agent.AgentContactStateCONNECTING)
	if got.ContactId != l.Contact || got.ParticipantId != id || seen(&got) != "agent connecting CY by to cy, inbound connected Ana, outbound connected BO" {
		t.Errorf("at the other rings %+v; want contact %s as participant %s", got, l.Contact, id)
	}
	_, err = o.Agent.LeaveContact(t.Context(), &agent.LeaveContactRequest{SessionToken: bo.Token, ContactId: l.Contact})
	servertest.Refused(t, "leaving the customer with an invitation that rings", err, "InvalidStateException", 409)
	bo.Remove(l.Contact, id)
	cy.stream.Snapshot(empty)
	l.untouched(t, bo.stream, me, "taken back")

	id = bo.Invite(l.Contact, cy.quick)
	cy.stream.Contact(agent.AgentContactStateCONNECTING)
	mine := cy.Accept(l.Contact)
	if mine.Participant != id {
		t.Errorf("the other takes part as %s; want %s", mine.Participant, id)
	}
	cy.stream.Contact(agent.AgentContactStateCONNECTED)
	bo.sees("agent connected BO, inbound connected Ana, outbound connected CY by to cy")
	l.untouched(t, cy.stream, mine, "both")
	bo.stream.Hear("both!")
	me.Send("I leave you to Cy")
	cy.stream.Hear("I leave you to Cy")
	_, err = o.Agent.TransferContact(t.Context(), &agent.TransferContactRequest{SessionToken: bo.Token, ContactId: l.Contact, QuickConnectId: cy.quick})
	servertest.Refused(t, "a transfer while others take part", err, "InvalidStateException", 409)
	bo.Leave(l.Contact)
	hears(cy.stream, eventLeft)
	if it := bo.stream.Contact(agent.AgentContactStateENDED); it.ChatEnded {
		t.Errorf("who has left has %+v; want the chat to go on", it)
	}
	l.untouched(t, cy.stream, mine, "alone")
	cy.Leave(l.Contact)
	if it := cy.stream.Contact(agent.AgentContactStateENDED); !it.ChatEnded {
		t.Errorf("the last who has left has %+v; want the chat to have ended", it)
	}
	if got := events(bo.stream.Items); slices.Contains(got, "transfer.succeeded") {
		t.Errorf("who hands over by leaving was told %v", got)
	}
}

// TestSixParties fills a chat with six, and refuses the seventh. One agent removes another.
func TestSixParties(t *testing.T) {
	o := openCentre(t)
	bo := o.agent("bo").available()
	l := o.call()
	o.takes(bo, l)
	var others []*worker
	for i := range 5 {
		others = append(others, o.agent(fmt.Sprint("agent", i)).available())
	}
	var ids []string
	for _, w := range others[:4] {
		ids = append(ids, bo.Invite(l.Contact, w.quick))
		w.stream.Contact(agent.AgentContactStateCONNECTING)
		w.Accept(l.Contact)
		w.stream.Contact(agent.AgentContactStateCONNECTED)
	}
	seventh := func() error {
		_, err := o.Agent.InviteParticipant(t.Context(), &agent.InviteParticipantRequest{SessionToken: bo.Token, ContactId: l.Contact, QuickConnectId: others[4].quick})
		return err
	}
	servertest.Refused(t, "the seventh", seventh(), "InvalidStateException", 409)
	bo.Remove(l.Contact, ids[0])
	bo.Remove(l.Contact, ids[0])
	if it := others[0].stream.Contact(agent.AgentContactStateENDED); it.ChatEnded {
		t.Errorf("who was removed has %+v", it)
	}
	if err := seventh(); err != nil {
		t.Errorf("in the place of the one who was removed: %v", err)
	}
	others[4].stream.Contact(agent.AgentContactStateCONNECTING)
	if _, err := o.Agent.RejectContact(t.Context(), &agent.RejectContactRequest{SessionToken: others[4].Token, ContactId: l.Contact}); err != nil {
		t.Fatal(err)
	}
	o.attribute("MULTI_PARTY_CHAT_CONFERENCE", "false")
	others[4].Clear(l.Contact)
	servertest.Refused(t, "an invitation where several cannot take part", seventh(), "InvalidStateException", 409)
}
