package flowtest

import (
	"bytes"
	"cmp"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"strconv"
	"time"

	"parley.example/parley/internal/flow"
	"parley.example/parley/internal/flowgraph"
)

// Text says how a report for people looks.
type Text struct {
	Colour   bool
	Verbose  bool // every scenario, with its story
	Coverage bool // of every flow
	Missed   bool // and which actions and branches no scenario has seen
}

// lastLines is how much of the story is told of a scenario that failed.
const lastLines = 12

// Write writes the results for people. Its error is w's.
func (t Text) Write(w io.Writer, r *Results) error {
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

// result tells of one scenario: when it failed, or of every one.
func (t Text) result(b *bytes.Buffer, r *Result) {
	teller := Teller{W: b, Colour: t.Colour, Indent: "    "}
	switch {
	case r.Failure != nil:
		fmt.Fprintf(b, "%s %s\n", Paint(t.Colour, LookBad, "FAIL"), Paint(t.Colour, LookBold, r.Scenario.Name))
		fmt.Fprintf(b, "  %s: %s\n", r.Where(), oneLine(clip(r.Failure.Statement, 200)))
		fmt.Fprintf(b, "  %s\n", Paint(t.Colour, LookBad, r.Failure.Reason))
		story := r.Story
		if !t.Verbose && len(story) > lastLines {
			story = story[len(story)-lastLines:]
			fmt.Fprintf(b, "    %8s\n", "…")
		}
		for _, h := range story {
			_ = teller.Tell(h) // a bytes.Buffer takes everything
		}
	case t.Verbose:
		fmt.Fprintf(b, "%s %s\n", Paint(t.Colour, LookGood, "ok  "), Paint(t.Colour, LookBold, r.Scenario.Name))
		for _, h := range r.Story {
			_ = teller.Tell(h) // a bytes.Buffer takes everything
		}
	}
}

// files tells of each file in a line.
func (t Text) files(b *bytes.Buffer, r *Results) {
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

func (t Text) summary(b *bytes.Buffer, r *Results) {
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

// coverage tells what was seen of each flow.
func (t Text) coverage(b *bytes.Buffer, c Coverage) {
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
		sum := c.Of(d)
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

func missed(d *Document, m Missed) string {
	a := d.actions[m.Action]
	text := "[" + clip(flowgraph.Title(a), 50) + "]"
	if kind := flowgraph.Kind(a); kind != flowgraph.Title(a) {
		text += " " + kind
	}
	if summary := flowgraph.Summary(a, d.Outline.Names); summary != "" && m.Exit == nil {
		text += ": " + clip(summary, 60)
	}
	if m.Exit == nil {
		return text
	}
	return text + " → " + cmp.Or(clip(flowgraph.Label(m.Exit), 60), "next")
}

// JUnit writes the results in the XML that CI systems read: a suite for each
// file, a case for each scenario.
func JUnit(w io.Writer, r *Results) error {
	type failure struct {
		Message string `xml:"message,attr"`
		Type    string `xml:"type,attr"`
		Text    string `xml:",chardata"`
	}
	type testcase struct {
		Name    string   `xml:"name,attr"`
		Class   string   `xml:"classname,attr"`
		File    string   `xml:"file,attr"`
		Line    int      `xml:"line,attr"`
		Time    string   `xml:"time,attr"`
		Failure *failure `xml:"failure,omitempty"`
	}
	type testsuite struct {
		Name     string     `xml:"name,attr"`
		Tests    int        `xml:"tests,attr"`
		Failures int        `xml:"failures,attr"`
		Time     string     `xml:"time,attr"`
		Cases    []testcase `xml:"testcase"`
	}
	type testsuites struct {
		XMLName  xml.Name     `xml:"testsuites"`
		Name     string       `xml:"name,attr"`
		Tests    int          `xml:"tests,attr"`
		Failures int          `xml:"failures,attr"`
		Time     string       `xml:"time,attr"`
		Suites   []*testsuite `xml:"testsuite"`
	}
	seconds := func(d time.Duration) string { return strconv.FormatFloat(d.Seconds(), 'f', 6, 64) }
	all := testsuites{Name: "parley flow test", Tests: len(r.All), Failures: r.Failed(), Time: seconds(r.Took)}
	took := time.Duration(0)
	for i := range r.All {
		result := &r.All[i]
		if i == 0 || r.All[i-1].File != result.File {
			all.Suites = append(all.Suites, &testsuite{Name: result.File.Path})
			took = 0
		}
		suite := all.Suites[len(all.Suites)-1]
		c := testcase{Name: result.Scenario.Name, Class: result.File.Path, File: result.File.Path, Line: result.Scenario.Line, Time: seconds(result.Took)}
		if f := result.Failure; f != nil {
			var story bytes.Buffer
			fmt.Fprintf(&story, "%s: %s\n%s\n", result.Where(), f.Statement, f.Reason)
			teller := Teller{W: &story}
			for _, h := range result.Story {
				_ = teller.Tell(h) // a bytes.Buffer takes everything
			}
			c.Failure = &failure{Message: f.Reason, Type: "expectation", Text: story.String()}
			suite.Failures++
		}
		took += result.Took
		suite.Tests, suite.Time, suite.Cases = suite.Tests+1, seconds(took), append(suite.Cases, c)
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	e := xml.NewEncoder(w)
	e.Indent("", "  ")
	if err := e.Encode(all); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

// report is the form of the results for programs.
type report struct {
	Scenarios []reportedScenario `json:"scenarios"`
	Passed    int                `json:"passed"`
	Failed    int                `json:"failed"`
	Seconds   float64            `json:"seconds"`
	Coverage  []reportedCoverage `json:"coverage"`
}

type reportedScenario struct {
	File    string           `json:"file"`
	Line    int              `json:"line"`
	Name    string           `json:"name"`
	Passed  bool             `json:"passed"`
	Seconds float64          `json:"seconds"`
	Failure *reportedFailure `json:"failure,omitempty"`
}

type reportedFailure struct {
	Line      int    `json:"line"`
	Statement string `json:"statement"`
	Reason    string `json:"reason"`
}

type reportedCoverage struct {
	File     string           `json:"file"`
	Flow     string           `json:"flow"`
	Actions  Share            `json:"actions"`
	Branches Share            `json:"branches"`
	Errors   Share            `json:"errors"`
	Missed   []reportedMissed `json:"missed"`
}

type reportedMissed struct {
	Action string `json:"action"`
	Branch string `json:"branch,omitempty"` // "next", an operand, or an error type; absent for the whole action
}

// JSON writes the results for programs.
func JSON(w io.Writer, r *Results) error {
	out := report{
		Scenarios: make([]reportedScenario, len(r.All)), Failed: r.Failed(), Passed: len(r.All) - r.Failed(),
		Seconds: r.Took.Seconds(), Coverage: []reportedCoverage{},
	}
	for i := range r.All {
		result := &r.All[i]
		out.Scenarios[i] = reportedScenario{
			File: result.File.Path, Line: result.Scenario.Line, Name: result.Scenario.Name,
			Passed: result.Failure == nil, Seconds: result.Took.Seconds(),
		}
		if f := result.Failure; f != nil {
			out.Scenarios[i].Failure = &reportedFailure{f.Line, f.Statement, f.Reason}
		}
	}
	for _, d := range r.Coverage.Documents() {
		sum := r.Coverage.Of(d)
		c := reportedCoverage{
			File: d.Path, Flow: d.Name(), Actions: sum.Actions, Branches: sum.Branches, Errors: sum.Errors, Missed: []reportedMissed{},
		}
		for _, m := range sum.Missed {
			one := reportedMissed{Action: m.Action}
			switch {
			case m.Exit == nil:
			case m.Exit.Kind == flow.WayError:
				one.Branch = m.Exit.Error
			case m.Exit.Kind == flow.WayCondition:
				one.Branch = m.Exit.Operand
			default:
				one.Branch = "next"
			}
			c.Missed = append(c.Missed, one)
		}
		out.Coverage = append(out.Coverage, c)
	}
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(out)
}
