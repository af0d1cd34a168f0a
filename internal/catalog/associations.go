package catalog

import (
	"context"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"parley.example/parley/internal/center"
)

// Association is something outside that an administrator lets an instance use.
// Its name is its type and its value, so that each is there once.
type Association struct {
	Meta  `json:"-"`
	Type  string `json:"type"`
	Value string `json:"value"` // the ARN, the origin, or the name of a bot of Lex V1
	Place string `json:"place,omitempty"`
	Token string `json:"token,omitempty"` // ClientToken
}

// Kind returns KindAssociation.
func (*Association) Kind() center.Kind { return center.KindAssociation }

// The types of association.
const (
	Functions = "function" // Lambda functions, by ARN
	BotsV1    = "lex-v1"   // bots of Lex V1, by name; Place is the region
	BotsV2    = "lex-v2"   // bots of Lex V2, by the ARN of an alias
	Origins   = "origin"   // origins of pages that may embed the agent's desk
)

// associationType says what the values of a type are and how many an instance may have.
type associationType struct {
	what  string
	check func(a *Association) string // what is wrong with a value
	limit func(l Limits) int
}

var associationTypes = map[string]associationType{
	Functions: {"Lambda function", checkFunction, func(l Limits) int { return l.Functions }},
	BotsV1:    {"bot of Lex V1", checkBotV1, func(l Limits) int { return l.Bots }},
	BotsV2:    {"bot of Lex V2", checkBotV2, func(l Limits) int { return l.Bots }},
	Origins:   {"approved origin", checkOrigin, func(l Limits) int { return l.Origins }},
}

var (
	functionARN = regexp.MustCompile(`^arn:aws[a-z-]*:lambda:[a-z0-9-]+:\d{12}:function:[A-Za-z0-9_-]+(:[A-Za-z0-9_$-]+)?$`)
	botAliasARN = regexp.MustCompile(`^arn:aws[a-z-]*:lex:[a-z0-9-]+:\d{12}:bot-alias/[0-9A-Za-z]+/[0-9A-Za-z]+$`)
	botName     = regexp.MustCompile(`^([A-Za-z]_?)+$`)
	lexRegion   = regexp.MustCompile(`^[a-z]+(-[a-z]+)+-\d$`)
)

func checkFunction(a *Association) string {
	if !functionARN.MatchString(a.Value) {
		return fmt.Sprintf("FunctionArn %q is not the ARN of a Lambda function", a.Value)
	}
	return ""
}

func checkBotV2(a *Association) string {
	if !botAliasARN.MatchString(a.Value) {
		return fmt.Sprintf("AliasArn %q is not the ARN of an alias of a Lex V2 bot", a.Value)
	}
	return ""
}

func checkBotV1(a *Association) string {
	if !botName.MatchString(a.Value) {
		return fmt.Sprintf("the name of a Lex bot has letters and single underscores, unlike %q", a.Value)
	}
	if !lexRegion.MatchString(a.Place) {
		return fmt.Sprintf("LexRegion %q is not a region", a.Place)
	}
	return ""
}

// checkOrigin takes what a browser sends as Origin. A star may stand for the
// first label of the host.
func checkOrigin(a *Association) string {
	u, err := url.Parse(a.Value)
	plain := err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && u.User == nil
	if !plain || a.Value != u.Scheme+"://"+u.Host || strings.Contains(strings.TrimPrefix(u.Host, "*."), "*") {
		return fmt.Sprintf("an origin is a scheme, a host and perhaps a port, like https://example.com, unlike %q", a.Value)
	}
	return ""
}

func (a *Association) key() string {
	if a.Place != "" {
		return a.Type + " " + a.Value + " " + a.Place
	}
	return a.Type + " " + a.Value
}

