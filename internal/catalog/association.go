package catalog

import (
	"slices"
	"strings"

	"parley.example/parley/internal/center"
)

// Association is something outside that an administrator lets an instance use.
// Its name is its type and its value, so that each is there once.
type Association struct {
	Meta[center.AssociationID] `json:"-"`
	Type                       string `json:"type"`
	Value                      string `json:"value"` // the ARN, the origin, or the name of a bot of Lex V1
	Place                      string `json:"place,omitempty"`
	Token                      string `json:"token,omitempty"` // ClientToken
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

// key is what an association is: its name, unique in the instance.
func (a *Association) Claim() string {
	if a.Place != "" {
		return a.Type + " " + a.Value + " " + a.Place
	}
	return a.Type + " " + a.Value
}

// Association returns the association with a name.
func (snap *Snapshot) Association(name string) (*Association, bool) {
	for e := range snap.shelf(center.KindAssociation).named(name) {
		return e.resource.(*Association), true
	}
	return nil, false
}

// Associations returns what an instance may use of a type, by value.
func (snap *Snapshot) Associations(typ string) []*Association {
	return slices.DeleteFunc(All[*Association](snap), func(a *Association) bool { return a.Type != typ })
}

// NormalOrigin returns an origin as browsers send it: in small letters, and without the port that its scheme has anyway.
func NormalOrigin(origin string) string {
	origin = strings.TrimSuffix(strings.ToLower(origin), ":")
	switch scheme, host, _ := strings.Cut(origin, "://"); scheme {
	case "https":
		return scheme + "://" + strings.TrimSuffix(host, ":443")
	case "http":
		return scheme + "://" + strings.TrimSuffix(host, ":80")
	}
	return origin
}

// AllowsOrigin reports whether pages of an origin may embed the agent's desk
// (AssociateApprovedOrigin), however it was written when it was approved.
func (snap *Snapshot) AllowsOrigin(origin string) bool {
	origin = NormalOrigin(origin)
	scheme, host, _ := strings.Cut(origin, "://")
	_, domain, _ := strings.Cut(host, ".")
	star := scheme + "://*." + domain
	return slices.ContainsFunc(snap.Associations(Origins), func(a *Association) bool {
		approved := NormalOrigin(a.Value)
		return approved == origin || domain != "" && approved == star
	})
}

// MayCall is nil when flows of the instance may call a function, by
// ARN or name. Who allows a function allows its versions and aliases.
func (c *Catalog) MayCall(snap *Snapshot, function string) error {
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

// MayAsk is nil when flows of the instance may ask a bot, by the ARN of
// its alias or, for Lex V1, its name.
func (c *Catalog) MayAsk(snap *Snapshot, bot string) error {
	if c.cfg.Unassociated {
		return nil
	}
	if _, ok := snap.Association(BotsV2 + " " + bot); ok {
		return nil
	}
	if slices.ContainsFunc(snap.Associations(BotsV1), func(a *Association) bool { return a.Value == bot }) {
		return nil
	}
	return center.Errorf(center.NotFound, "the bot %s is not associated with the instance; AssociateBot does that", bot)
}
