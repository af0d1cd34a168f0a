package catalog

import (
	"maps"
	"slices"
)

// Kinds are all kinds of the table.
var Kinds = slices.Sorted(maps.Keys(kinds))
