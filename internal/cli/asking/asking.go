// Package asking has a terminal ask a view: its texts are read and its fields asked
// line by line, then an action is picked. Start reading at [New].
package asking

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"parley.example/parley/internal/view"
)

// Asking is a view that is filled in line by line: its texts are read and its
// fields asked in order, then an action is picked.
type Asking struct {
	View   *view.View
	Values view.Values
	at     int            // the part that is asked; len(view.Parts) when an action is
	Action *view.Action   // once it is picked
	picks  []*view.Action // what can be picked
}

// Help lists what can be typed while a view is asked.
const Help = "an empty line keeps what is in brackets, /empty leaves a field empty, /back asks the field before, /done goes on to the actions, /skip leaves the view"

// New begins to ask a view.
func New(v *view.View) *Asking { return &Asking{View: v, Values: view.Values{}} }

// Next returns what there is to read before something is asked, and the question.
func (a *Asking) Next() (lines []string) {
	for ; a.at < len(a.View.Parts); a.at++ {
		p := &a.View.Parts[a.at]
		switch {
		case !a.View.Shown(p, a.Values):
		case p.Text != "":
			lines = append(lines, p.Text)
		case p.Field != nil && p.Field.Disabled:
			lines = append(lines, p.Field.Label+": "+p.Field.Said(a.Values.Of(p.Field)))
		case p.Field != nil:
			return append(lines, question(p.Field, a.Values.Of(p.Field))...)
		}
	}
	a.picks = a.picks[:0]
	for i := range a.View.Parts {
		if p := &a.View.Parts[i]; p.Action != nil && a.View.Shown(p, a.Values) {
			a.picks = append(a.picks, p.Action)
		}
	}
	if len(a.picks) == 0 {
		return append(lines, "(the view has no action to answer it with; /skip leaves it)")
	}
	for i, pick := range a.picks {
		lines = append(lines, fmt.Sprintf("  %d  %s", i+1, pick.Label))
	}
	if len(a.picks) == 1 {
		return append(lines, "Press Enter to choose it:")
	}
	return append(lines, "Choose an action by its number:")
}

// question asks for a field: its options, then a line with its label, what is to
// be typed, and in brackets what an empty line keeps.
func question(f *view.Field, has []string) (lines []string) {
	for i, o := range f.Options {
		option := fmt.Sprintf("  %d  %s", i+1, o.Label)
		if o.Description != "" {
			option += " - " + o.Description
		}
		lines = append(lines, option)
	}
	var hints []string
	for _, hint := range []string{f.Help, how(f)} {
		if hint != "" {
			hints = append(hints, hint)
		}
	}
	if f.Required {
		hints = append(hints, "required")
	}
	ask := f.Label
	if len(hints) > 0 {
		ask += " (" + strings.Join(hints, "; ") + ")"
	}
	if len(has) > 0 {
		ask += " [" + f.Said(has) + "]"
	}
	return append(lines, ask+":")
}

// how says how a field is filled in, where a line of text is not all.
func how(f *view.Field) string {
	switch f.Kind {
	case view.Date:
		return "a date as 2026-10-31"
	case view.Time:
		return "a time as 13:00"
	case view.Choice:
		return "the number of one"
	case view.Choices:
		return "numbers with commas between them"
	case view.Toggle:
		return "yes or no"
	}
	switch f.Input {
	case "number":
		return "a number"
	case "email":
		return "an e-mail address"
	case "url":
		return "a URL"
	case "password":
		return "a password, which is shown as you type it"
	}
	return ""
}

// Take takes a line that answers the question. An error says why it does not; the
// question is then asked again.
func (a *Asking) Take(line string) error {
	line = strings.TrimSpace(line)
	switch line {
	case "/done":
		a.at = len(a.View.Parts)
		return nil
	case "/back":
		return a.back()
	}
	if a.at == len(a.View.Parts) {
		return a.pick(line)
	}
	f := a.View.Parts[a.at].Field
	given := a.Values.Of(f)
	if line == "/empty" {
		given = nil
	} else if line != "" {
		text, isText := strings.CutPrefix(line, "/")
		if isText && !strings.HasPrefix(text, "/") {
			return fmt.Errorf("%s says nothing about a view; /help lists what does. // in front is a text that begins with a slash", line)
		}
		var err error
		if given, err = f.Parse(text); err != nil {
			return err
		}
	}
	if f.Required && len(given) == 0 {
		return fmt.Errorf("%s is required; /done goes on to the actions", f.Label)
	}
	a.Values[f] = given
	a.at++
	return nil
}

// back goes to the last field before the one that is asked.
func (a *Asking) back() error {
	for i := a.at - 1; i >= 0; i-- {
		if p := &a.View.Parts[i]; p.Field != nil && !p.Field.Disabled && a.View.Shown(p, a.Values) {
			a.at = i
			return nil
		}
	}
	return errors.New("there is no field before")
}

// pick picks an action by its number or label. One that submits the form does so
// when nothing is missing; else what is missing is asked.
func (a *Asking) pick(line string) error {
	var picked *view.Action
	if n, err := strconv.Atoi(line); err == nil && n >= 1 && n <= len(a.picks) {
		picked = a.picks[n-1]
	}
	if line == "" && len(a.picks) == 1 {
		picked = a.picks[0]
	}
	for _, p := range a.picks {
		if picked == nil && strings.EqualFold(p.Label, line) {
			picked = p
		}
	}
	if picked == nil {
		return fmt.Errorf("%q is no action of this view", line)
	}
	if missing := a.View.Missing(picked, a.Values); len(missing) > 0 {
		for i := range a.View.Parts {
			if a.View.Parts[i].Field == missing[0] && !missing[0].Disabled {
				a.at = i
			}
		}
		return fmt.Errorf("%s is required for %s", missing[0].Label, picked.Label)
	}
	a.Action = picked
	return nil
}

// Said is how the answer reads.
func (a *Asking) Said() string {
	var lines []string
	for _, f := range a.View.Filled(a.Action, a.Values) {
		lines = append(lines, "\n  "+f.Label+": "+f.Said(a.Values.Of(f)))
	}
	return a.Action.Label + strings.Join(lines, "")
}
