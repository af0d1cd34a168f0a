package connectapi_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"parley.example/parley/api/connect"
	"parley.example/parley/api/participant"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/engine/enginetest"
	"parley.example/parley/internal/store"
)

// associated walks ListAssociatedContacts with pages of one.
func (h *hall) associated(id string) (all []connect.AssociatedContactSummary) {
	h.Helper()
	in := &connect.ListAssociatedContactsRequest{InstanceId: h.instance, ContactId: id, MaxResults: new(int32(1))}
	for range 100 {
		out, err := h.ListAssociatedContacts(h.Context(), in)
		if err != nil {
			h.Fatalf("ListAssociatedContacts: %v", err)
		}
		all = append(all, out.ContactSummaryList...)
		if in.NextToken = out.NextToken; in.NextToken == nil {
			return all
		}
	}
	h.Fatal("ListAssociatedContacts does not end")
	return nil
}

func TestListAssociatedContactsWalksTheTree(t *testing.T) {
	inHall(t, func(h *hall) {
		root := h.start()
		enginetest.Pass(time.Second)
		child := h.start(func(in *startRequest) { in.RelatedContactId = root.ContactId })
		enginetest.Pass(time.Second)
		grandchild := h.start(func(in *startRequest) { in.RelatedContactId = child.ContactId })
		h.start() // another tree
		for _, from := range []*string{root.ContactId, child.ContactId, grandchild.ContactId} {
			list := h.associated(*from)
			if len(list) != 3 || *list[0].ContactId != *root.ContactId || *list[1].ContactId != *child.ContactId || *list[2].ContactId != *grandchild.ContactId {
				h.Errorf("the tree from %s is %+v; want root, child, grandchild", *from, list)
			}
		}
		if *h.describe(*grandchild.ContactId).ContactAssociationId != *root.ContactId {
			h.Error("the grandchild's ContactAssociationId is not the root")
		}
		_, err := h.ListAssociatedContacts(h.Context(), &connect.ListAssociatedContactsRequest{InstanceId: h.instance, ContactId: *root.ContactId, NextToken: new("x")})
		h.invalidParameter("a token that is none", err)
	})
}

func TestStopContact(t *testing.T) {
	inHall(t, func(h *hall) {
		id, bearer := h.join()
		stop := func(instance, id string) error {
			_, err := h.StopContact(h.Context(), &connect.StopContactRequest{InstanceId: instance, ContactId: id})
			return err
		}
		h.notFound("StopContact in an unknown instance", stop(center.NewUUID(), id))
		if err := stop(h.instance, id); err != nil {
			h.Fatalf("StopContact: %v", err)
		}
		h.wantScript(id, "joined CUSTOMER", "Hello", "left CUSTOMER", "ended ")
		if *h.describe(id).DisconnectReason != "API" {
			h.Errorf("DisconnectReason = %s; want API", *h.describe(id).DisconnectReason)
		}
		for _, gone := range []string{id, center.NewUUID(), "nonsense"} {
			h.refused("StopContact of "+gone, stop(h.instance, gone), "ContactNotFoundException", 410)
		}
		_, err := h.part.GetTranscript(h.Context(), &participant.GetTranscriptRequest{ConnectionToken: bearer})
		h.refused("GetTranscript after the end", err, "AccessDeniedException", 403)
	})
}

