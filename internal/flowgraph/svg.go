package flowgraph

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"strings"

	"parley.example/parley/internal/flow"
	"parley.example/parley/internal/flow/check"
)

// Options say what a drawing shows besides the flow.
type Options struct {
	// Title is written above the drawing; "" for the flow's own name.
	Title string
	// Taken tells how often tests left an action by a way, for a drawing that
	// shows coverage; nil for none. The way of kind WayNone counts the visits.
	Taken func(action string, way flow.Way) int
}

// Draw writes the flow as an SVG document. The error is ErrTooLarge, or w's.
func Draw(w io.Writer, o check.Outline, opt Options) error {
	g, err := build(&o)
	if err != nil {
		return err
	}
	d := &drawing{Options: opt, outline: &o}
	if len(g.nodes) > 0 {
		d.describe(g)
		g.bend(d.class)
		g.arrange()
		g.measure()
		g.settle()
		d.lines(g)
		for _, n := range g.nodes {
			if n.action != nil {
				d.box(n)
			}
		}
		d.start(g)
	}
	_, err = w.Write(d.document(g))
	return err
}

// drawing is an SVG document being written.
type drawing struct {
	Options
	outline *check.Outline
	b       bytes.Buffer
}

// style is the drawing's own look: the document stands for itself.
const style = `text{font:12px Helvetica,Arial,sans-serif,"Apple Color Emoji","Segoe UI Emoji","Noto Color Emoji";fill:#1d2733}
.t{font-weight:bold;font-size:13px}.k{fill:#5d6b7a}.h{font-size:20px;font-weight:bold}
.box{fill:#fff;stroke:#8796a5}
.l{fill:none;stroke:#6b7986;stroke-width:1.5}.condition{stroke:#2465b3}.error{stroke:#c1483f}.untaken{stroke:#b4bec7;stroke-dasharray:2 4}
.p{fill:#6b7986}.p.condition{fill:#2465b3;stroke:none}.p.error{fill:#c1483f;stroke:none}.p.untaken{fill:#b4bec7;stroke:none}
.e{fill:#9c3029}.u{fill:#98a4af}.dead{opacity:.55}.miss .box{stroke-dasharray:4 3}.miss path.head{fill:#f3f4f5}.miss text{fill:#8b97a3}
.n{fill:#2c7a3f;text-anchor:end}.n0{fill:#b3261e;text-anchor:end}.s{stroke:#e8ecef}.page{fill:#fff}
`

// night is the look for who reads in the dark. The drawing keeps its own
// ground, so that it can be read on a page of either kind.
const night = `text{fill:#dde4eb}.k{fill:#a3b0bd}.page{fill:#151c24}.box{fill:#1e2731;stroke:#65747f}
.l{stroke:#93a0ac}.condition{stroke:#71aef5}.error{stroke:#ee7f75}.untaken{stroke:#55626e}
.p{fill:#93a0ac}.p.condition{fill:#71aef5}.p.error{fill:#ee7f75}.p.untaken{fill:#55626e}
.e{fill:#ffa59c}.u{fill:#7b8894}.miss path.head{fill:#2b343e}.miss text{fill:#84919c}
.n{fill:#86d399}.n0{fill:#ff938a}.s{stroke:#303b46}
`

