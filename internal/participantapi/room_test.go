package participantapi_test

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

	"parley.example/parley/api/participant"
	"parley.example/parley/api/restjson"
	"parley.example/parley/internal/auth"
	"parley.example/parley/internal/blob"
	"parley.example/parley/internal/bus"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/catalog/setup"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
	"parley.example/parley/internal/engine"
	"parley.example/parley/internal/flow"
	"parley.example/parley/internal/participantapi"
	"parley.example/parley/internal/store"
	"parley.example/parley/internal/store/sqlite"
)

const (
	instance  = center.InstanceID("11111111-1111-4111-8111-111111111111")
	publicURL = "http://127.0.0.1:8790"

	csv = "text/csv"
)

// documents are the flows of the tests. greet says hello and waits a week;
// survey asks for a mark, as a disconnect flow does.
var documents = map[string]string{
	"greet": `{"Version":"2019-10-30","StartAction":"a","Actions":[
	 {"Identifier":"a","Type":"MessageParticipant","Parameters":{"Text":"Hello"},"Transitions":{"NextAction":"b"}},
	 {"Identifier":"b","Type":"Wait","Parameters":{"TimeLimitSeconds":"604800"},"Transitions":{"NextAction":"c","Conditions":[{"NextAction":"c","Condition":{"Operator":"Equals","Operands":["WaitCompleted"]}}],"Errors":[{"NextAction":"c","ErrorType":"NoMatchingError"}]}},
	 {"Identifier":"c","Type":"DisconnectParticipant","Parameters":{},"Transitions":{}}]}`,
	"survey": `{"Version":"2019-10-30","StartAction":"h","Actions":[
	 {"Identifier":"h","Type":"UpdateContactEventHooks","Parameters":{"EventHooks":{"CustomerRemaining":"greet"}},"Transitions":{"NextAction":"b"}},
	 {"Identifier":"b","Type":"Wait","Parameters":{"TimeLimitSeconds":"604800"},"Transitions":{"NextAction":"c","Conditions":[{"NextAction":"c","Condition":{"Operator":"Equals","Operands":["WaitCompleted"]}}],"Errors":[{"NextAction":"c","ErrorType":"NoMatchingError"}]}},
	 {"Identifier":"c","Type":"DisconnectParticipant","Parameters":{},"Transitions":{}}]}`,
}

// flows is a catalog of the documents.
type flows struct {
	contact.Empty
	all map[string]*flow.Flow
}

func (flows) Prepare(context.Context, center.InstanceID, ...*flow.Run) error { return nil }

func (f flows) Published(_ center.InstanceID, ref string) (*flow.Flow, center.FlowID, error) {
	if v := f.all[ref]; v != nil {
		return v, center.FlowID(ref), nil
	}
	return nil, "", center.Missing(center.KindFlow, ref)
}

func (f flows) Content(id center.FlowID, _ string) (*flow.Flow, error) { return f.all[string(id)], nil }

// room is a server without a network: the service behind its generated
// handler, an engine, a store in memory.
type room struct {
	*testing.T
	participant.Service // the generated client
	engine              *engine.Engine
	store               store.Store
	sealer              *auth.Sealer
	blobs               blob.Store
	views               *catalog.Catalog
	http                *http.Client

	listeners []bus.Listener // besides the room itself; set before the first chat

	mu   sync.Mutex // guards told
	told []center.Push
}

// inRoom runs a test in a bubble of its own time.
func inRoom(t *testing.T, test func(r *room)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { test(open(t)) })
}