func TestContactOfAnotherInstanceIsNotThere(t *testing.T) {
	inHall(t, func(h *hall) {
		id, _ := h.join()
		other, err := h.CreateInstance(h.Context(), &connect.CreateInstanceRequest{IdentityManagementType: connect.DirectoryTypeCONNECT_MANAGED, InstanceAlias: new("other"), InboundCallsEnabled: true, OutboundCallsEnabled: true})
		if err != nil {
			h.Fatalf("CreateInstance: %v", err)
		}
		ctx, i := h.Context(), *other.Id
		_, err = h.DescribeContact(ctx, &connect.DescribeContactRequest{InstanceId: i, ContactId: id})
		h.notFound("DescribeContact", err)
		_, err = h.GetContactAttributes(ctx, &connect.GetContactAttributesRequest{InstanceId: i, InitialContactId: id})
		h.notFound("GetContactAttributes", err)
		_, err = h.UpdateContactAttributes(ctx, &connect.UpdateContactAttributesRequest{InstanceId: i, InitialContactId: id, Attributes: map[string]string{"a": "b"}})
		h.notFound("UpdateContactAttributes", err)
		_, err = h.UpdateContact(ctx, &connect.UpdateContactRequest{InstanceId: i, ContactId: id, Name: new("x")})
		h.notFound("UpdateContact", err)
		_, err = h.TagContact(ctx, &connect.TagContactRequest{InstanceId: i, ContactId: id, Tags: map[string]string{"a": "b"}})
		h.notFound("TagContact", err)
		_, err = h.UntagContact(ctx, &connect.UntagContactRequest{InstanceId: i, ContactId: id, TagKeys: []string{"a"}})
		h.notFound("UntagContact", err)
		_, err = h.CreateParticipant(ctx, &connect.CreateParticipantRequest{InstanceId: i, ContactId: id, ParticipantDetails: &connect.ParticipantDetailsToAdd{ParticipantRole: connect.ParticipantRoleCUSTOM_BOT}})
		h.notFound("CreateParticipant", err)
		_, err = h.StartContactStreaming(ctx, &connect.StartContactStreamingRequest{InstanceId: i, ContactId: id, ChatStreamingConfiguration: &connect.ChatStreamingConfiguration{StreamingEndpointArn: topic}})
		h.notFound("StartContactStreaming", err)
		_, err = h.StopContactStreaming(ctx, &connect.StopContactStreamingRequest{InstanceId: i, ContactId: id, StreamingId: "x"})
		h.notFound("StopContactStreaming", err)
		_, err = h.ListAssociatedContacts(ctx, &connect.ListAssociatedContactsRequest{InstanceId: i, ContactId: id})
		h.notFound("ListAssociatedContacts", err)
		_, err = h.ListContactReferences(ctx, &connect.ListContactReferencesRequest{InstanceId: i, ContactId: id, ReferenceTypes: []connect.ReferenceType{connect.ReferenceTypeURL}})
		h.notFound("ListContactReferences", err)
		_, err = h.UpdateParticipantRoleConfig(ctx, timers(i, id, timer("CUSTOMER", "IDLE", 2)))
		h.notFound("UpdateParticipantRoleConfig", err)
		_, err = h.StartChatContact(ctx, h.request(func(in *startRequest) { in.InstanceId = i }))
		h.notFound("StartChatContact with a flow of another instance", err)
	})
}

func TestContactAttributes(t *testing.T) {
	inHall(t, func(h *hall) {
		id, bearer := h.join(func(in *startRequest) {
			in.ContactFlowId, in.Attributes = h.survey, map[string]string{"a": "1"}
			in.DisconnectOnCustomerExit = []connect.DisconnectOnCustomerExitParticipantType{connect.DisconnectOnCustomerExitParticipantTypeAGENT}
		})
		update := func(id string, m map[string]string) error {
			_, err := h.UpdateContactAttributes(h.Context(), &connect.UpdateContactAttributesRequest{InstanceId: h.instance, InitialContactId: id, Attributes: m})
			return err
		}
		want := func(id, text string) {
			h.Helper()
			out, err := h.GetContactAttributes(h.Context(), &connect.GetContactAttributesRequest{InstanceId: h.instance, InitialContactId: id})
			if err != nil || fmt.Sprint(out.Attributes) != text {
				h.Errorf("GetContactAttributes = %.200s, %v; want %s", fmt.Sprint(out), err, text)
			}
		}
		if err := update(id, map[string]string{"b": "2"}); err != nil {
			h.Fatalf("UpdateContactAttributes: %v", err)
		}
		h.leave(bearer) // a second contact begins
		second := *h.associated(id)[1].ContactId
		if err := update(second, map[string]string{"a": ""}); err != nil {
			h.Fatalf("UpdateContactAttributes by the second contact: %v", err)
		}
		want(id, "map[a: b:2]")
		want("arn:aws:connect:us-east-1:123456789012:instance/"+h.instance+"/contact/"+second, "map[a: b:2]")
		if _, err := h.StopContact(h.Context(), &connect.StopContactRequest{InstanceId: h.instance, ContactId: id}); err == nil {
			h.Error("StopContact of an ended contact of a live chain succeeded; want 410")
		}
		if _, err := h.StopContact(h.Context(), &connect.StopContactRequest{InstanceId: h.instance, ContactId: second}); err != nil {
			h.Fatalf("StopContact: %v", err)
		}
		if err := update(id, map[string]string{"c": "3"}); err != nil {
			h.Fatalf("UpdateContactAttributes after the end: %v", err)
		}
		want(id, "map[a: b:2 c:3]")
		h.invalidParameter("too many bytes in all", update(id, map[string]string{"d": strings.Repeat("x", 32762), "e": ""}))
		h.invalidParameter("a key that is none", update(id, map[string]string{"ä": "x"}))
		h.notFound("an unknown contact", update(center.NewUUID(), map[string]string{"a": "b"}))
		want(id, "map[a: b:2 c:3]")
	})
}

