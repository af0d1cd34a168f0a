package flowgraph

import (
	"strings"
	"unicode"

	"parley.example/parley/internal/flow"
)

// How many lines of its title, its summary and the label of a way out a box shows.
const (
	maxTitle = 2
	maxText  = 6
	maxLabel = 3
)

// describe fills in what the boxes say.
func (d *drawing) describe(g *graph) {
	o := d.outline
	for _, n := range g.nodes {
		a := n.action
		kind, summary := Kind(a), Summary(a, o.Names)
		if Title(a) != kind {
			n.lines = append(n.lines, fit(kind, textRoom))
		}
		counted := 0.0 // room for how often tests came here
		if d.Taken != nil {
			counted = 34
		}
		n.title = wrap(Title(a), (textRoom-counted)/1.16, maxTitle)
		for i := range n.rows {
			n.rows[i].lines = wrap(n.rowLabel(i), textRoom-4-counted, maxLabel)
		}
		n.lines = append(n.lines, wrap(summary, textRoom, maxText)...)
		n.full = a.ID + "\n" + a.Type
		if summary != "" {
			n.full += "\n" + summary
		}
		if !a.Chat {
			n.full += "\nA chat cannot do it: it takes its error branch."
		}
	}
}

// rowLabel is what a box says of a way out.
func (n *node) rowLabel(i int) string {
	r := n.rows[i]
	label := r.label
	switch {
	case label == "" && n.rows[0].exit.Kind == flow.WayCondition:
		label = "otherwise"
	case label == "":
		label = "next"
	}
	if r.exit.To == "" {
		label += " (ends)"
	}
	return label
}

// text returns the lines below the title.
func (n *node) text() []string { return n.lines }

// textWidth estimates the width of a text of 12 pixels, since nothing here
// knows the font it will be shown in.
func textWidth(s string) float64 {
	w := 0.0
	for _, r := range s {
		w += runeWidth(r)
	}
	return w
}

func runeWidth(r rune) float64 {
	switch {
	case strings.ContainsRune("iljtfrI.,:;'|!()[]/ -`", r):
		return 3.9
	case strings.ContainsRune("mwMW@%…", r):
		return 10.4
	case r >= 0x1100 && !unicode.Is(unicode.Mn, r):
		return 12
	case unicode.IsUpper(r):
		return 8.4
	}
	return 6.7
}

// fit cuts a line to a width.
func fit(s string, width float64) string {
	if textWidth(s) <= width {
		return s
	}
	w := runeWidth('…')
	for i, r := range s {
		if w += runeWidth(r); w > width {
			return strings.TrimRight(s[:i], " ") + "…"
		}
	}
	return s
}

// wrap breaks a text into at most n lines of a width.
func wrap(s string, width float64, n int) []string {
	var lines []string
	for s = strings.TrimSpace(s); s != "" && len(lines) < n; {
		if len(lines) == n-1 || textWidth(s) <= width {
			return append(lines, fit(s, width))
		}
		cut, w, space, before := len(s), 0.0, 0, ' '
		for i, r := range s {
			if w += runeWidth(r); w > width {
				cut = i
				break
			}
			switch r {
			case ' ':
				space = i
			case '-', '_', '/', ',', '.':
				if before != '$' { // a reference begins here
					space = i + 1
				}
			}
			before = r
		}
		if space > 0 {
			cut = space
		}
		lines = append(lines, s[:cut])
		s = strings.TrimSpace(s[cut:])
	}
	return lines
}
