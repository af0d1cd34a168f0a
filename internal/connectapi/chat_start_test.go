package connectapi_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"parley.example/parley/api/connect"
	"parley.example/parley/api/participant"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
	"parley.example/parley/internal/engine/enginetest"
	"parley.example/parley/internal/store"
)

type startRequest = connect.StartChatContactRequest

func TestStartChatContactWithEverything(t *testing.T) {
	inHall(t, func(h *hall) {
		begun := time.Now().UTC()
		out := h.start(func(in *startRequest) {
			in.InstanceId = "arn:aws:connect:us-east-1:123456789012:instance/" + h.instance
			in.ContactFlowId = in.InstanceId + "/contact-flow/" + h.greet
			in.Attributes = map[string]string{"tier": "gold", "empty": ""}
			in.InitialMessage = &connect.ChatMessage{ContentType: "text/markdown", Content: "*first*"}
			in.ChatDurationInMinutes = new(int32(60))
			in.SupportedMessagingContentTypes = []string{"text/plain", "text/markdown"}
			in.ParticipantConfiguration = &connect.ParticipantConfiguration{ResponseMode: connect.ResponseModeINCREMENTAL}
			in.SegmentAttributes = map[string]connect.SegmentAttributeValue{
				"plan": {ValueString: new("pro")}, "seats": {ValueInteger: new(int32(3))},
				"connect:CustomerAuthentication": {ValueMap: map[string]connect.SegmentAttributeValue{"Status": {ValueString: new("AUTHENTICATED")}}},
			}
			in.CustomerId = new("c-7")
			in.DisconnectOnCustomerExit = []connect.DisconnectOnCustomerExitParticipantType{connect.DisconnectOnCustomerExitParticipantTypeAGENT}
		})
		if out.ContinuedFromContactId != nil || *out.ParticipantId == "" || len(*out.ParticipantToken) > 1000 {
			h.Errorf("StartChatContact = %+v; want ids and a token", out)
		}
		id := *out.ContactId
		h.wantScript(id) // the flow waits for the customer
		c := h.describe(id)
		if !c.InitiationTimestamp.Equal(begun) || c.ConnectedToSystemTimestamp != nil || c.DisconnectTimestamp != nil {
			h.Errorf("before the connection the times are %v, %v, %v; want only the initiation", c.InitiationTimestamp, c.ConnectedToSystemTimestamp, c.DisconnectTimestamp)
		}
		enginetest.Pass(2 * time.Second)
		bearer := h.connect(*out.ParticipantToken)
		h.wantScript(id, "joined CUSTOMER", "*first*", "Hello")
		c = h.describe(id)
		if *c.Arn != "arn:aws:connect:us-east-1:123456789012:instance/"+h.instance+"/contact/"+id || *c.Id != id || c.InitialContactId != nil ||
			*c.ContactAssociationId != id || c.Channel != connect.ChannelCHAT || c.InitiationMethod != connect.ContactInitiationMethodAPI ||
			*c.CustomerId != "c-7" || !c.ConnectedToSystemTimestamp.Equal(begun.Add(2*time.Second)) || c.Tags["aws:connect:instanceId"] != h.instance {
			h.Errorf("DescribeContact = %+v", c)
		}
		if got := fmt.Sprint(c.Attributes); got != "map[empty: tier:gold]" {
			h.Errorf("Attributes = %s; want what was given", got)
		}
		s := c.SegmentAttributes
		if *s["connect:Subtype"].ValueString != "connect:Chat" || *s["plan"].ValueString != "pro" || *s["seats"].ValueInteger != 3 ||
			*s["connect:CustomerAuthentication"].ValueMap["Status"].ValueString != "AUTHENTICATED" ||
			*s["connect:ContactExpiry"].ValueMap["ExpiryDuration"].ValueString != "60" ||
			*s["connect:ContactExpiry"].ValueMap["ExpiryTimeStamp"].ValueString != begun.Add(time.Hour).Format(time.RFC3339) {
			h.Errorf("SegmentAttributes = %+v", s)
		}
		// After 60 minutes the chat is over.
		enginetest.Pass(time.Hour)
		if c = h.describe(id); *c.DisconnectReason != "EXPIRED" || !c.DisconnectTimestamp.Equal(begun.Add(time.Hour)) {
			h.Errorf("after an hour: %v at %v; want EXPIRED", *c.DisconnectReason, c.DisconnectTimestamp)
		}
		_, err := h.part.SendMessage(h.Context(), &participant.SendMessageRequest{ConnectionToken: bearer, ContentType: "text/plain", Content: "late"})
		h.refused("SendMessage after the end", err, "AccessDeniedException", 403)
	})
}

