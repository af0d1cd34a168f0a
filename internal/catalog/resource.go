package catalog

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"parley.example/parley/internal/center"
)

// Resource is one thing of an instance: a pointer to one of the types of this
// package, like *Queue. What a snapshot gives is shared and must not be changed.
type Resource interface {
	// About returns what all resources have.
	About() *Meta
	// Kind returns the kind, also of a nil pointer.
	Kind() center.Kind
}

// Meta is what all resources have.
type Meta struct {
	Instance center.InstanceID
	ID       string
	Name     string
	Version  int64
	Created  time.Time
	Updated  time.Time // LastModifiedTime
	Tags     map[string]string
}

// About returns m.
func (m *Meta) About() *Meta { return m }

// encode makes of a resource what the store keeps.
func encode(r Resource) (center.Resource, error) {
	body, err := json.Marshal(r)
	if err != nil {
		return center.Resource{}, fmt.Errorf("encode %s: %w", r.Kind(), err)
	}
	m := r.About()
	return center.Resource{
		Instance: m.Instance, Kind: r.Kind(), ID: m.ID, Name: m.Name, Version: m.Version,
		Created: m.Created, Updated: m.Updated, Body: body, Tags: m.Tags,
	}, nil
}

// decode is the reverse of encode.
func decode(r center.Resource) (Resource, error) {
	k, ok := kinds[r.Kind]
	if !ok || k.make == nil {
		return nil, fmt.Errorf("decode %s %s: unknown kind", r.Kind, r.ID)
	}
	res := k.make()
	if err := json.Unmarshal(r.Body, res); err != nil {
		return nil, fmt.Errorf("decode %s %s: %w", r.Kind, r.ID, err)
	}
	*res.About() = Meta{
		Instance: r.Instance, ID: r.ID, Name: r.Name, Version: r.Version,
		Created: r.Created, Updated: r.Updated, Tags: r.Tags,
	}
	return res, nil
}

// byName orders resources as lists show them.
func byName(a, b Resource) int {
	x, y := a.About(), b.About()
	if c := strings.Compare(x.Name, y.Name); c != 0 {
		return c
	}
	return strings.Compare(x.ID, y.ID)
}

// without returns rs without the one that has an id.
func without(rs []Resource, id string) []Resource {
	return slices.DeleteFunc(slices.Clone(rs), func(r Resource) bool { return r.About().ID == id })
}
