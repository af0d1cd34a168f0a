package participantapi_test

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"parley.example/parley/api/participant"
	"parley.example/parley/api/restjson"
	"parley.example/parley/internal/auth"
	"parley.example/parley/internal/engine/enginetest"
	"parley.example/parley/internal/participantapi"
)

// asking returns the room as clients see it who send [participantapi.AfterEndHeader].
func (r *chatFixture) asking(value string) *chatFixture {
	return &chatFixture{T: r.T, Service: participant.NewClient(restjson.ClientConfig{
		Endpoint: publicURL, HTTPClient: r.http,
		Sign: func(req *http.Request, _ []byte) error {
			req.Header.Set(participantapi.AfterEndHeader, value)
			return nil
		},
	})}
}

// TestReadingAfterTheEnd: who asks for it reads the whole transcript, by every
// kind of position, until the token ends; nothing else can be had.
func TestReadingAfterTheEnd(t *testing.T) {
	newChatFixture(t, func(r *chatFixture) {
		p := r.talk(3)
		bot := r.bot(p.chat)
		asking := r.asking("read")
		asking.wantPage(p, participant.GetTranscriptRequest{MaxResults: new(int32(2))}, true, "participant.joined", "3") // as ever, before
		_, token := r.read(p, participant.GetTranscriptRequest{MaxResults: new(int32(2))})
		second := r.engine.Items(p.chat)[3]
		r.end(p)
		all := []string{"participant.joined", "Hello", "1", "2", "3", "participant.joined", "participant.left", "participant.left", "chat.ended"}
		for _, who := range []person{p, bot} {
			asking.wantPage(who, participant.GetTranscriptRequest{SortOrder: ascending}, false, all...)
			asking.wantPage(who, participant.GetTranscriptRequest{StartPosition: &participant.StartPosition{Id: new(string(second.ID))}, SortOrder: ascending}, false, all[3:]...)
			asking.wantPage(who, participant.GetTranscriptRequest{StartPosition: &participant.StartPosition{MostRecent: new(int32(2))}, SortOrder: ascending}, false, all[7:]...)
		}
		asking.wantPage(p, participant.GetTranscriptRequest{NextToken: token, SortOrder: ascending}, false, all[:4]...) // a page begun before

		for what, room := range map[string]*chatFixture{"without the header": r, "with another value": r.asking("yes")} {
			_, err := room.GetTranscript(r.Context(), &participant.GetTranscriptRequest{ConnectionToken: p.bearer})
			r.denied("GetTranscript "+what, err)
		}
		_, err := asking.GetTranscript(r.Context(), &participant.GetTranscriptRequest{ConnectionToken: p.token})
		r.denied("GetTranscript with a participant token", err)
		_, err = asking.CreateParticipantConnection(r.Context(), &participant.CreateParticipantConnectionRequest{ParticipantToken: p.token, Type: credentials})
		r.denied("CreateParticipantConnection", err)
		_, err = asking.SendMessage(r.Context(), &participant.SendMessageRequest{ConnectionToken: p.bearer, ContentType: "text/plain", Content: "late"})
		r.denied("SendMessage", err)

		enginetest.Pass(25 * time.Hour)
		_, err = asking.GetTranscript(r.Context(), &participant.GetTranscriptRequest{ConnectionToken: p.bearer})
		r.denied("GetTranscript with a token that ended", err)
	})
}

// TestReadingAfterLeaving: whoever had left before the end reads up to its own
// leaving, and nothing at all while the chat goes on.
func TestReadingAfterLeaving(t *testing.T) {
	newChatFixture(t, func(r *chatFixture) {
		p := r.join()
		bot := r.bot(p.chat)
		// In one moment, so that items carry times later than their own.
		for range 150 {
			r.say(p, "quick")
		}
		r.say(bot, "bye")
		r.end(bot)
		r.say(p, "secret")
		asking := r.asking("read")
		_, err := asking.GetTranscript(r.Context(), &participant.GetTranscriptRequest{ConnectionToken: bot.bearer})
		r.denied("GetTranscript of a chat that goes on", err)

		enginetest.Pass(time.Minute)
		never := r.invite(p.chat)
		never.bearer = r.engine.Sealer.Seal(auth.Token{Kind: auth.Connection, Chat: never.chat, Participant: never.id})
		enginetest.Pass(16 * time.Second) // it does not connect
		r.say(p, "more secrets")
		secret := r.engine.Items(p.chat)[len(r.engine.Items(p.chat))-1]
		r.end(p)
		asking.wantPage(bot, participant.GetTranscriptRequest{MaxResults: new(int32(3))}, true, "participant.left", "bye", "quick")
		asking.wantPage(bot, participant.GetTranscriptRequest{StartPosition: &participant.StartPosition{MostRecent: new(int32(2))}, SortOrder: ascending}, false, "bye", "participant.left")
		_, err = asking.GetTranscript(r.Context(), &participant.GetTranscriptRequest{ConnectionToken: bot.bearer, StartPosition: &participant.StartPosition{Id: new(string(secret.ID))}})
		r.invalid("GetTranscript from an item behind one's leaving", err)
		_, err = asking.GetTranscript(r.Context(), &participant.GetTranscriptRequest{ConnectionToken: bot.bearer,
			StartPosition: &participant.StartPosition{AbsoluteTime: new(secret.Time.Format(time.RFC3339Nano))}, ScanDirection: forward})
		if err != nil {
			t.Errorf("GetTranscript from a time behind one's leaving = %v; want an empty page", err)
		}
		asking.wantPage(never, participant.GetTranscriptRequest{MaxResults: new(int32(2))}, true, "secret", "participant.left")
		asking.wantPage(p, participant.GetTranscriptRequest{MaxResults: new(int32(2))}, true, "chat.ended", "participant.left")

		seen := 0
		in := participant.GetTranscriptRequest{MaxResults: new(int32(100)), SortOrder: ascending}
		for {
			words, next := asking.read(bot, in)
			if seen += len(words); slices.ContainsFunc(words, func(w string) bool { return w == "secret" || w == "more secrets" }) {
				t.Errorf("a page has what was said behind the leaving: %q", words)
			}
			if in.NextToken = next; next == nil {
				break
			}
		}
		if seen != 155 { // joined, Hello, joined, 150, bye, left
			t.Errorf("%d items; want 155", seen)
		}
	})
}
