package participantapi_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"parley.example/parley/api/participant"
	"parley.example/parley/api/restjson"
	"parley.example/parley/internal/auth"
	"parley.example/parley/internal/blob"
	"parley.example/parley/internal/blob/memory"
	"parley.example/parley/internal/catalog/setup"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
	"parley.example/parley/internal/engine/enginetest"
	"parley.example/parley/internal/participantapi"
	"parley.example/parley/internal/store"
)

const (
	instance  = center.InstanceID("11111111-1111-4111-8111-111111111111")
	publicURL = "http://127.0.0.1:8790"

	csv = "text/csv"
)

// chatFixture is a server without a network: the service behind its generated
// handler, in front of an engine with two flows: greet, and survey, which leads to it.
type chatFixture struct {
	*testing.T
	participant.Service // the generated client
	engine              *enginetest.Engine
	blobs               blob.Store
	http                *http.Client
}

// newChatFixture runs a test in a bubble of its own time.
func newChatFixture(t *testing.T, test func(r *chatFixture)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { test(open(t)) })
}

func open(t *testing.T) *chatFixture {
	t.Helper()
	r := &chatFixture{T: t, blobs: memory.New(64 << 20)}
	e := enginetest.Start(t, enginetest.Options{
		Catalog:    enginetest.ParseFlows(t, map[string]string{"greet": enginetest.Greet, "survey": enginetest.Survey("greet")}),
		DeleteFile: participantapi.Files{Blobs: r.blobs}.Delete,
	})
	if err := setup.SeedDemo(t.Context(), e.Catalog); err != nil { // its instance is the one of the room
		t.Fatalf("SeedDemo: %v", err)
	}
	r.engine = e
	svc := &participantapi.Service{
		Engine: e.Engine, Store: e.Store, Sealer: e.Sealer, Blobs: r.blobs, Views: e.Catalog, Partition: e.Partition, Now: e.Clock.Now,
		PublicURL: func(context.Context) string { return publicURL }, Log: slog.New(slog.DiscardHandler),
	}
	api := participant.NewHandler(svc, restjson.HandlerOptions{
		MapError: participantapi.MapError,
		Before: func(op *restjson.Operation, r *http.Request) (context.Context, restjson.Check, error) {
			caller, err := svc.Before(op, r)
			return caller.Context, caller.Check, err
		},
	})
	mux := http.NewServeMux()
	mux.Handle("/participant/", api)
	mux.Handle(participantapi.FilesPath, svc.Files())
	r.http = restjson.InProcess(mux)
	r.Service = participant.NewClient(restjson.ClientConfig{Endpoint: publicURL, HTTPClient: r.http})
	return r
}

// person is a participant with its two tokens.
type person struct {
	chat    center.ContactID
	id      center.ParticipantID
	token   string // ParticipantToken
	bearer  string // ConnectionToken
	contact center.ContactID
}

// start begins a chat; its customer has not connected.
func (r *chatFixture) start(change ...func(*contact.Start)) person {
	r.Helper()
	cmd := contact.Start{Instance: instance, Contact: center.NewContactID(time.Now()), Flow: "greet", DisplayName: "Ana"}
	for _, f := range change {
		f(&cmd)
	}
	reply, err := r.engine.Start(r.Context(), cmd, "")
	if err != nil {
		r.Fatalf("Start: %v", err)
	}
	p := person{chat: reply.Contact, contact: reply.Contact, id: reply.Participant}
	p.token = r.engine.Sealer.Seal(auth.Token{Kind: auth.Participant, Chat: p.chat, Participant: p.id})
	return p
}

// join begins a chat whose customer is connected.
func (r *chatFixture) join(change ...func(*contact.Start)) person {
	r.Helper()
	return r.connect(r.start(change...))
}

