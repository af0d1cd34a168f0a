package server_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"parley.example/parley/api/connect"
	"parley.example/parley/api/participant"
	"parley.example/parley/internal/server"
	"parley.example/parley/internal/server/servertest"
)

// member is a flow that waits for a word and then lets the customer sign in.
const member = `{"Version":"2019-10-30","StartAction":"wait","Actions":[
 {"Identifier":"wait","Type":"Wait","Parameters":{"TimeLimitSeconds":"600","Events":["CustomerReturned"]},"Transitions":{"NextAction":"end","Conditions":[{"NextAction":"end","Condition":{"Operator":"Equals","Operands":["WaitCompleted"]}},{"NextAction":"sign","Condition":{"Operator":"Equals","Operands":["CustomerReturned"]}}],"Errors":[{"NextAction":"end","ErrorType":"NoMatchingError"}]}},
 {"Identifier":"sign","Type":"AuthenticateParticipant","Parameters":{"CognitoConfiguration":{"UserPoolArn":"arn:pool","AppClientId":"app"},"TimeLimitMinutes":"5"},"Transitions":{"NextAction":"yes","Conditions":[{"NextAction":"no","Condition":{"Operator":"Equals","Operands":["OptedOut"]}}],"Errors":[{"NextAction":"end","ErrorType":"TimeLimitExceeded"},{"NextAction":"failed","ErrorType":"NoMatchingError"}]}},
 {"Identifier":"yes","Type":"MessageParticipant","Parameters":{"Text":"Welcome, $.CustomerId"},"Transitions":{"NextAction":"wait","Errors":[{"NextAction":"wait","ErrorType":"NoMatchingError"}]}},
 {"Identifier":"no","Type":"MessageParticipant","Parameters":{"Text":"Without then"},"Transitions":{"NextAction":"wait","Errors":[{"NextAction":"wait","ErrorType":"NoMatchingError"}]}},
 {"Identifier":"failed","Type":"MessageParticipant","Parameters":{"Text":"That failed"},"Transitions":{"NextAction":"wait","Errors":[{"NextAction":"wait","ErrorType":"NoMatchingError"}]}},
 {"Identifier":"end","Type":"DisconnectParticipant","Parameters":{},"Transitions":{}}]}`

// provider is a stand-in for the domain of a user pool. It knows one code.
func provider(t *testing.T) *httptest.Server {
	down := false
	mux := http.NewServeMux()
	mux.HandleFunc("POST /base/oauth2/token", func(w http.ResponseWriter, r *http.Request) {
		user, secret, _ := r.BasicAuth()
		switch code := r.FormValue("code"); {
		case code == "later" && !down:
			down = true
			w.WriteHeader(http.StatusBadGateway)
		case code != "good" && code != "later" || r.FormValue("client_id") != "app" || r.FormValue("redirect_uri") != "https://shop.example/back?x=1" ||
			r.FormValue("grant_type") != "authorization_code" || user != "app" || secret != "s3cret":
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(w, `{"error":"invalid_grant"}`)
		default:
			fmt.Fprint(w, `{"access_token":"at","id_token":"it","token_type":"Bearer"}`)
		}
	})
	mux.HandleFunc("GET /base/oauth2/userInfo", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer at" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		fmt.Fprint(w, `{"sub":"customer-7","name":"Ana Quispe","email":"ana@example.com"}`)
	})
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

