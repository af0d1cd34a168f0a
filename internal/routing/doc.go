// Package routing decides who gets which contact. A [Router] is told the facts
// of one instance (routing profiles, agents, contacts that wait) and assigns
// contacts to agents by the rules of Amazon Connect. It is pure: no I/O, no clock,
// no randomness, and the same calls give the same answers.
//
// # Who gets what
//
// Agents choose in their order, and each takes the best contact it can. So does
// the next, and the first again with the slots it has left, until nobody can take
// anything. At the end no agent with a free slot stands beside a contact that it could take.
//
// The order of agents: longest available by the timer of their routing profile
// (AgentAvailabilityTimer). Profiles may ask for the least busy instead
// ([Profile.LeastBusy]): fewest slots in use, then longest available; an agent of
// another profile counts as one without a contact. Of equal ones, the lesser user id.
// An agent who was assigned a contact goes to the end at once.
//
// What an agent takes first: contacts in its own queue; then those of its profile's
// queues by Priority, as far as they have waited the Delay since they were enqueued.
// Over all queues of equal Priority: the contact's QueuePriority, then its rank, then
// its id. Channels make no difference. A contact whose routing criteria have an active
// step goes only to agents who meet the step's expression; in an agent's own queue they have no effect.
//
// Slots: an agent takes a contact of a channel when it holds fewer of it than the
// profile allows, and when every other channel of which it holds one allows
// others (CrossChannelBehavior). What holds a slot is the caller's to count:
// ringing, connected, on hold, after-contact work, missed, rejected, error.
//
// # Using it
//
// Tell the router what changed (SetProfile, SetAgent, SetContact and the Drop of
// each), and ask [Router.Next] for assignments. Each holds a slot of its agent, and
// its contact is assigned to nobody else, until the caller has tried to make the offer
// and says how it went: [Router.SetContact] with Ringing, or [Router.DropContact], when
// it was made; [Router.Release] when it was not. Facts may come twice, and late.
//
// [Router.Explain] tells people why a contact waits.
//
// What an event costs depends on what it touches, not on how many agents are on line
// and how many contacts wait. A Router is not safe for concurrent use.
//
// Start reading at [Router.Next].
package routing
