// Package model reads a Smithy model in its JSON form and works out what a writer of code needs to
// know of it, in whatever language it writes: which shapes the operations reach, what travels where,
// what may be absent, which constraints apply, how operations page.
//
// Read refuses what it does not understand: an unknown trait, a type or a binding that the protocol
// restJson1 does not have or Parley does not support, a pattern that cannot be translated. Silence
// would mean a server that quietly breaks a promise of its model. Reading is deterministic, and a
// model does not change once it is read. Names are the model's own; how a language spells them is
// the writer's business.
//
// Start reading at shape.go.
package model
