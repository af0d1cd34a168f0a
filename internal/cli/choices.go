package cli

import (
	"slices"
	"strings"

	"parley.example/parley/client"
)

// spoken is what a terminal shows of a message: its text, and an interactive
// message as the list of what can be typed in answer to it. One that has no such
// list, and views, are shown as they came.
func spoken(it *client.Item) string {
	m, ok := it.Interactive()
	if !ok {
		return it.Text()
	}
	var b strings.Builder
	if !list(&b, m.Data.Content, "") {
		return it.Text()
	}
	return strings.TrimSuffix(b.String(), "\n")
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
