package server

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"parley.example/parley/api/restjson"
	"parley.example/parley/internal/auth"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/edge"
	"parley.example/parley/internal/ratelimit"
)

// The kinds of callers that have a rate each: the names that Config.Rates takes.
const (
	rateParticipant = "participant" // of a chat, at the participant API
	rateAddress     = "address"     // IPv4, or the /64 network of IPv6: the participant API, files, sockets, and credentials that are refused anywhere
	rateInstance    = "instance"    // both APIs
	everyRate       = "all"
	noRate          = "off"
)

// The rates that are not set, outside development mode. A person who types makes a few requests a
// second at most, receipts and typing included. Behind one address there may be a
// whole company. An instance may be as busy as that each of its chats, all that its quota allows, makes
// four requests a second.
var (
	usualParticipant = ratelimit.Rate{PerSecond: 20, Burst: 100}
	usualAddress     = ratelimit.Rate{PerSecond: 200, Burst: 1000}
)

const (
	requestsPerChat = 4
	instanceBurst   = 5 // seconds of requests
)

// How many callers are told apart: a slot has 16 bytes.
const (
	rateParticipants = 1 << 17
	rateAddresses    = 1 << 16
	rateInstances    = 1 << 10
)

// refusedCost is what a request with a bad credential counts for, at its address, so
// that whoever guesses, or has a stolen list, tries a twentieth of what others may.
const refusedCost = 10

// costs are what requests count for that do more work than others, which count for one.
var costs = map[string]float64{"GetTranscript": 2, "GetContactTranscript": 2, "StartAttachmentUpload": 2, "CompleteAttachmentUpload": 2, "StartChatContact": 2}

func costOf(op *restjson.Operation) float64 {
	if c, ok := costs[op.Name]; ok {
		return c
	}
	return 1
}

// checkRates reads the rates that are set, and completes them with the usual ones. In
// development mode only those exist that are set: suites of tests are faster than people.
func (c *Config) checkRates() error {
	rates := map[string]ratelimit.Rate{}
	if !c.Dev {
		perInstance := min(float64(requestsPerChat*c.MaxActiveChats), 1e6)
		rates[rateParticipant], rates[rateAddress] = usualParticipant, usualAddress
		rates[rateInstance] = ratelimit.Rate{PerSecond: perInstance, Burst: instanceBurst * perInstance}
	}
	if text, ok := c.Rates[everyRate]; ok {
		if text != noRate {
			return fmt.Errorf("rate %s=%s: rates are set one by one; all of them can only be %s", everyRate, text, noRate)
		}
		clear(rates)
	}
	for _, kind := range slices.Sorted(maps.Keys(c.Rates)) {
		switch text := c.Rates[kind]; {
		case kind == everyRate:
		case kind != rateParticipant && kind != rateAddress && kind != rateInstance:
			return fmt.Errorf("rate %q is not known; there are %s, %s, %s and %s", kind, rateParticipant, rateAddress, rateInstance, everyRate)
		case text == noRate:
			delete(rates, kind)
		default:
			r, err := ratelimit.ParseRate(text)
			if err != nil {
				return fmt.Errorf("rate %s: %w; %s is no limit", kind, err, noRate)
			}
			rates[kind] = r
		}
	}
	c.rates = rates
	return nil
}

// limits holds callers to rates. A limit that is off is nil.
type limits struct {
	participant, address, instance *ratelimit.Limit
	server                         *Server
}

func (s *Server) newLimits() *limits {
	limit := func(kind string, callers int) *ratelimit.Limit {
		r, ok := s.Config.rates[kind]
		if !ok {
			return nil
		}
		return ratelimit.NewLimit(kind, r, callers, s.Log)
	}
	return &limits{participant: limit(rateParticipant, rateParticipants), address: limit(rateAddress, rateAddresses),
		instance: limit(rateInstance, rateInstances), server: s}
}

// before is what comes before the header of a request is read for authentication.
type before = func(*restjson.Operation, *http.Request) (edge.Caller, error)

