package routing

import (
	"strings"
	"testing"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/flow"
)

func condition(name, value, rest string) string {
	return `{"AttributeCondition":{"Name":"` + name + `","Value":"` + value + `",` + rest + `}}`
}

func both(op string, parts ...string) string {
	return `{"` + op + `":[` + strings.Join(parts, ",") + `]}`
}

const match = `{"AttributeCondition":{"ComparisonOperator":"Match","MatchCriteria":{"AgentsCriteria":{"AgentIds":["u","arn:aws:connect:us-east-1:123456789012:instance/I/agent/w"]}}}}`

func TestExpressions(t *testing.T) {
	french := func(rest string) string { return condition("Language", "French", rest) }
	billing := condition("Skill", "Billing", `"ProficiencyLevel":2`)
	fluent := []Proficiency{{"Language", "French", 4}}
	clerk := []Proficiency{{"Language", "French", 2}, {"Skill", "Billing", 3}}
	for _, test := range []struct {
		name, expression          string
		fluent, clerk, none, u, w bool   // who meets it
		unmet                     string // what nobody in particular is told
	}{
		{name: "at least", expression: french(`"ProficiencyLevel":3`), fluent: true, unmet: "Language French of at least 3 (is not at all)"},
		{name: "exactly at the level", expression: french(`"ProficiencyLevel":4`), fluent: true, unmet: "Language French of at least 4 (is not at all)"},
		{name: "above", expression: french(`"ProficiencyLevel":4.5`), unmet: "Language French of at least 4.5 (is not at all)"},
		{name: "a level as text", expression: french(`"ProficiencyLevel":"3","ComparisonOperator":"NumberGreaterOrEqualTo"`), fluent: true, unmet: "Language French of at least 3 (is not at all)"},
		{name: "range", expression: french(`"ComparisonOperator":"Range","Range":{"MinProficiencyLevel":1,"MaxProficiencyLevel":2}`), clerk: true, unmet: "Language French of 1 to 2 (is not at all)"},
		{name: "range without an end", expression: french(`"ComparisonOperator":"Range","Range":{"MinProficiencyLevel":3}`), fluent: true, unmet: "Language French of at least 3 (is not at all)"},
		{name: "range without a beginning", expression: french(`"ComparisonOperator":"Range","Range":{"MaxProficiencyLevel":3}`), clerk: true, unmet: "Language French of 1 to 3 (is not at all)"},
		{name: "another value", expression: condition("Language", "Dutch", `"ProficiencyLevel":1`), unmet: "Language Dutch of at least 1 (is not at all)"},
		{name: "and", expression: both("AndExpression", french(`"ProficiencyLevel":1`), billing), clerk: true, unmet: "Language French of at least 1 (is not at all)"},
		{name: "or", expression: both("OrExpression", french(`"ProficiencyLevel":3`), billing), fluent: true, clerk: true,
			unmet: "Language French of at least 3 (is not at all) or Skill Billing of at least 2 (is not at all)"},
		{name: "not", expression: strings.Replace(billing, "AttributeCondition", "NotAttributeCondition", 1), fluent: true, none: true, u: true, w: true},
		{name: "and not", expression: both("AndExpression", french(`"ProficiencyLevel":1`), strings.Replace(billing, "AttributeCondition", "NotAttributeCondition", 1)), fluent: true,
			unmet: "Language French of at least 1 (is not at all)"},
		{name: "agents, by id and ARN", expression: match, u: true, w: true, unmet: "one of the agents [u w]"},
		{name: "an agent or a skill", expression: both("OrExpression", match, billing), clerk: true, u: true, w: true, unmet: "one of the agents [u w] or Skill Billing of at least 2 (is not at all)"},
		{name: "nested", expression: both("OrExpression", both("AndExpression", billing, french(`"ProficiencyLevel":2`)), match), clerk: true, u: true, w: true,
			unmet: "Skill Billing of at least 2 (is not at all) or one of the agents [u w]"},
	} {
		t.Run(test.name, func(t *testing.T) {
			e, err := Compile([]byte(test.expression))
			if err != nil {
				t.Fatal(err)
			}
			anchors, anchored := e.anchors()
			for _, who := range []struct {
				user center.UserID
				list []Proficiency
				want bool
			}{{"fluent", fluent, test.fluent}, {"clerk", clerk, test.clerk}, {"none", nil, test.none}, {"u", nil, test.u}, {"w", nil, test.w}} {
				if got := e.Matches(who.user, who.list); got != who.want {
					t.Errorf("%s meets %v: %t; want %t", who.user, e, got, who.want)
				}
				has := !anchored
				for _, a := range anchors {
					has = has || a.user == who.user || a.name != "" && levelOf(who.list, a.name, a.value) > 0
				}
				if who.want && !has {
					t.Errorf("%s meets %v and has none of the anchors %v", who.user, e, anchors)
				}
			}
			if got := e.unmet("none", nil); got != test.unmet {
				t.Errorf("unmet is %q; want %q", got, test.unmet)
			}
		})
	}
}

