package center

import (
	"encoding/json"
	"time"
)

// Resource is one thing an administrator sets up, in the form the store keeps
// it: who it is, and its own description as JSON. The catalog gives each kind
// its Go type.
type Resource struct {
	Instance InstanceID // the instance itself for KindInstance; empty for keys and settings
	Kind     Kind
	ID       string
	Name     string // unique within (instance, kind) when not empty
	Version  int64  // 1 when created, one more with each change
	Created  time.Time
	Updated  time.Time
	Body     json.RawMessage
	Tags     map[string]string
}
