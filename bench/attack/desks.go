package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
	"time"

	"parley.example/parley/api/agent"
	"parley.example/parley/api/connect"
	"parley.example/parley/client"
	"parley.example/parley/internal/center"
)

// What the server allows at the desks of agents: see docs/desk.md. Attempts are those whose passwords are looked at.
const (
	userAttempts, userAttemptRate       = 10, 0.1
	addressAttempts, addressAttemptRate = 600 / 10, 10. / 10 // wrong ones count for ten
	ownStreams                          = 20
	broadcastRate                       = 20
)

const honestAgents = 10

// desks floods with what strangers and agents can do at the agents' API: passwords, streams, frames, broadcasts, and requests that
// withhold their bodies. Agents who behave read what they have in hand meanwhile, and can sign in afterwards.
func desks(ctx context.Context, t *target, out io.Writer) error {
	d, err := t.desks(ctx, honestAgents+4)
	if err != nil {
		return err
	}
	honest, victim, opener, pinger, talker := d.agents[:honestAgents], d.agents[honestAgents], d.agents[honestAgents+1], d.agents[honestAgents+2], d.agents[honestAgents+3]
	elsewhere, third := attacker(2), attacker(3)
	fmt.Fprintf(out, "%d agents ask what they have in hand, every %s\n", honestAgents, honestPause)
	fmt.Fprintf(out, "%-22s %9s %8s %9s   %9s %7s %9s %9s\n", "attack", "tried", "passed", "may pass", "honest", "failed", "p50", "p99")
	work := func(ctx context.Context, c customer) (bool, error) {
		said, status, err := here.request(ctx, t, http.MethodGet, "/agent", c.bearer, "")
		if err == nil && status != http.StatusOK {
			err = fmt.Errorf("GetAgent: %d %s", status, said)
		}
		return err == nil, err
	}
	guess := func(ctx context.Context, from *caller, user string) (bool, error) {
		_, status, err := from.status(ctx, t, "/agent/sign-in", "", d.signIn(user, "Wrong-1234"))
		if err == nil && status != http.StatusUnauthorized && status != http.StatusTooManyRequests && status != http.StatusServiceUnavailable {
			err = fmt.Errorf("a wrong password is answered with %d", status)
		}
		return status == http.StatusUnauthorized, err
	}
	streams := sockets{}
	var guessed atomic.Int64
	for _, a := range []struct {
		name string
		most func(seconds float64) float64
		try  func(ctx context.Context) (bool, error)
	}{
		{"none, agents", func(float64) float64 { return 0 }, nil},
		{"one user's password", func(s float64) float64 { return userAttempts + userAttemptRate*s }, func(ctx context.Context) (bool, error) { return guess(ctx, elsewhere, victim.name) }},
		{"users' passwords", func(s float64) float64 { return addressAttempts + addressAttemptRate*s }, func(ctx context.Context) (bool, error) {
			return guess(ctx, third, fmt.Sprint("somebody-", guessed.Add(1)))
		}},
		{"guessed sessions", func(s float64) float64 { return (addressBurst + addressRate*s) / 10 }, func(ctx context.Context) (bool, error) {
			_, status, err := elsewhere.status(ctx, t, "/agent/stream", center.NewUUID(), "{}")
			return status == http.StatusUnauthorized, err
		}},
		{"streams of one user", func(s float64) float64 { return addressBurst + addressRate*s }, func(ctx context.Context) (bool, error) { return streams.open(ctx, opener.socket) }},
		{"frames on a stream", func(s float64) float64 { return frameBurst + frameRate*s }, pinger.pings(t)},
		{"broadcasts", func(s float64) float64 { return broadcastRate * (1 + s) }, func(ctx context.Context) (bool, error) {
			return elsewhere.post(ctx, t, "/agent/broadcast", talker.bearer, `{"Content":"`+flood+`"}`)
		}},
	} {
		f := t.while(ctx, honest, work, a.try)
		most := a.most(f.took.Seconds())
		fmt.Fprintf(out, "%-22s %9d %8d %9.0f   %9d %7d %9s %9s\n", a.name, f.tried, f.passed, most, len(f.honest), f.failed, f.at(50), f.at(99))
		switch {
		case f.err != nil:
			return fmt.Errorf("%s: %w", a.name, f.err)
		case f.failed > 0:
			return fmt.Errorf("%s: %d calls of agents who behave failed", a.name, f.failed)
		case float64(f.passed) > most*1.1+connections: // the clocks are two
			return fmt.Errorf("%s: %d attempts passed; at most %.0f may", a.name, f.passed, most)
		}
	}
	for late := time.Now().Add(headerTime); streams.left() > ownStreams && time.Now().Before(late) && ctx.Err() == nil; { // those that were replaced are closed
		time.Sleep(20 * time.Millisecond)
	}
	left := streams.left()
	streams.close()
	if err := over("streams of one user", left, ownStreams); err != nil {
		return err
	}
	for _, c := range []customer{talker, victim} { // from where they have signed in before
		if said, status, err := here.status(ctx, t, "/agent/sign-in", "", d.signIn(c.name, d.password)); err != nil || status != http.StatusOK {
			return fmt.Errorf("%s cannot sign in any more: %d %s: %w", c.name, status, said, err)
		}
	}
	return t.withheldAtDesks(ctx, out, d, work)
}

