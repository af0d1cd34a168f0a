package client_test

import (
	"testing"
	"testing/synctest"
	"time"

	"parley.example/parley/client"
)

// TestSession is a chat from its beginning to its end.
func TestSession(t *testing.T) {
	onStage(t, func(t *testing.T, s *stage) {
		token, contact := s.chat()
		var seen collector
		session := s.join(client.SessionConfig{Token: token, OnItem: seen.item, OnState: seen.state})
		defer session.Close()
		synctest.Wait()
		sent, err := session.Send(t.Context(), "Hi")
		if err != nil || sent.ID == "" || sent.Time == "" {
			t.Fatalf("Send = %+v, %v", sent, err)
		}
		robo := s.join(client.SessionConfig{Token: s.bot(contact), ConnectParticipant: true, Poll: time.Second})
		if _, err := robo.Send(t.Context(), "I am Robo"); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if got := seen.said(); got != "[joined] Hello Hi [joined] I am Robo" {
			t.Errorf("seen: %s", got)
		}
		var heard collector
		for item, err := range robo.Items(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			heard.item(item)
			if item.Text() == "Hi" {
				if err := robo.Read(t.Context(), item.ID()); err != nil {
					t.Errorf("Read = %v", err)
				}
			}
			if item.Text() == "I am Robo" {
				break
			}
		}
		if got := heard.said(); got != "[joined] Hello Hi [joined] I am Robo" {
			t.Errorf("the bot heard: %s", got)
		}
		if err := robo.Typing(t.Context()); err != nil {
			t.Errorf("Typing = %v", err)
		}
		if err := robo.Typing(t.Context()); err != nil { // told a moment ago
			t.Errorf("Typing = %v", err)
		}
		synctest.Wait()
		if err := session.End(t.Context()); err != nil {
			t.Errorf("End = %v", err)
		}
		<-session.Done()
		<-robo.Done()
		if session.Err() != nil || session.State() != client.Ended || robo.Err() != nil {
			t.Errorf("over with %v, %v; the bot with %v", session.Err(), session.State(), robo.Err())
		}
		if got := seen.said(); got != "[joined] Hello Hi [joined] I am Robo [message.metadata] [typing] [left] [left] [chat.ended]" {
			t.Errorf("seen: %s", got)
		}
		if _, err := session.Send(t.Context(), "too late"); err != client.ErrEnded {
			t.Errorf("Send after the end = %v; want ErrEnded", err)
		}
		if err := session.End(t.Context()); err != nil {
			t.Errorf("a second End = %v", err)
		}
		if err := robo.Close(); err != nil {
			t.Error(err)
		}
	})
}
