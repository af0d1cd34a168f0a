package flow

import "strings"

// Template is a text with references in it, compiled once.
type Template struct {
	Literal string // the whole text when there are no parts
	Parts   []Part
}

// Part is a piece of a template: a literal, or a reference.
type Part struct {
	Literal string
	Ref     *Reference
}

// Compile finds the references in s. A pair of backticks directly around a
// reference is dropped.
func Compile(s string) Template {
	var t Template
	done := 0 // what of s is in parts
	for at := 0; at < len(s); {
		i := strings.IndexByte(s[at:], '$')
		if i < 0 {
			break
		}
		from := at + i
		r, size, ok := scanReference(s[from:])
		if !ok {
			at = from + 1
			continue
		}
		to := from + size
		if from > done && s[from-1] == '`' && to < len(s) && s[to] == '`' {
			from, to = from-1, to+1
		}
		if from > done {
			t.Parts = append(t.Parts, Part{Literal: s[done:from]})
		}
		t.Parts = append(t.Parts, Part{Ref: &r})
		at, done = to, to
	}
	if t.Parts == nil {
		t.Literal = s
	} else if done < len(s) {
		t.Parts = append(t.Parts, Part{Literal: s[done:]})
	}
	return t
}

// Whole returns the reference that is the entire template, or nil.
func (t *Template) Whole() *Reference {
	if len(t.Parts) == 1 {
		return t.Parts[0].Ref
	}
	return nil
}

// Constant reports whether there is no reference in the template.
func (t *Template) Constant() bool { return t.Parts == nil }

// Empty reports whether the document gives nothing: some exports write what is
// not given as the empty text.
func (t *Template) Empty() bool { return t.Parts == nil && t.Literal == "" }

// Source returns the template as it was written.
func (t *Template) Source() string {
	if t.Parts == nil {
		return t.Literal
	}
	var b []byte
	for _, p := range t.Parts {
		if p.Ref != nil {
			b = append(b, p.Ref.String()...)
		} else {
			b = append(b, p.Literal...)
		}
	}
	return string(b)
}

// Tree is any JSON value with references in its strings, compiled once.
type Tree struct {
	Template *Template       // of a string
	List     []Tree          // of an array
	Object   map[string]Tree // of an object
	Data     any             // a number, a boolean or null
}

// CompileTree finds the references in the strings of a decoded JSON value.
func CompileTree(v any) Tree {
	switch v := v.(type) {
	case string:
		return Tree{Template: new(Compile(v))}
	case []any:
		t := Tree{List: make([]Tree, len(v))}
		for i := range v {
			t.List[i] = CompileTree(v[i])
		}
		return t
	case map[string]any:
		t := Tree{Object: make(map[string]Tree, len(v))}
		for k := range v {
			t.Object[k] = CompileTree(v[k])
		}
		return t
	}
	return Tree{Data: v}
}
