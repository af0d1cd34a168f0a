package restjson

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"
)

// MaxViolations bounds how many violations one answer names.
const MaxViolations = 10

// Violation is one member of a request that breaks the model: the path to it, as in
// InitialMessage.Content or Tags["team"], and what is wrong. The path is "" for the body as a whole.
type Violation struct{ Path, Problem string }

// ValidationError says everything that is wrong with a request, or with a response that could not
// be read. It never quotes the values sent, which may be secret.
type ValidationError struct {
	Violations []Violation
	More       bool // there were more than MaxViolations
	Structural bool // the shape is wrong (broken JSON, a wrong type), not only a value
}

func (e *ValidationError) Error() string {
	var b strings.Builder
	b.WriteString(strconv.Itoa(len(e.Violations)))
	b.WriteString(" validation error")
	if len(e.Violations) != 1 {
		b.WriteByte('s')
	}
	for i, v := range e.Violations {
		if i == 0 {
			b.WriteString(": ")
		} else {
			b.WriteString("; ")
		}
		if v.Path != "" {
			b.WriteString(v.Path)
			b.WriteString(": ")
		}
		b.WriteString(v.Problem)
	}
	if e.More {
		b.WriteString("; and more")
	}
	return b.String()
}

// Validated is implemented by structures and unions with constraints whose types have code of their own.
type Validated interface{ Validate(*Validator) }

// Validate checks x against the constraints of the model. The error is a [*ValidationError].
// Handlers do this by themselves; presence of required members is checked while reading.
func Validate(x any) error {
	v := newValidator()
	defer v.release()
	form[Validated](x).Validate(v)
	return v.err()
}

// Validator collects violations. Whoever walks a value with it says where the walk is.
type Validator struct {
	list       []Violation
	more       bool
	structural bool
	path       []step
}

// step is one level of the path being walked: a member and, in it, an element.
type step struct {
	name  string
	key   string // of a map, when index is -2
	index int    // of a list; -1 for none
}

var validators = sync.Pool{New: func() any { return &Validator{path: make([]step, 0, 8)} }}

func newValidator() *Validator { return validators.Get().(*Validator) }

func (v *Validator) release() {
	clear(v.path[:cap(v.path)])
	*v = Validator{path: v.path[:0]}
	validators.Put(v)
}

// err returns what was collected, or nil.
func (v *Validator) err() error {
	if len(v.list) == 0 {
		return nil
	}
	return &ValidationError{Violations: v.list, More: v.more, Structural: v.structural}
}

// note records a violation, one for a path at most: the first says it best.
func (v *Validator) note(n Violation, structural bool) {
	for _, old := range v.list {
		if old.Path == n.Path && n.Path != "" {
			return
		}
	}
	v.structural = v.structural || structural
	if len(v.list) == MaxViolations {
		v.more = true
		return
	}
	v.list = append(v.list, n)
}

// Enter walks into the member.
func (v *Validator) Enter(name string) { v.path = append(v.path, step{name: name, index: -1}) }

// Index moves to an element of the list entered last.
func (v *Validator) Index(i int) { v.path[len(v.path)-1].index = i }

// Key moves to an entry of the map entered last.
func (v *Validator) Key(key string) {
	s := &v.path[len(v.path)-1]
	s.index, s.key = -2, key
}

// Leave walks out of the member entered last.
func (v *Validator) Leave() { v.path = v.path[:len(v.path)-1] }

// Report notes what is wrong with the member; the name "" stands for the value entered last.
func (v *Validator) Report(name, problem string) {
	var p string
	for _, s := range v.path {
		if s.name != "" {
			p = join(p, s.name)
		}
		switch {
		case s.index >= 0:
			p = fmt.Sprintf("%s[%d]", p, s.index)
		case s.index == -2:
			p = fmt.Sprintf("%s[%q]", p, shorten(s.key))
		}
	}
	if name != "" {
		p = join(p, name)
	}
	v.note(Violation{Path: p, Problem: problem}, false)
}

// Length checks that s has between low and high characters (code points); high is -1 for no bound.
func (v *Validator) Length(name, s string, low, high int) {
	if len(s) >= low*utf8.UTFMax && (high < 0 || len(s) <= high) {
		return
	}
	v.bounds(name, utf8.RuneCountInString(s), low, high, "character")
}

// Bytes checks the size of a blob, see Length.
func (v *Validator) Bytes(name string, n, low, high int) { v.bounds(name, n, low, high, "byte") }

// Size checks the number of elements of a list or map, see Length.
func (v *Validator) Size(name string, n, low, high int) { v.bounds(name, n, low, high, "element") }

func (v *Validator) bounds(name string, n, low, high int, unit string) {
	switch {
	case n < low:
		v.Report(name, fmt.Sprintf("must have at least %s, has %d", count(low, unit), n))
	case high >= 0 && n > high:
		v.Report(name, fmt.Sprintf("must have at most %s, has %d", count(high, unit), n))
	}
}

func count(n int, unit string) string {
	if n == 1 {
		return "1 " + unit
	}
	return strconv.Itoa(n) + " " + unit + "s"
}

// AtLeast checks the lower bound of a number.
func (v *Validator) AtLeast(name string, n, low float64) {
	if !(n >= low) {
		v.Report(name, fmt.Sprintf("must be at least %v", low))
	}
}

// AtMost checks the upper bound of a number.
func (v *Validator) AtMost(name string, n, high float64) {
	if !(n <= high) {
		v.Report(name, fmt.Sprintf("must be at most %v", high))
	}
}

// Matches checks a string against a pattern.
func (v *Validator) Matches(name, s string, p *Pattern) {
	if !p.Match(s) {
		v.Report(name, p.rule)
	}
}

// ExactlyOne checks a union, given which of its members are set.
func (v *Validator) ExactlyOne(set ...bool) {
	n := 0
	for _, is := range set {
		if is {
			n++
		}
	}
	if n != 1 {
		v.Report("", fmt.Sprintf("must have exactly one member set, has %d", n))
	}
}

// Enumerated is implemented by every generated enum.
type Enumerated[T any] interface {
	~string
	Valid() bool
	Values() []T
}

// Enum checks that e is one of the values of its type.
func Enum[T Enumerated[T]](v *Validator, name string, e T) {
	if e.Valid() {
		return
	}
	reportEnum(v, name, e.Values())
}

// reportEnum notes that the member must be one of the known values.
func reportEnum[T ~string](v *Validator, name string, known []T) {
	const most = 40
	var b strings.Builder
	b.WriteString("must be one of ")
	for i, one := range known {
		if i == most {
			b.WriteString(", and others")
			break
		}
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(string(one))
	}
	v.Report(name, b.String())
}

// CheckEnum checks an enum value that may be empty.
func CheckEnum[T Enumerated[T]](v *Validator, name string, e T) {
	if e != "" {
		Enum(v, name, e)
	}
}

// Struct checks a structure or union that may be nil.
func Struct[T any, P interface {
	*T
	Validated
}](v *Validator, name string, x P) {
	if x == nil {
		return
	}
	v.Enter(name)
	x.Validate(v)
	v.Leave()
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// shorten keeps names that a caller chose from filling an answer.
func shorten(s string) string {
	const most = 64
	if len(s) <= most {
		return strings.ToValidUTF8(s, "\uFFFD")
	}
	return strings.ToValidUTF8(s[:most], "\uFFFD") + "…"
}
