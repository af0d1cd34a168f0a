package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os/exec"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"parley.example/parley/bench/gauge"
)

// figure is one result.
type figure struct {
	Scenario string  `json:"scenario"`
	Name     string  `json:"name"`
	Value    float64 `json:"value"`
	Unit     string  `json:"unit"`
	Aim      float64 `json:"aim,omitzero"`    // 0 for none
	AtMost   bool    `json:"atMost,omitzero"` // the aim is an upper bound
	Reached  bool    `json:"reached,omitzero"`
	Beside   float64 `json:"beside,omitzero"` // what a probe measured in the same minute
	Probe    string  `json:"probe,omitempty"`
	Ratio    float64 `json:"ratio,omitzero"` // of the value to what the probe measured
}

// report is everything a run says.
type report struct {
	Machine  string    `json:"machine"`
	Revision string    `json:"revision,omitempty"`
	Began    time.Time `json:"began"`
	Figures  []*figure `json:"figures"`
	scenario string
}

func (r *report) describe(ctx context.Context) {
	r.Machine, r.Began = gauge.Machine(), time.Now().UTC().Truncate(time.Second)
	if out, err := exec.CommandContext(ctx, "git", "describe", "--always", "--dirty").Output(); err == nil {
		r.Revision = strings.TrimSpace(string(out))
	}
}

// add adds a figure.
func (r *report) add(name string, value float64, unit string) *figure {
	f := &figure{Scenario: r.scenario, Name: name, Value: value, Unit: unit}
	r.Figures = append(r.Figures, f)
	return f
}

// atLeast and atMost set the aim.
func (f *figure) atLeast(aim float64) *figure {
	f.Aim, f.Reached = aim, f.Value >= aim
	return f
}

func (f *figure) atMost(aim float64) *figure {
	f.Aim, f.AtMost, f.Reached = aim, true, f.Value <= aim
	return f
}

// beside sets what a probe measured, in the figure's unit.
func (f *figure) beside(probe string, value float64) *figure {
	f.Probe, f.Beside = probe, value
	if value != 0 {
		f.Ratio = f.Value / value
	}
	return f
}

func (r *report) writeJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(r)
}

func (r *report) writeTable(w io.Writer) error {
	fmt.Fprintf(w, "%s\n%s, revision %s\n\n", r.Machine, r.Began.Format(time.RFC3339), r.Revision)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "figure\tmeasured\t\tgoal\t\tprobe\t\tratio")
	last := ""
	for _, f := range r.Figures {
		if f.Scenario != last {
			fmt.Fprintf(t, "%s\t\t\t\t\t\t\t\n", strings.ToUpper(f.Scenario))
			last = f.Scenario
		}
		aim, met, ratio, beside := "", "", "", ""
		if f.Aim != 0 {
			aim, met = ">= "+gauge.Number(f.Aim), "missed"
			if f.AtMost {
				aim = "<= " + gauge.Number(f.Aim)
			}
			if f.Reached {
				met = "yes"
			}
		}
		if f.Probe != "" {
			beside, ratio = gauge.Number(f.Beside), strconv.FormatFloat(f.Ratio, 'f', 2, 64)
		}
		fmt.Fprintf(t, "  %s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", f.Name, gauge.Number(f.Value), f.Unit, aim, met, f.Probe, beside, ratio)
	}
	return t.Flush()
}
