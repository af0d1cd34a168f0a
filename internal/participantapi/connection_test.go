package participantapi_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"parley.example/parley/api/participant"
	"parley.example/parley/internal/auth"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
	"parley.example/parley/internal/engine/enginetest"
)

var socketAndCredentials = []participant.ConnectionType{participant.ConnectionTypeWEBSOCKET, participant.ConnectionTypeCONNECTION_CREDENTIALS}

func (r *chatFixture) dial(p person) *participant.CreateParticipantConnectionResponse {
	r.Helper()
	out, err := r.CreateParticipantConnection(r.Context(), &participant.CreateParticipantConnectionRequest{ParticipantToken: p.token, Type: socketAndCredentials})
	if err != nil {
		r.Fatalf("CreateParticipantConnection: %v", err)
	}
	return out
}

// socket opens the token in a socket's URL as the server does at a handshake.
func (r *chatFixture) socket(out *participant.CreateParticipantConnectionResponse) error {
	r.Helper()
	token, ok := strings.CutPrefix(*out.Websocket.Url, "ws://127.0.0.1:8790/ws?token=")
	if !ok {
		r.Fatalf("Websocket.Url = %q; want ws on the public address", *out.Websocket.Url)
	}
	_, err := r.engine.Sealer.Open(auth.Socket, token, time.Now())
	return err
}

