// Package instances answers the operations on instances: their attributes,
// where their data is kept, the functions, bots and origins that they may use,
// and the tags of all their resources.
//
// Each method translates a request, asks or changes the catalog, and translates
// the result; it returns when what it did is durable. Start reading at [Instances].
package instances

import (
	"context"
	"time"

	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/store"
)

// Instances answers the operations on instances. All members are needed.
type Instances struct {
	Catalog *catalog.Catalog
	Store   store.Store // counts the chats of an instance

	Now func() time.Time
	// Deleted is called when an instance was deleted, so that its chats are erased.
	Deleted func()

	// AccessURL is where people go to use an instance (InstanceAccessUrl).
	AccessURL func(context.Context) string
}
