package flow

import "testing"

func TestCompareOperators(t *testing.T) {
	tests := []struct {
		operator, value, operand string
		want                     bool
	}{
		{"Equals", "yes", "yes", true},
		{"Equals", "Yes", "yes", false},
		{"Equals", "", "", true},
		{"Equals", "1.0", "1", false},
		{"TextStartsWith", "hello", "he", true},
		{"TextStartsWith", "hello", "He", false},
		{"TextEndsWith", "hello", "lo", true},
		{"TextContains", "hello", "ell", true},
		{"TextContains", "hello", "ELL", false},
		{"NumberGreaterThan", "10", "9", true},
		{"NumberGreaterThan", "10", "10", false},
		{"NumberGreaterThan", "9007199254740993", "9007199254740992", true},
		{"NumberGreaterThan", "ten", "9", false},
		{"NumberGreaterThan", "10", "", false},
		{"NumberGreaterThan", "inf", "1", false},
		{"NumberGreaterThan", "0x10", "1", false},
		{"NumberGreaterThan", "1_0", "1", false},
		{"NumberGreaterOrEqualTo", "10", "10.0", true},
		{"NumberLessThan", "-1.5", "0", true},
		{"NumberLessThan", "NaN", "0", false},
		{"NumberLessThan", "1e400", "0", false},
		{"NumberLessOrEqualTo", "1e2", "100", true},
		{"NumberLessOrEqualTo", "+5", "5", true},
		{"NumberLessOrEqualTo", "-", "5", false},
		{"Contains", "hello", "ell", false},
	}
	for _, test := range tests {
		c := Condition{Operator: test.operator}
		if got := c.Holds(&Compared{Text: test.value}, test.operand); got != test.want {
			t.Errorf("%q %s %q is %v; want %v", test.value, test.operator, test.operand, got, test.want)
		}
	}
}

// TestKeyExists: which values have a key. The operator is the service's (probed by
// publishing, 2026-08); what it answers is Parley's reading of its name.
func TestKeyExists(t *testing.T) {
	customer, err := Decode([]byte(`{"tier":"gold","nothing":null,"":"empty","a.b":1}`))
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name  string
		value Value
		key   string
		want  bool
	}{
		{"a key that is there", DataValue(customer), "tier", true},
		{"a key in another case", DataValue(customer), "Tier", false},
		{"a key that is not there", DataValue(customer), "name", false},
		{"a value is no key", DataValue(customer), "gold", false},
		{"a key whose value is null", DataValue(customer), "nothing", true},
		{"an empty key that is there", DataValue(customer), "", true},
		{"a key with a dot in it", DataValue(customer), "a.b", true},
		{"an attribute", DataValue(map[string]string{"tier": "gold"}), "tier", true},
		{"an attribute that is not set", DataValue(map[string]string{"tier": "gold"}), "name", false},
		{"the index of a list", DataValue([]any{"a"}), "0", false},
		{"a text", TextValue("tier"), "tier", false},
		{"the text of a map", TextValue(`{"tier":"gold"}`), "tier", false},
		{"a number", DataValue(true), "true", false},
		{"an undefined value", Value{}, "", false},
	}
	for _, test := range tests {
		c := Condition{Operator: KeyExists}
		if got := c.Holds(&Compared{Text: test.value.Text(), Null: true, Of: test.value}, test.key); got != test.want {
			t.Errorf("%s: %v; want %v", test.name, got, test.want)
		}
	}
	for _, unknown := range []string{"Exists", "Contains", "And", "Or", "Not", "All", "Any", "keyexists"} {
		if KnownOperator(unknown) {
			t.Errorf("%s is an operator; the service refuses it (probed by publishing, 2026-08)", unknown)
		}
	}
}
