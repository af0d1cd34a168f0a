package servertest

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"slices"
	"testing"

	"parley.example/parley/api/connect"
	"parley.example/parley/api/participant"
	"parley.example/parley/api/restjson"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/engine/enginetest"
)

// Chat is one participant's side of a chat.
type Chat struct {
	Contact     string
	Participant string // id
	Token       string // participant token
	Bearer      string // connection token, "" until it connects
	SocketURL   string // likewise "" until it connects, and for a custom bot

	s *Server
	t testing.TB
}

// Instance returns the id of an instance to chat in: the demo's in development
// mode, else the first there is, created when there is none.
func (s *Server) Instance(t testing.TB) string {
	t.Helper()
	if s.Server == nil || s.Dev {
		return catalog.DemoInstance
	}
	list, err := s.Connect.ListInstances(t.Context(), &connect.ListInstancesRequest{})
	if err != nil {
		t.Fatalf("ListInstances: %v", err)
	}
	if len(list.InstanceSummaryList) > 0 {
		return *list.InstanceSummaryList[0].Id
	}
	out, err := s.Connect.CreateInstance(t.Context(), &connect.CreateInstanceRequest{
		IdentityManagementType: connect.DirectoryTypeCONNECT_MANAGED, InstanceAlias: new("first"),
		InboundCallsEnabled: true, OutboundCallsEnabled: true})
	if err != nil {
		t.Fatalf("CreateInstance: %v", err)
	}
	return *out.Id
}

// Flow publishes a flow in the instance and returns its id. One name is one flow.
func (s *Server) Flow(t testing.TB, name, content string) string {
	t.Helper()
	instance := s.Instance(t)
	list, err := s.Connect.ListContactFlows(t.Context(), &connect.ListContactFlowsRequest{InstanceId: instance, MaxResults: new(int32(1000))})
	if err != nil {
		t.Fatalf("ListContactFlows: %v", err)
	}
	if i := slices.IndexFunc(list.ContactFlowSummaryList, func(f connect.ContactFlowSummary) bool { return *f.Name == name }); i >= 0 {
		return *list.ContactFlowSummaryList[i].Id
	}
	out, err := s.Connect.CreateContactFlow(t.Context(), &connect.CreateContactFlowRequest{
		InstanceId: instance, Name: name, Type: connect.ContactFlowTypeCONTACT_FLOW, Content: content})
	if err != nil {
		t.Fatalf("CreateContactFlow: %v", err)
	}
	return *out.ContactFlowId
}

// Request returns the request that starts a chat with the flow [enginetest.Greet].
func (s *Server) Request(t testing.TB) *connect.StartChatContactRequest {
	t.Helper()
	return &connect.StartChatContactRequest{
		InstanceId: s.Instance(t), ContactFlowId: s.Flow(t, "Greet", enginetest.Greet),
		ParticipantDetails: &connect.ParticipantDetails{DisplayName: "Ana"}}
}

// Begin starts a chat with the flow [enginetest.Greet], changed as told. Its customer has not connected.
func (s *Server) Begin(t testing.TB, change ...func(*connect.StartChatContactRequest)) *Chat {
	t.Helper()
	in := s.Request(t)
	for _, f := range change {
		f(in)
	}
	out, err := s.Connect.StartChatContact(t.Context(), in)
	if err != nil {
		t.Fatalf("StartChatContact: %v", err)
	}
	return s.Customer(t, out)
}

// Customer returns the customer's side of a chat that has been started.
func (s *Server) Customer(t testing.TB, out *connect.StartChatContactResponse) *Chat {
	c := &Chat{Contact: *out.ContactId, Participant: *out.ParticipantId, Token: *out.ParticipantToken, s: s, t: t}
	if out.ConnectionCredentials != nil {
		c.Bearer = *out.ConnectionCredentials.ConnectionToken
	}
	if out.Websocket != nil {
		c.SocketURL = *out.Websocket.Url
	}
	return c
}

// OneCall is a change of [Server.Begin]: the chat has its connection from the start.
func OneCall(in *connect.StartChatContactRequest) {
	in.ConnectionTypes = []connect.ConnectionType{connect.ConnectionTypeWEBSOCKET, connect.ConnectionTypeCONNECTION_CREDENTIALS}
}

// Chat starts a chat like [Server.Begin] and connects its customer.
func (s *Server) Chat(t testing.TB, change ...func(*connect.StartChatContactRequest)) *Chat {
	t.Helper()
	c := s.Begin(t, change...)
	c.Connect()
	return c
}

// Assistant starts a chat with an AI agent and connects its customer.
func (s *Server) Assistant(t testing.TB, agent string) *Chat {
	t.Helper()
	out, err := s.Connect.StartAssistantContact(t.Context(), &connect.StartAssistantContactRequest{
		InstanceId: s.Instance(t), AiAgent: &connect.AiAgentInput{AiAgentId: agent}, ParticipantDetails: &connect.ParticipantDetails{DisplayName: "Ana"}})
	if err != nil {
		t.Fatalf("StartAssistantContact: %v", err)
	}
	c := &Chat{Contact: *out.ContactId, Participant: *out.ParticipantId, Token: *out.ParticipantToken, s: s, t: t}
	c.Connect()
	return c
}

// Connect gets the participant new credentials and a socket's URL, and connects it.
func (c *Chat) Connect() { c.credentials(true) }

