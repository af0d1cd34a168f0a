package catalog

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"parley.example/parley/internal/center"
)

// Resource is one thing of an instance: a pointer to one of the types of this
// package, like *Queue. What a snapshot gives is shared and must not be changed.
type Resource interface {
	// About returns what all resources have.
	About() About
	// Kind returns the kind, also of a nil pointer.
	Kind() center.Kind

	set(About)
}

// Of is a resource whose id is of a type, as *Queue is of [center.QueueID].
type Of[ID ~string] interface {
	Resource
	// Key returns the id.
	Key() ID
}

// Meta is what all resources have, with an id of their own type.
type Meta[ID ~string] struct {
	Instance center.InstanceID
	ID       ID
	Name     string
	Version  int64
	Created  time.Time
	Updated  time.Time // LastModifiedTime
	Tags     map[string]string
}

// About is what all resources have, with the id as a text.
type About = Meta[string]

// About implements [Resource].
func (m *Meta[ID]) About() About {
	return About{Instance: m.Instance, ID: string(m.ID), Name: m.Name, Version: m.Version, Created: m.Created, Updated: m.Updated, Tags: m.Tags}
}

// Key implements [Of].
func (m *Meta[ID]) Key() ID { return m.ID }

func (m *Meta[ID]) set(a About) {
	*m = Meta[ID]{Instance: a.Instance, ID: ID(a.ID), Name: a.Name, Version: a.Version, Created: a.Created, Updated: a.Updated, Tags: a.Tags}
}

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
func decode(row center.Resource) (Resource, error) {
	k, ok := kinds[row.Kind]
	if !ok || k.make == nil {
		return nil, fmt.Errorf("decode %s %s: unknown kind", row.Kind, row.ID)
	}
	r := k.make()
	if err := json.Unmarshal(row.Body, r); err != nil {
		return nil, fmt.Errorf("decode %s %s: %w", row.Kind, row.ID, err)
	}
	r.set(About{
		Instance: row.Instance, ID: row.ID, Name: row.Name, Version: row.Version,
		Created: row.Created, Updated: row.Updated, Tags: row.Tags,
	})
	return r, nil
}

// byName orders resources as lists show them.
func byName(a, b Resource) int {
	x, y := a.About(), b.About()
	if c := strings.Compare(x.Name, y.Name); c != 0 {
		return c
	}
	return strings.Compare(x.ID, y.ID)
}
