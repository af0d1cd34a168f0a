package restjson

import (
	"net/url"
	"strings"
)

// router finds the operation of a method and an escaped path. It is a tree of path segments; a
// literal segment wins over a label, and where the literal leads nowhere the label is tried.
type router struct{ root node }

type node struct {
	literal map[string]*node
	label   *node
	routes  map[string]*Route // by method
}

// maxSegments bounds the labels of a path.
const maxSegments = 16

func (t *router) add(r *Route) {
	n := &t.root
	for segment := range strings.SplitSeq(strings.Trim(r.Op.Path, "/"), "/") {
		if strings.HasPrefix(segment, "{") {
			if n.label == nil {
				n.label = &node{}
			}
			n = n.label
			continue
		}
		if n.literal == nil {
			n.literal = map[string]*node{}
		}
		if n.literal[segment] == nil {
			n.literal[segment] = &node{}
		}
		n = n.literal[segment]
	}
	if n.routes == nil {
		n.routes = map[string]*Route{}
	}
	n.routes[r.Op.Method] = r
}

// find returns the route and the labels in the order of the template, still escaped. A label is one
// segment, not empty, that may hold an escaped slash. One slash at the end of the path is forgiven.
func (t *router) find(method, path string) (*Route, []string) {
	path = strings.TrimSuffix(strings.TrimPrefix(path, "/"), "/")
	var labels [maxSegments]string
	r, n := t.root.find(method, path, &labels, 0)
	if r == nil || n == 0 {
		return r, nil
	}
	return r, append([]string(nil), labels[:n]...)
}

func (n *node) find(method, path string, labels *[maxSegments]string, used int) (*Route, int) {
	segment, rest, more := strings.Cut(path, "/")
	if segment == "" {
		return nil, 0
	}
	for _, next := range [2]*node{n.child(segment), n.label} {
		if next == nil {
			continue
		}
		taken := used
		if next == n.label {
			if used == maxSegments {
				continue
			}
			labels[used] = segment
			taken++
		}
		if more {
			if r, k := next.find(method, rest, labels, taken); r != nil {
				return r, k
			}
		} else if r := next.routes[method]; r != nil {
			return r, taken
		}
	}
	return nil, 0
}

// child finds the literal segment, whether or not the client has escaped it needlessly.
func (n *node) child(segment string) *node {
	if c := n.literal[segment]; c != nil || !strings.Contains(segment, "%") {
		return c
	}
	plain, err := url.PathUnescape(segment)
	if err != nil {
		return nil
	}
	return n.literal[plain]
}
