package terminal

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"parley.example/parley/api/participant"

	"parley.example/parley/client"
)

// spoken is what a terminal shows of a message: its text, an interactive message
// as the list of what can be typed in answer to it, and of a view its name; what
// is in it follows when it is asked. One that has no such list is shown as it came.
func spoken(it *client.Item) string {
	m, ok := it.Interactive()
	switch {
	case deref(it.ContentType) == client.InteractiveResponse:
		return responded(it.Text())
	case !ok:
		return it.Text()
	case m.TemplateType == client.ViewResource:
		return "[shows the view " + cmp.Or(m.Data.Content.ViewID, "without an id") + "]"
	}
	var b strings.Builder
	if !list(&b, m.Data.Content, "") {
		return it.Text()
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// responded is what a terminal shows of an interactive response: the action and
// the data, or what was typed in place of an action.
func responded(content string) string {
	var response client.Action
	if json.Unmarshal([]byte(content), &response) != nil || response.Action == "" {
		return content
	}
	if typed, ok := response.Data["content"].(string); ok && response.Action == NoAction {
		return typed
	}
	var said strings.Builder
	said.WriteString(response.Action)
	fields := response.Data
	if form, ok := fields["FormData"].(map[string]any); ok {
		fields = form
	}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		value, isText := fields[name].(string)
		if !isText {
			text, err := json.Marshal(fields[name])
			if err != nil {
				return content // it cannot be: it was JSON
			}
			value = string(text)
		}
		said.WriteString("\n  " + name + ": " + value)
	}
	return said.String()
}

// NoAction is the action of text that is typed while a view is the newest message,
// as Amazon's chat widget sends it.
const NoAction = " "

// shownView returns the view that a message shows.
func shownView(it *client.Item) (content client.InteractiveContent, ok bool) {
	m, ok := it.Interactive()
	return m.Data.Content, ok && m.TemplateType == client.ViewResource && it.ParticipantRole != participant.ParticipantRoleCUSTOMER
}

// list writes the title of a message and a line for each choice, and reports
// whether there is one. A list within a carousel is indented; further pages are
// left out, as nothing that is typed asks for them.
func list(b *strings.Builder, c client.InteractiveContent, indent string) (any bool) {
	line(b, indent, c.Title, c.Subtitle)
	for _, e := range c.Elements {
		switch {
		case e.Data != nil:
			any = list(b, e.Data.Content, indent+"  ") || any
		case e.ActionDetail == "" && e.Title+e.URL != "":
			line(b, indent+"  * ", e.Title, e.Subtitle, e.URL)
			any = true
		}
	}
	for _, slot := range c.Timeslots {
		line(b, indent+"  * ", slot.Date)
		any = true
	}
	return any
}

// line writes those of the texts that are there.
func line(b *strings.Builder, indent string, texts ...string) {
	texts = slices.DeleteFunc(texts, func(text string) bool { return text == "" })
	if len(texts) > 0 {
		b.WriteString(indent + strings.Join(texts, " - ") + "\n")
	}
}
