package participantapi_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"parley.example/parley/api/participant"
	"parley.example/parley/internal/auth"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/catalog/publishing"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
)

// continuing lets a chat continue an ended one.
func continuing(p person) func(*contact.Start) {
	return func(c *contact.Start) {
		c.Related = p.chat
		c.Past = []contact.Past{{Chat: p.chat, Contact: p.chat}}
	}
}

func TestDescribeView(t *testing.T) {
	newChatFixture(t, func(r *chatFixture) {
		ana := r.join()
		const template = `{"Head":{"Title":"T","Configuration":{}},"Body":[{"_id":"a","Type":"TextBox","Props":{"Variant":"h1"},"Content":["Hello ","$.Greeting.Text","and $.Not.This"]}]}`
		made, err := publishing.CreateView(r.Context(), r.engine.Catalog, instance, publishing.NewView{
			Name: "Greeting", Content: catalog.ViewContent{Template: template, Actions: []string{"Next"}},
		})
		if err != nil {
			r.Fatalf("CreateView: %v", err)
		}
		token := func(chat center.ContactID, ref string) string {
			v, err := r.engine.Catalog.Chats().FindView(instance, ref)
			if err != nil {
				r.Fatalf("FindView(%s): %v", ref, err)
			}
			return r.engine.Sealer.Seal(auth.Token{Kind: auth.View, Chat: chat, Detail: catalog.ShownDetail(v)})
		}
		describe := func(token string) (*participant.View, error) {
			out, err := r.DescribeView(r.Context(), &participant.DescribeViewRequest{ConnectionToken: ana.bearer, ViewToken: token})
			if err != nil {
				return nil, err
			}
			return out.View, nil
		}
		mine := token(ana.chat, string(made.ID))
		wantView := func(when string, named bool) {
			r.Helper()
			v, err := describe(mine)
			if err != nil {
				r.Errorf("%s: DescribeView: %v", when, err)
				return
			}
			if *v.Id != string(made.ID) || (v.Name != nil) != named || !strings.HasSuffix(*v.Arn, "/view/"+string(made.ID)) || *v.Content.Template != template || fmt.Sprint(v.Content.Actions) != "[Next]" ||
				*v.Content.InputSchema != `{"$schema":"http://json-schema.org/draft-07/schema#","type":"object","properties":{"Greeting":{"type":"object","properties":{"Text":{}},"required":["Text"]}},"required":["Greeting"]}` {
				r.Errorf("%s: DescribeView = %+v %+v; want what was shown", when, v, v.Content)
			}
		}
		wantView("as it was shown", true)
		// What a customer was shown stays readable for as long as a chat can last.
		if err := publishing.UpdateView(r.Context(), r.engine.Catalog, instance, made.ID, catalog.ViewContent{Template: `{"Head":{"Configuration":{}},"Body":[]}`}, false); err != nil {
			r.Fatalf("UpdateView: %v", err)
		}
		wantView("after it was published anew", true)
		if err := publishing.Delete[*catalog.View](r.Context(), r.engine.Catalog, instance, made.ID); err != nil {
			r.Fatalf("DeleteView: %v", err)
		}
		wantView("after it was deleted", false)

		v, err := describe(token(ana.chat, "form:Latest"))
		if err != nil || *v.Id != "form" || *v.Name != "Form" || *v.Version != 1 || *v.Arn != "arn:aws:connect:us-east-1:aws:view/form" ||
			!json.Valid([]byte(*v.Content.Template)) || !json.Valid([]byte(*v.Content.InputSchema)) {
			r.Errorf("DescribeView of a managed view = %+v, %v", v, err)
		}
		seal := func(detail string) string {
			return r.engine.Sealer.Seal(auth.Token{Kind: auth.View, Chat: ana.chat, Detail: detail})
		}
		for what, token := range map[string]string{
			"of another chat": token(center.NewContactID(time.Now().UTC()), "form"), "of no view": seal(center.NewUUID() + ":x"), "of no content": seal(string(made.ID) + ":x"),
			"that is forged": "abc+/=", "of another kind": ana.bearer,
		} {
			_, err := describe(token)
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

func TestSignInIsRefusedUnlessAFlowAsksForIt(t *testing.T) {
	newChatFixture(t, func(r *chatFixture) {
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
