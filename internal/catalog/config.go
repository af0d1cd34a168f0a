package catalog

import (
	"log/slog"
	"time"

	"parley.example/parley/internal/bus"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/store"
)

// Config is what a catalog is made of. Store, Partition and Now are needed.
type Config struct {
	Store     store.Store
	Partition center.Partition
	Now       func() time.Time
	Limits    Limits
	Log       *slog.Logger // nil for nobody

	// Node names this catalog among those that work on the same store; a random
	// name is made for an empty one. Shared says that there are others, and needs
	// Bus: what they write is seen at once when the bus delivers their notices, and
	// within [Fresh] when it does not.
	Bus    bus.Bus
	Node   string
	Shared bool

	// Changed is called with an instance whose resources may have changed, as its next
	// [Catalog.Snapshot] shows, and with one that may be gone. It must be quick. It may be nil.
	Changed func(center.InstanceID)

	// Unassociated lets flows call functions and ask bots that are not
	// associated with their instance, as development mode does.
	Unassociated bool
	// AssistantSessions lets CreateWisdomSession succeed with a made-up session, so
	// that the flow behind it can be tried. Without it the action takes its error branch.
	AssistantSessions bool
	// CheckReferences refuses to publish a flow or module that names, by a fixed
	// value, a resource that its instance does not have. Without it such a
	// reference takes its action's error branch at run time, and flows of other
	// instances can be published as they are.
	CheckReferences bool
	// OldSpellings publishes flows and modules that spell action types as Amazon's
	// reference has spelt them and the service refuses them, with a warning in the
	// log: see check.Options.
	OldSpellings bool
}
