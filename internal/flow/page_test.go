package flow

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

// The sections of docs/flow-actions.md.
const (
	pageWorks    = "## Actions that work in a chat"
	pageNothing  = "## Published, without effect in a chat"
	pageFails    = "## Published, taking an error branch in every chat"
	pageNotThere = "## Published, not there yet"
	pageRefused  = "## Refused"
)

// TestPageOfActions holds docs/flow-actions.md to the action types: each has its row
// in its section, with what the code says of it and what it does in a chat.
func TestPageOfActions(t *testing.T) {
	text, err := os.ReadFile("../../docs/flow-actions.md")
	if err != nil {
		t.Fatal(err)
	}
	rows, section := map[string][]string{}, "" // by type: the sections and lines that are about it
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "## ") {
			section = strings.TrimSpace(line)
		}
		if name, ok := strings.CutPrefix(line, "| `"); ok {
			name, _, _ = strings.Cut(name, "`")
			rows[name] = append(rows[name], section, strings.TrimSpace(line))
		}
	}
	for _, typ := range Types() {
		row := rows[typ.Name]
		delete(rows, typ.Name)
		begins := pageRow(typ)
		switch {
		case len(row) != 2:
			t.Errorf("the page has %d rows for %s; want one, in %q: %s", len(row)/2, typ.Name, pageSection(typ), begins)
		case row[0] != pageSection(typ) || !strings.HasPrefix(row[1], begins):
			t.Errorf("the page has in %q\n%s\nwant in %q\n%s", row[0], row[1], pageSection(typ), begins)
		case len(strings.TrimSpace(strings.TrimSuffix(strings.TrimPrefix(row[1], begins), "|"))) < 10:
			t.Errorf("the page does not say what %s does", typ.Name)
		}
		for _, old := range typ.Formerly {
			if row := rows[old]; len(row) != 2 || row[0] != pageRefused || !strings.Contains(row[1], "`"+typ.Name+"`") {
				t.Errorf("the page does not say under %q that %s is %s: %q", pageRefused, old, typ.Name, row)
			}
			delete(rows, old)
		}
	}
	for name, row := range rows {
		t.Errorf("the page has a row for %s, which is no action type: %q", name, row)
	}
}

// pageIdle are the types that run in a chat without doing anything.
var pageIdle = []string{"UpdateContactRecordingAndAnalyticsBehavior", "UpdateContactRecordingBehavior", "UpdateContactTextToSpeechVoice"}

func pageSection(t *Type) string {
	switch {
	case slices.Contains(pageIdle, t.Name):
		return pageNothing
	case t.Runs():
		return pageWorks
	case t.NotInChat != "":
		return pageFails
	}
	return pageNotThere
}

// pageRow is how the row of a type begins: its name, what the designer calls it,
// the types of flow that may hold it, and its branches.
func pageRow(t *Type) string {
	flows := t.Flows.String()
	switch {
	case t.Only != 0 && t.Flows&t.Only != 0:
		flows = (t.Flows & t.Only).String()
	case t.Only != 0:
		flows = t.Only.String()
	case t.Flows&everywhere == everywhere:
		flows = "all"
	}
	var branches []string
	switch c := t.Conditions; {
	case c == nil:
	case c.Operands != nil:
		branches = append(branches, strings.Join(c.Operands, ", "))
	case c.Complete != nil:
		branches = append(branches, strings.Join(c.Complete, ", "))
	default:
		branches = append(branches, "conditions")
	}
	for _, e := range t.Required {
		branches = append(branches, "**"+e+"**")
	}
	branches = append(branches, t.Optional...)
	if t.Is(Terminal) {
		branches = []string{"none: it ends the flow"}
	}
	list := cmp.Or(strings.Join(branches, ", "), "none")
	if !t.Runs() {
		list += "; takes " + t.Unsupported()
	}
	return fmt.Sprintf("| `%s` | %s | %s | %s |", t.Name, cmp.Or(t.Title, "(none)"), flows, list)
}
