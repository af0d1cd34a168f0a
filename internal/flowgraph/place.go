package flowgraph

import (
	"cmp"
	"slices"
)

// Measures of a drawing, in pixels.
const (
	boxWidth   = 236.0
	textRoom   = 200.0 // for text in a box, whose width is an estimate
	headHeight = 30.0  // with the title
	textHeight = 17.0  // a line of the summary
	rowHeight  = 19.0  // a way out
	lineHeight = 14.0  // another line of its label
	boxFoot    = 6.0
	columnGap  = 74.0
	boxGap     = 22.0 // between boxes of a column
	bendGap    = 14.0 // beside a bend
	margin     = 28.0
	startRoom  = 52.0 // left of the first column
)

// measure gives boxes their size and columns their x.
func (g *graph) measure() {
	for i, layer := range g.layers {
		x := margin + startRoom + float64(i)*(boxWidth+columnGap)
		for _, n := range layer {
			n.x, n.w = x, boxWidth
			if n.action == nil {
				continue
			}
			n.h = n.rowY(len(n.rows)) + boxFoot
		}
	}
}

// listed reports whether the ways out are rows of the box: a single way of
// success needs none.
func (n *node) listed() bool { return len(n.rows) > 1 || len(n.rows) == 1 && n.rows[0].label != "" }

// portY is the height of a row's port.
func (n *node) portY(row int) float64 {
	if n.action == nil {
		return n.y
	}
	if !n.listed() {
		return n.entryY()
	}
	return n.y + n.rowY(row) + rowHeight/2
}

// head is the height of the part of a box with its title.
func (n *node) head() float64 { return headHeight + float64(max(len(n.title)-1, 0))*textHeight }

// rowY is where a row begins, from the top of the box.
func (n *node) rowY(row int) float64 {
	y := n.head() + float64(len(n.text()))*textHeight
	if !n.listed() {
		return y
	}
	for i := range row {
		y += rowHeight + float64(max(len(n.rows[i].lines)-1, 0))*lineHeight
	}
	return y
}

// entryY is the height at which lines enter.
func (n *node) entryY() float64 {
	if n.action == nil {
		return n.y
	}
	return n.y + headHeight/2
}

// settle gives every node its y: near what it is connected with, in the order
// of its column, and clear of its neighbours.
func (g *graph) settle() {
	for _, layer := range g.layers {
		y := margin
		for i, n := range layer {
			if i > 0 {
				y += gap(layer[i-1], n)
			}
			n.y = y
			y += n.h
		}
	}
	const rounds = 12
	for range rounds {
		for i := 1; i < len(g.layers); i++ {
			spread(g.layers[i], true, false)
		}
		for i := len(g.layers) - 2; i >= 0; i-- {
			spread(g.layers[i], false, true)
		}
	}
	for _, layer := range g.layers {
		spread(layer, true, true)
	}
	g.compact()
	g.raise()
}

// gap is the room between two neighbours of a column.
func gap(a, b *node) float64 {
	if a.action == nil || b.action == nil {
		return bendGap
	}
	return boxGap
}

// spread places a column: the sum of squares of the distances to where each
// node would like to be is made least, under the order and the gaps (isotonic
// regression by pooling adjacent violators).
func spread(layer []*node, left, right bool) {
	type pool struct {
		sum, weight float64
		count       int
	}
	var pools []pool
	offset := 0.0
	for i, n := range layer {
		if i > 0 {
			offset += layer[i-1].h + gap(layer[i-1], n)
		}
		at, weight := n.wish(left, right)
		p := pool{sum: (at - offset) * weight, weight: weight, count: 1}
		for len(pools) > 0 && pools[len(pools)-1].sum*p.weight >= p.sum*pools[len(pools)-1].weight {
			last := pools[len(pools)-1]
			pools = pools[:len(pools)-1]
			p = pool{sum: p.sum + last.sum, weight: p.weight + last.weight, count: p.count + last.count}
		}
		pools = append(pools, p)
	}
	i, offset := 0, 0.0
	for _, p := range pools {
		for range p.count {
			if i > 0 {
				offset += layer[i-1].h + gap(layer[i-1], layer[i])
			}
			layer[i].y = p.sum/p.weight + offset
			i++
		}
	}
}

// wish is where a node would like to be, and how much.
func (n *node) wish(left, right bool) (y, weight float64) {
	entry := n.entryY() - n.y
	if left {
		for _, p := range n.in {
			w := p.pull()
			y, weight = y+w*(p.level()-entry), weight+w
		}
	}
	if right {
		for _, p := range n.out {
			w := p.pull()
			y, weight = y+w*(p.right.entryY()-(p.level()-n.y)), weight+w
		}
	}
	if weight == 0 {
		return n.y, 0.1
	}
	return y / weight, weight
}

// level is the height that a piece would like its right end to have: that of
// its port, or for the first way out of a box that of the box's own entry, so
// that what simply follows one another stands in a row and not on a stair.
func (p *piece) level() float64 {
	if p.row == 0 {
		return p.left.entryY()
	}
	return p.left.portY(max(p.row, 0))
}

// pull is how strongly a piece draws its ends level. Long lines are to be straight.
func (p *piece) pull() float64 {
	switch {
	case p.left.action == nil && p.right.action == nil:
		return 6
	case p.left.action == nil || p.right.action == nil:
		return 2
	case p.row == 0:
		return 3 // the main way
	}
	return 1
}

// compact closes the horizontal bands in which nothing lies, and moves
// everything up to the margin.
func (g *graph) compact() {
	byTop := slices.SortedFunc(slices.Values(g.nodes), func(a, b *node) int { return cmp.Compare(a.y, b.y) })
	lift, bottom := byTop[0].y-margin, byTop[0].y
	for _, n := range byTop {
		if empty := n.y - bottom - boxGap; empty > 0 {
			lift += empty
		}
		bottom = max(bottom, n.y+n.h)
		n.y -= lift
	}
}

// raise moves every column up to the margin: a drawing is read from its upper
// left corner, and one high column far to the right would leave the room above all
// others empty.
func (g *graph) raise() {
	for _, layer := range g.layers {
		lift := layer[0].y - margin
		for _, n := range layer {
			n.y -= lift
		}
	}
	g.compact()
}

// size returns the width and height of the drawing.
func (g *graph) size() (w, h float64) {
	for _, n := range g.nodes {
		w, h = max(w, n.x+n.w), max(h, n.y+n.h)
	}
	return w + margin + columnGap/4, h + margin // lines that lead back turn beside the last column
}
