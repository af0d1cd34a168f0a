package flow

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// KeyExists is the operator of Compare that asks for a key of the map that the
// comparison value names. The reference's table of operators leaves it out; the
// service takes it, with exactly one operand (probed by publishing, 2026-08).
const KeyExists = "KeyExists"

// operators are the operators of conditions over texts.
var operators = map[string]func(value, operand string) bool{
	"Equals":                 func(v, o string) bool { return v == o },
	"TextStartsWith":         strings.HasPrefix,
	"TextEndsWith":           strings.HasSuffix,
	"TextContains":           strings.Contains,
	"NumberGreaterThan":      numeric(func(c int) bool { return c > 0 }),
	"NumberGreaterOrEqualTo": numeric(func(c int) bool { return c >= 0 }),
	"NumberLessThan":         numeric(func(c int) bool { return c < 0 }),
	"NumberLessOrEqualTo":    numeric(func(c int) bool { return c <= 0 }),
}

// KnownOperator reports whether conditions may have an operator.
func KnownOperator(name string) bool { return operators[name] != nil || name == KeyExists }

// Operators are the names of all operators, sorted.
func Operators() []string {
	names := append(slices.Collect(maps.Keys(operators)), KeyExists)
	slices.Sort(names)
	return names
}

// Compared is the result of an action, over which its conditions decide.
type Compared struct {
	Text string
	// Null says of an undefined value, which is the empty text, that the service
	// itself would have set it. It equals the operand NULL too: the service's own
	// sample flows find "no agent" that way.
	Null bool
	// Of is what Text renders, for conditions over more than texts.
	Of Value
}

// Holds reports whether a condition is true of an action's result.
func (c *Condition) Holds(of *Compared, operand string) bool {
	switch {
	case c.Operator == KeyExists:
		return of.Of.HasKey(operand)
	case of.Null && c.Operator == "Equals" && operand == "NULL":
		return true
	}
	compare := operators[c.Operator]
	return compare != nil && compare(of.Text, operand)
}

// numeric makes an operator over numbers. It is false when a side is not a number.
func numeric(holds func(order int) bool) func(value, operand string) bool {
	return func(value, operand string) bool {
		order, ok := compareNumbers(value, operand)
		return ok && holds(order)
	}
}

// compareNumbers orders two decimal numbers, exactly as long as both are whole
// and fit 64 bits.
func compareNumbers(a, b string) (order int, ok bool) {
	if !isDecimal(a) || !isDecimal(b) {
		return 0, false
	}
	x, errX := strconv.ParseInt(a, 10, 64)
	y, errY := strconv.ParseInt(b, 10, 64)
	if errX == nil && errY == nil {
		return sign(x, y), true
	}
	f, errF := strconv.ParseFloat(a, 64)
	g, errG := strconv.ParseFloat(b, 64)
	if errF != nil || errG != nil {
		return 0, false
	}
	return sign(f, g), true
}

func sign[T int64 | float64](x, y T) int {
	switch {
	case x < y:
		return -1
	case x > y:
		return 1
	}
	return 0
}

// isDecimal reports whether s is written in the digits, sign, point and
// exponent of a decimal number; strconv alone would take "inf", "0x1" and "1_0".
func isDecimal(s string) bool {
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case isDigit(c), c == '+', c == '-', c == '.', c == 'e', c == 'E':
		default:
			return false
		}
	}
	return s != ""
}