func TestChatEndsWhenNobodyConnects(t *testing.T) {
	inHall(t, func(h *hall) {
		out := h.start()
		enginetest.Pass(5*time.Minute + time.Second)
		if c := h.describe(*out.ContactId); c.DisconnectReason == nil || *c.DisconnectReason != "CUSTOMER_CONNECTION_NOT_ESTABLISHED" || c.ChatMetrics != nil {
			h.Errorf("after five minutes: %+v; want CUSTOMER_CONNECTION_NOT_ESTABLISHED", c)
		}
		_, err := h.part.CreateParticipantConnection(h.Context(), &participant.CreateParticipantConnectionRequest{ParticipantToken: *out.ParticipantToken, ConnectParticipant: new(true)})
		h.refused("CreateParticipantConnection", err, "AccessDeniedException", 403)
	})
}

func TestStartChatContactRefuses(t *testing.T) {
	inHall(t, func(h *hall) {
		invalid, request, missing := h.invalidParameter, h.invalidRequest, h.notFound
		whisper := h.flow("whisper", connect.ContactFlowTypeCUSTOMER_WHISPER, `{"Version":"2019-10-30","StartAction":"c","Actions":[{"Identifier":"c","Type":"EndFlowExecution","Parameters":{},"Transitions":{}}]}`)
		bytes := func(n int) map[string]string {
			return map[string]string{"a": strings.Repeat("x", n/2-1), "b": strings.Repeat("é", n/4-1) + "x"}
		}
		for what, c := range map[string]struct {
			change func(*startRequest)
			want   func(string, error) // nil for success
		}{
			"32,768 bytes of attributes":       {func(in *startRequest) { in.Attributes = bytes(32768) }, nil},
			"one byte more":                    {func(in *startRequest) { in.Attributes = bytes(32768); in.Attributes["b"] += "x" }, invalid},
			"a key with a space":               {func(in *startRequest) { in.Attributes = map[string]string{"a b": "x"} }, invalid},
			"an empty value":                   {func(in *startRequest) { in.Attributes = map[string]string{"a": ""} }, nil},
			"59 minutes":                       {func(in *startRequest) { in.ChatDurationInMinutes = new(int32(59)) }, invalid},
			"10,081 minutes":                   {func(in *startRequest) { in.ChatDurationInMinutes = new(int32(10081)) }, invalid},
			"10,080 minutes":                   {func(in *startRequest) { in.ChatDurationInMinutes = new(int32(10080)) }, nil},
			"content types without text/plain": {func(in *startRequest) { in.SupportedMessagingContentTypes = []string{"text/markdown"} }, invalid},
			"a content type that is none":      {func(in *startRequest) { in.SupportedMessagingContentTypes = []string{"text/plain", "text/html"} }, invalid},
			"a first message not supported": {func(in *startRequest) {
				in.InitialMessage = &connect.ChatMessage{ContentType: "text/markdown", Content: "x"}
			}, invalid},
			"an empty first message": {func(in *startRequest) { in.InitialMessage = &connect.ChatMessage{ContentType: "text/plain"} }, invalid},
			"persistent and related": {func(in *startRequest) {
				in.RelatedContactId, in.PersistentChat = new("x"), &connect.PersistentChat{RehydrationType: connect.RehydrationTypeFROM_SEGMENT, SourceContactId: new("x")}
			}, request},
			"no RehydrationType": {func(in *startRequest) { in.PersistentChat = &connect.PersistentChat{SourceContactId: new("x")} }, request},
			"no SourceContactId": {func(in *startRequest) {
				in.PersistentChat = &connect.PersistentChat{RehydrationType: connect.RehydrationTypeFROM_SEGMENT}
			}, request},
			"an unknown source": {func(in *startRequest) {
				in.PersistentChat = &connect.PersistentChat{RehydrationType: connect.RehydrationTypeFROM_SEGMENT, SourceContactId: new(center.NewUUID())}
			}, missing},
			"an unknown related contact": {func(in *startRequest) { in.RelatedContactId = new(center.NewUUID()) }, missing},
			"an unknown instance":        {func(in *startRequest) { in.InstanceId = center.NewUUID() }, missing},
			"another account's instance": {func(in *startRequest) {
				in.InstanceId = "arn:aws:connect:us-east-1:999999999999:instance/" + h.instance
			}, missing},
			"an unknown flow":        {func(in *startRequest) { in.ContactFlowId = center.NewUUID() }, missing},
			"a flow of another type": {func(in *startRequest) { in.ContactFlowId = whisper }, missing},
			"no name":                {func(in *startRequest) { in.ParticipantDetails.DisplayName = "" }, invalid},
			"no participant":         {func(in *startRequest) { in.ParticipantDetails = nil }, invalid},
			"an exit of somebody else": {func(in *startRequest) {
				in.DisconnectOnCustomerExit = []connect.DisconnectOnCustomerExitParticipantType{"SUPERVISOR"}
			}, invalid},
			"an exit of nobody": {func(in *startRequest) {
				in.DisconnectOnCustomerExit = []connect.DisconnectOnCustomerExitParticipantType{}
			}, invalid},
			"a system's segment attribute": {func(in *startRequest) {
				in.SegmentAttributes = segment("connect:Direction", connect.SegmentAttributeValue{ValueString: new("x")})
			}, invalid},
			"a segment attribute of nothing": {func(in *startRequest) { in.SegmentAttributes = segment("a", connect.SegmentAttributeValue{}) }, invalid},
			"a segment attribute of two": {func(in *startRequest) {
				in.SegmentAttributes = segment("a", connect.SegmentAttributeValue{ValueString: new("x"), ValueInteger: new(int32(1))})
			}, invalid},
			"a segment attribute of ARNs": {func(in *startRequest) {
				in.SegmentAttributes = segment("a", connect.SegmentAttributeValue{ValueArn: new("x")})
			}, invalid},
		} {
			_, err := h.StartChatContact(h.Context(), h.request(c.change))
			if c.want != nil {
				c.want("StartChatContact with "+what, err)
			} else if err != nil {
				h.Errorf("StartChatContact with %s: %v", what, err)
			}
		}
	})
}

