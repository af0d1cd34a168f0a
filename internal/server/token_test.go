package server_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"parley.example/parley/api/connect"
	"parley.example/parley/api/participant"
	"parley.example/parley/internal/server/servertest"
)

// tokenCalls are operations of the participant service with a token in
// X-Amz-Bearer, and valid otherwise.
func tokenCalls(s *servertest.Server, attachment string) map[string]func(t *testing.T, token string) error {
	api := s.Participant
	return map[string]func(*testing.T, string) error{
		"SendMessage": func(t *testing.T, token string) error {
			_, err := api.SendMessage(t.Context(), &participant.SendMessageRequest{ConnectionToken: token, ContentType: "text/plain", Content: "intruder"})
			return err
		},
		"SendEvent": func(t *testing.T, token string) error {
			_, err := api.SendEvent(t.Context(), &participant.SendEventRequest{ConnectionToken: token, ContentType: "application/vnd.amazonaws.connect.event.typing"})
			return err
		},
		"GetTranscript": func(t *testing.T, token string) error {
			_, err := api.GetTranscript(t.Context(), &participant.GetTranscriptRequest{ConnectionToken: token})
			return err
		},
		"GetAttachment": func(t *testing.T, token string) error {
			_, err := api.GetAttachment(t.Context(), &participant.GetAttachmentRequest{ConnectionToken: token, AttachmentId: attachment})
			return err
		},
		"StartAttachmentUpload": func(t *testing.T, token string) error {
			_, err := api.StartAttachmentUpload(t.Context(), &participant.StartAttachmentUploadRequest{ConnectionToken: token,
				AttachmentName: "a.txt", ContentType: "text/plain", AttachmentSizeInBytes: 1})
			return err
		},
		"DisconnectParticipant": func(t *testing.T, token string) error {
			_, err := api.DisconnectParticipant(t.Context(), &participant.DisconnectParticipantRequest{ConnectionToken: token})
			return err
		},
	}
}

// flip changes one character of a token, somewhere within.
func flip(token string, at int) string {
	b := []byte(token)
	if b[at] == 'A' {
		b[at] = 'B'
	} else {
		b[at] = 'A'
	}
	return string(b)
}

// TestForgedTokens tries what is not a connection token of the chat with
// every operation. Nothing tells the caller more than "Access denied".
func TestForgedTokens(t *testing.T) {
	s := servertest.Start(t)
	n := settle(t, s)
	victim := s.Chat(t)
	elsewhere := servertest.Start(t).Chat(t)
	over := s.Chat(t)
	if _, err := s.Connect.StopContact(t.Context(), &connect.StopContactRequest{InstanceId: s.Instance(t), ContactId: over.Contact}); err != nil {
		t.Fatalf("StopContact: %v", err)
	}
	socket, err := url.Parse(victim.SocketURL)
	if err != nil {
		t.Fatal(err)
	}
	file := victim.File("a.txt", "text/plain", 1)
	upload := (*file.UploadMetadata.Url)[strings.LastIndexByte(*file.UploadMetadata.Url, '/')+1:]
	forged := map[string]string{
		"none": "", "a word": "let-me-in", "not base64": "%%%", "dots": strings.Repeat("../", 100),
		"the longest":       strings.Repeat("A", 1000),
		"too long":          strings.Repeat("A", 4000),
		"its first byte":    flip(victim.Bearer, 0),
		"its middle":        flip(victim.Bearer, len(victim.Bearer)/2),
		"half of it":        victim.Bearer[:len(victim.Bearer)/2],
		"two of them":       victim.Bearer + victim.Bearer,
		"a participant's":   victim.Token,
		"a socket's":        socket.Query().Get("token"),
		"an upload's":       upload,
		"another server's":  elsewhere.Bearer,
		"a finished chat's": over.Bearer,
		"not ASCII":         victim.Bearer + "\u00e9",
	}
	for what, token := range forged {
		for name, operation := range tokenCalls(s, *file.AttachmentId) {
			err := operation(t, token)
			servertest.Refused(t, name+" with "+what, err, "AccessDeniedException", 403)
			if !strings.HasSuffix(err.Error(), "Access denied") {
				t.Errorf("%s with %s says %v", name, what, err)
			}
		}
		if what == "a participant's" {
			continue // as it should be
		}
		_, err := s.Participant.CreateParticipantConnection(t.Context(), &participant.CreateParticipantConnectionRequest{ParticipantToken: token,
			Type: []participant.ConnectionType{participant.ConnectionTypeCONNECTION_CREDENTIALS}})
		servertest.Refused(t, "CreateParticipantConnection with "+what, err, "AccessDeniedException", 403)
	}
	_, err = s.Participant.CreateParticipantConnection(t.Context(), &participant.CreateParticipantConnectionRequest{ParticipantToken: victim.Bearer,
		Type: []participant.ConnectionType{participant.ConnectionTypeCONNECTION_CREDENTIALS}})
	servertest.Refused(t, "CreateParticipantConnection with a connection token", err, "AccessDeniedException", 403)
	for what, token := range map[string]string{"bearer": victim.Bearer, "participant": victim.Token, "upload": upload, "junk": "junk", "": ""} {
		if r := call(t, s, "GET", "/ws?token="+url.QueryEscape(token), "", "Connection", "Upgrade", "Upgrade", "websocket",
			"Sec-Websocket-Version", "13", "Sec-Websocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="); r.status != 403 || r.header.Get("X-Amzn-Errortype") != "AccessDeniedException" {
			t.Errorf("a socket with %q: %d %s", what, r.status, r.body)
		}
		if r := call(t, s, "GET", "/files/"+url.PathEscape(token), ""); r.status != 403 && token != "" {
			t.Errorf("a download with %q: %d %s", what, r.status, r.body)
		}
	}
	if got := victim.Texts(); len(got) != 1 {
		t.Errorf("the transcript is %q; want the greeting only", got)
	}
	n.undisturbed()
}

