package iam

import (
	"fmt"
	"maps"
	"math"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
)

// matcher compares the value that a request has with one of a condition. A value that is not of
// the kind compared does not match.
type matcher func(got string, l Lookup) (bool, error)

// operator is a condition operator.
type operator struct {
	kind    kind
	negated bool
	// compile reads a value of a condition; variables says whether those of policies are known.
	compile func(value string, variables bool) (matcher, error)
}

// null is the operator that asks whether a request has a key.
const null = "Null"

// operators are all condition operators, but for [null].
var operators = map[string]operator{
	"StringEquals":              {kind: text, compile: equals(false)},
	"StringNotEquals":           {kind: text, compile: equals(false), negated: true},
	"StringEqualsIgnoreCase":    {kind: text, compile: equals(true)},
	"StringNotEqualsIgnoreCase": {kind: text, compile: equals(true), negated: true},
	"StringLike":                {kind: text, compile: like},
	"StringNotLike":             {kind: text, compile: like, negated: true},

	"NumericEquals":            {kind: number, compile: numeric(func(c int) bool { return c == 0 })},
	"NumericNotEquals":         {kind: number, compile: numeric(func(c int) bool { return c == 0 }), negated: true},
	"NumericLessThan":          {kind: number, compile: numeric(func(c int) bool { return c < 0 })},
	"NumericLessThanEquals":    {kind: number, compile: numeric(func(c int) bool { return c <= 0 })},
	"NumericGreaterThan":       {kind: number, compile: numeric(func(c int) bool { return c > 0 })},
	"NumericGreaterThanEquals": {kind: number, compile: numeric(func(c int) bool { return c >= 0 })},

	"DateEquals":            {kind: moment, compile: date(func(c int) bool { return c == 0 })},
	"DateNotEquals":         {kind: moment, compile: date(func(c int) bool { return c == 0 }), negated: true},
	"DateLessThan":          {kind: moment, compile: date(func(c int) bool { return c < 0 })},
	"DateLessThanEquals":    {kind: moment, compile: date(func(c int) bool { return c <= 0 })},
	"DateGreaterThan":       {kind: moment, compile: date(func(c int) bool { return c > 0 })},
	"DateGreaterThanEquals": {kind: moment, compile: date(func(c int) bool { return c >= 0 })},

	"Bool": {kind: boolean, compile: truth},

	"IpAddress":    {kind: address, compile: within},
	"NotIpAddress": {kind: address, compile: within, negated: true},

	"ArnEquals":    {kind: arn, compile: arnLike},
	"ArnLike":      {kind: arn, compile: arnLike},
	"ArnNotEquals": {kind: arn, compile: arnLike, negated: true},
	"ArnNotLike":   {kind: arn, compile: arnLike, negated: true},
}

// Operators returns the names of all condition operators, in alphabetical order.
func Operators() []string {
	names := append(slices.Collect(maps.Keys(operators)), null)
	slices.Sort(names)
	return names
}

// fits reports whether an operator of a kind can compare values of a key: texts may hold anything,
// anything can be compared as a text, and times also as numbers of seconds.
func (k kind) fits(key keyType) bool {
	return k == key.kind || k == text || key.kind == text || k == number && key.name == EpochTime
}

func equals(fold bool) func(string, bool) (matcher, error) {
	return func(value string, variables bool) (matcher, error) {
		p, err := compilePattern(value, syntax{variables: variables})
		return func(got string, l Lookup) (bool, error) {
			want, err := p.filled(l)
			return err == nil && (want == got || fold && strings.EqualFold(want, got)), err
		}, err
	}
}

func like(value string, variables bool) (matcher, error) {
	p, err := compilePattern(value, syntax{wildcards: true, variables: variables})
	return func(got string, l Lookup) (bool, error) { return p.match(got, false, l) }, err
}

// arnLike compares each of the six parts of ARNs by itself, so that a wildcard does not go
// beyond the colon behind its part.
func arnLike(value string, variables bool) (matcher, error) {
	p, err := compilePattern(value, syntax{wildcards: true, variables: variables})
	if err == nil && value != "*" && strings.Count(p.text, ":") < 5 {
		err = fmt.Errorf("%q is not an ARN", value)
	}
	return func(got string, l Lookup) (bool, error) {
		want, err := p.filled(l)
		if err != nil {
			return false, err
		}
		if want == anything {
			return true, nil
		}
		parts, wanted := strings.SplitN(got, ":", 6), strings.SplitN(want, ":", 6)
		if len(parts) != len(wanted) {
			return false, nil
		}
		for i, part := range parts {
			if !glob(wanted[i], part, false) {
				return false, nil
			}
		}
		return true, nil
	}, err
}

func numeric(holds func(int) bool) func(string, bool) (matcher, error) {
	return func(value string, _ bool) (matcher, error) {
		want, err := readNumber(value)
		return func(got string, _ Lookup) (bool, error) {
			n, err := readNumber(got)
			if err != nil {
				return false, nil
			}
			return holds(compare(n, want)), nil
		}, err
	}
}

func readNumber(s string) (float64, error) {
	n, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsInf(n, 0) || math.IsNaN(n) {
		return 0, fmt.Errorf("%q is not a number", s)
	}
	return n, nil
}

func compare(a, b float64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

func date(holds func(int) bool) func(string, bool) (matcher, error) {
	return func(value string, _ bool) (matcher, error) {
		want, err := readDate(value)
		return func(got string, _ Lookup) (bool, error) {
			t, err := readDate(got)
			if err != nil {
				return false, nil
			}
			return holds(t.Compare(want)), nil
		}, err
	}
}

// dateForms are those that the W3C's profile of ISO 8601 has, but for a year alone.
var dateForms = []string{time.RFC3339Nano, "2006-01-02T15:04Z07:00", "2006-01-02", "2006-01"}

// readDate reads a time: in one of [dateForms], or in seconds since 1970. Four digits could be a
// year or seconds, so they are neither.
func readDate(s string) (time.Time, error) {
	for _, form := range dateForms {
		if t, err := time.Parse(form, s); err == nil {
			return t, nil
		}
	}
	if n, err := strconv.ParseInt(s, 10, 64); err == nil && len(s) > len("2026") {
		return time.Unix(n, 0), nil
	}
	return time.Time{}, fmt.Errorf("%q is not a time; write it as 2026-11-30T17:00:00Z, or as 2026-11-30", s)
}

func truth(value string, _ bool) (matcher, error) {
	if !strings.EqualFold(value, "true") && !strings.EqualFold(value, "false") {
		return nil, fmt.Errorf("%q is neither true nor false", value)
	}
	return func(got string, _ Lookup) (bool, error) { return strings.EqualFold(got, value), nil }, nil
}

// within reads an address or a network in CIDR notation.
func within(value string, _ bool) (matcher, error) {
	network, err := netip.ParsePrefix(value)
	if err != nil {
		ip, bad := netip.ParseAddr(value)
		if bad != nil || ip.Zone() != "" {
			return nil, fmt.Errorf("%q is neither an IP address nor a network like 203.0.113.0/24", value)
		}
		ip = ip.Unmap()
		network = netip.PrefixFrom(ip, ip.BitLen())
	}
	if ip, bits := network.Addr(), network.Bits(); ip.Is4In6() && bits >= 96 {
		network = netip.PrefixFrom(ip.Unmap(), bits-96)
	}
	network = network.Masked()
	return func(got string, _ Lookup) (bool, error) {
		ip, err := netip.ParseAddr(got)
		return err == nil && network.Contains(ip.Unmap().WithZone("")), nil
	}, nil
}