func segment(k string, v connect.SegmentAttributeValue) map[string]connect.SegmentAttributeValue {
	return map[string]connect.SegmentAttributeValue{k: v}
}

func TestStartChatContactOnce(t *testing.T) {
	inHall(t, func(h *hall) {
		token := func(in *startRequest) { in.ClientToken = new("k") }
		first := h.start(token)
		enginetest.Pass(time.Minute)
		again := h.start(token, func(in *startRequest) { in.ParticipantDetails.DisplayName = "Somebody else" })
		if *again.ContactId != *first.ContactId || *again.ParticipantId != *first.ParticipantId {
			h.Errorf("the same ClientToken began %s and %s; want one chat", *first.ContactId, *again.ContactId)
		}
		h.connect(*again.ParticipantToken)
		h.wantScript(*first.ContactId, "joined CUSTOMER", "Hello")
		if other := h.start(func(in *startRequest) { in.ClientToken = new("k2") }); *other.ContactId == *first.ContactId {
			h.Error("another ClientToken gave the same chat")
		}
		if n, err := h.engine.Store.Count(h.Context(), store.ActiveChats(center.InstanceID(h.instance))); n != 2 || err != nil {
			h.Errorf("%d active chats are counted (%v); want 2", n, err)
		}
	})
}

func TestQuotaOfActiveChats(t *testing.T) {
	inHall(t, func(h *hall) {
		h.engine.MaxActive = 2
		one, _ := h.join(func(in *startRequest) { in.ClientToken = new("k") })
		h.start()
		_, err := h.StartChatContact(h.Context(), h.request())
		h.refused("the third chat", err, "LimitExceededException", 429)
		if again := h.start(func(in *startRequest) { in.ClientToken = new("k") }); *again.ContactId != one {
			h.Error("a repeated request at the quota began another chat")
		}
		if _, err := h.StopContact(h.Context(), &connect.StopContactRequest{InstanceId: h.instance, ContactId: one}); err != nil {
			h.Fatalf("StopContact: %v", err)
		}
		h.start()
	})
}

