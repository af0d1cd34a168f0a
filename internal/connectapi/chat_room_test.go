package connectapi_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"parley.example/parley/api/connect"
	"parley.example/parley/api/participant"
	"parley.example/parley/api/restjson"
	"parley.example/parley/internal/blob/memory"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/connectapi"
	"parley.example/parley/internal/engine/enginetest"
	"parley.example/parley/internal/flow/machine"
	"parley.example/parley/internal/identity"
	"parley.example/parley/internal/measurer"
	"parley.example/parley/internal/participantapi"
)

const aiAgent = "11111111-2222-4333-8444-555555555555"

const topic = "arn:aws:sns:us-east-1:123456789012:chat"

// publicURL is where clients reach the hall.
const publicURL = "https://chat.example.com/base"

func at(context.Context) string { return publicURL }

// hall is both APIs behind their generated handlers, without a network: an
// instance with two flows, enginetest's Greet and a Survey that leads to it.
type hall struct {
	*testing.T
	connect.Service // the generated client
	part            participant.Service
	http            *http.Client // of the participant's API
	engine          *enginetest.Engine
	instance        string
	greet, survey   string
	functions       map[string]func(event []byte) (json.RawMessage, error)
	agent           func(ask machine.Ask) (machine.Answer, error) // the AI agent aiAgent, and every bot
	service         *connectapi.Service
	bare            bool // the server is configured with neither the agent nor streams
}

// inHall runs a test in a bubble of its own time.
func inHall(t *testing.T, test func(h *hall)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { test(openHall(t)) })
}

func openHall(t *testing.T, change ...func(*enginetest.Options)) *hall {
	t.Helper()
	h := &hall{T: t}
	o := enginetest.Options{
		Invoke: func(_ context.Context, call machine.Invoke, event []byte) (json.RawMessage, error) {
			if f := h.functions[call.Function]; f != nil {
				return f(event)
			}
			return nil, errors.New("no function")
		},
		Ask: func(_ context.Context, ask machine.Ask) (machine.Answer, error) { return h.agent(ask) },
	}
	for _, f := range change {
		f(&o)
	}
	e := enginetest.Start(t, o)
	h.engine = e
	service, client := serve(e)
	h.service = service
	service.KnowsAIAgent = func(id center.AIAgentID) bool { agent, _ := id.Cut(); return agent == aiAgent && !h.bare }
	service.KnowsStream = func(arn string) bool { return strings.HasPrefix(arn, topic) && !h.bare }
	h.Service = client
	svc := &participantapi.Service{
		Engine: e.Engine, Store: e.Store, Sealer: e.Sealer, Blobs: memory.New(1 << 20), Partition: e.Partition, Now: e.Clock.Now,
		PublicURL: at, Log: slog.New(slog.DiscardHandler),
	}
	h.http = restjson.InProcess(http.StripPrefix("/base",
		participant.NewHandler(svc, restjson.HandlerOptions{MapError: participantapi.MapError, Before: func(op *restjson.Operation, r *http.Request) (context.Context, restjson.Check, error) {
			caller, err := svc.Before(op, r)
			return caller.Context, caller.Check, err
		}})))
	h.part = participant.NewClient(restjson.ClientConfig{Endpoint: publicURL, HTTPClient: h.http})
	h.setUp()
	return h
}

// serve puts the service in front of an engine, and a client of the generated
// handler in front of the service.
func serve(e *enginetest.Engine) (*connectapi.Service, *connect.Client) {
	service := connectapi.New(connectapi.Config{
		Catalog: e.Catalog, Engine: e.Engine, Store: e.Store, Sealer: e.Sealer, Partition: e.Partition, Now: e.Clock.Now,
		PublicURL: at, KnowsStream: func(string) bool { return false }, KnowsAIAgent: func(center.AIAgentID) bool { return false },
		History: measurer.New(e.Catalog, e.Store, e.Clock, enginetest.NoLog),
		Deleted: func() {}, Passwords: identity.NewHasher(identity.Params{Passes: 1, KiB: 64, Lanes: 1}, 0),
	})
	handler := connect.NewHandler(service, restjson.HandlerOptions{MapError: connectapi.MapError})
	return service, connect.NewClient(restjson.ClientConfig{Endpoint: "http://parley.test", HTTPClient: restjson.InProcess(handler)})
}

// setUp makes the instance and its flows through the API.
func (h *hall) setUp() {
	h.Helper()
	made, err := h.CreateInstance(h.Context(), &connect.CreateInstanceRequest{
		IdentityManagementType: connect.DirectoryTypeCONNECT_MANAGED, InstanceAlias: new("hall"), InboundCallsEnabled: true, OutboundCallsEnabled: true})
	if err != nil {
		h.Fatalf("CreateInstance: %v", err)
	}
	h.instance = *made.Id
	h.greet = h.flow("greet", connect.ContactFlowTypeCONTACT_FLOW, enginetest.Greet)
	h.survey = h.flow("survey", connect.ContactFlowTypeCONTACT_FLOW, enginetest.Survey(h.greet))
}

func (h *hall) flow(name string, kind connect.ContactFlowType, content string) string {
	h.Helper()
	out, err := h.CreateContactFlow(h.Context(), &connect.CreateContactFlowRequest{InstanceId: h.instance, Name: name, Type: kind, Content: content})
	if err != nil {
		h.Fatalf("CreateContactFlow(%s): %v", name, err)
	}
	return *out.ContactFlowId
}

// published counts what the engine has published of a content type.
func (h *hall) published(contentType string) int { return len(h.engine.Bus.Of(contentType)) }

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
	h.engine.WantScript(center.ContactID(id), want...)
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
