package setup

import (
	"context"
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/center"
)

// associationType says what the values of a type are and how many an instance may have.
type associationType struct {
	what  string
	check func(a *catalog.Association) string // what is wrong with a value
	quota string                              // its name, in catalog.Quotas
}

var associationTypes = map[string]associationType{
	catalog.Functions: {"Lambda function", checkFunction, "lambda-functions"},
	catalog.BotsV1:    {"bot of Lex V1", checkBotV1, "bots"},
	catalog.BotsV2:    {"bot of Lex V2", checkBotV2, "bots"},
	catalog.Origins:   {"approved origin", checkOrigin, "approved-origins"},
}

var (
	functionARN = regexp.MustCompile(`^arn:aws[a-z-]*:lambda:[a-z0-9-]+:\d{12}:function:[A-Za-z0-9_-]+(:[A-Za-z0-9_$-]+)?$`)
	botAliasARN = regexp.MustCompile(`^arn:aws[a-z-]*:lex:[a-z0-9-]+:\d{12}:bot-alias/[0-9A-Za-z]+/[0-9A-Za-z]+$`)
	botName     = regexp.MustCompile(`^([A-Za-z]_?)+$`)
	lexRegion   = regexp.MustCompile(`^[a-z]+(-[a-z]+)+-\d$`)
)

func checkFunction(a *catalog.Association) string {
	if !functionARN.MatchString(a.Value) {
		return fmt.Sprintf("FunctionArn %q is not the ARN of a Lambda function", a.Value)
	}
	return ""
}

func checkBotV2(a *catalog.Association) string {
	if !botAliasARN.MatchString(a.Value) {
		return fmt.Sprintf("AliasArn %q is not the ARN of an alias of a Lex V2 bot", a.Value)
	}
	return ""
}

func checkBotV1(a *catalog.Association) string {
	if !botName.MatchString(a.Value) {
		return fmt.Sprintf("%q is not the name of a Lex bot: letters, with single underscores between them", a.Value)
	}
	if !lexRegion.MatchString(a.Place) {
		return fmt.Sprintf("LexRegion %q is not a region", a.Place)
	}
	return ""
}

// checkOrigin takes what a browser sends as Origin, or would if it did not write it in its
// normal form (see [catalog.NormalOrigin]). A star may stand for the first label of the host.
func checkOrigin(a *catalog.Association) string {
	u, err := url.Parse(a.Value)
	plain := err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && u.User == nil
	if !plain || !strings.EqualFold(a.Value, u.Scheme+"://"+u.Host) || strings.Contains(strings.TrimPrefix(u.Host, "*."), "*") {
		return fmt.Sprintf("%q is not an origin: a scheme, a host and an optional port, such as https://example.com", a.Value)
	}
	return ""
}

// Associate lets an instance use something: Type, Value and, for bots of Lex
// V1, Place of a are looked at, and Token: a request made again with it changes
// nothing. Errors: NotFound for the instance, Invalid, Conflict when it is
// associated already, QuotaExceeded.
func Associate(ctx context.Context, c *catalog.Catalog, instance center.InstanceID, a catalog.Association) error {
	typ := associationTypes[a.Type]
	if problem := typ.check(&a); problem != "" {
		return center.Errorf(center.Invalid, "%s", problem)
	}
	return c.Change(ctx, instance, func(snap *catalog.Snapshot) (catalog.Write, error) {
		if old, ok := snap.Association(a.Claim()); ok {
			if a.Token != "" && old.Token == a.Token {
				return catalog.Write{}, nil
			}
			return catalog.Write{}, center.Errorf(center.Conflict, "the %s %s is already associated with the instance", typ.what, a.Value)
		}
		if err := c.Admit(len(snap.Associations(a.Type)), typ.quota, "the instance", "("+typ.what+")", center.QuotaExceeded); err != nil {
			return catalog.Write{}, err
		}
		made := a
		made.Meta = catalog.NewMeta(c, instance, center.AssociationID(catalog.DerivedID("association", string(instance), a.Claim())), a.Claim(), nil)
		return catalog.Write{Put: []catalog.Resource{&made}}, nil
	})
}

// Disassociate takes back what [Associate] allowed. Errors: NotFound
// for the instance, and when it is not associated.
func Disassociate(ctx context.Context, c *catalog.Catalog, instance center.InstanceID, a catalog.Association) error {
	return c.Change(ctx, instance, func(snap *catalog.Snapshot) (catalog.Write, error) {
		old, ok := snap.Association(a.Claim())
		if !ok {
			return catalog.Write{}, center.Errorf(center.NotFound, "the %s %s is not associated with the instance", associationTypes[a.Type].what, a.Value)
		}
		return catalog.Write{Drop: []catalog.Resource{old}}, nil
	})
}