func TestUpdateContactAndReferences(t *testing.T) {
	inHall(t, func(h *hall) {
		id, _ := h.join()
		update := func(in *connect.UpdateContactRequest) error {
			in.InstanceId, in.ContactId = h.instance, id
			_, err := h.UpdateContact(h.Context(), in)
			return err
		}
		for _, in := range []*connect.UpdateContactRequest{
			{Name: new("Order 12"), References: map[string]connect.Reference{
				"b": {Type: connect.ReferenceTypeNUMBER, Value: new("12")}, "a": {Type: connect.ReferenceTypeURL, Value: new("https://example.com")}}},
			{Description: new("late"), References: map[string]connect.Reference{"c": {Type: connect.ReferenceTypeSTRING, Value: new("x")}, "b": {Type: connect.ReferenceTypeNUMBER, Value: new("13")}}},
			{SegmentAttributes: segment("plan", connect.SegmentAttributeValue{ValueString: new("pro")})},
		} {
			if err := update(in); err != nil {
				h.Fatalf("UpdateContact: %v", err)
			}
		}
		c := h.describe(id)
		if *c.Name != "Order 12" || *c.Description != "late" || *c.SegmentAttributes["plan"].ValueString != "pro" || *c.SegmentAttributes["connect:Subtype"].ValueString != "connect:Chat" {
			h.Errorf("DescribeContact = %+v; want all updates", c)
		}
		out, err := h.ListContactReferences(h.Context(), &connect.ListContactReferencesRequest{InstanceId: h.instance, ContactId: id,
			NextToken: new(""), ReferenceTypes: []connect.ReferenceType{connect.ReferenceTypeURL, connect.ReferenceTypeNUMBER}})
		if err != nil || len(out.ReferenceSummaryList) != 2 || *out.ReferenceSummaryList[0].Url.Name != "a" || *out.ReferenceSummaryList[1].Number.Value != "13" {
			h.Errorf("ListContactReferences = %+v, %v; want a and b", out, err)
		}
		h.invalidRequest("nothing to update", update(&connect.UpdateContactRequest{}))
		h.invalidRequest("a queue", update(&connect.UpdateContactRequest{QueueInfo: &connect.QueueInfoInput{Id: new("q")}}))
		h.invalidParameter("an attachment", update(&connect.UpdateContactRequest{References: map[string]connect.Reference{"x": {Type: connect.ReferenceTypeATTACHMENT}}}))
		h.invalidParameter("a system's attribute", update(&connect.UpdateContactRequest{SegmentAttributes: segment("connect:Subtype", connect.SegmentAttributeValue{ValueString: new("x")})}))
		many := map[string]connect.Reference{}
		for i := range 101 {
			many[fmt.Sprint(i)] = connect.Reference{Type: connect.ReferenceTypeSTRING, Value: new("x")}
		}
		h.invalidRequest("a hundred references", update(&connect.UpdateContactRequest{References: many}))
	})
}

