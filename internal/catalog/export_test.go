package catalog

import (
	"maps"
	"slices"
)

// Kinds are all kinds of the table.
var Kinds = slices.Sorted(maps.Keys(kinds))

// Keep bounds how many snapshots a catalog has in memory.
func Keep(c *Catalog, snapshots int) { c.cache.lru.max = snapshots }
