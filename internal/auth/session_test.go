package auth

import (
	"strings"
	"testing"
	"time"
)

// TestSessions seals sessions and the URLs of their streams, and opens them for as long as they are good.
func TestSessions(t *testing.T) {
	s, err := NewSealer(NewSecret(1))
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 12, 1, 9, 0, 0, 0, time.UTC)
	session := Session{Instance: "11111111-1111-4111-8111-111111111111", User: "22222222-2222-4222-8222-222222222222", ID: "id", Epoch: 3, Until: now.Add(SessionLife)}
	sealed := s.SealSession(session)
	if got, err := s.OpenSession(sealed, now.Add(SessionLife-time.Second)); err != nil || got != session {
		t.Errorf("the session is opened as %+v, %v; want %+v", got, err, session)
	}
	if _, err := s.OpenSession(sealed, now.Add(SessionLife)); err == nil {
		t.Error("the session is opened after its end")
	}
	url, until := s.Stream("https://chat.example.com/base", session, now)
	token, ok := strings.CutPrefix(url, "wss://chat.example.com/base"+StreamPath+"?token=")
	if !ok {
		t.Fatalf("the URL is %s", url)
	}
	if got, err := s.OpenStream(token, until.Add(-time.Second)); err != nil || got != session {
		t.Errorf("the stream's session is opened as %+v, %v; want %+v", got, err, session)
	}
	if _, err := s.OpenStream(token, until); err == nil {
		t.Error("the stream is opened after the time to dial")
	}
	late, _ := s.Stream("http://localhost", session, now.Add(SessionLife-time.Second))
	if _, err := s.OpenStream(late[strings.Index(late, "=")+1:], now.Add(SessionLife)); err == nil {
		t.Error("a stream is opened after the end of its session")
	}
	code, until := s.Code(session, now)
	if got, err := s.OpenCode(code, until.Add(-time.Second)); err != nil || got != session {
		t.Errorf("the code's session is opened as %+v, %v; want %+v", got, err, session)
	}
	if _, err := s.OpenCode(code, until); err == nil || until.Sub(now) != 30*time.Second {
		t.Errorf("a code is good for %v; want 30 s", until.Sub(now))
	}
	for _, wrong := range []string{token, code, s.Seal(Token{Kind: Desk, Chat: "i", Participant: "u", Detail: "id.x.1"}), s.Seal(Token{Kind: Desk, Detail: "id"}), ""} {
		if _, err := s.OpenSession(wrong, now); err == nil {
			t.Errorf("%q is opened as a session", wrong)
		}
	}
}
