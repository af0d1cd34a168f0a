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
		if got := c.Holds(test.value, false, test.operand); got != test.want {
			t.Errorf("%q %s %q is %v; want %v", test.value, test.operator, test.operand, got, test.want)
		}
	}
}
