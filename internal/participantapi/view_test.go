package participantapi_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"parley/api/participant"
	"parley/internal/auth"
	"parley/internal/center"
	"parley/internal/contact"
)

// continuing lets a chat continue an ended one.
func continuing(p person) func(*contact.Start) {
	return func(c *contact.Start) {
		c.Related = p.chat
		c.Past = []contact.Past{{Chat: p.chat, Contact: p.chat}}
	}
}

func TestWire43DescribeView(t *testing.T) {
	inRoom(t, func(r *room) {
		ana := r.join()
		now := time.Now().UTC()
		err := r.store.PutResources(r.Context(),
			center.Resource{Instance: instance, Kind: center.KindView, ID: "v1", Name: "Form", Created: now, Updated: now,
				Body: json.RawMessage(`{"InputSchema":{"type":"object"},"Template":{"Head":{}},"Actions":["Submit"]}`)},
			center.Resource{Instance: "22222222-2222-4222-8222-222222222222", Kind: center.KindView, ID: "v2", Name: "Foreign", Created: now, Updated: now, Body: json.RawMessage(`{}`)})
		if err != nil {
			r.Fatalf("PutResources: %v", err)
		}
		token := func(chat center.ContactID, view string) string {
			return r.sealer.Seal(auth.Token{Kind: auth.View, Chat: chat, Detail: view})
		}
		out, err := r.DescribeView(r.Context(), &participant.DescribeViewRequest{ConnectionToken: ana.bearer, ViewToken: token(ana.chat, "v1")})
		if err != nil {
			r.Fatalf("DescribeView: %v", err)
		}
		if v := out.View; *v.Id != "v1" || *v.Name != "Form" || *v.Version != 1 || *v.Content.InputSchema != `{"type":"object"}` ||
			*v.Content.Template != `{"Head":{}}` || len(v.Content.Actions) != 1 || !strings.HasSuffix(*v.Arn, "/view/v1") {
			r.Errorf("DescribeView = %+v %+v; want the view with its JSON as text", v, v.Content)
		}
		for what, view := range map[string]string{
			"of another chat": token(center.NewContactID(now), "v1"), "of no view": token(ana.chat, "v3"),
			"of another instance": token(ana.chat, "v2"), "that is forged": "abc+/=", "of another kind": ana.bearer,
		} {
			_, err := r.DescribeView(r.Context(), &participant.DescribeViewRequest{ConnectionToken: ana.bearer, ViewToken: view})
			r.refused("DescribeView with a token "+what, err, "ResourceNotFoundException", 404)
		}
		// Percent-encoded, as ChatJS sends it.
		req, err := http.NewRequestWithContext(r.Context(), http.MethodGet, publicURL+"/participant/views/a%2Bb%2Fc%3D", nil)
		if err != nil {
			r.Fatal(err)
		}
		req.Header.Set("X-Amz-Bearer", ana.bearer)
		res, err := r.http.Do(req)
		if err != nil {
			r.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != 404 || res.Header.Get("X-Amzn-Errortype") != "ResourceNotFoundException" {
			r.Errorf("GET of an encoded token = %d %s; want 404 ResourceNotFoundException", res.StatusCode, res.Header.Get("X-Amzn-Errortype"))
		}
	})
}

func TestWire65NobodyIsAskedToSignIn(t *testing.T) {
	inRoom(t, func(r *room) {
		ana := r.join()
		bot := r.bot(ana.chat)
		session := center.NewUUID()
		_, err := r.GetAuthenticationUrl(r.Context(), &participant.GetAuthenticationUrlRequest{ConnectionToken: ana.bearer, SessionId: session, RedirectUri: "https://example.com"})
		r.invalid("GetAuthenticationUrl", err)
		_, err = r.CancelParticipantAuthentication(r.Context(), &participant.CancelParticipantAuthenticationRequest{ConnectionToken: ana.bearer, SessionId: session})
		r.invalid("CancelParticipantAuthentication", err)
		_, err = r.GetAuthenticationUrl(r.Context(), &participant.GetAuthenticationUrlRequest{ConnectionToken: bot.bearer, SessionId: session, RedirectUri: "https://example.com"})
		r.denied("GetAuthenticationUrl of a custom participant", err)
		_, err = r.CancelParticipantAuthentication(r.Context(), &participant.CancelParticipantAuthenticationRequest{ConnectionToken: ana.bearer, SessionId: "short"})
		r.invalid("CancelParticipantAuthentication of a SessionId that is none", err)
	})
}