func TestTagContact(t *testing.T) {
	inHall(t, func(h *hall) {
		id, bearer := h.join()
		h.leave(bearer)
		if _, err := h.TagContact(h.Context(), &connect.TagContactRequest{InstanceId: h.instance, ContactId: id, Tags: map[string]string{"team": "red", "site": "b"}}); err != nil {
			h.Fatalf("TagContact: %v", err)
		}
		if _, err := h.UntagContact(h.Context(), &connect.UntagContactRequest{InstanceId: h.instance, ContactId: id, TagKeys: []string{"site", "other"}}); err != nil {
			h.Fatalf("UntagContact: %v", err)
		}
		if tags := h.describe(id).Tags; len(tags) != 2 || tags["team"] != "red" || tags["aws:connect:instanceId"] != h.instance {
			h.Errorf("Tags = %v; want team and the instance's own", tags)
		}
		_, err := h.TagContact(h.Context(), &connect.TagContactRequest{InstanceId: h.instance, ContactId: id, Tags: map[string]string{"aws:x": "y"}})
		h.invalidParameter("a tag of the service", err)
	})
}

func timer(role connect.TimerEligibleParticipantRoles, kind connect.ParticipantTimerType, minutes int32) connect.ParticipantTimerConfiguration {
	v := &connect.ParticipantTimerValue{ParticipantTimerDurationInMinutes: &minutes}
	if minutes == 0 {
		v = &connect.ParticipantTimerValue{ParticipantTimerAction: "Unset"}
	}
	return connect.ParticipantTimerConfiguration{ParticipantRole: role, TimerType: kind, TimerValue: v}
}

func timers(instance, id string, list ...connect.ParticipantTimerConfiguration) *connect.UpdateParticipantRoleConfigRequest {
	return &connect.UpdateParticipantRoleConfigRequest{InstanceId: instance, ContactId: id,
		ChannelConfiguration: &connect.UpdateParticipantRoleConfigChannelInfo{Chat: &connect.ChatParticipantRoleConfig{ParticipantTimerConfigList: list}}}
}

func TestIdleTimers(t *testing.T) {
	inHall(t, func(h *hall) {
		id, ana := h.join()
		set := func(list ...connect.ParticipantTimerConfiguration) error {
			_, err := h.UpdateParticipantRoleConfig(h.Context(), timers(h.instance, id, list...))
			return err
		}
		h.invalidParameter("a repeated pair", set(timer("CUSTOMER", "IDLE", 2), timer("CUSTOMER", "IDLE", 3)))
		h.invalidParameter("one minute", set(timer("CUSTOMER", "IDLE", 1)))
		if err := set(timer("CUSTOMER", "IDLE", 2), timer("CUSTOMER", "DISCONNECT_NONCUSTOMER", 2), timer("AGENT", "IDLE", 3)); err != nil {
			h.Fatalf("UpdateParticipantRoleConfig: %v", err)
		}
		if err := set(timer("AGENT", "IDLE", 0)); err != nil {
			h.Fatalf("UpdateParticipantRoleConfig(Unset): %v", err)
		}
		enginetest.Pass(10 * time.Minute) // nobody else is there: nothing runs
		h.bot(id)
		enginetest.Pass(2*time.Minute + time.Second)
		h.say(ana, "here")
		if idle, back := h.published(center.EventIdle), h.published(center.EventReturned); idle != 1 || back != 1 {
			h.Fatalf("idle was published %d times, returned %d; want each once", idle, back)
		}
		enginetest.Pass(4*time.Minute + time.Second)
		if idle, cut := h.published(center.EventIdle), h.published(center.EventAutoDisconnection); idle != 2 || cut != 1 {
			h.Fatalf("idle was published %d times, autodisconnection %d; want 2 and 1", idle, cut)
		}
		// What the timers published is not in the transcript.
		h.wantScript(id, "joined CUSTOMER", "Hello", "joined CUSTOM_BOT", "here", "left CUSTOM_BOT")
	})
}

