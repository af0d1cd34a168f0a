package connectapi_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"parley.example/parley/api/connect"
	"parley.example/parley/api/participant"
	"parley.example/parley/api/restjson"
	"parley.example/parley/internal/auth"
	"parley.example/parley/internal/blob"
	"parley.example/parley/internal/bus"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/connectapi"
	"parley.example/parley/internal/contact"
	"parley.example/parley/internal/engine"
	"parley.example/parley/internal/flow"
	"parley.example/parley/internal/integration"
	"parley.example/parley/internal/participantapi"
	"parley.example/parley/internal/store"
	"parley.example/parley/internal/store/sqlite"
)

// The flows of the tests: greet says hello and waits a week; survey names greet
// as the flow for a customer who remains, and waits.
const (
	greet = `{"Version":"2019-10-30","StartAction":"a","Actions":[
	 {"Identifier":"a","Type":"MessageParticipant","Parameters":{"Text":"Hello"},"Transitions":{"NextAction":"b"}},
	 {"Identifier":"b","Type":"Wait","Parameters":{"TimeLimitSeconds":"604800"},"Transitions":{"NextAction":"c","Conditions":[{"NextAction":"c","Condition":{"Operator":"Equals","Operands":["WaitCompleted"]}}],"Errors":[{"NextAction":"c","ErrorType":"NoMatchingError"}]}},
	 {"Identifier":"c","Type":"DisconnectParticipant","Parameters":{},"Transitions":{}}]}`
	survey = `{"Version":"2019-10-30","StartAction":"h","Actions":[
	 {"Identifier":"h","Type":"UpdateContactEventHooks","Parameters":{"EventHooks":{"CustomerRemaining":"GREET"}},"Transitions":{"NextAction":"b","Errors":[{"NextAction":"c","ErrorType":"NoMatchingError"}]}},
	 {"Identifier":"b","Type":"Wait","Parameters":{"TimeLimitSeconds":"604800"},"Transitions":{"NextAction":"c","Conditions":[{"NextAction":"c","Condition":{"Operator":"Equals","Operands":["WaitCompleted"]}}],"Errors":[{"NextAction":"c","ErrorType":"NoMatchingError"}]}},
	 {"Identifier":"c","Type":"DisconnectParticipant","Parameters":{},"Transitions":{}}]}`

	topic = "arn:aws:sns:us-east-1:123456789012:chat"
)

// hall is both APIs behind their generated handlers, without a network: an
// instance with two flows, an engine, a store in memory.
type hall struct {
	*testing.T
	connect.Service // the generated client
	part            participant.Service
	engine          *engine.Engine
	store           store.Store
	catalog         *catalog.Catalog
	instance        string
	greet, survey   string
	quota           int64
	functions       map[string]func(event []byte) (json.RawMessage, error)
	mu              sync.Mutex // guards told
	told            []center.Push
}

// inHall runs a test in a bubble of its own time.
func inHall(t *testing.T, test func(h *hall)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { test(openHall(t)) })
}

