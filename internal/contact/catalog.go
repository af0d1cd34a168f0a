package contact

import (
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/flow"
	"parley.example/parley/internal/flow/machine"
)

// Catalog is what an administrator has set up, as far as chats are concerned.
// Its methods answer from memory. References are ids or ARNs. The error for what
// does not exist is a *center.Error with reason NotFound, whose message the
// flow's author reads in the flow log.
type Catalog interface {
	// Published returns the content of an active flow of the instance. An alias or a
	// version may follow the reference behind a colon; without one it is the
	// published content. When the content has to be read first the error is a
	// *[Need], beside which the id is given.
	Published(instance center.InstanceID, ref string) (*flow.Flow, center.FlowID, error)
	// Content returns the content of a flow or a module with a hash, also if it is not the published one any more.
	Content(id center.FlowID, hash string) (*flow.Flow, error)
	// Default returns the instance's default flow of a type such as CUSTOMER_QUEUE.
	Default(instance center.InstanceID, typ string) (*flow.Flow, center.FlowID, error)
	// Module returns the content of a flow module, with its settings (see
	// [flow.Flow.WithSettings]), as Published does that of a flow.
	Module(instance center.InstanceID, ref string) (*flow.Flow, center.FlowID, error)
	// Queue finds a queue. The reference "agent/" and the id of a user, or an
	// ARN that ends so, is the queue of that agent.
	Queue(instance center.InstanceID, ref string) (machine.Queue, error)
	// Hours returns whether hours of operation are open at a time.
	Hours(instance center.InstanceID, ref string, at time.Time) (machine.Opening, error)
	// FindView finds a view, of the instance or managed by the service; a version
	// may follow the reference behind a colon.
	FindView(instance center.InstanceID, ref string) (machine.View, error)
	// LambdaAllowed is nil when flows of the instance may call a function, by ARN or name.
	LambdaAllowed(instance center.InstanceID, function string) error
	// BotAllowed is nil when flows of the instance may ask a bot: by the ARN of its alias, of Lex V1 by its name.
	BotAllowed(instance center.InstanceID, bot string) error
	// Assistant is nil when flows of the instance may create made-up sessions of an assistant.
	Assistant(instance center.InstanceID, assistant string) error
}

// ContentKey names a content of a flow or a module: contents belong to their flow.
type ContentKey struct {
	Flow center.FlowID
	Hash string
}