// TestTokensOfOtherChats holds one customer to one chat: nothing of another
// is found through one's own credentials.
func TestTokensOfOtherChats(t *testing.T) {
	s := servertest.Start(t)
	victim, intruder := s.Chat(t), s.Chat(t)
	secret := victim.Send("the victim's secret")
	file := victim.File("secret.txt", "text/plain", 6)
	if r := do(t, s, servertest.Put(t, file, []byte("secret"))); r.status != 200 {
		t.Fatalf("upload: %d %s", r.status, r.body)
	}
	if _, err := s.Participant.CompleteAttachmentUpload(t.Context(), &participant.CompleteAttachmentUploadRequest{
		ConnectionToken: victim.Bearer, AttachmentIds: []string{*file.AttachmentId}}); err != nil {
		t.Fatalf("CompleteAttachmentUpload: %v", err)
	}
	api, ctx := s.Participant, t.Context()
	_, err := api.GetAttachment(ctx, &participant.GetAttachmentRequest{ConnectionToken: intruder.Bearer, AttachmentId: *file.AttachmentId})
	servertest.Refused(t, "another chat's file", err, "ValidationException", 400)
	_, err = api.CompleteAttachmentUpload(ctx, &participant.CompleteAttachmentUploadRequest{ConnectionToken: intruder.Bearer, AttachmentIds: []string{*file.AttachmentId}})
	servertest.Refused(t, "completing another chat's file", err, "ValidationException", 400)

	page, err := api.GetTranscript(ctx, &participant.GetTranscriptRequest{ConnectionToken: victim.Bearer, MaxResults: new(int32(1)),
		ScanDirection: participant.ScanDirectionBACKWARD, SortOrder: participant.SortKeyDESCENDING})
	if err != nil || page.NextToken == nil {
		t.Fatalf("GetTranscript = %v, %v; want a page that goes on", page, err)
	}
	for what, in := range map[string]*participant.GetTranscriptRequest{
		"another chat's page":  {NextToken: page.NextToken},
		"another chat's id":    {ContactId: &victim.Contact},
		"another chat's start": {ScanDirection: participant.ScanDirectionFORWARD, StartPosition: &participant.StartPosition{Id: &secret}},
	} {
		in.ConnectionToken = intruder.Bearer
		out, err := api.GetTranscript(ctx, in)
		if err == nil {
			if len(out.Transcript) > 0 || in.ContactId == nil { // of a chain without that contact there is nothing
				t.Errorf("%s was answered with %d items", what, len(out.Transcript))
			}
			continue
		}
		servertest.Refused(t, what, err, "ValidationException", 400)
	}
	read := `{"messageId":"` + secret + `"}`
	_, err = api.SendEvent(ctx, &participant.SendEventRequest{ConnectionToken: intruder.Bearer,
		ContentType: "application/vnd.amazonaws.connect.event.message.read", Content: &read})
	servertest.Refused(t, "a receipt for another chat's message", err, "ValidationException", 400)
}