// withheldAtDesks has connections withhold, or send slowly, the bodies of requests that sign in, and of those of an agent.
func (t *target) withheldAtDesks(ctx context.Context, out io.Writer, d *deskTarget, work act) error {
	const name, size = "bodies at desks", 1 << 20
	bearer := d.agents[honestAgents].bearer
	f, opened, verdict := t.held(ctx, out, name, held/2, func(i int) (hold, error) { // those that are not slow last longer
		path, more := "/agent/sign-in", ""
		switch i / 2 % 3 {
		case 1:
			path, more = "/agent/broadcast", "X-Amz-Bearer: AAAA"+bearer[4:]+"\r\n"
		case 2:
			path, more = "/agent/broadcast", "X-Amz-Bearer: "+bearer+"\r\n"
		}
		return hold{head: fmt.Sprintf("POST %s HTTP/1.1\r\nHost: parley\r\nContent-Length: %d\r\n%s\r\n", path, size, more), body: size - 1, slow: i%2 == 0}, nil
	}, d.agents[:honestAgents], work)
	return line(out, name, held, opened, f, verdict)
}

// deskTarget is agents of an instance of their own.
type deskTarget struct {
	instance, password string
	agents             []customer // with the tokens of their sessions, and a stream of each
}

func (d *deskTarget) signIn(user, password string) string {
	return fmt.Sprintf(`{"InstanceId":"%s","UserName":"%s","Password":"%s"}`, d.instance, user, password)
}

// desks makes agents and signs them in.
func (t *target) desks(ctx context.Context, n int) (*deskTarget, error) {
	c, instance, err := t.instance(ctx)
	if err != nil {
		return nil, err
	}
	profiles, err := c.ListRoutingProfiles().InstanceID(instance).Send(ctx)
	if err != nil || len(profiles.RoutingProfileSummaryList) == 0 {
		return nil, errors.Join(err, errors.New("a new instance has no routing profile"))
	}
	security, err := c.CreateSecurityProfile().InstanceID(instance).SecurityProfileName("Attack").Permission("BasicAgentAccess").Send(ctx)
	if err != nil {
		return nil, err
	}
	d := &deskTarget{instance: instance, password: "Attack-" + center.NewUUID()}
	for i := range n {
		name := fmt.Sprint("agent-", i)
		if _, err := c.CreateUser().InstanceID(instance).Username(name).Password(d.password).
			IdentityInfo(connect.UserIdentityInfo{FirstName: &name, LastName: new("Attack")}).PhoneConfig(connect.UserPhoneConfig{PhoneType: connect.PhoneTypeSOFT_PHONE}).
			RoutingProfileID(*profiles.RoutingProfileSummaryList[0].Id).SecurityProfileID(*security.SecurityProfileId).Send(ctx); err != nil {
			return nil, err
		}
		in, err := c.Agents.SignIn().InstanceID(instance).UserName(name).Password(d.password).Send(ctx)
		if err != nil {
			return nil, err
		}
		var stream *agent.CreateStreamResponse
		if stream, err = c.Agents.CreateStream().SessionToken(in.SessionToken).Send(ctx); err != nil {
			return nil, err
		}
		d.agents = append(d.agents, customer{name: name, bearer: in.SessionToken, socket: stream.Url})
	}
	return d, nil
}

// instance makes an instance, and returns a client that may do everything.
func (t *target) instance(ctx context.Context) (*client.Client, string, error) {
	c, err := t.client()
	if err != nil {
		return nil, "", err
	}
	made, err := c.CreateInstance().IdentityManagementType(connect.DirectoryTypeCONNECT_MANAGED).
		InstanceAlias("attack-" + center.NewUUID()[:8]).InboundCallsEnabled(false).OutboundCallsEnabled(false).Send(ctx)
	if err != nil {
		return nil, "", err
	}
	return c, *made.Id, nil
}
