// Package flows answers the operations on contact flows, flow modules and
// views: their contents, drafts, versions and aliases.
//
// Each method translates a request, asks or changes the catalog, and translates
// the result; it returns when what it did is durable. Start reading at [Flows].
package flows

import "parley.example/parley/internal/catalog"

// Flows answers the operations on flows, modules and views.
type Flows struct {
	Catalog *catalog.Catalog
}
