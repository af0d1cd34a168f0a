package report

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"unicode"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/flow"
	"parley.example/parley/internal/flow/check"
	"parley.example/parley/internal/flow/machine"
	"parley.example/parley/internal/flowgraph"
	"parley.example/parley/internal/flowtest/simulator"
	"parley.example/parley/internal/flowtest/wording"
)

// Look is how a part of what is printed is to be seen. The empty one is plain.
type Look string

// The looks.
const (
	LookDim   Look = "2"
	LookBold  Look = "1"
	LookGood  Look = "32"
	LookBad   Look = "31"
	LookFlow  Look = "36"
	LookOther Look = "33"
)

// Paint gives a text a look; with colour false it is left as it is.
func Paint(colour bool, look Look, text string) string {
	if !colour || look == "" || text == "" {
		return text
	}
	return "\x1b[" + string(look) + "m" + text + "\x1b[0m"
}

// Printer writes the entries of a chat's story as people read them, a line each.
type Printer struct {
	W      io.Writer
	Colour bool
	Indent string
	Quiet  bool // what was said only, not what flows did
}

// Print writes one entry. Its error is W's.
func (t *Printer) Print(h simulator.Entry) error {
	text, look := t.line(h)
	if text == "" {
		return nil
	}
	_, err := fmt.Fprintf(t.W, "%s%s  %s\n", t.Indent, Paint(t.Colour, LookDim, fmt.Sprintf("%8s", wording.Clock(h.At))), Paint(t.Colour, look, printable(text)))
	return err
}

func (t *Printer) line(h simulator.Entry) (string, Look) {
	switch h.Type {
	case simulator.EntryItem:
		return itemLine(&h.Item)
	case simulator.EntryNote:
		return "-- " + h.Text, LookOther
	}
	if t.Quiet {
		return "", ""
	}
	switch h.Type {
	case simulator.EntryStep:
		return stepLine(h), stepLook(h)
	case simulator.EntryCall, simulator.EntryAnswer:
		return "   " + wording.OneLine(wording.Clip(h.Text, 400)), LookOther
	}
	return "", ""
}

// printable replaces control characters, which a terminal would obey.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return unicode.ReplacementChar
		}
		return r
	}, s)
}

// itemLine shows what somebody said, or who came and went.
func itemLine(it *center.Item) (string, Look) {
	to := ""
	switch it.Visibility {
	case center.VisibleAgent:
		to = " (to the agent only)"
	case center.VisibleCustomer:
		if it.Type != center.TypeEvent {
			to = " (to the customer only)"
		}
	}
	if it.Processing != "" {
		to = " (" + strings.ToLower(string(it.Processing)) + ", not delivered)"
	}
	switch it.Type {
	case center.TypeMessage:
		look := LookBold
		if it.Role == center.RoleSystem {
			look = LookFlow
		}
		if view := wording.View(it.Content); view != "" && it.ContentType == center.Interactive {
			return fmt.Sprintf("%s%s shows the view %s", wording.Speaker(it), to, view), look
		}
		if chosen, data, ok := choiceOf(it); ok {
			return fmt.Sprintf("%s chooses %s %s", wording.Speaker(it), chosen, data), look
		}
		return fmt.Sprintf("%s%s: %s", wording.Speaker(it), to, wording.OneLine(wording.Clip(it.Content, 1000))), look
	case center.TypeAttachment:
		return fmt.Sprintf("%s sends the file %s", wording.Speaker(it), it.Attachment.Name), LookBold
	case center.TypeEvent:
		return eventLine(it), LookDim
	}
	return "", ""
}

// choiceOf returns what a customer chose of a view, and the data of the form.
func choiceOf(it *center.Item) (chosen, data string, ok bool) {
	var m struct {
		Action, TemplateType string
		Data                 json.RawMessage
	}
	if it.ContentType != center.InteractiveResponse || json.Unmarshal([]byte(it.Content), &m) != nil || m.TemplateType != "ViewResource" {
		return "", "", false
	}
	return m.Action, wording.OneLine(wording.Clip(string(m.Data), 300)), true
}

func eventLine(it *center.Item) string {
	if it.ContentType == center.EventEnded {
		return "" // a note says why
	}
	who := ""
	if it.DisplayName != "" {
		who = wording.Speaker(it) + " "
	}
	if it.ContentType == center.EventTyping {
		return who + "is typing"
	}
	return who + strings.TrimPrefix(wording.Event(it), "participant.")
}

// stepLine shows what an action did.
func stepLine(h simulator.Entry) string {
	v := h.Visit
	a, titles := actionOf(&h)
	name, typ := flowgraph.Title(a), flowgraph.Kind(a)
	line := strings.Repeat("  ", v.Depth) + "[" + wording.Clip(name, 50) + "]"
	if name != typ {
		line += " " + typ
	}
	line += compared(&v)
	switch {
	case v.Problem != "":
		line += ": " + wording.OneLine(wording.Clip(named(&h, v.Problem), 300))
	case v.Way.Kind == flow.WayCondition:
		line += ": " + flowgraph.Condition(operator(a, v.Way), wording.Clip(v.Result, 100))
	case v.Waits:
		return line + " … " + h.Text
	}
	if v.Way.Kind == flow.WayError {
		line += " (" + wording.Clip(v.Result, 100) + ")"
	}
	if v.Next != "" {
		line += " → " + wording.Clip(titles(v.Next), 50)
	}
	return line
}

// compared says what a Compare looks at, and what it found there.
func compared(v *machine.Visit) string {
	of, ok := v.Parameters["Attribute"].(string)
	value, given := v.Parameters["Value"].(string)
	if v.Type != "Compare" || !ok || !given {
		return ""
	}
	return " " + wording.Clip(wording.OneLine(of), 80) + " = " + wording.Quote(wording.Clip(wording.OneLine(value), 60))
}

// operator returns the operator of a condition of an action.
func operator(a *check.OutlineAction, way flow.Way) string {
	for i := range a.Exits {
		if a.Exits[i].Way == way {
			return a.Exits[i].Operator
		}
	}
	return ""
}

// named puts the names that designers show into a text, for the ARNs in it.
func named(h *simulator.Entry, text string) string {
	if h.Document == nil {
		return text
	}
	for ref, name := range h.Document.Outline.Names {
		if strings.HasPrefix(ref, "arn:") {
			text = strings.ReplaceAll(text, ref, name)
		}
	}
	return text
}

func stepLook(h simulator.Entry) Look {
	if h.Visit.Problem != "" {
		return LookBad
	}
	return LookDim
}

// actionOf returns the action of a step, and what names others of its flow.
func actionOf(h *simulator.Entry) (a *check.OutlineAction, title func(id string) string) {
	if h.Document == nil {
		a = &check.OutlineAction{ID: h.Visit.Action, Type: h.Visit.Type}
		return a, func(id string) string { return id }
	}
	title = func(id string) string {
		if next := h.Document.Action(id); next != nil {
			return flowgraph.Title(next)
		}
		return id
	}
	if a = h.Document.Action(h.Visit.Action); a == nil {
		a = &check.OutlineAction{ID: h.Visit.Action, Type: h.Visit.Type}
	}
	return a, title
}
