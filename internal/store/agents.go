package store

import (
	"context"
	"iter"
	"time"

	"parley.example/parley/internal/center"
)

// AgentKeeper is the part of a [Store] that keeps agents: their states, each an aggregate
// of its own as a chat is, and which chats they have on their hands.
type AgentKeeper interface {
	// SubmitAgent is Submit for a change of an agent, with the same promises: changes of one
	// agent are judged in the order of their SubmitAgent calls, and their done functions called in
	// that order; they share flushes with the changes of chats, and the bound of the queue.
	SubmitAgent(c *AgentChange, done func(error))
	// Agent loads an agent's head.
	Agent(ctx context.Context, user center.UserID) (AgentHead, error)
	// Agents yields the agents of an instance, by user: all of them, or with online set those whose
	// AgentHead.Online is set.
	Agents(ctx context.Context, instance center.InstanceID, online bool) iter.Seq2[AgentRow, error]
	// DueAgents is Due for agents: at most limit agents of the shards whose AgentHead.Due is not
	// after now, longest due first, and the time at which the next one of the shards falls due. The
	// shard of an agent is ShardOf its user.
	DueAgents(ctx context.Context, shards Shards, now time.Time, limit int) (agents []center.UserID, next time.Time, err error)

	// Held yields what a user of an instance has on their hands, longest first; with an empty user
	// what all users have, user by user. A chat that has ended is among it as long as its head says so.
	Held(ctx context.Context, instance center.InstanceID, user center.UserID) iter.Seq2[HeldChat, error]
}

// AgentHead is an agent's state as the store sees it: opaque, with a few facts that are indexed.
type AgentHead struct {
	Instance center.InstanceID
	Version  int64     // as loaded; ignored in AgentChange.State
	State    []byte    // as the caller encodes it
	Due      time.Time // when the next timer of the agent falls due; zero for never
	Online   bool      // the agent has signed in and may be given work
}

// AgentRow is an agent, for lists.
type AgentRow struct {
	User center.UserID
	AgentHead
}

// AgentChange is what one command does to one agent. It is applied whole or not at all.
type AgentChange struct {
	User center.UserID

	// State, when set, replaces the agent's head. Version and Next are as those of a [Change]:
	// Version is that on which the change was decided, 0 for a new agent, and another is refused
	// with ErrConflict. The agent then has the version Next, or Version+1 when that is 0. Without a State
	// the agent must exist and keeps head and version, and a Version of 0 matches any.
	Version, Next int64
	State         *AgentHead

	// Quotas change counters, one after another; one that is over its limit refuses the change with [ErrQuota].
	Quotas []Quota
	// Deliveries are put into the outbox, in this order. They have no Chat.
	Deliveries []Delivery
	// Tallies are left to be counted, in this order: see [FactKeeper].
	Tallies []Tally
	// Gone deletes the agent. Version must be set, and State must not. Deliveries that wait, and counters, stay.
	Gone bool
}

// Bounds of Head.Held.
const (
	MaxHeld = 100 // holdings of a chat
	MaxWork = 200 // bytes of Holding.Work
)

// Holding says that a user has a chat on their hands: it is offered to them, they talk in it,
// or they have something left to do after it.
type Holding struct {
	User  center.UserID
	Since time.Time // of the present Work
	Work  string    // for the reader, such as the state of the agent's part; at most MaxWork bytes
}

// HeldChat is a chat that somebody has on their hands.
type HeldChat struct {
	Chat center.ContactID
	Holding
}