// participants limits the participant API: by the address before the token is opened, then by
// who has it, and by the instance of the chat.
func (l *limits) participants(open before) before {
	return func(op *restjson.Operation, r *http.Request) (edge.Caller, error) {
		now := l.server.clock.Now()
		if l.address != nil {
			if err := l.address.Allow(op, 1, now, edge.Network(r)); err != nil {
				return edge.Caller{}, err
			}
		}
		caller, err := open(op, r)
		if err != nil {
			l.refused(r)
			return caller, err
		}
		who, ok := edge.Principal(caller.Context).(auth.ChatParticipant)
		if !ok {
			return caller, nil
		}
		if err := l.participant.Allow(op, costOf(op), now, string(who.Chat), string(who.ID)); err != nil || l.instance == nil {
			return caller, err
		}
		instance, err := l.server.engine.InstanceOf(caller.Context, who.Chat)
		if err != nil {
			return caller, nil // whoever answers the request finds out, and says it
		}
		return caller, l.instance.Allow(op, costOf(op), now, string(instance))
	}
}

// agents limits the agent's API: by the address before the session is opened, then by the user, as if he were a participant, and
// by the instance.
func (l *limits) agents(open before) before {
	return func(op *restjson.Operation, r *http.Request) (edge.Caller, error) {
		now := l.server.clock.Now()
		if l.address != nil {
			if err := l.address.Allow(op, 1, now, edge.Network(r)); err != nil {
				return edge.Caller{}, err
			}
		}
		caller, err := open(op, r)
		if err != nil {
			l.refused(r)
			return caller, err
		}
		who, ok := edge.Principal(caller.Context).(auth.SignedIn)
		if !ok {
			return caller, nil
		}
		if err := l.participant.Allow(op, costOf(op), now, string(who.Instance), string(who.User)); err != nil {
			return caller, err
		}
		return caller, l.instance.Allow(op, costOf(op), now, string(who.Instance))
	}
}

// administrators limits, at the connect API, what addresses try whose credentials are refused.
func (l *limits) administrators(verify before) before {
	if l.address == nil {
		return verify
	}
	return func(op *restjson.Operation, r *http.Request) (edge.Caller, error) {
		if err := l.address.Check(op, l.server.clock.Now(), edge.Network(r)); err != nil {
			return edge.Caller{}, err
		}
		caller, err := verify(op, r)
		if err != nil {
			l.refused(r)
			return caller, err
		}
		if check := caller.Check; check != nil {
			caller.Check = func(body []byte) error {
				err := check(body)
				if err != nil {
					l.refused(r)
				}
				return err
			}
		}
		return caller, nil
	}
}

// requests limits the connect API by the instance that a decoded request names, if it names one.
func (l *limits) requests(authorize func(context.Context, *restjson.Operation, any) error) func(context.Context, *restjson.Operation, any) error {
	if l.instance == nil {
		return authorize
	}
	return func(ctx context.Context, op *restjson.Operation, in any) error {
		if authorize != nil {
			if err := authorize(ctx, op, in); err != nil {
				return err
			}
		}
		id := reflect.Indirect(reflect.Indirect(reflect.ValueOf(in)).FieldByName("InstanceId"))
		if !id.IsValid() || id.Kind() != reflect.String || id.Len() == 0 {
			return nil
		}
		return l.instance.Allow(op, costOf(op), l.server.clock.Now(), strings.ToLower(center.IDOf(id.String())))
	}
}

// refused counts a credential that was refused against its address.
func (l *limits) refused(r *http.Request) {
	if l.address == nil {
		return
	}
	l.address.Penalize(refusedCost, l.server.clock.Now(), edge.Network(r))
}

// outside limits what is outside the APIs by address: sockets and files.
func (l *limits) outside(h http.Handler) http.Handler {
	if l.address == nil {
		return h
	}
	explain := l.server.edge.Refused()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		err := l.address.Allow(nil, 1, l.server.clock.Now(), edge.Network(r))
		over, ok := errors.AsType[*ratelimit.Over](err)
		if !ok {
			h.ServeHTTP(w, r)
			return
		}
		edge.AskLater(w.Header(), over.RetryAfter())
		if explain != nil {
			explain(r.Context(), w.Header(), over)
		}
		edge.WriteError(w, over.HTTPStatus(), over.ErrorCode(), over.ErrorMessage())
	})
}