// TestUnreadable has expressions that a flow lets pass, or that nobody wrote as one.
func TestUnreadable(t *testing.T) {
	for expression, want := range map[string]string{
		`{`:                                   "the Expression is not JSON",
		`{}`:                                  "Expression is not one expression",
		`{"OrExpression":[]}`:                 "Expression.OrExpression is not a list of expressions",
		`{"XorExpression":[]}`:                "Expression has a member other than",
		`{"AttributeCondition":7}`:            "Expression.AttributeCondition is not an object",
		`{"AttributeCondition":{"Name":"a"}}`: "Expression.AttributeCondition needs Name and Value",
		condition("a", "b", `"ProficiencyLevel":"much"`):                                        "Expression.AttributeCondition.ProficiencyLevel is not a number",
		condition("a", "b", `"ComparisonOperator":"Range","Range":{"MinProficiencyLevel":"x"}`): "Expression.AttributeCondition.Range has a level that is not a number",
		condition("a", "b", `"ComparisonOperator":"Like"`):                                      "Expression.AttributeCondition has the unknown ComparisonOperator Like",
		condition("a", "b", `"ComparisonOperator":"Match","MatchCriteria":{}`):                  "Expression.AttributeCondition.MatchCriteria names no agents",
		both("AndExpression", match, `{"NotAttributeCondition":{"Name":"a"}}`):                  "Expression.AndExpression[1].NotAttributeCondition needs Name and Value",
	} {
		e, err := Compile([]byte(expression))
		if err == nil || !strings.HasPrefix(err.Error(), want) || center.ReasonOf(err) != center.Invalid {
			t.Errorf("%s: %v; want %s", expression, err, want)
		}
		if e.Matches("u", []Proficiency{{"a", "b", 5}}) {
			t.Errorf("somebody meets %s", expression)
		}
		r := New()
		for range 2 {
			if err := r.SetContact(contactOf("c", "a", 1, step(expression))); err == nil {
				t.Errorf("a contact with %s is taken without a word", expression)
			}
		}
	}
}

// TestScarce has many agents who can take a contact, and one far behind who may.
func TestScarce(t *testing.T) {
	for _, common := range []bool{false, true} { // whether many others speak some French
		r := New()
		r.SetProfile(Profile{ID: "p", Max: Slots{Chat: 1}, Queues: entriesOf(t, "a:1")})
		r.SetProfile(Profile{ID: "q", Max: Slots{Chat: 1}, Queues: entriesOf(t, "b:1")})
		for i := range 500 {
			a := agentOf(center.UserID("u"+strings.Repeat("x", i)), i)
			if common {
				a.Proficiencies = []Proficiency{{"Language", "French", 1}}
			}
			r.SetAgent(a)
		}
		r.SetAgent(agentOf("elsewhere", 0, skilled("Language", "French", 5), func(a *Agent) { a.Profile = "q" }))
		r.SetAgent(agentOf("busy", 0, skilled("Language", "French", 5), held(1, 0)))
		r.SetAgent(agentOf("w", 600, skilled("Language", "French", 5)))
		r.SetAgent(agentOf("v", 601, skilled("Language", "French", 5)))
		r.Next(at(700))
		r.SetContact(contactOf("c", "a", 700, step(french3)))
		if list, _ := r.Next(at(700)); len(list) != 1 || list[0].User != "w" {
			t.Errorf("many others: %t, assigned: %v; want it to go to w", common, list)
		}
	}
}

// TestCriteriaFitFlows holds what is compiled to what a flow accepts.
func TestCriteriaFitFlows(t *testing.T) {
	steps, err := flow.ReadCriteria([]byte(`{"Steps":[{"Expression":` + both("OrExpression", match, french3) + `,"Expiry":{"DurationInSeconds":30}}]}`))
	if err != nil {
		t.Fatal(err)
	}
	e, err := Compile(steps[0].Expression)
	if err != nil || e.String() != "one of the agents [u w] or Language French of at least 3" {
		t.Errorf("%v, %v", e, err)
	}
}
