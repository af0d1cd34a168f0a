// Package rules is what every store does in the same way, whatever keeps its rows: what a change must be to be looked at, when a
// quota is passed, what in a message is said. It is pure.
package rules

import (
	"cmp"
	"slices"
	"strings"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/store"
)

// CheckChange refuses a change that no state of the database could take.
func CheckChange(c *store.Change) error {
	if c.Chat == "" && (c.State != nil || len(c.Items) > 0 || len(c.Receipts) > 0) {
		return center.Errorf(center.Invalid, "a change with a state, items or receipts has to name its chat")
	}
	if c.Erase != nil && c.Version == 0 {
		return center.Errorf(center.Invalid, "a change that erases has to name the version of its chat")
	}
	if c.State != nil {
		return checkHeld(c.State.Held)
	}
	return nil
}

// checkHeld refuses holdings that are out of bounds.
func checkHeld(held []store.Holding) error {
	if len(held) > store.MaxHeld {
		return center.Errorf(center.Invalid, "a chat has %d holdings; it may have %d", len(held), store.MaxHeld)
	}
	for i := range held {
		if held[i].User == "" {
			return center.Errorf(center.Invalid, "a holding has to name its user")
		}
		if n := len(held[i].Work); n > store.MaxWork {
			return center.Errorf(center.Invalid, "the work of a holding has %d bytes; it may have %d", n, store.MaxWork)
		}
	}
	return nil
}

// CheckAgentChange refuses a change of an agent that no state of the database could take.
func CheckAgentChange(c *store.AgentChange) error {
	if c.User == "" {
		return center.Errorf(center.Invalid, "a change of an agent has to name its user")
	}
	if c.Gone && (c.Version == 0 || c.State != nil) {
		return center.Errorf(center.Invalid, "a change that deletes an agent has to name its version, and has no state")
	}
	for i := range c.Deliveries {
		if c.Deliveries[i].Chat != "" {
			return center.Errorf(center.Invalid, "a delivery of an agent has no chat")
		}
	}
	return nil
}

// Falls returns the refusal of a quota by which its counter, which has a value, would become negative and must not.
func Falls(quotas []store.Quota, q store.Quota, value int64) error {
	if sum := moved(quotas, q.Counter); q.Delta < 0 && q.Counter.NeverNegative() && value+sum < 0 {
		return center.Errorf(center.Internal, "the counter %s would fall from %d by %d: what was not taken cannot be freed", q.Counter, value, -sum)
	}
	return nil
}

// Limits reports whether a quota may refuse a change for its limit.
func Limits(q store.Quota) bool { return q.Delta >= 0 && q.Limit >= 0 }

// Passes returns the refusal of the i-th quota, which limits, if its counter would pass the limit.
func Passes(quotas []store.Quota, i int, value int64) error {
	if q := quotas[i]; value+moved(quotas[:i+1], q.Counter) > q.Limit {
		return &store.QuotaError{Counter: q.Counter}
	}
	return nil
}

// moved returns by how much quotas move a counter together.
func moved(quotas []store.Quota, counter store.Counter) (sum int64) {
	for _, q := range quotas {
		if q.Counter == counter {
			sum += q.Delta
		}
	}
	return sum
}

// Selects reports whether a contact meets the restrictions of q other than its ids.
func Selects(q *store.ContactQuery, c *center.Contact) bool {
	switch {
	case q.Instance != "" && c.Instance != q.Instance,
		q.Chat != "" && c.Chat != q.Chat,
		q.Related != "" && c.Related != q.Related,
		!q.InitiatedFrom.IsZero() && c.Initiated.Before(q.InitiatedFrom),
		!q.InitiatedTo.IsZero() && !c.Initiated.Before(q.InitiatedTo):
		return false
	}
	return true
}

// Arrange puts contacts into the order of q, each once, and no more than it asks for.
func Arrange(q *store.ContactQuery, all []center.Contact) []center.Contact {
	slices.SortFunc(all, func(a, b center.Contact) int {
		order := cmp.Or(a.Initiated.Compare(b.Initiated), cmp.Compare(a.ID, b.ID))
		if q.Descending {
			return -order
		}
		return order
	})
	all = slices.CompactFunc(all, func(a, b center.Contact) bool { return a.ID == b.ID })
	if q.Limit > 0 {
		all = all[:min(len(all), q.Limit)]
	}
	return all
}

// Lower makes the letters of ASCII small, as values of attributes are compared.
func Lower(s string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, s)
}
