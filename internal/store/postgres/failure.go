package postgres

import (
	"errors"
	"fmt"
	"sync"

	"github.com/jackc/pgx/v5/pgconn"

	"parley.example/parley/internal/store"
)

// verdict is what an error of the database means for whoever met it.
type verdict int

const (
	final verdict = iota // it is about what was asked
	again                // it passes: the same again, after a while
	fault                // the database takes no writes: others fail as well
)

// The codes of errors, https://www.postgresql.org/docs/current/errcodes-appendix.html, by what they mean. A class is their first two letters.
var verdicts = map[string]verdict{
	"40001": again, "40P01": again, // serialisation, deadlock
	"0A000": again,                                                 // a plan whose table has changed meanwhile: a new connection has none
	"23505": again,                                                 // another node was first: the next look finds its row, if it was that (see maxRaces)
	"57P01": again, "57P02": again, "57P03": again, "57P05": again, // the server stops, starts, or ended an idle session
	"55P03": again, "25P03": again, "25P02": again, "53300": again, // a lock, a transaction that was idle for too long, connections
	"08": again,
	"53": fault, "58": fault, "XX": fault, "F0": fault, // resources such as the disk, the system, damage
	"25006": fault, "57014": fault, // read-only, a statement that took too long
}

// judged says what an error means. What did not come from the server is a connection that failed.
func judged(err error) verdict {
	if errors.Is(err, errRefused) {
		return final
	}
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		if v, ok := verdicts[e.Code]; ok {
			return v
		}
		return verdicts[e.Code[:min(2, len(e.Code))]]
	}
	if _, ok := errors.AsType[*pgconn.ParseConfigError](err); ok {
		return final
	}
	return again
}

// sqlState is the code of an error of the server, "" of another.
func sqlState(err error) string {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return e.Code
	}
	return ""
}

// maxRaces is how often another node may have been first: after that it is no race.
const maxRaces = 20

// isTaken reports whether there is a row with the same key.
func isTaken(err error) bool { return sqlState(err) == "23505" }

// errRefused marks errors of our own that end a transaction.
var errRefused = errors.New("refused")

// refusal is such an error.
type refusal struct{ error }

func (r refusal) Unwrap() error        { return r.error }
func (r refusal) Is(target error) bool { return target == errRefused }

// explained says what happened in the words of the server. What is no fault of what was asked is [store.ErrAway].
func explained(err error) error {
	if judged(err) != final {
		// Not as its cause: whose time was over, or who was not there, is no matter of the caller's.
		return fmt.Errorf("%w: %v", store.ErrAway, described(err))
	}
	return described(err)
}

func described(err error) error {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		what := "the database says"
		switch {
		case e.Code == "53100":
			what = "the disk of the database is full"
		case e.Code == "25006":
			what = "the database takes no writes"
		}
		if e.Detail != "" {
			return fmt.Errorf("store: %s: %s (%s): %w", what, e.Message, e.Detail, err)
		}
		return fmt.Errorf("store: %s: %w", what, err)
	}
	return fmt.Errorf("store: %w", err)
}

// plain takes the mark off a refusal.
func plain(err error) error {
	if r, ok := errors.AsType[refusal](err); ok {
		return r.error
	}
	return explained(err)
}

// health is the store's account of whether the database takes writes.
type health struct {
	tell    func(error) // Options.Failing; may be nil
	mu      sync.Mutex  // guards what follows, and the order of what is told
	failing bool
}

// note tells when writes begin to fail and when one has succeeded again.
func (h *health) note(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	failing := err != nil
	if failing == h.failing {
		return
	}
	h.failing = failing
	if h.tell != nil {
		h.tell(err)
	}
}
