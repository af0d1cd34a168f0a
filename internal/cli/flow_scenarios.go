package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"parley.example/parley/internal/flowgraph"
	"parley.example/parley/internal/flowtest"
	"parley.example/parley/internal/flowtest/report"
	"parley.example/parley/internal/flowtest/scenario"
	"parley.example/parley/internal/flowtest/simulator"
)

// flowTest is the verb flow test.
type flowTest struct {
	Files      []string `arg:"" name:"file" help:"Scenario files, or directories of files that end in .scenario."`
	Match      string   `help:"Run only scenarios whose names match this regular expression." placeholder:"EXPRESSION"`
	Verbose    bool     `short:"v" help:"Show what happened in every scenario."`
	Cover      bool     `help:"Show how much of the flows was covered."`
	Missed     bool     `help:"Show which actions and branches were not covered."`
	CoverMin   int      `help:"Fail if less than this percentage of all actions and branches was covered; error branches do not count." placeholder:"PERCENT"`
	CoverGraph string   `name:"cover-graph" help:"Draw the flows with their coverage into this directory, as SVG." placeholder:"DIR"`
	JUnit      string   `name:"junit" help:"Also write the results as JUnit XML; - is standard output." placeholder:"FILE"`
	JSON       string   `name:"json" help:"Also write the results as JSON; - is standard output." placeholder:"FILE"`
}

// Help is shown below the arguments.
func (flowTest) Help() string {
	return `A scenario file:

  flow main.json
  lambda prices returns {"kettle": "29.90"}

  scenario A customer asks for a price
    customer says "kettle"
    expect message contains "29.90"
    advance 5m
    expect end

Time is virtual: it stands still unless the scenario advances it, and no test
really waits. The guide docs/flow-testing.md has every statement.

Examples:
  parley flow test scenarios
  parley flow test scenarios --cover --junit results.xml

The exit status is 1 if a scenario fails, 2 if a file cannot be read.`
}

// Run runs the scenarios.
func (c *flowTest) Run(ctx context.Context, std streams) error {
	suite, err := c.load()
	if err != nil {
		for line := range strings.Lines(err.Error()) {
			fmt.Fprintf(std.err, "parley: %s\n", strings.TrimSpace(line))
		}
		return misread{err}
	}
	results := suite.Run(ctx)
	if ctx.Err() != nil {
		return errors.New("interrupted")
	}
	machine := false
	for path, write := range map[string]func(io.Writer, *flowtest.Results) error{c.JUnit: report.JUnit, c.JSON: report.JSON} {
		if path == "" {
			continue
		}
		machine = machine || path == "-"
		if err := writeTo(path, std.out, func(w io.Writer) error { return write(w, results) }); err != nil {
			return err
		}
	}
	if !machine {
		text := report.Text{Colour: isTerminal(std.out), Verbose: c.Verbose, Coverage: c.Cover, Missed: c.Missed}
		if err := text.Write(std.out, results); err != nil {
			return err
		}
	}
	if err := c.graphs(results.Coverage); err != nil {
		return err
	}
	documents := results.Coverage.Documents()
	all := simulator.NewInstance()
	for _, d := range documents {
		all.Add(d)
	}
	for _, d := range documents {
		if n := len(all.Problems(d)); n > 0 {
			fmt.Fprintf(std.err, "parley: %s cannot be published; see parley flow check (problems: %d)\n", d.Path, n)
		}
	}
	return c.verdict(std, results)
}

// misread is an error in the caller's files, which was shown already: exit status 2.
type misread struct{ error }

// load reads the files. Its error may have several lines.
func (c *flowTest) load() (*flowtest.Suite, error) {
	suite := &flowtest.Suite{Library: &simulator.Library{}, Now: time.Now}
	if c.Match != "" {
		match, err := regexp.Compile(c.Match)
		if err != nil {
			return nil, fmt.Errorf("--match: %w", err)
		}
		suite.Match = match
	}
	if c.CoverMin < 0 || c.CoverMin > 100 {
		return nil, errors.New("--cover-min must be a percentage from 0 to 100")
	}
	paths, err := below(c.Files, ".scenario")
	if err != nil {
		return nil, err
	}
	var errs []error
	for _, path := range paths {
		f, err := scenario.Load(path)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		suite.Files = append(suite.Files, f)
	}
	return suite, errors.Join(errs...)
}

// verdict determines the exit status.
func (c *flowTest) verdict(std streams, r *flowtest.Results) error {
	if len(r.All) == 0 || r.Failed() > 0 {
		return silent{errors.New("scenarios failed")}
	}
	var seen, total int
	for d := range r.Coverage {
		sum := report.Summarize(r.Coverage, d)
		seen += sum.Actions.Seen + sum.Branches.Seen
		total += sum.Actions.Total + sum.Branches.Total
	}
	if total > 0 && 100*seen < c.CoverMin*total {
		fmt.Fprintf(std.err, "parley: %d%% of actions and branches were covered, less than %d%%\n", 100*seen/total, c.CoverMin)
		return silent{errors.New("coverage is too low")}
	}
	return nil
}

// graphs draws the flows with their coverage.
func (c *flowTest) graphs(seen simulator.Coverage) error {
	if c.CoverGraph == "" {
		return nil
	}
	if err := os.MkdirAll(c.CoverGraph, 0o777); err != nil {
		return err
	}
	for _, d := range seen.Documents() {
		path := filepath.Join(c.CoverGraph, strings.TrimSuffix(filepath.Base(d.Path), ".json")+".svg")
		err := writeTo(path, nil, func(w io.Writer) error {
			return flowgraph.Draw(w, d.Outline, flowgraph.Options{Taken: seen.Taken(d)})
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// writeTo writes to a file, or with - to standard output.
func writeTo(path string, std io.Writer, write func(io.Writer) error) error {
	if path == "-" {
		return write(std)
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(write(f), f.Close())
}