// Associate lets an instance use something: Type, Value and, for bots of Lex
// V1, Place of a are looked at, and Token: a request made again with it changes
// nothing. Errors: NotFound for the instance, Invalid, Conflict when it is
// associated already, QuotaExceeded.
func (c *Catalog) Associate(ctx context.Context, instance string, a Association) error {
	typ := associationTypes[a.Type]
	if problem := typ.check(&a); problem != "" {
		return center.Errorf(center.Invalid, "%s", problem)
	}
	return c.change(ctx, instance, func(snap *Snapshot) (write, error) {
		if old, ok := snap.association(a.key()); ok {
			if a.Token != "" && old.Token == a.Token {
				return write{}, nil
			}
			return write{}, center.Errorf(center.Conflict, "the %s %s is associated with the instance already", typ.what, a.Value)
		}
		if limit := typ.limit(c.cfg.Limits); len(snap.Associations(a.Type)) >= limit {
			return write{}, center.Errorf(center.QuotaExceeded, "the instance has reached its quota of %d of the kind %s", limit, typ.what)
		}
		made := a
		made.Meta = c.newMeta(snap, derivedID("association", snap.Instance.ID, a.key()), a.key(), nil)
		return write{put: []Resource{&made}}, nil
	})
}

// Disassociate takes back what [Catalog.Associate] allowed. Errors: NotFound
// for the instance, and when it is not associated.
func (c *Catalog) Disassociate(ctx context.Context, instance string, a Association) error {
	return c.change(ctx, instance, func(snap *Snapshot) (write, error) {
		old, ok := snap.association(a.key())
		if !ok {
			return write{}, center.Errorf(center.NotFound, "the %s %s is not associated with the instance", associationTypes[a.Type].what, a.Value)
		}
		return write{drop: []Resource{old}}, nil
	})
}

// association returns the association with a name.
func (snap *Snapshot) association(name string) (*Association, bool) {
	list := snap.lists[center.KindAssociation]
	i, ok := slices.BinarySearchFunc(list, name, func(r Resource, name string) int { return strings.Compare(r.About().Name, name) })
	if !ok {
		return nil, false
	}
	return list[i].(*Association), true
}

// Associations returns what an instance may use of a type, by value.
func (snap *Snapshot) Associations(typ string) []*Association {
	return slices.DeleteFunc(All[*Association](snap), func(a *Association) bool { return a.Type != typ })
}

// AllowsOrigin reports whether pages of an origin may embed the agent's desk
// (AssociateApprovedOrigin).
func (snap *Snapshot) AllowsOrigin(origin string) bool {
	if _, ok := snap.association(Origins + " " + origin); ok {
		return true
	}
	scheme, host, _ := strings.Cut(origin, "://")
	_, domain, ok := strings.Cut(host, ".")
	if !ok {
		return false
	}
	_, ok = snap.association(Origins + " " + scheme + "://*." + domain)
	return ok
}

// functionAllowed is nil when flows of the instance may call a function, by
// ARN or name. Who allows a function allows its versions and aliases.
func (c *Catalog) functionAllowed(snap *Snapshot, function string) error {
	if c.cfg.Unassociated {
		return nil
	}
	base := function
	if parts := strings.Split(function, ":"); len(parts) > 7 {
		base = strings.Join(parts[:7], ":")
	}
	for _, a := range snap.Associations(Functions) {
		if a.Value == function || a.Value == base || strings.HasSuffix(a.Value, ":function:"+function) {
			return nil
		}
	}
	return center.Errorf(center.NotFound, "the function %s is not associated with the instance; AssociateLambdaFunction does that", function)
}

// botAllowed is nil when flows of the instance may ask a bot, by the ARN of
// its alias or, for Lex V1, its name.
func (c *Catalog) botAllowed(snap *Snapshot, bot string) error {
	if c.cfg.Unassociated {
		return nil
	}
	if _, ok := snap.association(BotsV2 + " " + bot); ok {
		return nil
	}
	if slices.ContainsFunc(snap.Associations(BotsV1), func(a *Association) bool { return a.Value == bot }) {
		return nil
	}
	return center.Errorf(center.NotFound, "the bot %s is not associated with the instance; AssociateBot does that", bot)
}
