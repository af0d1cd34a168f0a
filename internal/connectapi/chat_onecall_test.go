package connectapi_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"parley.example/parley/api/connect"
	"parley.example/parley/api/participant"
	"parley.example/parley/api/restjson"
	"parley.example/parley/internal/auth"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/engine/enginetest"
	"parley.example/parley/internal/participantapi"
	"parley.example/parley/internal/store"
)

const (
	socketType     = connect.ConnectionTypeWEBSOCKET
	credentialType = connect.ConnectionTypeCONNECTION_CREDENTIALS
)

// asking sets ConnectionTypes and, when it is not empty, ClientToken.
func asking(token string, types ...connect.ConnectionType) func(*startRequest) {
	return func(in *startRequest) {
		if in.ConnectionTypes = types; token != "" {
			in.ClientToken = &token
		}
	}
}

func streamed(arn string) func(*startRequest) {
	return func(in *startRequest) {
		in.ChatStreamingConfiguration = &connect.ChatStreamingConfiguration{StreamingEndpointArn: arn}
	}
}

// handshake opens the token of a socket's URL as the server does.
func (h *hall) handshake(w *connect.Websocket) (auth.Token, error) {
	h.Helper()
	token, ok := strings.CutPrefix(*w.Url, "wss://chat.example.com/base/ws?token=")
	if !ok || len(*w.Url) > auth.MaxURL {
		h.Fatalf("Websocket.Url = %s; want one below the public URL", *w.Url)
	}
	return h.engine.Sealer.Open(auth.Socket, token, h.engine.Clock.Now())
}

func (h *hall) wantAhead(what string, text *string, want time.Duration) {
	h.Helper()
	if at, err := time.Parse(center.TimeLayout, *text); err != nil || time.Until(at) != want {
		h.Errorf("%s = %s (%v); want %s ahead", what, *text, err, want)
	}
}

// active counts the chats that have not ended.
func (h *hall) active() int64 {
	h.Helper()
	n, err := h.engine.Store.Count(h.Context(), store.ActiveChats(center.InstanceID(h.instance)))
	if err != nil {
		h.Fatal(err)
	}
	return n
}

// TestConnectionTypes: an answer has what was asked for and nothing else
// (StartChatContact.ConnectionTypes, API model of 2026-10-21).
func TestConnectionTypes(t *testing.T) {
	inHall(t, func(h *hall) {
		for _, c := range []struct {
			name                string
			types               []connect.ConnectionType
			socket, credentials bool
		}{
			{"neither", nil, false, false},
			{"both", []connect.ConnectionType{socketType, credentialType}, true, true},
			{"both, in the other order", []connect.ConnectionType{credentialType, socketType}, true, true},
			{"credentials alone", []connect.ConnectionType{credentialType}, false, true},
			{"a socket alone", []connect.ConnectionType{socketType}, true, false},
		} {
			out := h.start(asking("", c.types...))
			if (out.Websocket != nil) != c.socket || (out.ConnectionCredentials != nil) != c.credentials || out.StreamingId != nil || out.ParticipantToken == nil {
				h.Errorf("%s: Websocket %v, ConnectionCredentials %v, StreamingId %v", c.name, out.Websocket, out.ConnectionCredentials, out.StreamingId)
			}
			if w := out.Websocket; w != nil {
				h.wantAhead("ConnectionExpiry", w.ConnectionExpiry, time.Hour)
				if at, err := h.handshake(w); err != nil || string(at.Chat) != *out.ContactId || string(at.Participant) != *out.ParticipantId {
					h.Errorf("%s: the socket is of %+v, %v", c.name, at, err)
				}
			}
			if cred := out.ConnectionCredentials; cred != nil {
				h.wantAhead("Expiry", cred.Expiry, 24*time.Hour)
			}
			// CreateParticipantConnection answers the same types alike.
			var types []participant.ConnectionType
			for _, t := range c.types {
				types = append(types, participant.ConnectionType(t))
			}
			if len(types) == 0 {
				continue
			}
			two, err := h.part.CreateParticipantConnection(h.Context(), &participant.CreateParticipantConnectionRequest{ParticipantToken: *out.ParticipantToken, Type: types})
			if err != nil || (two.Websocket != nil) != c.socket || (two.ConnectionCredentials != nil) != c.credentials {
				h.Errorf("%s: CreateParticipantConnection = %+v, %v; want the same", c.name, two, err)
			}
		}
	})
}

