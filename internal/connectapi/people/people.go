// Package people answers the operations on who works in an instance and what
// they may do: users, the hierarchy of their groups, the predefined attributes of their
// proficiencies, security profiles, agent statuses.
//
// Each method translates a request, asks the catalog, and translates the
// result. Start reading at [Users].
package people

import (
	"parley.example/parley/internal/catalog"
)

// People answers the operations on security profiles and agent statuses.
type People struct {
	Catalog *catalog.Catalog
}