// raw posts a body as a client without an SDK would.
func (r *chatFixture) raw(path, bearer, body string, header ...string) (status int, h http.Header, answer string) {
	r.Helper()
	req, err := http.NewRequestWithContext(r.Context(), http.MethodPost, publicURL+path, strings.NewReader(body))
	if err != nil {
		r.Fatal(err)
	}
	if bearer != "" {
		req.Header.Set("X-Amz-Bearer", bearer)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	a := r.do(req)
	return a.status, a.header, a.body
}

func TestConnectLikeChatJS(t *testing.T) {
	newChatFixture(t, func(r *chatFixture) {
		ana := r.start()
		status, _, body := r.raw("/participant/connection", ana.token, `{"Type":["WEBSOCKET","CONNECTION_CREDENTIALS"]}`)
		if status != 200 || !strings.Contains(body, `"Url":"ws://127.0.0.1:8790/ws?token=`) || !strings.Contains(body, `"ConnectionToken":"`) {
			r.Fatalf("CreateParticipantConnection = %d %s; want a socket and credentials", status, body)
		}
		r.engine.WantScript(ana.chat) // the flow waits for a socket to subscribe
	})
}

func TestTranscriptBeforeTheSocketIsOpen(t *testing.T) {
	newChatFixture(t, func(r *chatFixture) {
		ana := r.start()
		ana.bearer = *r.dial(ana).ConnectionCredentials.ConnectionToken
		status, _, body := r.raw("/participant/transcript", ana.bearer, `{"MaxResults":15,"ScanDirection":"BACKWARD","SortOrder":"ASCENDING","StartPosition":{}}`)
		if want := `{"InitialContactId":"` + string(ana.chat) + `","Transcript":[]}`; status != 200 || body != want {
			r.Fatalf("GetTranscript = %d %s; want %s", status, body, want)
		}
	})
}

func TestAuthorizationHeaderIsIgnored(t *testing.T) {
	newChatFixture(t, func(r *chatFixture) {
		ana := r.join()
		if status, _, body := r.raw("/participant/message", ana.bearer, `{"ContentType":"text/plain","Content":"hi"}`, "Authorization", "AWS4-HMAC-SHA256 garbage"); status != 200 {
			r.Fatalf("SendMessage = %d %s; want 200", status, body)
		}
	})
}

func TestUnknownTokenIsDenied(t *testing.T) {
	newChatFixture(t, func(r *chatFixture) {
		ana := r.join()
		elsewhere := auth.Token{Kind: auth.Participant, Chat: center.NewContactID(time.Now()), Participant: ana.id}
		for name, token := range map[string]string{
			"none": "", "garbage": "abc", "too long": strings.Repeat("x", 1001), "a connection token": ana.bearer,
			"of a chat that is not there": r.engine.Sealer.Seal(elsewhere),
		} {
			status, h, body := r.raw("/participant/connection", token, `{"ConnectParticipant":true}`)
			if status != 403 || h.Get("X-Amzn-Errortype") != "AccessDeniedException" || !strings.Contains(body, `"message":"Access denied"`) {
				r.Errorf("CreateParticipantConnection with a token %s = %d %s; want 403 Access denied", name, status, body)
			}
			status, _, _ = r.raw("/participant/message", token, `{"ContentType":"text/plain","Content":"hi"}`)
			if token != ana.bearer && status != 403 {
				r.Errorf("SendMessage with a token %s = %d; want 403", name, status)
			}
		}
		if status, _, _ := r.raw("/participant/message", ana.token, `{"ContentType":"text/plain","Content":"hi"}`); status != 403 {
			r.Errorf("SendMessage with a participant token = %d; want 403", status)
		}
	})
}

func TestExpiriesSuitChatJS(t *testing.T) {
	newChatFixture(t, func(r *chatFixture) {
		out := r.dial(r.start())
		for what, x := range map[string]struct {
			got  *string
			want time.Duration
		}{"ConnectionExpiry": {out.Websocket.ConnectionExpiry, time.Hour}, "Expiry": {out.ConnectionCredentials.Expiry, 24 * time.Hour}} {
			at, err := time.Parse("2006-01-02T15:04:05.000Z", *x.got)
			if err != nil || time.Until(at) != x.want {
				r.Errorf("%s = %s (%v); want %s ahead", what, *x.got, err, x.want)
			}
		}
	})
}

func TestConnectionsAreIndependent(t *testing.T) {
	newChatFixture(t, func(r *chatFixture) {
		ana := r.start()
		one, two := r.dial(ana), r.dial(ana)
		if *one.Websocket.Url == *two.Websocket.Url || *one.ConnectionCredentials.ConnectionToken == *two.ConnectionCredentials.ConnectionToken {
			r.Fatal("two connections have the same URL or token; want fresh ones")
		}
		for _, c := range []*participant.CreateParticipantConnectionResponse{one, two} {
			ana.bearer = *c.ConnectionCredentials.ConnectionToken
			if err := r.socket(c); err != nil {
				r.Errorf("a socket's URL: %v", err)
			}
			r.say(ana, "hi")
		}
	})
}

func TestTokensExpire(t *testing.T) {
	newChatFixture(t, func(r *chatFixture) {
		ana := r.join()
		c := r.dial(ana)
		enginetest.Pass(100 * time.Second)
		for range 2 {
			if err := r.socket(c); err != nil {
				r.Fatalf("a URL of 100 seconds: %v; want it accepted, twice", err)
			}
		}
		enginetest.Pass(6 * time.Second)
		if err := r.socket(c); err == nil {
			r.Fatal("a URL of 106 seconds was accepted")
		}
		enginetest.Pass(24 * time.Hour)
		_, err := r.SendMessage(r.Context(), &participant.SendMessageRequest{ConnectionToken: ana.bearer, ContentType: "text/plain", Content: "late"})
		r.denied("SendMessage with a token of more than a day", err)
		r.say(r.connect(ana), "again")
	})
}

func TestConnectParticipantStartsTheFlow(t *testing.T) {
	newChatFixture(t, func(r *chatFixture) {
		ana := r.start()
		status, _, body := r.raw("/participant/connection", ana.token, `{"ConnectParticipant":true}`)
		if status != 200 || body != "{}" {
			r.Fatalf("ConnectParticipant alone = %d %s; want 200 {}", status, body)
		}
		r.engine.WantScript(ana.chat, "joined CUSTOMER", "Hello")
		r.raw("/participant/connection", ana.token, `{"ConnectParticipant":true}`)
		r.engine.WantScript(ana.chat, "joined CUSTOMER", "Hello") // once
	})
}

func TestUnsupportedConnectionTypesAreRefused(t *testing.T) {
	newChatFixture(t, func(r *chatFixture) {
		ana := r.start()
		for what, in := range map[string]*participant.CreateParticipantConnectionRequest{
			"WEBRTC_CONNECTION":                    {Type: []participant.ConnectionType{participant.ConnectionTypeWEBRTC_CONNECTION}},
			"nothing":                              {},
			"ConnectParticipant false and no Type": {ConnectParticipant: new(false)},
			"an empty Type":                        {Type: []participant.ConnectionType{}},
		} {
			in.ParticipantToken = ana.token
			_, err := r.CreateParticipantConnection(r.Context(), in)
			r.invalid("CreateParticipantConnection of "+what, err)
		}
		r.engine.WantScript(ana.chat)
	})
}

func TestCustomParticipantConnects(t *testing.T) {
	newChatFixture(t, func(r *chatFixture) {
		ana := r.join()
		bot := r.invite(ana.chat)
		for _, in := range []*participant.CreateParticipantConnectionRequest{
			{Type: credentials}, {ConnectParticipant: new(true)}, {Type: socketAndCredentials, ConnectParticipant: new(true)},
		} {
			in.ParticipantToken = bot.token
			_, err := r.CreateParticipantConnection(r.Context(), in)
			r.invalid("a custom participant's CreateParticipantConnection", err)
		}
		bot = r.connect(bot)
		r.say(bot, "I am a bot")
		r.engine.WantScript(ana.chat, "joined CUSTOMER", "Hello", "joined CUSTOM_BOT", "I am a bot")

		_, err := r.DisconnectParticipant(r.Context(), &participant.DisconnectParticipantRequest{ConnectionToken: bot.bearer})
		if err != nil {
			r.Fatalf("DisconnectParticipant: %v", err)
		}
		late := r.invite(ana.chat)
		enginetest.Pass(16 * time.Second)
		_, err = r.CreateParticipantConnection(r.Context(), &participant.CreateParticipantConnectionRequest{ParticipantToken: late.token, Type: credentials, ConnectParticipant: new(true)})
		r.denied("a custom participant's connection after 16 seconds", err)
	})
}

func TestChatEndsWhenNobodyConnects(t *testing.T) {
	newChatFixture(t, func(r *chatFixture) {
		ana := r.start()
		out := r.dial(ana) // a socket that is never opened does not count
		ana.bearer = *out.ConnectionCredentials.ConnectionToken
		enginetest.Pass(5*time.Minute + time.Second)
		_, err := r.CreateParticipantConnection(r.Context(), &participant.CreateParticipantConnectionRequest{ParticipantToken: ana.token, Type: socketAndCredentials})
		r.denied("CreateParticipantConnection after five minutes", err)
		chat, err := r.engine.State(r.Context(), ana.chat)
		if err != nil || !chat.Ended || chat.Current().DisconnectReason != center.ReasonNotConnected {
			r.Fatalf("the chat: ended %v, %q (%v); want %s", chat.Ended, chat.Current().DisconnectReason, err, center.ReasonNotConnected)
		}
		r.engine.WantScript(ana.chat, "ended ")
	})
}

func TestChatEndsWhenTheCustomerLeaves(t *testing.T) {
	newChatFixture(t, func(r *chatFixture) {
		ana := r.join()
		bot := r.bot(ana.chat)
		if _, err := r.DisconnectParticipant(r.Context(), &participant.DisconnectParticipantRequest{ConnectionToken: ana.bearer}); err != nil {
			r.Fatalf("DisconnectParticipant: %v", err)
		}
		r.engine.WantScript(ana.chat, "joined CUSTOMER", "Hello", "joined CUSTOM_BOT", "left CUSTOMER", "left CUSTOM_BOT", "ended ")
		items := r.engine.Items(ana.chat)
		if last := items[len(items)-1]; last.Participant != "" || last.DisplayName != "" || last.Role != "" {
			r.Errorf("chat.ended = %+v; want no participant in it", last)
		}
		ended := r.engine.Bus.Of(center.EventEnded)
		if len(ended) != 1 || ended[0].Only != "" || ended[0].Except != "" || !ended[0].Last {
			r.Errorf("chat.ended was published as %+v; want it for everybody, last of all", ended)
		}
		for _, p := range []person{ana, bot} {
			r.everythingDenied(p)
		}
	})
}

// everythingDenied calls every operation for somebody whose chat is over.
func (r *chatFixture) everythingDenied(p person) {
	r.Helper()
	ctx, bearer := r.Context(), p.bearer
	_, err := r.CreateParticipantConnection(ctx, &participant.CreateParticipantConnectionRequest{ParticipantToken: p.token, Type: credentials, ConnectParticipant: new(true)})
	r.denied("CreateParticipantConnection", err)
	_, err = r.SendMessage(ctx, &participant.SendMessageRequest{ConnectionToken: bearer, ContentType: "text/plain", Content: "hi"})
	r.denied("SendMessage", err)
	for _, event := range []string{center.EventTyping, center.EventRead, center.EventConnectionAck, "nonsense"} {
		_, err = r.SendEvent(ctx, &participant.SendEventRequest{ConnectionToken: bearer, ContentType: event, Content: new(`{"messageId":"x"}`)})
		r.denied("SendEvent "+event, err)
	}
	_, err = r.GetTranscript(ctx, &participant.GetTranscriptRequest{ConnectionToken: bearer})
	r.denied("GetTranscript", err)
	_, err = r.DisconnectParticipant(ctx, &participant.DisconnectParticipantRequest{ConnectionToken: bearer})
	r.denied("DisconnectParticipant", err)
	_, err = r.StartAttachmentUpload(ctx, &participant.StartAttachmentUploadRequest{ConnectionToken: bearer, AttachmentName: "a.csv", ContentType: csv, AttachmentSizeInBytes: 1})
	r.denied("StartAttachmentUpload", err)
	_, err = r.CompleteAttachmentUpload(ctx, &participant.CompleteAttachmentUploadRequest{ConnectionToken: bearer, AttachmentIds: []string{"x"}})
	r.denied("CompleteAttachmentUpload", err)
	_, err = r.GetAttachment(ctx, &participant.GetAttachmentRequest{ConnectionToken: bearer, AttachmentId: "x"})
	r.denied("GetAttachment", err)
	_, err = r.DescribeView(ctx, &participant.DescribeViewRequest{ConnectionToken: bearer, ViewToken: "x"})
	r.denied("DescribeView", err)
	_, err = r.GetAuthenticationUrl(ctx, &participant.GetAuthenticationUrlRequest{ConnectionToken: bearer, SessionId: center.NewUUID(), RedirectUri: "https://example.com"})
	r.denied("GetAuthenticationUrl", err)
	_, err = r.CancelParticipantAuthentication(ctx, &participant.CancelParticipantAuthenticationRequest{ConnectionToken: bearer, SessionId: center.NewUUID()})
	r.denied("CancelParticipantAuthentication", err)
}

func TestLeaverIsDeniedWhileTheChatGoesOn(t *testing.T) {
	newChatFixture(t, func(r *chatFixture) {
		ana := r.join()
		bot := r.bot(ana.chat)
		leave := func(p person) error {
			_, err := r.DisconnectParticipant(r.Context(), &participant.DisconnectParticipantRequest{ConnectionToken: p.bearer, ClientToken: new("k")})
			return err
		}
		for range 2 { // the second time is a repetition, as of an SDK that lost the answer
			if err := leave(bot); err != nil {
				r.Fatalf("DisconnectParticipant: %v", err)
			}
		}
		r.everythingDenied(bot)
		r.say(ana, "still here")
		r.engine.WantScript(ana.chat, "joined CUSTOMER", "Hello", "joined CUSTOM_BOT", "left CUSTOM_BOT", "still here")
		if err := leave(ana); err != nil { // with a token that was another's
			r.Fatalf("DisconnectParticipant: %v", err)
		}
		r.denied("a repetition after the end", leave(ana))
	})
}

func TestDisconnectOnCustomerExit(t *testing.T) {
	newChatFixture(t, func(r *chatFixture) {
		ana := r.join(func(c *contact.Start) { c.Flow, c.ExitAgent = "survey", true })
		if _, err := r.DisconnectParticipant(r.Context(), &participant.DisconnectParticipantRequest{ConnectionToken: ana.bearer}); err != nil {
			r.Fatalf("DisconnectParticipant: %v", err)
		}
		// The disconnect flow runs in a new contact of the chain.
		r.engine.WantScript(ana.chat, "joined CUSTOMER", "left CUSTOMER", "Hello")
		items := r.engine.Items(ana.chat)
		if items[2].Contact == ana.chat || items[2].Chat != ana.chat {
			r.Fatalf("the flow's message is of contact %s; want a second one of the chain %s", items[2].Contact, ana.chat)
		}
	})
}
