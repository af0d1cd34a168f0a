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

	// Unassociated lets flows call functions and ask bots that are not
	// associated with their instance, as development mode does.
	Unassociated bool
	// CheckReferences refuses to publish a flow or module that names, by a fixed
	// value, a resource that its instance does not have. Without it such a
	// reference takes its action's error branch at run time, and flows of other
	// instances can be published as they are.
	CheckReferences bool
}

// Limits are the quotas that an operator may set. The zero value of a member
// means its default.
type Limits struct {
	Instances    int // 100; the service allows 2 until asked for more
	Flows        int // of an instance, besides the default flows; 100
	FlowVersions int // of a flow, a module or a view; 50
	Modules      int // of an instance; 200
	Aliases      int // of a module; 50
	Views        int // of an instance, besides the managed ones; 500
	Queues       int // of an instance; 100
	Hours        int // hours of operation of an instance; 100
	Functions    int // Lambda functions of an instance; 50
	Bots         int // of an instance and a version of Lex; 70
	Origins      int // approved origins of an instance; 100
}

// Defaults fills in what is not set.
func (l Limits) Defaults() Limits {
	set := func(v *int, n int) {
		if *v == 0 {
			*v = n
		}
	}
	set(&l.Instances, 100)
	set(&l.Flows, 100)
	set(&l.FlowVersions, 50)
	set(&l.Modules, 200)
	set(&l.Aliases, 50)
	set(&l.Views, 500)
	set(&l.Queues, 100)
	set(&l.Hours, 100)
	set(&l.Functions, 50)
	set(&l.Bots, 70)
	set(&l.Origins, 100)
	return l
}