// TestStartsAtTheSameTime: the quota is exact, and a ClientToken gives one
// chat, however many ask at once.
func TestStartsAtTheSameTime(t *testing.T) {
	inHall(t, func(h *hall) {
		h.engine.MaxActive = 10
		const callers = 40
		run := func(change func(*startRequest)) (ids map[string]int, refused int) {
			type result struct {
				out *connect.StartChatContactResponse
				err error
			}
			results := make(chan result, callers)
			for range callers {
				go func() {
					out, err := h.StartChatContact(h.Context(), h.request(change))
					results <- result{out, err}
				}()
			}
			ids = map[string]int{}
			for range callers {
				r := <-results
				if r.err != nil {
					h.refused("a start over the quota", r.err, "LimitExceededException", 429)
					refused++
					continue
				}
				ids[*r.out.ContactId]++
			}
			return ids, refused
		}
		if ids, refused := run(func(in *startRequest) { in.ClientToken = new("k") }); len(ids) != 1 || refused != 0 {
			h.Errorf("%d requests with one ClientToken began %d chats, %d were refused; want one chat", callers, len(ids), refused)
		}
		if ids, refused := run(func(*startRequest) {}); len(ids) != 9 || refused != callers-9 {
			h.Errorf("%d requests began %d chats, %d were refused; want the 9 that were left", callers, len(ids), refused)
		}
	})
}

func TestHugeAttributeMapIsRefused(t *testing.T) {
	inHall(t, func(h *hall) {
		many := make(map[string]string, 60000)
		for i := range 60000 {
			many[fmt.Sprint("k", i)] = ""
		}
		_, err := h.StartChatContact(h.Context(), h.request(func(in *startRequest) { in.Attributes = many }))
		h.invalidParameter("60,000 attributes", err)
		for i := range 100000 {
			many[fmt.Sprint("key", i)] = "value"
		}
		_, err = h.StartChatContact(h.Context(), h.request(func(in *startRequest) { in.Attributes = many }))
		h.invalidRequest("a body of over a megabyte", err)
		h.start() // the next one is served
	})
}

// page reads one page of a transcript in words.
func (h *hall) page(bearer string, next *string) ([]string, *string) {
	h.Helper()
	out, err := h.part.GetTranscript(h.Context(), &participant.GetTranscriptRequest{
		ConnectionToken: bearer, NextToken: next, SortOrder: participant.SortKeyASCENDING, MaxResults: new(int32(100))})
	if err != nil {
		h.Fatalf("GetTranscript: %v", err)
	}
	var words []string
	for _, it := range out.Transcript {
		if it.Content != nil {
			words = append(words, *it.Content)
		}
	}
	return words, out.NextToken
}

