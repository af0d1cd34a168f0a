package catalog

import (
	"context"
	"errors"
	"strings"

	"parley.example/parley/internal/center"
)

// missing is the NotFound error for a reference that leads to no resource of a
// kind of the instance. It adds what the caller may have meant, as far as that
// can be seen: a name in place of an id, an ARN of something else.
func (snap *Snapshot) missing(kind center.Kind, ref string) error {
	hint := ""
	if a, isARN := center.ParseARN(ref); strings.HasPrefix(ref, "arn:") {
		switch hint = strayARN(snap.partition, a, isARN); {
		case hint != "":
		case a.Instance != snap.ID():
			hint = "the ARN is of instance " + string(a.Instance)
		case a.Kind != kind:
			hint = "the ARN is of another kind of resource: " + string(a.Kind)
		}
	} else {
		for e := range snap.shelf(kind).named(ref) {
			hint = "that is its name; its id is " + e.id
			break
		}
	}
	return hinted(center.Missing(kind, ref), hint)
}

// missingInstance is the same for an instance, whose name is its alias.
func (l *loader) missingInstance(ctx context.Context, ref string) error {
	hint := ""
	if a, isARN := center.ParseARN(ref); strings.HasPrefix(ref, "arn:") {
		if hint = strayARN(l.partition, a, isARN); hint == "" && a.Kind != center.KindInstance {
			hint = "the ARN is of another kind of resource: " + string(a.Kind)
		}
	} else if id, ok := l.rows.ofAlias(ctx, ref); ok {
		hint = "that is its alias; its id is " + string(id)
	}
	return hinted(center.Missing(center.KindInstance, ref), hint)
}

// strayARN says how an ARN leads out of a server; "" when it does not.
func strayARN(p center.Partition, a center.ARN, isARN bool) string {
	switch {
	case !isARN:
		return "that is not the ARN of something in an instance of Amazon Connect"
	case a.Partition != p:
		return "the ARN is of region " + a.Region + " and account " + a.Account + ", this server is " + p.Region + " and " + p.Account
	}
	return ""
}

// hinted adds a hint, if there is one, to an error's message.
func hinted(err error, hint string) error {
	if e, ok := errors.AsType[*center.Error](err); ok && hint != "" {
		e.Message += "; " + hint
	}
	return err
}
