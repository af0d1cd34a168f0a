package report

import (
	"parley.example/parley/internal/flow"
	"parley.example/parley/internal/flow/check"
	"parley.example/parley/internal/flowtest/simulator"
)

// Share is how much of something was seen.
type Share struct {
	Seen  int `json:"seen"`
	Total int `json:"total"`
}

func (s Share) plus(o Share) Share { return Share{s.Seen + o.Seen, s.Total + o.Total} }

// Percent is the share in whole percent, rounded down; of nothing it is 100.
func (s Share) Percent() int {
	if s.Total == 0 {
		return 100
	}
	return 100 * s.Seen / s.Total
}

// Summary is the coverage of one document: of the actions that a chat can come
// to, and of the ways out of them that it can take. What could only follow an
// error that what is written cannot lead to is left out.
type Summary struct {
	Actions  Share
	Branches Share // NextAction and conditions
	Errors   Share // error branches
	Missed   []Missed
}

// Missed is an action that no run has visited, or a way that none has taken.
type Missed struct {
	Action string
	Exit   *check.Exit // nil for the whole action
}

// Summarize sums up what was seen of a document.
func Summarize(c simulator.Coverage, d *simulator.Document) Summary {
	var sum Summary
	seen := c.Of(d)
	reached := reachable(d)
	for i := range d.Outline.Actions {
		a := &d.Outline.Actions[i]
		if !reached[a.ID] {
			continue
		}
		visited := seen.Actions[a.ID] > 0
		sum.Actions = sum.Actions.plus(hit(visited))
		if !visited {
			sum.Missed = append(sum.Missed, Missed{Action: a.ID})
		}
		for j := range a.Exits {
			e := &a.Exits[j]
			if !e.Taken || e.Spared {
				continue
			}
			taken := seen.Ways[simulator.Exit{Action: a.ID, Way: e.Way}] > 0
			if e.Kind == flow.WayError {
				sum.Errors = sum.Errors.plus(hit(taken))
			} else {
				sum.Branches = sum.Branches.plus(hit(taken))
			}
			if visited && !taken {
				sum.Missed = append(sum.Missed, Missed{a.ID, e})
			}
		}
	}
	return sum
}

// reachable returns the actions that a chat can come to.
func reachable(d *simulator.Document) map[string]bool {
	reached := map[string]bool{}
	for open := []string{d.Outline.Start}; len(open) > 0; {
		a := d.Action(open[len(open)-1])
		open = open[:len(open)-1]
		if a == nil || reached[a.ID] {
			continue
		}
		reached[a.ID] = true
		for i := range a.Exits {
			if e := &a.Exits[i]; e.Taken && !e.Spared {
				open = append(open, e.To)
			}
		}
	}
	return reached
}

func hit(yes bool) Share {
	if yes {
		return Share{1, 1}
	}
	return Share{0, 1}
}
