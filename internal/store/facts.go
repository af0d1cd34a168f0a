package store

import (
	"context"
	"time"

	"parley.example/parley/internal/center"
)

// FactKeeper is the part of a [Store] that keeps what historical metrics are made of. A commit leaves tallies
// ([Change.Tallies]); counting turns them into facts, each once; of facts that were added up rollups are kept. What is in tallies, facts and
// rollups is the caller's.
type FactKeeper interface {
	// Tallies returns at most limit tallies, in the order of the commits that left them.
	Tallies(ctx context.Context, limit int) ([]Tally, error)
	// AgentTimes returns the times of agents, by user. Those whom nothing has been counted of are left out.
	AgentTimes(ctx context.Context, users []center.UserID) ([]AgentTime, error)
	// Behind returns at most limit agents, longest first, of whom something is to be counted and has not been since a time.
	Behind(ctx context.Context, since time.Time, limit int) ([]AgentTime, error)
	// KeepFacts writes what counting has led to, all or nothing: ErrConflict when a tally of c.Done is not there any
	// more, or an agent has another version than the one he was read with. Somebody else has counted that.
	KeepFacts(ctx context.Context, c *Counting) error
	// Stale returns at most limit quarters of an hour that begin before a time and whose facts have changed since they were last rolled up, oldest first.
	Stale(ctx context.Context, before time.Time, limit int) ([]FactQuarter, error)
	// KeepRollups writes rollups, in place of those of the same time. Each says by its Version which facts it is made of, so one that comes late
	// does no harm. The quarters of rolled are not stale any more, unless their facts have changed since.
	KeepRollups(ctx context.Context, rollups []Rollup, rolled []FactQuarter) error
	// DropRollups deletes all rollups of an instance: its quarters are stale.
	DropRollups(ctx context.Context, instance center.InstanceID) error
	// ReadHistory gives read what is there at one moment of an instance. The reader is valid until read returns.
	ReadHistory(ctx context.Context, instance center.InstanceID, read func(History) error) error
	// ForgetFacts deletes at most limit facts from before a time, and of instances that do not exist any more, with what was kept of them, and reports
	// whether there are more.
	ForgetFacts(ctx context.Context, before time.Time, limit int) (more bool, err error)
}

// Tally is what a commit leaves to be counted.
type Tally struct {
	ID       int64 // given by the store
	Instance center.InstanceID
	Body     []byte
}

// Fact is one fact. Those of one kind and ID are the same, and kept once in each quarter.
type Fact struct {
	Instance center.InstanceID
	Kind, ID string
	Quarter  int64 // when the quarter of an hour begins that it counts in, in milliseconds since 1970
	Body     []byte
}

// AgentTime is until when the time of an agent has been counted.
type AgentTime struct {
	Instance center.InstanceID
	User     center.UserID
	Version  int64 // as loaded, and in [Counting] the one that it was read with; 0 for one of whom nothing has been counted
	Since    int64 // in milliseconds since 1970
	Idle     bool  // nothing is to be counted until something happens
	Body     []byte
}

// Counting is what counting has led to.
type Counting struct {
	Done   []int64 // tallies, which are deleted
	Facts  []Fact  // those that are there already stay as they are
	Agents []AgentTime
}

// FactQuarter is a quarter of an hour that there are facts in.
type FactQuarter struct {
	Instance center.InstanceID
	Quarter  int64 // when it begins, in milliseconds since 1970
	Version  int64 // higher whenever there are more facts; never 0
}

// Rollup is what the facts of some time add up to.
type Rollup struct {
	Instance center.InstanceID
	Part     string
	Start    int64 // in milliseconds since 1970
	Length   int64 // in milliseconds
	Version  int64 // the sum of the versions of its quarters when it was made
	// Pieces are read one by one: few questions need all of them. There is at least one.
	Pieces [][]byte
}

// History reads the facts of an instance.
type History interface {
	// Quarters calls each with every quarter from from to before to, in milliseconds since 1970, that there are facts in, oldest first.
	Quarters(from, to int64, each func(quarter, version int64)) error
	// Piece returns a piece of a rollup, by its number from 0 on; nil when there is no rollup of that version, or not so many pieces.
	Piece(part string, start, length, version int64, piece int) ([]byte, error)
	// Facts calls each with every fact of a kind in the quarters from from to before to, quarter by quarter.
	Facts(kind string, from, to int64, each func(quarter int64, body []byte) error) error
	// Agents calls each with the time of every agent who is not idle.
	Agents(each func(body []byte) error) error
}
