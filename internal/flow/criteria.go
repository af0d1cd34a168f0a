package flow

import (
	"encoding/json"
	"errors"
	"strconv"
	"time"
)

// Criterion is one step of the routing criteria (RoutingCriteria.Steps).
type Criterion struct {
	Expression json.RawMessage `json:"expression"`       // as the flow gives it, references resolved
	Expiry     time.Duration   `json:"expiry,omitempty"` // 0 for never
}

// Bounds of routing criteria.
const (
	maxCriteria        = 5
	maxCriteriaDepth   = 5
	maxCriteriaMembers = 50
	maxCriteriaBytes   = 32 << 10 // of all expressions: they stand in the state of the chat
	maxExpiry          = 604800   // seconds
)

// ReadCriteria takes routing criteria apart that are not a flow's: the JSON
// text of RoutingCriteriaInput. The rules are those of UpdateContactRoutingCriteria.
func ReadCriteria(text []byte) ([]Criterion, error) {
	document, err := Decode(text)
	if err != nil {
		return nil, err
	}
	steps, problem := CriteriaOf(document)
	if problem != "" {
		return nil, errors.New(problem)
	}
	return steps, nil
}

// CriteriaOf checks decoded criteria and takes them apart.
func CriteriaOf(document any) (steps []Criterion, problem string) {
	object, _ := document.(map[string]any)
	list, _ := object["Steps"].([]any)
	if len(list) == 0 || len(list) > maxCriteria {
		return nil, "RoutingCriteria has " + strconv.Itoa(len(list)) + " Steps, not 1 to " + strconv.Itoa(maxCriteria)
	}
	members, size := 0, 0
	for i, e := range list {
		given, _ := e.(map[string]any)
		at := "Steps[" + strconv.Itoa(i) + "]"
		if problem := checkExpression(given["Expression"], at+".Expression", 0, &members); problem != "" {
			return nil, problem
		}
		step := Criterion{Expression: Encode(given["Expression"])}
		if size += len(step.Expression); size > maxCriteriaBytes {
			return nil, "the Expressions in total exceed " + strconv.Itoa(maxCriteriaBytes) + " bytes"
		}
		if expiry, ok := given["Expiry"].(map[string]any); ok && expiry["DurationInSeconds"] != nil {
			seconds, ok := Number(DataValue(expiry["DurationInSeconds"]).Text())
			if !ok || seconds < 1 || seconds > maxExpiry {
				return nil, at + ".Expiry.DurationInSeconds is not a number from 1 to " + strconv.Itoa(maxExpiry)
			}
			step.Expiry = time.Duration(seconds) * time.Second
		}
		steps = append(steps, step)
	}
	return steps, ""
}

// checkExpression checks one expression: exactly one member, whose parts hold.
func checkExpression(v any, at string, depth int, members *int) (problem string) {
	object, ok := v.(map[string]any)
	if *members++; !ok || len(object) != 1 || depth >= maxCriteriaDepth || *members > maxCriteriaMembers {
		return at + " is not one expression"
	}
	for name, inner := range object {
		switch name {
		case "AttributeCondition", "NotAttributeCondition":
			return checkProficiency(inner, at+"."+name)
		case "AndExpression", "OrExpression":
			list, ok := inner.([]any)
			if !ok || len(list) == 0 {
				return at + "." + name + " is not a list of expressions"
			}
			for i, e := range list {
				if problem := checkExpression(e, at+"."+name+"["+strconv.Itoa(i)+"]", depth+1, members); problem != "" {
					return problem
				}
			}
		default:
			return at + " has the unknown member " + Clip(name)
		}
	}
	return ""
}

func checkProficiency(v any, at string) (problem string) {
	c, ok := v.(map[string]any)
	if !ok {
		return at + " is not an object"
	}
	text := func(name string) string { return DataValue(c[name]).Text() }
	level := func(name string) bool {
		f, err := strconv.ParseFloat(text(name), 64)
		return err == nil && f >= 1 && f <= 5
	}
	switch op := text("ComparisonOperator"); op {
	case "Match":
		if c["MatchCriteria"] == nil {
			return at + " has no MatchCriteria"
		}
	case "Range":
		bounds, _ := c["Range"].(map[string]any)
		if bounds == nil {
			return at + " has no Range"
		}
	case "", "NumberGreaterOrEqualTo":
		if text("Name") == "" || text("Value") == "" || !level("ProficiencyLevel") {
			return at + " needs Name, Value and a ProficiencyLevel from 1 to 5"
		}
	default:
		return at + " has the unknown ComparisonOperator " + Clip(op)
	}
	return ""
}
