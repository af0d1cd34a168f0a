package flowgraph

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"

	"parley.example/parley/internal/flow"
	"parley.example/parley/internal/flow/check"
)

// Mermaid writes the flow as a flowchart of the Mermaid language, as Markdown
// pages of many tools show it. Ways between the same two actions are one
// arrow with all their labels. The error is ErrTooLarge, or w's.
func Mermaid(w io.Writer, o check.Outline, opt Options) error {
	g, err := build(&o)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if title := opt.Title + o.Name; title != "" {
		if opt.Title != "" {
			title = opt.Title
		}
		fmt.Fprintf(&b, "---\ntitle: %q\n---\n", title)
	}
	b.WriteString("flowchart LR\n")
	names := make(map[*node]string, len(g.nodes))
	for i, n := range g.nodes {
		names[n] = fmt.Sprintf("a%d", i)
		if n.action.ID == o.Start {
			fmt.Fprintf(&b, "  start((\" \")) --> %s\n", names[n])
		}
	}
	for _, n := range g.nodes {
		mermaidBox(&b, n, names[n], o.Names)
	}
	for _, n := range g.nodes {
		mermaidArrows(&b, n, g.lines, names)
	}
	for _, class := range familyColours {
		fmt.Fprintf(&b, "  classDef %s fill:%s,stroke:#8796a5,color:#1d2733\n", mermaidClass(class.family), class.fill)
	}
	_, err = w.Write(b.Bytes())
	return err
}

func mermaidBox(b *bytes.Buffer, n *node, name string, names map[string]string) {
	title := Title(n.action)
	label := "<b>" + quote(fit(title, 300)) + "</b>"
	if kind := Kind(n.action); kind != title {
		label += "<br/>" + quote(kind)
	}
	if summary := Summary(n.action, names); summary != "" {
		label += "<br/>" + quote(fit(summary, 300))
	}
	open, shut := "[", "]"
	if n.action.Terminal {
		open, shut = "([", "])"
	}
	fmt.Fprintf(b, "  %s%s\"%s\"%s:::%s\n", name, open, label, shut, mermaidClass(n.family()))
}

// mermaidClass names the look of a family: "call" and "end" alone are words of the language.
func mermaidClass(f flow.Family) string { return "box_" + string(f) }

// mermaidArrows writes the ways out of an action: solid, dotted for errors and
// for what no chat takes.
func mermaidArrows(b *bytes.Buffer, n *node, lines []*line, names map[*node]string) {
	type arrow struct {
		to     *node
		dotted bool
	}
	var order []arrow
	labels := map[arrow][]string{}
	for _, l := range lines {
		if l.from != n {
			continue
		}
		e := n.rows[l.row].exit
		a := arrow{l.to, e.Kind == flow.WayError || !e.Taken}
		if labels[a] == nil {
			order = append(order, a)
		}
		label := n.rows[l.row].label
		if label == "" && len(n.rows) > 1 && n.rows[0].exit.Kind == flow.WayCondition {
			label = "otherwise"
		}
		labels[a] = append(labels[a], quote(fit(label, 200)))
	}
	for _, a := range order {
		shaft := "-->"
		if a.dotted {
			shaft = "-.->"
		}
		said := slices.DeleteFunc(labels[a], func(label string) bool { return label == "" })
		if label := strings.Join(said, "<br/>"); label != "" {
			shaft += "|\"" + label + "\"|"
		}
		fmt.Fprintf(b, "  %s %s %s\n", names[n], shaft, names[a.to])
	}
}

// quote makes text fit for a quoted label of the language.
func quote(s string) string {
	return strings.NewReplacer("#", "#35;", `"`, "#quot;", "&", "#amp;", "<", "#lt;", ">", "#gt;", "`", "#96;", "\\", "#92;").Replace(printable(s))
}

// printable leaves out what no label may hold: line breaks and control characters.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' {
			return ' '
		}
		return r
	}, s)
}