// TestExpiredTokens moves the clock: every credential ends when it says so.
func TestExpiredTokens(t *testing.T) {
	s := servertest.Start(t)
	c := s.Chat(t)
	file := c.File("a.txt", "text/plain", 1)
	if r := do(t, s, servertest.Put(t, file, []byte("a"))); r.status != 200 {
		t.Fatalf("upload: %d %s", r.status, r.body)
	}
	if _, err := s.Participant.CompleteAttachmentUpload(t.Context(), &participant.CompleteAttachmentUploadRequest{
		ConnectionToken: c.Bearer, AttachmentIds: []string{*file.AttachmentId}}); err != nil {
		t.Fatalf("CompleteAttachmentUpload: %v", err)
	}
	download, err := s.Participant.GetAttachment(t.Context(), &participant.GetAttachmentRequest{ConnectionToken: c.Bearer,
		AttachmentId: *file.AttachmentId, UrlExpiryInSeconds: new(int32(5))})
	if err != nil {
		t.Fatalf("GetAttachment: %v", err)
	}
	path := strings.TrimPrefix(*download.Url, s.URL)
	if r := call(t, s, "GET", path, ""); r.status != 200 || r.body != "a" {
		t.Fatalf("download: %d %s", r.status, r.body)
	}
	late := c.File("late.txt", "text/plain", 1)

	s.Clock().Advance(6 * time.Second)
	if r := call(t, s, "GET", path, ""); r.status != 403 || !strings.Contains(r.body, "<Code>AccessDenied</Code>") {
		t.Errorf("a download after its 5 seconds: %d %s", r.status, r.body)
	}
	c.Socket() // within its 100 seconds
	s.Clock().Advance(101 * time.Second)
	socket := strings.TrimPrefix(strings.Replace(c.SocketURL, "ws:", "http:", 1), s.URL)
	if r := call(t, s, "GET", socket, "", "Connection", "Upgrade", "Upgrade", "websocket",
		"Sec-Websocket-Version", "13", "Sec-Websocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="); r.status != 403 {
		t.Errorf("a socket after its 100 seconds: %d %s", r.status, r.body)
	}
	s.Clock().Advance(15 * time.Minute)
	if r := do(t, s, servertest.Put(t, late, []byte("a"))); r.status != 403 {
		t.Errorf("an upload after its 15 minutes: %d %s", r.status, r.body)
	}
	s.Clock().Advance(23 * time.Hour)
	c.Send("the connection token is good for a day")
	s.Clock().Advance(time.Hour)
	_, err = c.TrySend(t.Context(), "late")
	servertest.Refused(t, "a connection token after a day", err, "AccessDeniedException", 403)
	c.Connect() // the participant token lives as long as the chat
	s.Clock().Advance(2 * time.Hour)
	eventually(t, "the chat ends after its 25 hours", func() bool {
		_, err = c.TrySend(t.Context(), "too late")
		return err != nil
	})
	servertest.Refused(t, "a connection token after the chat's end", err, "AccessDeniedException", 403)
	_, err = s.Participant.CreateParticipantConnection(t.Context(), &participant.CreateParticipantConnectionRequest{ParticipantToken: c.Token,
		Type: []participant.ConnectionType{participant.ConnectionTypeCONNECTION_CREDENTIALS}})
	servertest.Refused(t, "a participant token after the chat's end", err, "AccessDeniedException", 403)
}