// TestFlowWaitsAlsoForAGivenConnection: a connection that was given does not connect
// the customer; the flow starts with the first thing that the customer does
// with it, and the five minutes hold (StartChatContact: "clients must subscribe to
// the participant's connection within 5 minutes", API reference, 2026-11).
func TestFlowWaitsAlsoForAGivenConnection(t *testing.T) {
	inHall(t, func(h *hall) {
		initial := func(in *startRequest) {
			in.InitialMessage = &connect.ChatMessage{ContentType: "text/plain", Content: "first"}
		}
		out := h.start(asking("", credentialType), initial)
		bearer := *out.ConnectionCredentials.ConnectionToken
		enginetest.Pass(4 * time.Minute)
		h.wantScript(*out.ContactId)
		if words, _ := h.page(bearer, nil); len(words) != 0 { // the token works at once
			h.Errorf("the transcript has %q before the connection", words)
		}
		h.say(bearer, "second")
		enginetest.Pass(2 * time.Minute)
		h.wantScript(*out.ContactId, "joined CUSTOMER", "first", "Hello", "second")

		connected := h.start(asking("", credentialType, socketType))
		h.connect(*connected.ParticipantToken)
		h.wantScript(*connected.ContactId, "joined CUSTOMER", "Hello")

		silent := h.start(asking("k", credentialType, socketType), streamed(topic))
		enginetest.Pass(5*time.Minute + time.Second)
		if c := h.describe(*silent.ContactId); c.DisconnectReason == nil || *c.DisconnectReason != "CUSTOMER_CONNECTION_NOT_ESTABLISHED" {
			h.Errorf("after five minutes: %v; want CUSTOMER_CONNECTION_NOT_ESTABLISHED", c.DisconnectReason)
		}
		_, err := h.part.SendMessage(h.Context(), &participant.SendMessageRequest{
			ConnectionToken: *silent.ConnectionCredentials.ConnectionToken, ContentType: "text/plain", Content: "late"})
		h.refused("the token of a chat that nobody connected to", err, "AccessDeniedException", 403)
		if again := h.start(asking("k", credentialType, socketType), streamed(topic)); *again.ContactId != *silent.ContactId || again.Websocket != nil {
			h.Errorf("repeated after five minutes: %s with the socket %v; want %s and none", *again.ContactId, again.Websocket, *silent.ContactId)
		}
	})
}

// TestRepeatedStartGivesAConnection: the answer to the first request may have been lost, so
// the next one has a connection that works; after the end it has no URL.
func TestRepeatedStartGivesAConnection(t *testing.T) {
	inHall(t, func(h *hall) {
		both := asking("k", socketType, credentialType)
		first := h.start(both, streamed(topic))
		enginetest.Pass(2 * time.Minute)
		if _, err := h.handshake(first.Websocket); err == nil {
			h.Error("the first URL is good after two minutes; want 105 seconds")
		}
		again := h.start(both, streamed(topic))
		if *again.ContactId != *first.ContactId || *again.ParticipantId != *first.ParticipantId || *again.StreamingId != *first.StreamingId {
			h.Errorf("repeated: %+v; want the chat and the stream of %+v", again, first)
		}
		if _, err := h.handshake(again.Websocket); err != nil {
			h.Errorf("the socket of the repeated request: %v", err)
		}
		h.say(*again.ConnectionCredentials.ConnectionToken, "hi")
		h.say(*first.ConnectionCredentials.ConnectionToken, "there")
		h.wantScript(*first.ContactId, "joined CUSTOMER", "Hello", "hi", "there")
		if n := h.active(); n != 1 {
			h.Errorf("there are %d chats; want one", n)
		}

		// What a repeated request asks for is what it gets.
		if plain := h.start(asking("k")); plain.Websocket != nil || plain.ConnectionCredentials != nil || *plain.StreamingId != *first.StreamingId {
			h.Errorf("repeated without ConnectionTypes: %+v", plain)
		}
		// A chat that was begun in two calls has a connection for who asks for it later.
		old := h.start(asking("k2"))
		late := h.start(asking("k2", socketType, credentialType))
		if *late.ContactId != *old.ContactId || late.Websocket == nil || late.StreamingId != nil {
			h.Errorf("a connection that is asked for later: %+v", late)
		}
		_, err := h.StartChatContact(h.Context(), h.request(asking("k2"), streamed(topic)))
		h.invalidRequest("streaming that is asked for later", err)

		h.leave(*again.ConnectionCredentials.ConnectionToken)
		ended := h.start(both, streamed(topic))
		if *ended.ContactId != *first.ContactId || *ended.StreamingId != *first.StreamingId || ended.ParticipantToken == nil || ended.Websocket != nil {
			h.Errorf("repeated after the end: %+v; want the same chat without a URL", ended)
		}
		h.refusedAfterTheEnd(ended)
	})
}