func (r *chatFixture) connect(p person) person {
	r.Helper()
	out, err := r.CreateParticipantConnection(r.Context(), &participant.CreateParticipantConnectionRequest{
		ParticipantToken: p.token, Type: credentials, ConnectParticipant: new(true),
	})
	if err != nil {
		r.Fatalf("CreateParticipantConnection: %v", err)
	}
	p.bearer = *out.ConnectionCredentials.ConnectionToken
	return p
}

var credentials = []participant.ConnectionType{participant.ConnectionTypeCONNECTION_CREDENTIALS}

// bot adds a custom participant to a chat and connects it.
func (r *chatFixture) bot(chat center.ContactID) person {
	r.Helper()
	return r.connect(r.invite(chat))
}

func (r *chatFixture) invite(chat center.ContactID) person {
	r.Helper()
	reply := r.command(chat, contact.AddParticipant{DisplayName: "Botto"})
	p := person{chat: chat, contact: chat, id: reply.Participant}
	p.token = r.engine.Sealer.Seal(auth.Token{Kind: auth.Participant, Chat: chat, Participant: p.id})
	return p
}

func (r *chatFixture) command(chat center.ContactID, cmd contact.Command) contact.Reply {
	r.Helper()
	reply, err := r.engine.Do(r.Context(), chat, cmd)
	if err != nil {
		r.Fatalf("%T: %v", cmd, err)
	}
	return reply
}

func (r *chatFixture) say(p person, text string) *participant.SendMessageResponse {
	r.Helper()
	out, err := r.SendMessage(r.Context(), &participant.SendMessageRequest{ConnectionToken: p.bearer, ContentType: "text/plain", Content: text})
	if err != nil {
		r.Fatalf("SendMessage(%.40q): %v", text, err)
	}
	return out
}

// refused checks an error's exception and status.
func (r *chatFixture) refused(what string, err error, code string, status int) {
	r.Helper()
	var coded restjson.Coded
	if !errors.As(err, &coded) || coded.ErrorCode() != code || coded.HTTPStatus() != status {
		r.Fatalf("%s = %v; want %s, %d", what, err, code, status)
	}
}

func (r *chatFixture) denied(what string, err error) {
	r.Helper()
	r.refused(what, err, "AccessDeniedException", 403)
	if e := err.(restjson.Coded); e.ErrorMessage() != "Access denied" {
		r.Fatalf("%s says %q; want no more than Access denied", what, e.ErrorMessage())
	}
}

func (r *chatFixture) invalid(what string, err error) {
	r.Helper()
	r.refused(what, err, "ValidationException", 400)
}

// thirdParticipant lets an agent be in a chat, as another node of a cluster
// would have decided it.
func (r *chatFixture) thirdParticipant(chat center.ContactID) person {
	r.Helper()
	head, err := r.engine.Store.Chat(r.Context(), chat)
	if err != nil {
		r.Fatalf("Chat: %v", err)
	}
	state, err := contact.DecodeChat(head.State)
	if err != nil {
		r.Fatalf("DecodeChat: %v", err)
	}
	p := person{chat: chat, contact: chat, id: center.ParticipantID(center.NewUUID())}
	state.Participants = append(state.Participants, contact.Participant{ID: p.id, Role: center.RoleAgent, DisplayName: "Bo", Joined: time.Now()})
	head.State = state.Encode()
	done := make(chan error, 1)
	r.engine.Store.Submit(&store.Change{Chat: chat, Version: head.Version, State: &head}, func(err error) { done <- err })
	if err := <-done; err != nil {
		r.Fatalf("Submit: %v", err)
	}
	// The engine learns of it when its next change is refused.
	r.command(chat, contact.SetAttributes{Attributes: map[string]string{"agent": "here"}})
	p.token = r.engine.Sealer.Seal(auth.Token{Kind: auth.Participant, Chat: chat, Participant: p.id})
	p.bearer = r.engine.Sealer.Seal(auth.Token{Kind: auth.Connection, Chat: chat, Participant: p.id})
	return p
}
