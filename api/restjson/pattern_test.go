package restjson

import "testing"

func TestPatterns(t *testing.T) {
	for _, c := range []struct {
		pattern string
		yes, no []string
		why     string
	}{
		{`^\s$`, []string{" ", "\u00a0", "\u3000", "\ufeff"}, []string{"a", ""}, "ECMA's white space is Unicode's"},
		{`^[\S]$`, []string{"a", "é"}, []string{" ", "\u2003"}, "a class of one escape"},
		{`^[^\s@]+@x$`, []string{"é@x"}, []string{"a b@x", "a\u00a0b@x", "@x"}, "white space in a negated class"},
		{`^.$`, []string{"a", "]"}, []string{"\n", "\r", "\u2028"}, "the point stops at every line end"},
		{`^[.]$`, []string{"."}, []string{"a"}, "a point in a class is a point"},
		{`^[[]$`, []string{"["}, []string{"a"}, "a bracket in a class is a bracket"},
		{`^[\u0041-\u0043]+$`, []string{"ABC"}, []string{"D"}, "code units by number"},
		{`^(?!aws:)[a-z:]+$`, []string{"saws:"}, []string{"aws:x"}, "a look-ahead that forbids"},
		{`^(?!\.$)(?!\.\.$)[.]+$`, []string{"..."}, []string{".", ".."}, "two of them"},
		{`(?!a|b:)[a-z]+$`, []string{"cab"}, []string{"ab"}, "without an anchor it is anchored"},
		{`^(?=.*[a-z])(?=.*\d)\S{2,8}$`, []string{"a1"}, []string{"aa", "11", "a 1"}, "look-aheads that demand"},
		{`\/\-\_`, []string{"x/-_x"}, []string{"/"}, "needless escapes, no anchor"},
	} {
		if err := CheckPattern(c.pattern); err != nil {
			t.Errorf("%s (%s): %v", c.pattern, c.why, err)
			continue
		}
		match := NewPattern(c.pattern).Match
		for _, s := range c.yes {
			if !match(s) {
				t.Errorf("%s refuses %q: %s", c.pattern, s, c.why)
			}
		}
		for _, s := range c.no {
			if match(s) {
				t.Errorf("%s accepts %q: %s", c.pattern, s, c.why)
			}
		}
	}
}