func TestPersistentChat(t *testing.T) {
	inHall(t, func(h *hall) {
		continuing := func(kind connect.RehydrationType, id string) func(*startRequest) {
			return func(in *startRequest) {
				in.PersistentChat = &connect.PersistentChat{RehydrationType: kind, SourceContactId: &id}
			}
		}
		segmentOf, whole := connect.RehydrationTypeFROM_SEGMENT, connect.RehydrationTypeENTIRE_PAST_SESSION

		// A session of two contacts: the customer leaves, the disconnect flow runs in a second one and is stopped.
		c1, bearer := h.join(func(in *startRequest) {
			in.ContactFlowId = h.survey
			in.DisconnectOnCustomerExit = []connect.DisconnectOnCustomerExitParticipantType{connect.DisconnectOnCustomerExitParticipantTypeAGENT}
		})
		h.say(bearer, "in C1")
		_, err := h.StartChatContact(h.Context(), h.request(continuing(segmentOf, c1)))
		h.invalidRequest("continuing a chat that goes on", err)
		h.leave(bearer)
		list := h.associated(c1)
		if len(list) != 2 || *list[1].PreviousContactId != c1 || *list[1].InitialContactId != c1 || list[1].InitiationMethod != connect.ContactInitiationMethodDISCONNECT {
			h.Fatalf("ListAssociatedContacts = %+v; want a DISCONNECT contact behind %s", list, c1)
		}
		c2 := *list[1].ContactId
		_, err = h.StartChatContact(h.Context(), h.request(continuing(segmentOf, c1)))
		h.invalidRequest("continuing a contact whose chat goes on", err)
		if _, err := h.StopContact(h.Context(), &connect.StopContactRequest{InstanceId: h.instance, ContactId: c2}); err != nil {
			h.Fatalf("StopContact: %v", err)
		}
		enginetest.Pass(time.Minute)

		for _, c := range []struct {
			kind       connect.RehydrationType
			source     string
			from, past string
		}{
			{segmentOf, c1, c1, "[in C1]"},
			{segmentOf, c2, c2, "[in C1 Hello]"},
			{whole, c1, c2, "[in C1 Hello]"},
		} {
			out := h.start(continuing(c.kind, c.source), func(in *startRequest) { in.ClientToken = new(string(c.kind) + c.source) })
			again := h.start(continuing(c.kind, c.source), func(in *startRequest) { in.ClientToken = new(string(c.kind) + c.source) })
			if *out.ContinuedFromContactId != c.from || *again.ContinuedFromContactId != c.from {
				h.Errorf("%s %s continues %s, then %s; want %s", c.kind, c.source, *out.ContinuedFromContactId, *again.ContinuedFromContactId, c.from)
			}
			if related := h.describe(*out.ContactId).RelatedContactId; related == nil || *related != c.from {
				h.Errorf("%s %s: RelatedContactId is %v; want %s", c.kind, c.source, related, c.from)
			}
			bearer := h.connect(*out.ParticipantToken)
			own, next := h.page(bearer, nil)
			past, end := h.page(bearer, next)
			if fmt.Sprint(own) != "[Hello]" || fmt.Sprint(past) != c.past || end != nil {
				h.Errorf("%s %s shows %q, then %q, more %v; want its own, then %s", c.kind, c.source, own, past, end != nil, c.past)
			}
			h.leave(bearer)
		}
		if n := h.published(center.EventRehydrated); n != 3 {
			h.Errorf("chat.rehydrated was told %d times; want 3", n)
		}
		// Links add up: a fourth chat shows the third's own and what that one continued.
		third := h.start(continuing(whole, c1))
		bearer = h.connect(*third.ParticipantToken)
		h.say(bearer, "third")
		h.leave(bearer)
		bearer = h.connect(*h.start(continuing(segmentOf, *third.ContactId)).ParticipantToken)
		_, next := h.page(bearer, nil)
		if past, _ := h.page(bearer, next); fmt.Sprint(past) != "[in C1 Hello Hello third]" {
			h.Errorf("the fourth chat shows %q behind its own", past)
		}
	})
}

func TestRelatedContactIsCopied(t *testing.T) {
	inHall(t, func(h *hall) {
		old, bearer := h.join(func(in *startRequest) {
			in.Attributes = map[string]string{"tier": "gold", "lang": "de"}
			in.CustomerId = new("c-7")
			in.SegmentAttributes = segment("plan", connect.SegmentAttributeValue{ValueString: new("pro")})
		})
		_, err := h.UpdateContact(h.Context(), &connect.UpdateContactRequest{InstanceId: h.instance, ContactId: old, Name: new("Order 12"), Description: new("late"),
			References: map[string]connect.Reference{"order": {Type: connect.ReferenceTypeURL, Value: new("https://example.com/12")}}})
		if err != nil {
			h.Fatalf("UpdateContact: %v", err)
		}
		// A flow may name an attribute as callers must not.
		if _, err := h.engine.Do(h.Context(), center.ContactID(old), contact.SetAttributes{Attributes: map[string]string{"last name": "Silva"}, Flow: true}); err != nil {
			h.Fatalf("SetAttributes: %v", err)
		}
		h.leave(bearer)
		out := h.start(func(in *startRequest) { in.RelatedContactId, in.Attributes = &old, map[string]string{"lang": "fr"} })
		if out.ContinuedFromContactId != nil {
			h.Error("a related contact is not continued")
		}
		c := h.describe(*out.ContactId)
		if *c.RelatedContactId != old || *c.Name != "Order 12" || *c.Description != "late" || *c.CustomerId != "c-7" || fmt.Sprint(c.Attributes) != "map[lang:fr last name:Silva tier:gold]" ||
			*c.SegmentAttributes["plan"].ValueString != "pro" || *c.ContactAssociationId != old {
			h.Errorf("DescribeContact = %+v; want what %s had", c, old)
		}
		_, next := h.page(h.connect(*out.ParticipantToken), nil)
		if next != nil {
			h.Error("a related chat shows past items")
		}
	})
}