func TestCustomParticipant(t *testing.T) {
	inHall(t, func(h *hall) {
		id, ana := h.join()
		create := func(role connect.ParticipantRole, token string) (*connect.CreateParticipantResponse, error) {
			return h.CreateParticipant(h.Context(), &connect.CreateParticipantRequest{InstanceId: h.instance, ContactId: id, ClientToken: &token,
				ParticipantDetails: &connect.ParticipantDetailsToAdd{ParticipantRole: role}})
		}
		for _, role := range []connect.ParticipantRole{"AGENT", "CUSTOMER", "SYSTEM", "SUPERVISOR", ""} {
			_, err := create(role, "r"+string(role))
			h.invalidRequest("the role "+string(role), err)
		}
		out, err := create("CUSTOM_BOT", "k")
		if err != nil {
			h.Fatalf("CreateParticipant: %v", err)
		}
		if again, err := create("CUSTOM_BOT", "k"); err != nil || *again.ParticipantId != *out.ParticipantId {
			h.Errorf("the same ClientToken = %+v, %v; want the same participant", again, err)
		}
		_, err = create("CUSTOM_BOT", "k2")
		h.refused("a second custom participant", err, "ServiceQuotaExceededException", 402)
		if at, err := time.Parse(center.TimeLayout, *out.ParticipantCredentials.Expiry); err != nil || !at.After(time.Now()) {
			h.Errorf("Expiry = %s (%v); want a time to come", *out.ParticipantCredentials.Expiry, err)
		}
		enginetest.Pass(16 * time.Second)
		_, err = h.part.CreateParticipantConnection(h.Context(), &participant.CreateParticipantConnectionRequest{
			ParticipantToken: *out.ParticipantCredentials.ParticipantToken, ConnectParticipant: new(true), Type: []participant.ConnectionType{participant.ConnectionTypeCONNECTION_CREDENTIALS}})
		h.refused("connecting after 16 seconds", err, "AccessDeniedException", 403)
		h.bot(id) // its place is free
		h.leave(ana)
		_, err = create("CUSTOM_BOT", "k3")
		h.refused("a custom participant after the end", err, "ConflictException", 409)
	})
}

func TestStreamingEndpoints(t *testing.T) {
	inHall(t, func(h *hall) {
		id, ana := h.join()
		begin := func(arn, token string) (*connect.StartContactStreamingResponse, error) {
			return h.StartContactStreaming(h.Context(), &connect.StartContactStreamingRequest{InstanceId: h.instance, ContactId: id, ClientToken: token,
				ChatStreamingConfiguration: &connect.ChatStreamingConfiguration{StreamingEndpointArn: arn}})
		}
		_, err := begin("arn:aws:sns:us-east-1:123456789012:unknown", "k0")
		h.invalidParameter("an endpoint that is not configured", err)
		one, err := begin(topic, "k1")
		if err != nil {
			h.Fatalf("StartContactStreaming: %v", err)
		}
		if again, err := begin(topic, "k1"); err != nil || again.StreamingId != one.StreamingId {
			h.Errorf("the same ClientToken = %+v, %v; want the same stream", again, err)
		}
		if _, err := begin(topic+"2", "k2"); err != nil {
			h.Fatalf("a second endpoint: %v", err)
		}
		_, err = begin(topic+"3", "k3")
		h.refused("a third endpoint", err, "LimitExceededException", 429)
		h.say(ana, "hi")
		waiting, err := h.engine.Store.Outbox(h.Context(), store.AllShards, time.Now(), 10)
		if err != nil || len(waiting) != 2 || !strings.Contains(string(waiting[0].Body), "MessageVisibility") {
			h.Errorf("the outbox holds %d deliveries (%v); want the message once for each endpoint", len(waiting), err)
		}
		stop := func() error {
			_, err := h.StopContactStreaming(h.Context(), &connect.StopContactStreamingRequest{InstanceId: h.instance, ContactId: id, StreamingId: one.StreamingId})
			return err
		}
		if err := stop(); err != nil {
			h.Fatalf("StopContactStreaming: %v", err)
		}
		h.notFound("StopContactStreaming twice", stop())
	})
}