// TestSigningIn lets customers sign in, fail, and go on without, each through
// both APIs and a provider.
func TestSigningIn(t *testing.T) {
	p := provider(t)
	s := servertest.Start(t, func(cfg *server.Config) {
		cfg.SignIns = map[string]string{"arn:pool": strings.Replace(p.URL, "http://", "http://app:s3cret@", 1) + "/base/"}
	})
	chat := s.Chat(t, func(in *connect.StartChatContactRequest) {
		in.ContactFlowId = s.Flow(t, "Member", member)
		in.SupportedMessagingContentTypes = []string{"text/plain", "application/vnd.amazonaws.connect.message.interactive", "application/vnd.amazonaws.connect.message.interactive.response"}
	})
	socket := chat.Socket()
	until := func(event string) participant.Item {
		t.Helper()
		for {
			if it := socket.Next(); it.ContentType != nil && strings.HasSuffix(*it.ContentType, event) {
				return it
			}
		}
	}
	begin := func() (session string) {
		t.Helper()
		chat.Send("sign me in")
		var about struct{ SessionId string }
		if err := json.Unmarshal([]byte(*until("authentication.initiated").Content), &about); err != nil {
			t.Fatal(err)
		}
		return about.SessionId
	}
	const back = "https://shop.example/back?x=1"
	ask := func(session, redirect string) (string, error) {
		out, err := s.Participant.GetAuthenticationUrl(t.Context(), &participant.GetAuthenticationUrlRequest{ConnectionToken: chat.Bearer, SessionId: session, RedirectUri: redirect})
		if err != nil {
			return "", err
		}
		return *out.AuthenticationUrl, nil
	}
	state := func(session string) string {
		t.Helper()
		to, err := url.Parse(answer[string](t)(ask(session, back)))
		if err != nil || !strings.HasPrefix(to.String(), p.URL+"/base/oauth2/authorize?") || to.Query().Get("client_id") != "app" ||
			to.Query().Get("redirect_uri") != back || to.Query().Get("response_type") != "code" {
			t.Fatalf("the customer is sent to %s, %v", to, err)
		}
		return to.Query().Get("state")
	}
	update := func(change func(*connect.UpdateParticipantAuthenticationRequest)) error {
		in := &connect.UpdateParticipantAuthenticationRequest{InstanceId: s.Instance(t)}
		change(in)
		_, err := s.Connect.UpdateParticipantAuthentication(t.Context(), in)
		return err
	}
	with := func(state, code string) func(*connect.UpdateParticipantAuthenticationRequest) {
		return func(in *connect.UpdateParticipantAuthenticationRequest) { in.State, in.Code = state, &code }
	}

	session := begin()
	for what, redirect := range map[string]string{"a relative URL": "/back", "another scheme": "javascript:alert(1)"} {
		_, err := ask(session, redirect)
		servertest.Refused(t, "GetAuthenticationUrl with "+what, err, "ValidationException", 400)
	}
	_, err := ask("00000000-0000-4000-8000-000000000000", back)
	servertest.Refused(t, "GetAuthenticationUrl of another session", err, "ValidationException", 400)
	signed := state(session)
	servertest.Refused(t, "a forged state", update(with("x"+signed, "good")), "InvalidRequestException", 400)
	servertest.Refused(t, "neither code nor error", update(func(in *connect.UpdateParticipantAuthenticationRequest) { in.State = signed }), "InvalidRequestException", 400)
	if err := update(with(signed, "good")); err != nil {
		t.Fatalf("UpdateParticipantAuthentication: %v", err)
	}
	until("authentication.succeeded")
	socket.Until("Welcome, customer-7")
	if name := until("participant.displayname.updated").DisplayName; *name != "Ana Quispe" {
		t.Errorf("the customer is called %s", *name)
	}
	servertest.Refused(t, "the same state again", update(with(signed, "good")), "InvalidRequestException", 400)

	if err := update(with(state(begin()), "stolen")); err != nil {
		t.Errorf("with a code that the provider refuses: %v", err)
	}
	until("authentication.failed")
	socket.Until("That failed")
	if err := update(func(in *connect.UpdateParticipantAuthenticationRequest) {
		in.State, in.Error, in.ErrorDescription = state(begin()), new("access_denied"), new("changed my mind")
	}); err != nil {
		t.Errorf("with an error: %v", err)
	}
	until("authentication.failed")
	if err := update(with(state(begin()), "later")); err != nil { // the provider answers 502 once
		t.Errorf("with a provider that is down for a moment: %v", err)
	}
	socket.Until("Welcome, customer-7")

	session = begin()
	if _, err := s.Participant.CancelParticipantAuthentication(t.Context(), &participant.CancelParticipantAuthenticationRequest{ConnectionToken: chat.Bearer, SessionId: session}); err != nil {
		t.Fatalf("CancelParticipantAuthentication: %v", err)
	}
	until("authentication.cancelled")
	socket.Until("Without then")
}

// TestSigningInWithoutAProvider: without a provider the customer can only go on without.
func TestSigningInWithoutAProvider(t *testing.T) {
	s := servertest.Start(t)
	chat := s.Chat(t, func(in *connect.StartChatContactRequest) {
		in.ContactFlowId = s.Flow(t, "Member", member)
		in.SupportedMessagingContentTypes = []string{"text/plain", "application/vnd.amazonaws.connect.message.interactive", "application/vnd.amazonaws.connect.message.interactive.response"}
	})
	socket := chat.Socket()
	chat.Send("sign me in")
	for {
		it := socket.Next()
		if it.ContentType == nil || !strings.HasSuffix(*it.ContentType, "authentication.initiated") {
			continue
		}
		var about struct{ SessionId string }
		if err := json.Unmarshal([]byte(*it.Content), &about); err != nil {
			t.Fatal(err)
		}
		_, err := s.Participant.GetAuthenticationUrl(t.Context(), &participant.GetAuthenticationUrlRequest{ConnectionToken: chat.Bearer, SessionId: about.SessionId, RedirectUri: "https://shop.example/"})
		servertest.Refused(t, "GetAuthenticationUrl", err, "ValidationException", 400)
		return
	}
}
