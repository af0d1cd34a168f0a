// Package queues answers the operations on what contacts wait in and agents
// are served from: queues, hours of operation and their overrides, routing
// profiles, quick connects.
//
// Each method translates a request, asks or changes the catalog, and translates
// the result; it returns when what it did is durable. Start reading at [Queues],
// [Profiles] and [QuickConnects].
package queues

import (
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/store"
)

// Queues answers the operations on queues and hours of operation. All members are needed.
type Queues struct {
	Catalog *catalog.Catalog
	Store   store.Store // counts who waits in a queue
}
