package integration

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
	"parley.example/parley/internal/flow/machine"
)

// Bounds of signing in.
const (
	redeemLimit = 10 * time.Second // for both calls together
	maxProfile  = 64 << 10         // bytes of an answer
)

// SignIns are the identity providers for customers whom a flow asks to sign in
// (AuthenticateParticipant): the domain of an Amazon Cognito user pool, or any
// OpenID provider whose endpoints have the same paths, /oauth2/authorize,
// /oauth2/token and /oauth2/userInfo, below a base URL.
type SignIns struct {
	// Named maps ARNs of user pools to base URLs; "*" is for all others. A user and
	// password in the URL are the id and secret of the application, for providers
	// that authenticate it when it redeems a code.
	Named  map[string]string
	Client *http.Client
	Log    *slog.Logger
}

// Check returns what is wrong with the settings.
func (s *SignIns) Check() error {
	for _, pool := range slices.Sorted(maps.Keys(s.Named)) {
		if err := checkURL(s.Named[pool]); err != nil {
			return fmt.Errorf("the URL of user pool %s %w", pool, err)
		}
	}
	return nil
}

// base returns the base URL of a user pool and the application's credentials.
func (s *SignIns) base(pool string) (base *url.URL, application *url.Userinfo, err error) {
	to, ok := s.Named[pool]
	if !ok {
		to, ok = s.Named["*"]
	}
	if !ok {
		return nil, nil, center.Errorf(center.Conflict, "customers cannot sign in to user pool %s: no provider is configured for it", pool)
	}
	if base, err = url.Parse(to); err != nil {
		return nil, nil, errors.New("the configured URL of the user pool is invalid")
	}
	application, base.User = base.User, nil
	return base, application, nil
}

// URL returns where the customer signs in (GetAuthenticationUrl). The provider
// redirects to redirect with state. Conflict if no provider is configured for the
// user pool.
func (s *SignIns) URL(in contact.SignInSession, state, redirect string) (string, error) {
	base, _, err := s.base(in.UserPool)
	if err != nil {
		return "", err
	}
	to := base.JoinPath("oauth2/authorize")
	to.RawQuery = url.Values{
		"response_type": {"code"}, "client_id": {in.Client}, "scope": {"openid email profile"}, "state": {state}, "redirect_uri": {redirect},
	}.Encode()
	return to.String(), nil
}

// Redeem finds out who signed in: it redeems the code that the provider sent to
// in.Redirect, and gets the customer's profile. If the provider refuses, that is
// the outcome of the authentication: SignIn.Err says why. An error is temporary:
// another attempt may succeed.
func (s *SignIns) Redeem(ctx context.Context, in contact.SignInSession, code string) (done machine.SignIn, name string, err error) {
	base, application, err := s.base(in.UserPool)
	if err != nil {
		return machine.SignIn{}, "", err
	}
	who, err := retry(ctx, callLimit{what: "the provider of user pool " + in.UserPool, limit: redeemLimit, id: in.ID, log: s.Log},
		func(ctx context.Context) (profile, error) { return s.redeem(ctx, base, application, in, code) })
	refused, no := errors.AsType[*statusError](err)
	switch {
	case no && !temporary(err):
		return machine.SignIn{Err: refused.Error()}, "", nil
	case err != nil:
		return machine.SignIn{}, "", &center.Error{Reason: center.Unavailable, Message: "the identity provider cannot be reached; try again", Err: err}
	}
	done = machine.SignIn{CustomerID: who.Subject, Provider: who.provider(), Method: "CONNECT"}
	return done, who.called(), nil
}

// redeem makes both calls.
func (s *SignIns) redeem(ctx context.Context, base *url.URL, application *url.Userinfo, in contact.SignInSession, code string) (who profile, err error) {
	form := url.Values{"grant_type": {"authorization_code"}, "client_id": {in.Client}, "code": {code}, "redirect_uri": {in.Redirect}}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, base.JoinPath("oauth2/token").String(), strings.NewReader(form.Encode()))
	if err != nil {
		return who, &answerError{"cannot be called: its configured URL is invalid"}
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if application != nil {
		secret, _ := application.Password()
		r.SetBasicAuth(application.Username(), secret)
	}
	var tokens struct {
		Access string `json:"access_token"`
	}
	if err := s.ask(r, &tokens); err != nil {
		return who, err
	}
	r, err = http.NewRequestWithContext(ctx, http.MethodGet, base.JoinPath("oauth2/userInfo").String(), nil)
	if err != nil {
		return who, &answerError{"cannot be called: its configured URL is invalid"}
	}
	r.Header.Set("Authorization", "Bearer "+tokens.Access)
	if err := s.ask(r, &who); err != nil {
		return who, err
	}
	if who.Subject == "" {
		return who, &answerError{"did not say who signed in"}
	}
	return who, nil
}

// ask sends a request and reads the JSON of the answer.
func (s *SignIns) ask(r *http.Request, into any) error {
	r.Header.Set("Accept", "application/json")
	res, body, more, err := exchange(s.Client, r, maxProfile)
	switch {
	case err != nil:
		return fmt.Errorf("could not be called: %w", err)
	case res.StatusCode < 200 || res.StatusCode > 299:
		var problem struct {
			Error string `json:"error"`
		}
		if json.Unmarshal(body, &problem) != nil {
			problem.Error = ""
		}
		return &statusError{res.StatusCode, quote(problem.Error)}
	case more || json.Unmarshal(body, into) != nil:
		return &answerError{"did not answer with a JSON object"}
	}
	return nil
}

// profile is a provider's profile of a customer.
type profile struct {
	Subject  string `json:"sub"`
	Name     string `json:"name"`
	Username string `json:"username"`
	Email    string `json:"email"`
	Provider string `json:"identity_provider"`
}

// called returns the customer's name, "" if the provider has none.
func (p *profile) called() string {
	for _, name := range []string{p.Name, p.Username} {
		if name != "" {
			return quote(name)
		}
	}
	return ""
}

func (p *profile) provider() string {
	if p.Provider == "" {
		return "Cognito"
	}
	return quote(p.Provider)
}
