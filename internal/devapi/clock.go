package devapi

import (
	"net/http"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/engine"
)

// Clock shows and moves the time of the server.
type Clock struct {
	Clock *engine.Clock
	Mover *engine.Mover
}

// Get answers with the time.
func (c Clock) Get(w http.ResponseWriter, _ *http.Request) { writeClock(w, c.Clock.Now()) }

// Set advances or freezes the clock, and answers with the time.
func (c Clock) Set(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Advance string
		Freeze  *bool
	}
	if err := read(w, r, &in); err != nil {
		invalid(w, `want JSON as in {"Advance":"5m"} or {"Freeze":true}: `+err.Error())
		return
	}
	var by time.Duration
	if in.Advance != "" {
		var err error
		if by, err = center.ParseSpan(in.Advance); err != nil {
			invalid(w, `Advance: want a duration as in "90s", "5m", "25h" or "7d"; the clock does not go back`)
			return
		}
	}
	if in.Freeze != nil {
		c.Clock.Freeze(*in.Freeze)
	}
	writeClock(w, c.Mover.Advance(r.Context(), by))
}

func writeClock(w http.ResponseWriter, now time.Time) {
	writeJSON(w, map[string]string{"Now": now.Format(center.TimeLayout)})
}
