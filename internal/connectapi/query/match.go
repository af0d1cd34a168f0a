package query

import (
	"slices"
	"strings"

	"parley.example/parley/api/connect"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/connectapi/wire"
)

// Match says whether something is among what is searched for; nil matches everything.
type Match[T any] func(r T) bool

// Condition is a match that a request may describe wrongly. It is translated
// after the instance has been found.
type Condition[T any] func() (Match[T], error)

func matching[T any](all []T, match Match[T]) []T {
	if match == nil {
		return all
	}
	return slices.DeleteFunc(all, func(r T) bool { return !match(r) })
}

// Every matches what all of ms match.
func Every[T any](ms ...Match[T]) Match[T] {
	return func(r T) bool {
		return !slices.ContainsFunc(ms, func(m Match[T]) bool { return m != nil && !m(r) })
	}
}

// Any matches what one of ms matches, and everything when there are none.
func Any[T any](ms []Match[T]) Match[T] {
	if len(ms) == 0 {
		return nil
	}
	return func(r T) bool {
		return slices.ContainsFunc(ms, func(m Match[T]) bool { return m == nil || m(r) })
	}
}

// Is is a condition that a request cannot describe wrongly.
func Is[T any](match func(r T) bool) Condition[T] {
	return func() (Match[T], error) { return match, nil }
}

// Criteria are search criteria: all have two lists of further ones, of which
// one and all must match, and what stands beside them, all of which must match.
type Criteria[C, T any] struct {
	Or, And []C
	Beside  []Condition[T]
}

// Named are the criteria of most resources: the lists, a StringCondition, and
// what further conditions stand beside them.
func Named[T catalog.Resource, C any](or, and []C, text *connect.StringCondition, beside ...Condition[T]) Criteria[C, T] {
	return Criteria[C, T]{Or: or, And: and, Beside: append(beside, Text[T](text))}
}

// maxCriteria bounds the conditions of a search: each is asked about each resource.
const maxCriteria = 100

// Where is the condition that search criteria describe; nil ones match everything.
// More than a hundred are Invalid.
func Where[C, T any](c *C, parts func(*C) Criteria[C, T]) Condition[T] {
	return func() (Match[T], error) {
		if c == nil {
			return nil, nil
		}
		left := maxCriteria
		if within(c, parts, &left); left < 0 {
			return nil, center.Errorf(center.Invalid, "SearchCriteria has more than %d conditions", maxCriteria)
		}
		return where(c, parts)
	}
}

// within counts conditions down, until none may be left.
func within[C, T any](c *C, parts func(*C) Criteria[C, T], left *int) {
	if *left--; *left < 0 {
		return
	}
	p := parts(c)
	for _, list := range [][]C{p.Or, p.And} {
		for i := range list {
			within(&list[i], parts, left)
		}
	}
}

func where[C, T any](c *C, parts func(*C) Criteria[C, T]) (Match[T], error) {
	p := parts(c)
	var all, anyOf []Match[T]
	for _, cond := range p.Beside {
		m, err := cond()
		if err != nil {
			return nil, err
		}
		all = append(all, m)
	}
	for i := range p.Or {
		m, err := where(&p.Or[i], parts)
		if err != nil {
			return nil, err
		}
		anyOf = append(anyOf, m)
	}
	for i := range p.And {
		m, err := where(&p.And[i], parts)
		if err != nil {
			return nil, err
		}
		all = append(all, m)
	}
	return Every(append(all, Any(anyOf))...), nil
}

// Text translates a StringCondition on a resource: FieldName is one of the
// fields of its kind, case does not matter, and ComparisonType is EXACT when
// not given.
func Text[T catalog.Resource](c *connect.StringCondition) Condition[T] {
	var none T
	return textsOf(c, catalog.Fields(none.Kind()), func(r T, field string) []string { return catalog.Field(r, field) })
}

// TextOf translates a StringCondition on something that has some fields.
func TextOf[T any](c *connect.StringCondition, fields []string, read func(r T, field string) string) Condition[T] {
	return textsOf(c, fields, func(r T, field string) []string { return []string{read(r, field)} })
}

// textsOf is [TextOf] for fields that may have several texts, of which one must match.
func textsOf[T any](c *connect.StringCondition, fields []string, read func(r T, field string) []string) Condition[T] {
	return func() (Match[T], error) {
		if c == nil {
			return nil, nil
		}
		field := wire.Text(c.FieldName)
		if !slices.Contains(fields, field) {
			last := len(fields) - 1
			return nil, center.Errorf(center.Invalid, "StringCondition.FieldName is %s or %s, not %q", strings.Join(fields[:last], ", "), fields[last], field)
		}
		compare := strings.EqualFold
		want := strings.ToLower(wire.Text(c.Value))
		switch c.ComparisonType {
		case connect.StringComparisonTypeCONTAINS:
			compare = func(s, want string) bool { return strings.Contains(strings.ToLower(s), want) }
		case connect.StringComparisonTypeSTARTS_WITH:
			compare = func(s, want string) bool { return strings.HasPrefix(strings.ToLower(s), want) }
		}
		return func(r T) bool {
			return slices.ContainsFunc(read(r, field), func(text string) bool { return compare(text, want) })
		}, nil
	}
}

// Filter is the match that a search filter describes; nil ones match everything.
func Filter[F, T any](f *F, translate func(f *F) Match[T]) Match[T] {
	if f == nil {
		return nil
	}
	return translate(f)
}

// Tag translates a TagCondition: without TagValue any value will do.
func Tag[T catalog.Resource](c *connect.TagCondition) Match[T] {
	return Filter(c, func(c *connect.TagCondition) Match[T] {
		return func(r T) bool {
			value, ok := r.About().Tags[wire.Text(c.TagKey)]
			return ok && (c.TagValue == nil || value == *c.TagValue)
		}
	})
}

// Tags matches what has all of some tags.
func Tags[T catalog.Resource](cs []connect.TagCondition) Match[T] {
	var ms []Match[T]
	for i := range cs {
		ms = append(ms, Tag[T](&cs[i]))
	}
	return Every(ms...)
}

// TagFilter translates a ControlPlaneTagFilter.
func TagFilter[T catalog.Resource](f *connect.ControlPlaneTagFilter) Match[T] {
	return Filter(f, func(f *connect.ControlPlaneTagFilter) Match[T] {
		var anyOf []Match[T]
		for _, group := range f.OrConditions {
			anyOf = append(anyOf, Tags[T](group))
		}
		return Every(Tag[T](f.TagCondition), Tags[T](f.AndConditions), Any(anyOf))
	})
}

// AttributeFilter translates a ControlPlaneAttributeFilter.
func AttributeFilter[T catalog.Resource](f *connect.ControlPlaneAttributeFilter) Match[T] {
	return Filter(f, func(f *connect.ControlPlaneAttributeFilter) Match[T] {
		var anyOf []Match[T]
		for _, c := range f.OrConditions {
			anyOf = append(anyOf, Tags[T](c.TagConditions))
		}
		both := Filter(f.AndCondition, func(c *connect.CommonAttributeAndCondition) Match[T] { return Tags[T](c.TagConditions) })
		return Every(Tag[T](f.TagCondition), both, Any(anyOf))
	})
}
