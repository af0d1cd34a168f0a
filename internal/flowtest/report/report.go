package report

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"strconv"
	"time"

	"parley.example/parley/internal/flowgraph"
	"parley.example/parley/internal/flowtest"
	"parley.example/parley/internal/flowtest/simulator"
	"parley.example/parley/internal/flowtest/wording"
)

// Text says how a report for people looks.
type Text struct {
	Colour   bool
	Verbose  bool // every scenario, with its story
	Coverage bool // of every flow
	Missed   bool // and which actions and branches no scenario has seen
}

// lastLines is how much of the story is printed of a scenario that failed.
const lastLines = 12

// Write writes the results for people. Its error is w's.
func (t Text) Write(w io.Writer, r *flowtest.Results) error {
	var b bytes.Buffer
	for i := range r.All {
		t.result(&b, &r.All[i])
	}
	t.files(&b, r)
	if t.Coverage || t.Missed {
		t.coverage(&b, r.Coverage)
	}
	t.summary(&b, r)
	_, err := w.Write(b.Bytes())
	return err
}

// result reports one scenario: when it failed, or every one.
func (t Text) result(b *bytes.Buffer, r *flowtest.Result) {
	printer := Printer{W: b, Colour: t.Colour, Indent: "    "}
	switch {
	case r.Failure != nil:
		fmt.Fprintf(b, "%s %s\n", Paint(t.Colour, LookBad, "FAIL"), Paint(t.Colour, LookBold, r.Scenario.Name))
		fmt.Fprintf(b, "  %s: %s\n", r.Where(), wording.OneLine(wording.Clip(r.Failure.Statement, 200)))
		fmt.Fprintf(b, "  %s\n", Paint(t.Colour, LookBad, r.Failure.Reason))
		story := r.Story
		if !t.Verbose && len(story) > lastLines {
			story = story[len(story)-lastLines:]
			fmt.Fprintf(b, "    %8s\n", "…")
		}
		for _, h := range story {
			_ = printer.Print(h) // a bytes.Buffer takes everything
		}
	case t.Verbose:
		fmt.Fprintf(b, "%s %s\n", Paint(t.Colour, LookGood, "ok  "), Paint(t.Colour, LookBold, r.Scenario.Name))
		for _, h := range r.Story {
			_ = printer.Print(h) // a bytes.Buffer takes everything
		}
	}
}

// files reports each file in a line.
func (t Text) files(b *bytes.Buffer, r *flowtest.Results) {
	for i := 0; i < len(r.All); {
		f, total, failed := r.All[i].File, 0, 0
		for ; i < len(r.All) && r.All[i].File == f; i++ {
			total++
			if r.All[i].Failure != nil {
				failed++
			}
		}
		word, rest := Paint(t.Colour, LookGood, "ok  "), counted(total, "scenario")
		if failed > 0 {
			word, rest = Paint(t.Colour, LookBad, "FAIL"), fmt.Sprintf("%d of %s failed", failed, counted(total, "scenario"))
		}
		fmt.Fprintf(b, "%s %s  %s\n", word, f.Path, rest)
	}
}

func (t Text) summary(b *bytes.Buffer, r *flowtest.Results) {
	failed := r.Failed()
	text, look := counted(len(r.All), "scenario")+", all passed", LookGood
	switch {
	case len(r.All) == 0:
		text, look = "no scenario was run", LookBad
	case failed > 0:
		text, look = fmt.Sprintf("%s, %d failed", counted(len(r.All), "scenario"), failed), LookBad
	}
	if r.Took > 0 {
		text += fmt.Sprintf(" (%s)", r.Took.Round(time.Millisecond))
	}
	fmt.Fprintln(b, Paint(t.Colour, look, text))
}

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return strconv.Itoa(n) + " " + what + "s"
}

// coverage reports what was seen of each flow.
func (t Text) coverage(b *bytes.Buffer, c simulator.Coverage) {
	documents := c.Documents()
	if len(documents) == 0 {
		return
	}
	width := 0
	for _, d := range documents {
		width = max(width, len([]rune(d.Path)))
	}
	fmt.Fprintf(b, "\n%-*s  %14s  %14s  %14s\n", width, "coverage", "actions", "branches", "errors")
	for _, d := range documents {
		sum := Summarize(c, d)
		fmt.Fprintf(b, "%-*s  %s  %s  %s\n", width, d.Path, t.share(sum.Actions), t.share(sum.Branches), t.share(sum.Errors))
		if !t.Missed {
			continue
		}
		for _, m := range sum.Missed {
			fmt.Fprintf(b, "  %s %s\n", Paint(t.Colour, LookBad, "missed"), missed(d, m))
		}
	}
	fmt.Fprintln(b)
}

func (t Text) share(s Share) string {
	if s.Total == 0 {
		return fmt.Sprintf("%14s", "–")
	}
	text := fmt.Sprintf("%14s", fmt.Sprintf("%d/%d  %3d%%", s.Seen, s.Total, s.Percent()))
	switch {
	case s.Seen == s.Total:
		return Paint(t.Colour, LookGood, text)
	case s.Seen == 0:
		return Paint(t.Colour, LookBad, text)
	}
	return text
}

func missed(d *simulator.Document, m Missed) string {
	a := d.Action(m.Action)
	text := "[" + wording.Clip(flowgraph.Title(a), 50) + "]"
	if typ := flowgraph.Kind(a); typ != flowgraph.Title(a) {
		text += " " + typ
	}
	if summary := flowgraph.Summary(a, d.Outline.Names); summary != "" && m.Exit == nil {
		text += ": " + wording.Clip(summary, 60)
	}
	if m.Exit == nil {
		return text
	}
	return text + " → " + cmp.Or(wording.Clip(flowgraph.Label(m.Exit), 60), "next")
}
