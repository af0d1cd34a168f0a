package flowgraph

import (
	"cmp"
	"errors"
	"slices"

	"parley.example/parley/internal/flow/check"
)

// maxEdges bounds what is drawn. A flow that may be published has at most 250
// actions, whose ways fill 256,000 characters.
const maxEdges = 5000

// ErrTooLarge is returned for a flow with more ways than a drawing can show.
var ErrTooLarge = errors.New("the flow has too many branches to be drawn")

// graph is a flow on its way to a drawing.
type graph struct {
	nodes  []*node   // actions first, in the order of the document; then bends
	layers [][]*node // columns, left to right; each from top to bottom
	lines  []*line
}

// node is a box, or a bend of a line in a column that it passes.
type node struct {
	action *check.OutlineAction // nil for a bend
	rows   []row
	title  []string
	lines  []string // what the box says below its title
	full   string   // what it says when pointed at
	layer  int
	place  int // in its layer
	in     []*piece
	out    []*piece
	wanted float64 // for ordering and placing

	x, y, w, h float64 // the upper left corner; a bend has no height
}

// row is a way out of an action, with a port at the right side of its box.
type row struct {
	exit  *check.Exit
	label string
	lines []string // the label in the box
}

// line leads from a row to a box, through bends.
type line struct {
	from *node
	row  int
	to   *node
	back bool // leads to the same or an earlier column
	via  []*node
}

// piece is what connects two nodes of neighbouring columns. Lines that join
// share pieces.
type piece struct {
	left, right *node
	row         int // of left; -1 when left is a bend
	weight      float64
}

// build makes the graph of a flow. NextAction is left out where it only
// repeats a branch.
func build(o *check.Outline) (*graph, error) {
	g := &graph{}
	byID := map[string]*node{}
	for i := range o.Actions {
		n := &node{action: &o.Actions[i]}
		g.nodes = append(g.nodes, n)
		byID[n.action.ID] = n
	}
	for _, n := range g.nodes {
		for i := range n.action.Exits {
			e := &n.action.Exits[i]
			if e.Repeats {
				continue
			}
			n.rows = append(n.rows, row{exit: e, label: Label(e)})
			to := byID[e.To]
			if to == nil {
				continue
			}
			g.lines = append(g.lines, &line{from: n, row: len(n.rows) - 1, to: to})
			if len(g.lines) > maxEdges {
				return nil, ErrTooLarge
			}
		}
	}
	g.layer(byID[o.Start])
	return g, nil
}

// layer puts every action into a column: further right than all that lead to
// it, leaving out the ways that lead back.
func (g *graph) layer(start *node) {
	out := map[*node][]*line{}
	for _, l := range g.lines {
		out[l.from] = append(out[l.from], l)
	}
	order := g.turn(start, out)
	for _, n := range order {
		for _, l := range out[n] {
			if !l.back {
				l.to.layer = max(l.to.layer, n.layer+1)
			}
		}
	}
	g.tighten(order, out)
	last := 0
	for _, n := range g.nodes {
		last = max(last, n.layer)
	}
	g.layers = make([][]*node, last+1)
	for _, n := range order {
		g.layers[n.layer] = append(g.layers[n.layer], n)
	}
}

// turn finds the lines that lead back, by walking the flow from its start, and
// returns the nodes in an order in which all other lines lead forward.
func (g *graph) turn(start *node, out map[*node][]*line) []*node {
	const (
		open   = 1
		closed = 2
	)
	state := map[*node]int{}
	var order []*node
	var visit func(n *node)
	visit = func(n *node) {
		state[n] = open
		for _, l := range out[n] {
			switch state[l.to] {
			case open:
				l.back = true
			case 0:
				visit(l.to)
			}
		}
		state[n] = closed
		order = append(order, n)
	}
	if start != nil {
		visit(start)
	}
	for _, n := range g.nodes {
		if state[n] == 0 && n.action.Reached {
			visit(n)
		}
	}
	for _, n := range g.nodes {
		if state[n] == 0 {
			visit(n)
		}
	}
	slices.Reverse(order)
	return order
}

// tighten moves boxes that nothing leads to next to what they lead to.
func (g *graph) tighten(order []*node, out map[*node][]*line) {
	entered := map[*node]bool{}
	for _, l := range g.lines {
		if !l.back {
			entered[l.to] = true
		}
	}
	for _, n := range slices.Backward(order) {
		if entered[n] || n.action.Reached {
			continue
		}
		nearest := -1
		for _, l := range out[n] {
			if !l.back && (nearest < 0 || l.to.layer < nearest) {
				nearest = l.to.layer
			}
		}
		n.layer = max(n.layer, nearest-1)
	}
}

// bend splits lines at the columns that they pass, so that no line crosses a
// box. Lines of one look that lead to the same box join: they share their bends. A
// line that leads back has bends in the columns of both its ends too, in which it turns.
func (g *graph) bend(look func(n *node, row int) string) {
	type key struct {
		to    *node
		layer int
		back  bool
		look  string
	}
	bends := map[key]*node{}
	pieces := map[[2]*node]*piece{}
	at := func(l *line, layer int) *node {
		k := key{l.to, layer, l.back, look(l.from, l.row)}
		b := bends[k]
		if b == nil {
			b = &node{layer: layer}
			bends[k] = b
			g.nodes = append(g.nodes, b)
			g.layers[layer] = append(g.layers[layer], b)
		}
		return b
	}
	join := func(left, right *node, row int) {
		if left.action == nil {
			if p := pieces[[2]*node{left, right}]; p != nil {
				p.weight++
				return
			}
		}
		p := &piece{left: left, right: right, row: row, weight: 1}
		pieces[[2]*node{left, right}] = p
		left.out = append(left.out, p)
		right.in = append(right.in, p)
	}
	for _, l := range g.lines {
		if !l.back {
			left, row := l.from, l.row
			for layer := l.from.layer + 1; layer < l.to.layer; layer++ {
				b := at(l, layer)
				join(left, b, row)
				l.via = append(l.via, b)
				left, row = b, -1
			}
			join(left, l.to, row)
			continue
		}
		var right *node
		for layer := l.from.layer; layer >= l.to.layer; layer-- {
			b := at(l, layer)
			if right != nil {
				join(b, right, -1)
			}
			l.via = append(l.via, b)
			right = b
		}
	}
	for _, n := range g.nodes {
		slices.SortStableFunc(n.out, func(a, b *piece) int { return cmp.Compare(a.row, b.row) })
	}
}
