package people

import (
	"slices"
	"strings"

	"parley.example/parley/api/connect"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/connectapi/query"
	"parley.example/parley/internal/connectapi/wire"
)

// What the fields of a proficiency may be called in a ListCondition; see [Users.SearchUsers].
var proficiencyFields = map[string]string{
	"attributename": fieldAttribute, "name": fieldAttribute, "attributevalue": fieldValue, "value": fieldValue,
	"level": fieldLevel, "proficiencylevel": fieldLevel,
}

const (
	fieldAttribute = "AttributeName"
	fieldValue     = "AttributeValue"
	fieldLevel     = "Level"
)

// skillMatch says whether a proficiency is what is looked for.
type skillMatch = query.Match[catalog.Proficiency]

// proficient translates a ListCondition: all conditions that are about a predefined attribute by name hold
// for one proficiency in it, and those about the fields of a proficiency for one, whichever it is.
func proficient(c *connect.ListCondition) query.Condition[*catalog.User] {
	return func() (userMatch, error) {
		if c == nil || len(c.Conditions) == 0 {
			return nil, nil
		}
		if len(c.Conditions) > maxConditions {
			return nil, center.Errorf(center.Invalid, "ListCondition has %d conditions; it may have %d", len(c.Conditions), maxConditions)
		}
		together := map[string][]skillMatch{} // by predefined attribute, "" for whichever
		for _, cond := range c.Conditions {
			if err := skillText(cond.StringCondition, together); err != nil {
				return nil, err
			}
			if err := skillLevel(cond.NumberCondition, together); err != nil {
				return nil, err
			}
		}
		return func(u *catalog.User) bool {
			for attribute, ms := range together {
				if !slices.ContainsFunc(u.Proficiencies, func(p catalog.Proficiency) bool {
					return (attribute == "" || p.Attribute == attribute) && query.Every(ms...)(p)
				}) {
					return false
				}
			}
			return true
		}, nil
	}
}

// fieldOf returns which field of a proficiency is meant, or which predefined attribute.
func fieldOf(name string) (field, attribute string) {
	if field, ok := proficiencyFields[strings.ToLower(name)]; ok {
		return field, ""
	}
	return "", name
}

// skillText adds a StringCondition on proficiencies.
func skillText(c *connect.StringCondition, together map[string][]skillMatch) error {
	if c == nil {
		return nil
	}
	field, attribute := fieldOf(wire.Text(c.FieldName))
	switch {
	case wire.Text(c.FieldName) == "" || field == fieldLevel:
		return center.Errorf(center.Invalid, "ListCondition: StringCondition.FieldName is %s, %s or the name of a predefined attribute, not %q", fieldAttribute, fieldValue, wire.Text(c.FieldName))
	case field == "":
		field = fieldValue
	}
	on := &connect.StringCondition{FieldName: &field, Value: c.Value, ComparisonType: c.ComparisonType}
	m, err := bounded(on, query.TextOf(on, []string{fieldAttribute, fieldValue}, func(p catalog.Proficiency, field string) string {
		if field == fieldAttribute {
			return p.Attribute
		}
		return p.Value
	}))()
	together[attribute] = append(together[attribute], m)
	return err
}

// skillLevel adds a NumberCondition on proficiencies. MinValue is what a level is compared with, or
// MaxValue when only that is given; RANGE needs both, and has them in it.
func skillLevel(c *connect.NumberCondition, together map[string][]skillMatch) error {
	if c == nil {
		return nil
	}
	field, attribute := fieldOf(wire.Text(c.FieldName))
	value := c.MinValue
	if value == nil {
		value = c.MaxValue
	}
	switch {
	case wire.Text(c.FieldName) == "" || field == fieldAttribute || field == fieldValue:
		return center.Errorf(center.Invalid, "ListCondition: NumberCondition.FieldName is %s or the name of a predefined attribute, not %q", fieldLevel, wire.Text(c.FieldName))
	case value == nil:
		return center.Errorf(center.Invalid, "ListCondition: NumberCondition has neither MinValue nor MaxValue")
	case c.ComparisonType == connect.NumberComparisonTypeRANGE && (c.MinValue == nil || c.MaxValue == nil):
		return center.Errorf(center.Invalid, "ListCondition: NumberCondition with %s has MinValue and MaxValue", c.ComparisonType)
	}
	compare, ok := levelComparisons[c.ComparisonType]
	if !ok {
		compare = levelComparisons[connect.NumberComparisonTypeEQUAL]
	}
	low, high := float32(*value), float32(*value)
	if c.MaxValue != nil {
		high = float32(*c.MaxValue)
	}
	together[attribute] = append(together[attribute], func(p catalog.Proficiency) bool { return compare(p.Level, low, high) })
	return nil
}

// levelComparisons are the ComparisonTypes of a NumberCondition: of a level with a number, or with two.
var levelComparisons = map[connect.NumberComparisonType]func(level, low, high float32) bool{
	connect.NumberComparisonTypeGREATER_OR_EQUAL: func(level, low, _ float32) bool { return level >= low },
	connect.NumberComparisonTypeGREATER:          func(level, low, _ float32) bool { return level > low },
	connect.NumberComparisonTypeLESSER_OR_EQUAL:  func(level, _, high float32) bool { return level <= high },
	connect.NumberComparisonTypeLESSER:           func(level, _, high float32) bool { return level < high },
	connect.NumberComparisonTypeEQUAL:            func(level, low, _ float32) bool { return level == low },
	connect.NumberComparisonTypeNOT_EQUAL:        func(level, low, _ float32) bool { return level != low },
	connect.NumberComparisonTypeRANGE:            func(level, low, high float32) bool { return level >= low && level <= high },
}