// refusedAfterTheEnd: the token of a request that was repeated after the end is as good as one from before it.
func (h *hall) refusedAfterTheEnd(out *connect.StartChatContactResponse) {
	h.Helper()
	bearer := *out.ConnectionCredentials.ConnectionToken
	_, err := h.part.SendMessage(h.Context(), &participant.SendMessageRequest{ConnectionToken: bearer, ContentType: "text/plain", Content: "late"})
	h.refused("SendMessage after the end", err, "AccessDeniedException", 403)
	reader := participant.NewClient(restjson.ClientConfig{Endpoint: publicURL, HTTPClient: h.http, Sign: func(r *http.Request, _ []byte) error {
		r.Header.Set(participantapi.AfterEndHeader, "read")
		return nil
	}})
	read := func(bearer string) error {
		_, err := reader.GetTranscript(h.Context(), &participant.GetTranscriptRequest{ConnectionToken: bearer})
		return err
	}
	if err := read(bearer); err != nil {
		h.Errorf("reading after the end: %v", err)
	}
	enginetest.Pass(25 * time.Hour)
	again := h.start(asking("k", credentialType))
	h.refused("reading a day after the end", read(*again.ConnectionCredentials.ConnectionToken), "AccessDeniedException", 403)
}

// TestRepeatedStartOfWhatIsGone: a chat that has begun is found by its ClientToken
// (StartChatContact, ClientToken: "idempotency"; Amazon Connect API reference, 2026-11)
// also when it could not begin any more.
func TestRepeatedStartOfWhatIsGone(t *testing.T) {
	inHall(t, func(h *hall) {
		brief := h.flow("brief", connect.ContactFlowTypeCONTACT_FLOW, good("Hi"))
		of := func(in *startRequest) { in.ContactFlowId = brief }
		both := asking("streamed", socketType, credentialType)
		chat, plain := h.start(of, both, streamed(topic)), h.start(of, asking("plain"))
		begun := func(in *assistantRequest) { in.ClientToken = new("agent") }
		agent := h.assistant(begun)
		h.bare = true
		if _, err := h.DeleteContactFlow(h.Context(), &connect.DeleteContactFlowRequest{InstanceId: h.instance, ContactFlowId: brief}); err != nil {
			h.Fatal(err)
		}
		again := h.start(of, both, streamed(topic))
		if *again.ContactId != *chat.ContactId || *again.StreamingId != *chat.StreamingId || again.Websocket == nil || again.ConnectionCredentials == nil {
			h.Errorf("repeated without flow and stream: %+v; want the chat %s", again, *chat.ContactId)
		}
		if again := h.start(of, asking("plain")); *again.ContactId != *plain.ContactId {
			h.Errorf("repeated without the flow: %+v; want the chat %s", again, *plain.ContactId)
		}
		if again := h.assistant(begun); *again.ContactId != *agent.ContactId {
			h.Errorf("repeated without the agent: %+v; want the chat %s", again, *agent.ContactId)
		}

		_, err := h.StartChatContact(h.Context(), h.request(of, asking("plain"), streamed(topic)))
		h.invalidRequest("streaming that was not asked for then", err)
		for _, token := range []string{"agent", "new", ""} {
			_, err = h.StartChatContact(h.Context(), h.request(of, asking(token)))
			h.refused("a chat without the flow, with the ClientToken "+token, err, "ResourceNotFoundException", 404)
		}
		_, err = h.startAssistant(func(in *assistantRequest) { in.ClientToken = new("plain") })
		h.refused("a chat without the agent", err, "ResourceNotFoundException", 404)
		if n := h.active(); n != 3 {
			h.Errorf("there are %d chats; want three", n)
		}
	})
}

// TestRepeatedStartOfACustomerWhoLeft: the chat goes on in a disconnect flow, but there is no socket for who has left.
func TestRepeatedStartOfACustomerWhoLeft(t *testing.T) {
	inHall(t, func(h *hall) {
		request := func(in *startRequest) {
			in.ContactFlowId = h.survey
			in.DisconnectOnCustomerExit = []connect.DisconnectOnCustomerExitParticipantType{connect.DisconnectOnCustomerExitParticipantTypeAGENT}
			asking("k", socketType, credentialType)(in)
		}
		out := h.start(request)
		bearer := *out.ConnectionCredentials.ConnectionToken
		h.say(bearer, "hi")
		h.leave(bearer)
		if again := h.start(request); *again.ContactId != *out.ContactId || again.Websocket != nil || h.active() != 1 {
			h.Errorf("repeated after the customer left: %+v, %d chats; want the chat that goes on, without a URL", again, h.active())
		}
	})
}