func openHall(t *testing.T) *hall {
	t.Helper()
	h := &hall{T: t, quota: -1}
	var err error
	if h.store, err = sqlite.Open(t.Context(), sqlite.Options{}); err != nil {
		t.Fatalf("sqlite.Open: %v", err)
	}
	sealer, err := auth.NewSealer(auth.NewSecret(1))
	if err != nil {
		t.Fatalf("NewSealer: %v", err)
	}
	partition := center.Partition{Region: "us-east-1", Account: "123456789012"}
	clock := &engine.Clock{}
	h.catalog = catalog.New(catalog.Config{Store: h.store, Partition: partition, Now: clock.Now})
	h.engine = engine.New(engine.Config{
		Store: h.store, Catalog: h.catalog, Clock: clock, Log: slog.New(slog.DiscardHandler), Partition: partition,
		MaxActive: func(center.InstanceID) int64 { return h.quota },
		Bus:       &bus.Local{Listeners: []bus.Listener{h.hear}},
		Invoke: func(_ context.Context, call flow.Invoke, event []byte) (json.RawMessage, error) {
			if f := h.functions[call.Function]; f != nil {
				return f(event)
			}
			return nil, errors.New("no function")
		},
		StreamBody: func(i center.InstanceID, s contact.Streamed) []byte {
			return integration.StreamMessage(partition, i, s)
		},
	})
	t.Cleanup(func() {
		h.engine.Close()
		if err := h.store.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	api := connect.NewHandler(connectapi.New(connectapi.Config{
		Catalog: h.catalog, Engine: h.engine, Store: h.store, Sealer: sealer, Partition: partition, Now: clock.Now,
		KnowsStream: func(arn string) bool { return strings.HasPrefix(arn, topic) },
	}), restjson.HandlerOptions{MapError: connectapi.MapError})
	h.Service = connect.NewClient(restjson.ClientConfig{Endpoint: "http://127.0.0.1", HTTPClient: restjson.InProcess(api)})
	svc := &participantapi.Service{
		Engine: h.engine, Store: h.store, Sealer: sealer, Blobs: blob.Memory(1 << 20), Partition: partition, Now: clock.Now,
		PublicURL: func(context.Context) string { return "http://127.0.0.1" }, Log: slog.New(slog.DiscardHandler),
	}
	h.part = participant.NewClient(restjson.ClientConfig{Endpoint: "http://127.0.0.1", HTTPClient: restjson.InProcess(
		participant.NewHandler(svc, restjson.HandlerOptions{MapError: participantapi.MapError}))})
	h.found()
	return h
}

// found makes the instance and its flows through the API.
func (h *hall) found() {
	h.Helper()
	made, err := h.CreateInstance(h.Context(), &connect.CreateInstanceRequest{
		IdentityManagementType: connect.DirectoryTypeCONNECT_MANAGED, InstanceAlias: new("hall"), InboundCallsEnabled: true, OutboundCallsEnabled: true})
	if err != nil {
		h.Fatalf("CreateInstance: %v", err)
	}
	h.instance = *made.Id
	h.greet = h.flow("greet", connect.ContactFlowTypeCONTACT_FLOW, greet)
	h.survey = h.flow("survey", connect.ContactFlowTypeCONTACT_FLOW, strings.ReplaceAll(survey, "GREET", h.greet))
}

func (h *hall) flow(name string, kind connect.ContactFlowType, content string) string {
	h.Helper()
	out, err := h.CreateContactFlow(h.Context(), &connect.CreateContactFlowRequest{InstanceId: h.instance, Name: name, Type: kind, Content: content})
	if err != nil {
		h.Fatalf("CreateContactFlow(%s): %v", name, err)
	}
	return *out.ContactFlowId
}

func (h *hall) hear(pushes []center.Push) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.told = append(h.told, pushes...)
}

// toldOf returns the words of the events that were told of a content type.
func (h *hall) toldOf(contentType string) (n int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, p := range h.told {
		if p.Item.ContentType == contentType {
			n++
		}
	}
	return n
}

// pass lets time pass, and what falls due happen.
func (h *hall) pass(d time.Duration) {
	time.Sleep(d) // of the bubble's clock
	synctest.Wait()
}

// request is a StartChatContact with what is required.
func (h *hall) request(change ...func(*connect.StartChatContactRequest)) *connect.StartChatContactRequest {
	in := &connect.StartChatContactRequest{
		InstanceId: h.instance, ContactFlowId: h.greet, ParticipantDetails: &connect.ParticipantDetails{DisplayName: "Ana"}}
	for _, f := range change {
		f(in)
	}
	return in
}

func (h *hall) start(change ...func(*connect.StartChatContactRequest)) *connect.StartChatContactResponse {
	h.Helper()
	out, err := h.StartChatContact(h.Context(), h.request(change...))
	if err != nil {
		h.Fatalf("StartChatContact: %v", err)
	}
	return out
}

// join begins a chat whose customer is connected and returns the contact and
// the customer's connection token.
func (h *hall) join(change ...func(*connect.StartChatContactRequest)) (id, bearer string) {
	h.Helper()
	out := h.start(change...)
	return *out.ContactId, h.connect(*out.ParticipantToken)
}

func (h *hall) connect(token string) (bearer string) {
	h.Helper()
	out, err := h.part.CreateParticipantConnection(h.Context(), &participant.CreateParticipantConnectionRequest{
		ParticipantToken: token, Type: []participant.ConnectionType{participant.ConnectionTypeCONNECTION_CREDENTIALS}, ConnectParticipant: new(true)})
	if err != nil {
		h.Fatalf("CreateParticipantConnection: %v", err)
	}
	return *out.ConnectionCredentials.ConnectionToken
}

func (h *hall) bot(id string) (bearer string) {
	h.Helper()
	out, err := h.CreateParticipant(h.Context(), &connect.CreateParticipantRequest{InstanceId: h.instance, ContactId: id,
		ParticipantDetails: &connect.ParticipantDetailsToAdd{ParticipantRole: connect.ParticipantRoleCUSTOM_BOT, DisplayName: new("Botto")}})
	if err != nil {
		h.Fatalf("CreateParticipant: %v", err)
	}
	return h.connect(*out.ParticipantCredentials.ParticipantToken)
}

func (h *hall) say(bearer, text string) {
	h.Helper()
	if _, err := h.part.SendMessage(h.Context(), &participant.SendMessageRequest{ConnectionToken: bearer, ContentType: "text/plain", Content: text}); err != nil {
		h.Fatalf("SendMessage: %v", err)
	}
}

func (h *hall) leave(bearer string) {
	h.Helper()
	if _, err := h.part.DisconnectParticipant(h.Context(), &participant.DisconnectParticipantRequest{ConnectionToken: bearer}); err != nil {
		h.Fatalf("DisconnectParticipant: %v", err)
	}
}

func (h *hall) describe(id string) *connect.Contact {
	h.Helper()
	out, err := h.DescribeContact(h.Context(), &connect.DescribeContactRequest{InstanceId: h.instance, ContactId: id})
	if err != nil {
		h.Fatalf("DescribeContact: %v", err)
	}
	return out.Contact
}

// wantScript compares the transcript of a chat, in words.
func (h *hall) wantScript(id string, want ...string) {
	h.Helper()
	items, err := h.store.Items(h.Context(), store.ItemQuery{Chat: center.ContactID(id)})
	if err != nil {
		h.Fatalf("Items: %v", err)
	}
	var got []string
	for _, it := range items {
		word := it.Content
		if word == "" {
			word = it.ContentType[strings.LastIndexByte(it.ContentType, '.')+1:] + " " + string(it.Role)
		}
		got = append(got, word)
	}
	if !slices.Equal(got, want) {
		h.Fatalf("the transcript is %q; want %q", got, want)
	}
}

// refused checks an error's exception and status.
func (h *hall) refused(what string, err error, code string, status int) {
	h.Helper()
	var coded restjson.Coded
	if !errors.As(err, &coded) || coded.ErrorCode() != code || coded.HTTPStatus() != status || coded.ErrorMessage() == "" {
		h.Errorf("%s = %v; want %s, %d", what, err, code, status)
	}
}

func (h *hall) invalidRequest(what string, err error) {
	h.Helper()
	h.refused(what, err, "InvalidRequestException", http.StatusBadRequest)
}

func (h *hall) invalidParameter(what string, err error) {
	h.Helper()
	h.refused(what, err, "InvalidParameterException", http.StatusBadRequest)
}

func (h *hall) notFound(what string, err error) {
	h.Helper()
	h.refused(what, err, "ResourceNotFoundException", http.StatusNotFound)
}