func (d *drawing) document(g *graph) []byte {
	width, height := 2*margin, 2*margin
	if len(g.nodes) > 0 {
		width, height = g.size()
	}
	title := d.Title
	if title == "" {
		title = d.outline.Name
	}
	top := 0.0
	if title != "" {
		top = 34
		width = max(width, 2*margin+textWidth(title)*20/12*1.1)
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%.0f" height="%.0f" viewBox="0 0 %.0f %.0f" role="img">`+"\n", width, height+top, width, height+top)
	b.WriteString("<style>" + style)
	var dark strings.Builder
	dark.WriteString(night)
	for _, class := range familyColours {
		fmt.Fprintf(&b, ".%s{fill:%s}", class.family, class.fill)
		dark.WriteString(fmt.Sprintf(".%s{fill:%s}", class.family, class.dark))
	}
	fmt.Fprintf(&b, "\n@media (prefers-color-scheme:dark){%s}</style>\n<rect class=\"page\" width=\"100%%\" height=\"100%%\"/>\n", dark.String())
	if title != "" {
		fmt.Fprintf(&b, `<text class="h" x="%.0f" y="36">%s</text>`+"\n", margin, escape(title))
	}
	fmt.Fprintf(&b, `<g transform="translate(0 %.0f)">`+"\n", top)
	b.Write(d.b.Bytes())
	b.WriteString("</g>\n</svg>\n")
	return b.Bytes()
}

// lines draws the ways between boxes. What lines share is drawn once; they have
// one look.
func (d *drawing) lines(g *graph) {
	classes := map[any]string{}
	for _, l := range g.lines {
		class := d.class(l.from, l.row)
		for i, b := range l.via {
			classes[b] = class
			if l.back && i > 0 {
				classes[[2]*node{b, l.via[i-1]}] = class
			}
		}
		if l.back {
			continue
		}
		left := l.from
		for _, right := range append(l.via[:len(l.via):len(l.via)], l.to) {
			if left.action == nil {
				classes[[2]*node{left, right}] = class
			}
			left = right
		}
	}
	entered := map[*node]bool{}
	for _, n := range g.nodes {
		if n.action == nil {
			fmt.Fprintf(&d.b, `<path class="l %s" d="M%.1f %.1fH%.1f"/>`+"\n", classes[n], n.x, n.y, n.x+n.w)
		}
		for _, p := range n.out {
			class := classes[[2]*node{p.left, p.right}]
			if n.action != nil {
				class = d.class(n, p.row)
			}
			x1, y1, x2, y2 := n.x+n.w, n.portY(max(p.row, 0)), p.right.x, p.right.entryY()
			fmt.Fprintf(&d.b, `<path class="l %s" d="M%.1f %.1fC%.1f %.1f %.1f %.1f %.1f %.1f"/>`+"\n",
				class, x1, y1, x1+columnGap*0.6, y1, x2-columnGap*0.6, y2, x2, y2)
			if p.right.action != nil {
				d.arrow(p.right, entered)
			}
		}
	}
	for _, l := range g.lines {
		if !l.back {
			continue
		}
		first, last := l.via[0], l.via[len(l.via)-1]
		d.turn(d.class(l.from, l.row), l.from.x+l.from.w, l.from.portY(l.row), first.y, columnGap*0.45)
		d.turn(classes[last], l.to.x, l.to.entryY(), last.y, -columnGap*0.45)
		d.arrow(l.to, entered)
	}
}

// turn draws half a loop at the side of a column.
func (d *drawing) turn(class string, x, y1, y2, out float64) {
	fmt.Fprintf(&d.b, `<path class="l %s" d="M%.1f %.1fC%.1f %.1f %.1f %.1f %.1f %.1f"/>`+"\n", class, x, y1, x+out, y1, x+out, y2, x, y2)
}

// arrow draws where lines enter a box, once.
func (d *drawing) arrow(n *node, drawn map[*node]bool) {
	if !drawn[n] {
		drawn[n] = true
		fmt.Fprintf(&d.b, `<path class="p" d="M%.1f %.1fl-8 -4.5v9z"/>`+"\n", n.x, n.entryY())
	}
}

// class is the look of a row's line.
func (d *drawing) class(n *node, row int) string {
	e := n.rows[row].exit
	switch {
	case !e.Taken, d.Taken != nil && d.Taken(n.action.ID, e.Way) == 0:
		return "untaken"
	case e.Kind == flow.WayNext:
		return "next"
	}
	return string(e.Kind)
}

func (d *drawing) box(n *node) {
	class := "b"
	if !n.action.Reached {
		class += " dead"
	}
	if d.Taken != nil && d.Taken(n.action.ID, flow.Way{}) == 0 {
		class += " miss"
	}
	fmt.Fprintf(&d.b, `<g class="%s" transform="translate(%.1f %.1f)"><title>%s</title>`+"\n", class, n.x, n.y, escape(n.full))
	fmt.Fprintf(&d.b, `<rect class="box" width="%.0f" height="%.1f" rx="6"/>`, n.w, n.h)
	fmt.Fprintf(&d.b, `<path class="head %s" d="M.5 %.0fV6q0 -5.5 5.5 -5.5h%.0fq5.5 0 5.5 5.5v%.0fz"/>`+"\n", n.family(), n.head(), n.w-12, n.head()-6)
	if d.Taken != nil {
		d.count(n, flow.Way{}, 20)
	}
	for i, line := range n.title {
		fmt.Fprintf(&d.b, `<text class="t" x="10" y="%.0f">%s</text>`+"\n", 20+float64(i)*textHeight, escape(line))
	}
	y := n.head() + 13
	for _, line := range n.text() {
		fmt.Fprintf(&d.b, `<text class="k" x="10" y="%.1f">%s</text>`+"\n", y, escape(line))
		y += textHeight
	}
	for i := range n.rows {
		d.row(n, i)
	}
	d.b.WriteString("</g>\n")
}

// row draws a way out: its label, and the port that its line leaves from.
func (d *drawing) row(n *node, i int) {
	r := n.rows[i]
	y := n.portY(i) - n.y
	if n.listed() {
		class := ""
		if r.exit.Kind == flow.WayError {
			class = "e"
		}
		if !r.exit.Taken || d.Taken != nil && r.exit.Spared {
			class = "u"
		}
		if d.Taken != nil && r.exit.Taken && !r.exit.Spared {
			d.count(n, r.exit.Way, y+4)
		}
		fmt.Fprintf(&d.b, `<path d="M1 %.1fh%.0f" class="s"/>`, y-rowHeight/2, n.w-2)
		for k, line := range r.lines {
			fmt.Fprintf(&d.b, `<text class="%s" x="10" y="%.1f">%s</text>`, class, y+4+float64(k)*lineHeight, escape(line))
		}
	}
	if r.exit.To != "" {
		fmt.Fprintf(&d.b, `<circle class="p %s" cx="%.0f" cy="%.1f" r="3.5"/>`, d.class(n, i), n.w, y)
	}
	d.b.WriteString("\n")
}

// count writes how often tests went a way.
func (d *drawing) count(n *node, way flow.Way, y float64) {
	times, class := d.Taken(n.action.ID, way), "n"
	if times == 0 {
		class = "n0"
	}
	fmt.Fprintf(&d.b, `<text class="%s" x="%.0f" y="%.1f">%d×</text>`, class, n.w-10, y, times)
}

// start draws where the flow begins.
func (d *drawing) start(g *graph) {
	for _, n := range g.nodes {
		if n.action != nil && n.action.ID == d.outline.Start {
			y := n.entryY()
			fmt.Fprintf(&d.b, `<circle class="p" cx="%.1f" cy="%.1f" r="6"/><path class="l" d="M%.1f %.1fH%.1f"/><path class="p" d="M%.1f %.1fl-8 -4.5v9z"/>`+"\n",
				n.x-startRoom+10, y, n.x-startRoom+16, y, n.x-8, n.x, y)
			return
		}
	}
}

// escape makes text fit for XML; what XML cannot hold is replaced.
func escape(s string) string {
	var b strings.Builder
	if xml.EscapeText(&b, []byte(s)) != nil {
		return "" // a strings.Builder takes everything
	}
	return b.String()
}