// Credentials does the same but for connecting: that is left to subscribing on a socket.
func (c *Chat) Credentials() { c.credentials(false) }

func (c *Chat) credentials(connects bool) {
	c.t.Helper()
	out, err := c.s.Participant.CreateParticipantConnection(c.t.Context(), &participant.CreateParticipantConnectionRequest{
		ParticipantToken: c.Token, ConnectParticipant: &connects,
		Type: []participant.ConnectionType{participant.ConnectionTypeWEBSOCKET, participant.ConnectionTypeCONNECTION_CREDENTIALS}})
	if err != nil {
		c.t.Fatalf("CreateParticipantConnection: %v", err)
	}
	c.Bearer, c.SocketURL = *out.ConnectionCredentials.ConnectionToken, *out.Websocket.Url
}

// Bot adds a custom participant to the chat, connects it and returns its side.
func (c *Chat) Bot(name string) *Chat {
	c.t.Helper()
	out, err := c.s.Connect.CreateParticipant(c.t.Context(), &connect.CreateParticipantRequest{
		InstanceId: c.s.Instance(c.t), ContactId: c.Contact,
		ParticipantDetails: &connect.ParticipantDetailsToAdd{ParticipantRole: connect.ParticipantRoleCUSTOM_BOT, DisplayName: &name}})
	if err != nil {
		c.t.Fatalf("CreateParticipant: %v", err)
	}
	bot := &Chat{Contact: c.Contact, Participant: *out.ParticipantId, Token: *out.ParticipantCredentials.ParticipantToken, s: c.s, t: c.t}
	con, err := c.s.Participant.CreateParticipantConnection(c.t.Context(), &participant.CreateParticipantConnectionRequest{
		ParticipantToken: bot.Token, ConnectParticipant: new(true),
		Type: []participant.ConnectionType{participant.ConnectionTypeCONNECTION_CREDENTIALS}})
	if err != nil {
		c.t.Fatalf("CreateParticipantConnection of a bot: %v", err)
	}
	bot.Bearer = *con.ConnectionCredentials.ConnectionToken
	return bot
}

// Stop ends the chat from outside, by StopContact.
func (c *Chat) Stop() {
	c.t.Helper()
	if _, err := c.s.Connect.StopContact(c.t.Context(), &connect.StopContactRequest{InstanceId: c.s.Instance(c.t), ContactId: c.Contact}); err != nil {
		c.t.Fatalf("StopContact: %v", err)
	}
}

// On returns the same side of the chat on another server, after a restart.
func (c *Chat) On(s *Server) *Chat {
	again := *c
	again.s = s
	return &again
}

// Send sends a text and returns the item's id.
func (c *Chat) Send(text string) string {
	c.t.Helper()
	out, err := c.TrySend(c.t.Context(), text)
	if err != nil {
		c.t.Fatalf("SendMessage(%.40q): %v", text, err)
	}
	return *out.Id
}

// TrySend sends a text.
func (c *Chat) TrySend(ctx context.Context, text string) (*participant.SendMessageResponse, error) {
	return c.s.Participant.SendMessage(ctx, &participant.SendMessageRequest{
		ConnectionToken: c.Bearer, ContentType: "text/plain", Content: text})
}

// Texts returns the messages of the transcript, oldest first.
func (c *Chat) Texts() (texts []string) {
	c.t.Helper()
	in := &participant.GetTranscriptRequest{ConnectionToken: c.Bearer, MaxResults: new(int32(100)),
		ScanDirection: participant.ScanDirectionBACKWARD, SortOrder: participant.SortKeyDESCENDING}
	for {
		out, err := c.s.Participant.GetTranscript(c.t.Context(), in)
		if err != nil {
			c.t.Fatalf("GetTranscript: %v", err)
		}
		for _, it := range out.Transcript {
			if it.Type == participant.ChatItemTypeMESSAGE {
				texts = append(texts, *it.Content)
			}
		}
		if in.NextToken = out.NextToken; in.NextToken == nil {
			slices.Reverse(texts)
			return texts
		}
	}
}

// File announces a file of the customer's and returns where its bytes go.
func (c *Chat) File(name, contentType string, size int64) *participant.StartAttachmentUploadResponse {
	c.t.Helper()
	out, err := c.s.Participant.StartAttachmentUpload(c.t.Context(), &participant.StartAttachmentUploadRequest{
		ConnectionToken: c.Bearer, AttachmentName: name, ContentType: contentType, AttachmentSizeInBytes: size,
		ClientToken: center.NewUUID()})
	if err != nil {
		c.t.Fatalf("StartAttachmentUpload(%q): %v", name, err)
	}
	return out
}

// Put returns the request that uploads a file's bytes, as the announcement wants it.
func Put(t testing.TB, out *participant.StartAttachmentUploadResponse, body []byte) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPut, *out.UploadMetadata.Url, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for k, v := range out.UploadMetadata.HeadersToInclude {
		if k != "Content-Length" {
			r.Header.Set(k, v)
		}
	}
	return r
}

// Refused fails the test unless err is the exception with its status.
func Refused(t testing.TB, what string, err error, code string, status int) {
	t.Helper()
	coded, ok := errors.AsType[restjson.Coded](err)
	if !ok || coded.ErrorCode() != code || coded.HTTPStatus() != status {
		t.Fatalf("%s = %v; want %s, %d", what, err, code, status)
	}
}