func open(t *testing.T) *room {
	t.Helper()
	r := &room{T: t, blobs: blob.Memory(64 << 20)}
	var err error
	if r.store, err = sqlite.Open(t.Context(), sqlite.Options{}); err != nil {
		t.Fatalf("sqlite.Open: %v", err)
	}
	if r.sealer, err = auth.NewSealer(auth.NewSecret(1)); err != nil {
		t.Fatalf("NewSealer: %v", err)
	}
	catalogue := flows{all: map[string]*flow.Flow{}}
	for name, text := range documents {
		if catalogue.all[name], err = flow.Parse([]byte(text)); err != nil {
			t.Fatalf("Parse(%s): %v", name, err)
		}
	}
	partition := center.Partition{Region: "us-east-1", Account: "123456789012"}
	clock := &engine.Clock{}
	r.views = catalog.New(catalog.Config{Store: r.store, Partition: partition, Now: clock.Now})
	if err := setup.SeedDemo(t.Context(), r.views); err != nil { // its instance is the one of the room
		t.Fatalf("SeedDemo: %v", err)
	}
	r.engine = engine.New(engine.Config{
		Store: r.store, Catalog: catalogue, Clock: clock, Log: slog.New(slog.DiscardHandler), Partition: partition,
		MaxActive: func(center.InstanceID) int64 { return -1 },
		Bus:       &bus.Local{Listeners: []bus.Listener{r.hear}},
		Invoke: func(context.Context, flow.Invoke, []byte) (json.RawMessage, error) {
			return nil, errors.New("no function")
		},
		DeleteFile: participantapi.DeleteFile(r.blobs),
	})
	t.Cleanup(func() {
		r.engine.Close()
		if err := r.store.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	svc := &participantapi.Service{
		Engine: r.engine, Store: r.store, Sealer: r.sealer, Blobs: r.blobs, Views: r.views, Partition: partition, Now: clock.Now,
		PublicURL: func(context.Context) string { return publicURL }, Log: slog.New(slog.DiscardHandler),
	}
	api := participant.NewHandler(svc, restjson.HandlerOptions{
		MapError: participantapi.MapError,
		Before:   svc.Before,
	})
	mux := http.NewServeMux()
	mux.Handle("/participant/", api)
	mux.Handle(participantapi.FilesPath, svc.Files())
	r.http = restjson.InProcess(mux)
	r.Service = participant.NewClient(restjson.ClientConfig{Endpoint: publicURL, HTTPClient: r.http})
	return r
}

func (r *room) hear(pushes []center.Push) {
	for _, listen := range r.listeners {
		listen(pushes)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.told = append(r.told, pushes...)
}

// pushes returns what was told of a content type.
func (r *room) pushes(contentType string) (list []center.Push) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, p := range r.told {
		if p.Item.ContentType == contentType {
			list = append(list, p)
		}
	}
	return list
}

// pass lets time pass, and what falls due happen.
func (r *room) pass(d time.Duration) {
	time.Sleep(d) // of the bubble's clock
	synctest.Wait()
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
func (r *room) start(change ...func(*contact.Start)) person {
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
	p.token = r.sealer.Seal(auth.Token{Kind: auth.Participant, Chat: p.chat, Participant: p.id})
	return p
}

// join begins a chat whose customer is connected.
func (r *room) join(change ...func(*contact.Start)) person {
	r.Helper()
	return r.connect(r.start(change...))
}

func (r *room) connect(p person) person {
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
func (r *room) bot(chat center.ContactID) person {
	r.Helper()
	return r.connect(r.invite(chat))
}

func (r *room) invite(chat center.ContactID) person {
	r.Helper()
	reply := r.command(chat, contact.AddParticipant{DisplayName: "Botto"})
	p := person{chat: chat, contact: chat, id: reply.Participant}
	p.token = r.sealer.Seal(auth.Token{Kind: auth.Participant, Chat: chat, Participant: p.id})
	return p
}

func (r *room) command(chat center.ContactID, cmd contact.Command) contact.Reply {
	r.Helper()
	reply, err := r.engine.Do(r.Context(), chat, cmd)
	if err != nil {
		r.Fatalf("%T: %v", cmd, err)
	}
	return reply
}

func (r *room) say(p person, text string) *participant.SendMessageResponse {
	r.Helper()
	out, err := r.SendMessage(r.Context(), &participant.SendMessageRequest{ConnectionToken: p.bearer, ContentType: "text/plain", Content: text})
	if err != nil {
		r.Fatalf("SendMessage(%.40q): %v", text, err)
	}
	return out
}

// items reads a whole transcript, oldest first.
func (r *room) items(chat center.ContactID) []center.Item {
	r.Helper()
	items, err := r.store.Items(r.Context(), store.ItemQuery{Chat: chat})
	if err != nil {
		r.Fatalf("Items: %v", err)
	}
	return items
}

// script is a transcript in words: texts, file names, and the last word of events.
func script(items []center.Item) (words []string) {
	for _, it := range items {
		switch {
		case it.Attachment != nil:
			words = append(words, "["+it.Attachment.Name+"]")
		case it.Content != "":
			words = append(words, it.Content)
		default:
			words = append(words, it.ContentType[strings.LastIndexByte(it.ContentType, '.')+1:]+" "+string(it.Role))
		}
	}
	return words
}

func (r *room) wantScript(chat center.ContactID, want ...string) {
	r.Helper()
	if got := script(r.items(chat)); !slices.Equal(got, want) {
		r.Fatalf("the transcript is %q; want %q", got, want)
	}
}

// refused checks an error's exception and status.
func (r *room) refused(what string, err error, code string, status int) {
	r.Helper()
	var coded restjson.Coded
	if !errors.As(err, &coded) || coded.ErrorCode() != code || coded.HTTPStatus() != status {
		r.Fatalf("%s = %v; want %s, %d", what, err, code, status)
	}
}

func (r *room) denied(what string, err error) {
	r.Helper()
	r.refused(what, err, "AccessDeniedException", 403)
	if e := err.(restjson.Coded); e.ErrorMessage() != "Access denied" {
		r.Fatalf("%s says %q; want no more than Access denied", what, e.ErrorMessage())
	}
}

func (r *room) invalid(what string, err error) {
	r.Helper()
	r.refused(what, err, "ValidationException", 400)
}

// thirdParticipant lets an agent be in a chat, as another node of a cluster
// would have decided it.
func (r *room) thirdParticipant(chat center.ContactID) person {
	r.Helper()
	head, err := r.store.Chat(r.Context(), chat)
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
	r.store.Submit(&store.Change{Chat: chat, Version: head.Version, State: &head}, func(err error) { done <- err })
	if err := <-done; err != nil {
		r.Fatalf("Submit: %v", err)
	}
	// The engine learns of it when its next change is refused.
	r.command(chat, contact.SetAttributes{Attributes: map[string]string{"agent": "here"}})
	p.token = r.sealer.Seal(auth.Token{Kind: auth.Participant, Chat: chat, Participant: p.id})
	p.bearer = r.sealer.Seal(auth.Token{Kind: auth.Connection, Chat: chat, Participant: p.id})
	return p
}
