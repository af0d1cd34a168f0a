package flowtest

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/flow"
	"parley.example/parley/internal/flow/check"
	"parley.example/parley/internal/flow/machine"
	"parley.example/parley/internal/flowgraph"
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

// Teller prints happenings as people read them, a line each.
type Teller struct {
	W      io.Writer
	Colour bool
	Indent string
	Quiet  bool // what was said only, not what flows did
}

// Tell prints one happening. Its error is W's.
func (t *Teller) Tell(h Happening) error {
	text, look := t.line(h)
	if text == "" {
		return nil
	}
	_, err := fmt.Fprintf(t.W, "%s%s  %s\n", t.Indent, Paint(t.Colour, LookDim, fmt.Sprintf("%8s", clock(h.At))), Paint(t.Colour, look, printable(text)))
	return err
}

func (t *Teller) line(h Happening) (string, Look) {
	switch h.Kind {
	case KindItem:
		return itemLine(&h.Item)
	case KindNote:
		return "-- " + h.Text, LookOther
	}
	if t.Quiet {
		return "", ""
	}
	switch h.Kind {
	case KindStep:
		return stepLine(h), stepLook(h)
	case KindCall, KindAnswer:
		return "   " + oneLine(clip(h.Text, 400)), LookOther
	}
	return "", ""
}

// printable replaces what would steer a terminal.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return unicode.ReplacementChar
		}
		return r
	}, s)
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// itemLine shows what somebody said, or came and went.
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
		if view := viewOf(it.Content); view != "" && it.ContentType == center.Interactive {
			return fmt.Sprintf("%s%s shows the view %s", speaker(it), to, view), look
		}
		if chosen, data, ok := choiceOf(it); ok {
			return fmt.Sprintf("%s chooses %s %s", speaker(it), chosen, data), look
		}
		return fmt.Sprintf("%s%s: %s", speaker(it), to, oneLine(clip(it.Content, 1000))), look
	case center.TypeAttachment:
		return fmt.Sprintf("%s sends the file %s", speaker(it), it.Attachment.Name), LookBold
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
	return m.Action, oneLine(clip(string(m.Data), 300)), true
}

func eventLine(it *center.Item) string {
	event := strings.TrimPrefix(it.ContentType, "application/vnd.amazonaws.connect.event.")
	if it.ContentType == center.EventEnded {
		return "" // a note says why
	}
	who := ""
	if it.DisplayName != "" {
		who = speaker(it) + " "
	}
	if it.ContentType == center.EventTyping {
		return who + "is typing"
	}
	return who + strings.TrimPrefix(event, "participant.")
}

// stepLine shows what an action did.
func stepLine(h Happening) string {
	v := h.Visit
	a, titles := h.action()
	name, kind := flowgraph.Title(a), flowgraph.Kind(a)
	line := strings.Repeat("  ", v.Depth) + "[" + clip(name, 50) + "]"
	if name != kind {
		line += " " + kind
	}
	line += compared(&v)
	switch {
	case v.Problem != "":
		line += ": " + oneLine(clip(h.named(v.Problem), 300))
	case v.Way.Kind == flow.WayCondition:
		line += ": " + flowgraph.Condition(operator(a, v.Way), clip(v.Result, 100))
	case v.Waits:
		return line + " … " + h.Text
	}
	if v.Way.Kind == flow.WayError {
		line += " (" + clip(v.Result, 100) + ")"
	}
	if v.Next != "" {
		line += " → " + clip(titles(v.Next), 50)
	}
	return line
}

// compared says what a Compare looks at, and what it found there.
func compared(v *machine.Visit) string {
	of, ok := v.Parameters["Attribute"].(string)
	found, told := v.Parameters["Value"].(string)
	if v.Type != "Compare" || !ok || !told {
		return ""
	}
	return " " + clip(oneLine(of), 80) + " = " + jsonText(clip(oneLine(found), 60))
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
func (h *Happening) named(text string) string {
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

func stepLook(h Happening) Look {
	if h.Visit.Problem != "" {
		return LookBad
	}
	return LookDim
}

// action returns the action of a step, and what names others of its flow.
func (h *Happening) action() (a *check.OutlineAction, title func(id string) string) {
	if h.Document == nil {
		a = &check.OutlineAction{ID: h.Visit.Action, Type: h.Visit.Type}
		return a, func(id string) string { return id }
	}
	title = func(id string) string {
		if next := h.Document.actions[id]; next != nil {
			return flowgraph.Title(next)
		}
		return id
	}
	if a = h.Document.actions[h.Visit.Action]; a == nil {
		a = &check.OutlineAction{ID: h.Visit.Action, Type: h.Visit.Type}
	}
	return a, title
}

// clock writes a time since the beginning: 0:00, 12:34, 1:02:03, 2d 00:00:00.
func clock(d time.Duration) string {
	seconds := int64(d / time.Second)
	h, m, s := seconds/3600, seconds/60%60, seconds%60
	switch {
	case h >= 24:
		return fmt.Sprintf("%dd %d:%02d:%02d", h/24, h%24, m, s)
	case h > 0:
		return fmt.Sprintf("%d:%02d:%02d", h, m, s)
	}
	return fmt.Sprintf("%d:%02d", m, s)
}
