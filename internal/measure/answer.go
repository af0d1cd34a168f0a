package measure

import (
	"slices"
	"strings"
)

// Asked is a metric that is asked for.
type Asked struct {
	*Metric
	Threshold Threshold // of one with Within
	Filters   []Filter  // its own: of its Where
}

// Threshold is how long something may take, in seconds.
type Threshold struct {
	Seconds float64
	Equal   bool // so long is still within
}

func (t Threshold) met(seconds int64) bool {
	return float64(seconds) < t.Seconds || t.Equal && float64(seconds) == t.Seconds
}

// Filter leaves out what does not have one of the values; negated, what has one.
type Filter struct {
	Key    Key
	Values []string
	Negate bool
}

// Query asks for metrics.
type Query struct {
	Metrics   []Asked
	Filters   []Filter
	Groupings []Key
}

// Parts returns which parts have to be read.
func (q *Query) Parts() (parts []Part) {
	keys := slices.Clone(q.Groupings)
	for _, f := range q.Filters {
		keys = append(keys, f.Key)
	}
	for _, m := range q.Metrics {
		for _, f := range m.Filters {
			keys = append(keys, f.Key)
		}
	}
	if slices.ContainsFunc(q.Metrics, func(m Asked) bool { return m.Of != Agents }) {
		i := slices.IndexFunc(contactParts, func(of partOf) bool {
			return !slices.ContainsFunc(keys, func(k Key) bool { return k != KeyChannel && !slices.Contains(of.by, k.dim()) })
		})
		parts = append(parts, contactParts[i].Part)
	}
	if slices.ContainsFunc(q.Metrics, func(m Asked) bool { return m.Of == Agents }) {
		parts = append(parts, Agents)
	}
	return parts
}

// dim returns the dimension that a key is about, which is not [KeyChannel].
func (k Key) dim() dim {
	switch k {
	case KeyQueue:
		return dimQueue
	case KeyProfile:
		return dimProfile
	case KeyAgent:
		return dimAgent
	case KeySubtype:
		return dimSubtype
	case KeyMethod:
		return dimMethod
	case KeyReason:
		return dimReason
	case KeyStep:
		return dimStep
	}
	return dimGroups
}

// theChannel is the one that there is.
const theChannel = "CHAT"

// value is what a text of the key's dimension is for the key; "" for nothing.
func (k Key) value(text string) string {
	level := slices.Index(Levels, k)
	if level < 0 {
		return text
	}
	for ; level > 0; level-- {
		_, text, _ = strings.Cut(text, "/")
	}
	id, _, _ := strings.Cut(text, "/")
	return id
}

// value is what a dimension is for a key; "" for nothing.
func (d *Dims) value(k Key) string {
	if k == KeyChannel {
		return theChannel
	}
	m := d.members()
	return k.value(m[k.dim()])
}