// TestStreamingFromTheStart: the endpoint gets the chat from its first item on, and
// counts as one of the two (StartChatContact.ChatStreamingConfiguration, API model
// of 2026-10-21).
func TestStreamingFromTheStart(t *testing.T) {
	inHall(t, func(h *hall) {
		out := h.start(streamed(topic))
		if out.StreamingId == nil || *out.StreamingId == "" || out.Websocket != nil || out.ConnectionCredentials != nil {
			h.Fatalf("StartChatContact = %+v; want a StreamingId alone", out)
		}
		h.connect(*out.ParticipantToken)
		waiting, err := h.engine.Store.Outbox(h.Context(), store.AllShards, time.Now(), 10)
		if err != nil || len(waiting) != 2 || waiting[0].Stream != *out.StreamingId || waiting[0].Endpoint != topic || !strings.Contains(string(waiting[0].Body), "participant.joined") {
			h.Errorf("the outbox holds %+v (%v); want joined and Hello", waiting, err)
		}
		more := func(arn string) error {
			_, err := h.StartContactStreaming(h.Context(), &connect.StartContactStreamingRequest{InstanceId: h.instance, ContactId: *out.ContactId,
				ClientToken: arn, ChatStreamingConfiguration: &connect.ChatStreamingConfiguration{StreamingEndpointArn: arn}})
			return err
		}
		if err := more(topic + "2"); err != nil {
			h.Errorf("a second endpoint: %v", err)
		}
		h.refused("a third endpoint", more(topic+"3"), "LimitExceededException", 429)
		if _, err := h.StopContactStreaming(h.Context(), &connect.StopContactStreamingRequest{InstanceId: h.instance, ContactId: *out.ContactId, StreamingId: *out.StreamingId}); err != nil {
			h.Errorf("StopContactStreaming: %v", err)
		}
	})
}

// TestStartThatCannotBeGiven: a start that cannot give all that was asked for begins
// no chat; the ClientToken is free for a request that can be answered.
func TestStartThatCannotBeGiven(t *testing.T) {
	inHall(t, func(h *hall) {
		for i, c := range []struct {
			name   string
			change func(*startRequest)
			refuse func(string, error)
		}{
			{"a type of the model that is none of a chat's start", asking("", "AUTHENTICATION_SESSION"), h.invalidParameter},
			{"a type of calls", asking("", credentialType, "WEBRTC_CONNECTION"), h.invalidParameter},
			{"a type that the model does not have", asking("", "CARRIER_PIGEON"), h.invalidParameter},
			{"a type in lower case", asking("", "websocket"), h.invalidParameter},
			{"a type twice", asking("", socketType, socketType), h.invalidParameter},
			{"three types", asking("", socketType, credentialType, socketType), h.invalidParameter},
			{"an empty list", func(in *startRequest) { in.ConnectionTypes = []connect.ConnectionType{} }, h.invalidParameter},
			{"an endpoint that the server does not know", streamed("arn:aws:sns:us-east-1:123456789012:unknown"), h.invalidParameter},
			{"no ARN", streamed("chat"), h.invalidParameter},
			{"an empty ARN", streamed(""), h.invalidParameter},
			{"a long ARN", streamed(topic + strings.Repeat("x", 350)), h.invalidParameter},
		} {
			token := fmt.Sprint("k", i)
			bad := h.request(asking("", socketType, credentialType), streamed(topic), c.change)
			bad.ClientToken = &token
			_, err := h.StartChatContact(h.Context(), bad)
			c.refuse(c.name, err)
			if n := h.active(); n != 0 {
				h.Fatalf("%s: %d chats have begun; want none", c.name, n)
			}
			good := h.start(asking(token, socketType, credentialType), streamed(topic))
			if good.Websocket == nil || good.ConnectionCredentials == nil || good.StreamingId == nil {
				h.Errorf("%s, corrected: %+v", c.name, good)
			}
			h.leave(*good.ConnectionCredentials.ConnectionToken)
		}
		// Over the quota there is neither a chat nor a connection, until there is room.
		h.engine.MaxActive = 1
		one := h.start(asking("", credentialType))
		_, err := h.StartChatContact(h.Context(), h.request(asking("over", socketType, credentialType), streamed(topic)))
		h.refused("over the quota", err, "LimitExceededException", 429)
		h.leave(*one.ConnectionCredentials.ConnectionToken)
		if two := h.start(asking("over", socketType, credentialType), streamed(topic)); two.Websocket == nil || *two.ContactId == *one.ContactId {
			h.Errorf("when there is room again: %+v", two)
		}
	})
}
