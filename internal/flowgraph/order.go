package flowgraph

import (
	"cmp"
	"slices"
)

// sweeps is how often the columns are put in order, in turn from the left and from the right.
const sweeps = 24

// arrange orders each column so that few lines cross: nodes are put where the
// mean of their neighbours is, column by column, and the best order seen is kept.
func (g *graph) arrange() {
	g.number()
	best, fewest := g.orders(), g.crossings()
	for i := 0; i < sweeps && fewest > 0; i++ {
		if i%2 == 0 {
			for _, layer := range g.layers {
				sortLayer(layer, leftwards)
			}
		} else {
			for _, layer := range slices.Backward(g.layers) {
				sortLayer(layer, rightwards)
			}
		}
		if n := g.crossings(); n < fewest {
			best, fewest = g.orders(), n
		}
	}
	g.layers = best
	g.number()
}

func (g *graph) orders() [][]*node {
	copied := make([][]*node, len(g.layers))
	for i := range g.layers {
		copied[i] = slices.Clone(g.layers[i])
	}
	return copied
}

func (g *graph) number() {
	for _, layer := range g.layers {
		for i, n := range layer {
			n.place = i
		}
	}
}

// port is where a piece leaves its left end, in places: rows of one box lie
// between its own place and the next.
func (p *piece) port() float64 {
	if p.row < 0 {
		return float64(p.left.place)
	}
	return float64(p.left.place) + float64(p.row+1)/float64(len(p.left.rows)+2) - 0.5
}

// leftwards is where a node's left neighbours are, in the mean; rightwards its right ones.
func leftwards(n *node) (at float64, ok bool) {
	for _, p := range n.in {
		at += p.port()
	}
	return at / float64(len(n.in)), len(n.in) > 0
}

func rightwards(n *node) (at float64, ok bool) {
	for _, p := range n.out {
		at += float64(p.right.place)
	}
	return at / float64(len(n.out)), len(n.out) > 0
}

// sortLayer puts nodes in the order of what they want; those that want nothing stay where they are.
func sortLayer(layer []*node, wish func(*node) (float64, bool)) {
	for i, n := range layer {
		at, ok := wish(n)
		if !ok {
			at = float64(i)
		}
		n.wanted = at
	}
	slices.SortStableFunc(layer, func(a, b *node) int { return cmp.Compare(a.wanted, b.wanted) })
	for i, n := range layer {
		n.place = i
	}
}

// crossings counts how often pieces cross between neighbouring columns.
func (g *graph) crossings() int {
	total := 0
	for _, layer := range g.layers {
		var ends []int // right ends, in the order of the left ones
		for _, n := range layer {
			from := len(ends)
			row := -2
			for _, p := range n.out {
				if p.row != row { // pieces of one row start at one point and do not cross
					slices.Sort(ends[from:])
					from, row = len(ends), p.row
				}
				ends = append(ends, p.right.place)
			}
			slices.Sort(ends[from:])
		}
		total += inversions(ends)
	}
	return total
}

// inversions counts the pairs that are not in order, by a binary indexed tree.
func inversions(list []int) int {
	if len(list) == 0 {
		return 0
	}
	tree := make([]int, slices.Max(list)+2)
	total := 0
	for i, v := range list {
		notGreater := 0
		for j := v + 1; j > 0; j -= j & -j {
			notGreater += tree[j]
		}
		total += i - notGreater
		for j := v + 1; j < len(tree); j += j & -j {
			tree[j]++
		}
	}
	return total
}