func TestDisconnectOnCustomerExit(t *testing.T) {
	inHall(t, func(h *hall) {
		plain, ana := h.join(func(in *startRequest) { in.ContactFlowId = h.survey })
		h.leave(ana)
		h.wantScript(plain, "joined CUSTOMER", "left CUSTOMER", "ended ")
		id, bo := h.join(func(in *startRequest) {
			in.ContactFlowId = h.survey
			in.DisconnectOnCustomerExit = []connect.DisconnectOnCustomerExitParticipantType{connect.DisconnectOnCustomerExitParticipantTypeAGENT}
		})
		h.leave(bo)
		h.wantScript(id, "joined CUSTOMER", "left CUSTOMER", "Hello")
		if c := h.describe(id); *c.DisconnectReason != "CUSTOMER_DISCONNECT" {
			h.Errorf("DisconnectReason = %s; want CUSTOMER_DISCONNECT", *c.DisconnectReason)
		}
	})
}

func TestChatMetrics(t *testing.T) {
	inHall(t, func(h *hall) {
		id, ana := h.join()
		bot := h.bot(id)
		enginetest.Pass(2 * time.Second)
		h.say(ana, "one")
		enginetest.Pass(3 * time.Second)
		h.say(ana, "two")
		enginetest.Pass(5 * time.Second)
		h.say(bot, "answer")
		enginetest.Pass(4 * time.Second)
		h.say(ana, "ünd")
		enginetest.Pass(7 * time.Second)
		h.leave(ana)
		m := h.describe(id).ChatMetrics
		w, c := m.ChatContactMetrics, m.CustomerMetrics
		// Hello, then two of the customer's 2 s after it, the answer, and one 4 s after that.
		if *w.TotalMessages != 5 || *w.TotalBotMessages != 2 || *w.TotalBotMessageLengthInChars != 11 || *w.ConversationTurnCount != 3 ||
			*w.ConversationCloseTimeInMillis != 7000 || *w.MultiParty || w.AgentFirstResponseTimestamp != nil || m.AgentMetrics != nil {
			h.Errorf("ChatContactMetrics = %+v", *w)
		}
		if *c.MessagesSent != 3 || *c.NumResponses != 2 || *c.MessageLengthInChars != 9 || c.ParticipantType != "CUSTOMER" ||
			*c.TotalResponseTimeInMillis < 5990 || *c.TotalResponseTimeInMillis > 6010 || *c.MaxResponseTimeInMillis != 4000 {
			h.Errorf("CustomerMetrics = %+v, total %d, most %d", *c, *c.TotalResponseTimeInMillis, *c.MaxResponseTimeInMillis)
		}
	})
}

// TestChatMetricsOfAgents puts an agent's items where routing would.
func TestChatMetricsOfAgents(t *testing.T) {
	inHall(t, func(h *hall) {
		out := h.start()
		id := center.ContactID(*out.ContactId)
		h.connect(*out.ParticipantToken)
		now := time.Now().UTC().Add(time.Minute).Truncate(time.Second)
		add := func(seq int64, after time.Duration, it center.Item) {
			it.Chat, it.Contact, it.Seq, it.Time = id, id, seq, now.Add(after)
			it.ID = center.NewItemID(it.Time, seq, uint64(seq))
			it.Participant, it.Role, it.DisplayName = "a1", center.RoleAgent, "Bo"
			done := make(chan error, 1)
			h.engine.Store.Submit(&store.Change{Chat: id, Items: []center.Item{it}}, func(err error) { done <- err })
			if err := <-done; err != nil {
				h.Fatalf("Submit: %v", err)
			}
		}
		add(3, 0, center.Item{Type: center.TypeEvent, ContentType: center.EventJoined})
		add(4, 9*time.Second, center.Item{Type: center.TypeMessage, ContentType: center.PlainText, Content: "Hi, I am Bo"})
		m := h.describe(*out.ContactId).ChatMetrics
		if w := m.ChatContactMetrics; *w.AgentFirstResponseTimeInMillis != 9000 || !w.AgentFirstResponseTimestamp.Equal(now.Add(9*time.Second)) {
			h.Errorf("ChatContactMetrics = %+v; want the agent's first response after 9 s", *w)
		}
		if a := m.AgentMetrics; a == nil || *a.MessagesSent != 1 || *a.ParticipantId != "a1" || *a.NumResponses != 0 {
			h.Errorf("AgentMetrics = %+v; want one message", a)
		}
	})
}
