package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/term"

	"parley.example/parley/internal/cli/terminal"
	"parley.example/parley/internal/flow"
	"parley.example/parley/internal/flow/check"
	"parley.example/parley/internal/flowtest/report"
	"parley.example/parley/internal/flowtest/simulator"
)

// flowCmd works with contact flows.
type flowCmd struct {
	Check flowCheck `cmd:"" help:"Check flow documents: report the errors that publishing would, and warnings."`
	Graph flowGraph `cmd:"" help:"Draw flows, as SVG or as Mermaid flowcharts."`
	Run   flowRun   `cmd:"" help:"Run a flow in this terminal, in virtual time, and show each step."`
	Test  flowTest  `cmd:"" help:"Test flows with scenarios: what customers do, and what is expected to happen."`
	Logs  flowLogs  `cmd:"" help:"Show what flows do: live from a server, or from flow log files."`
}

// Help is shown below the list of verbs.
func (flowCmd) Help() string {
	return `Examples:
  parley flow check main.json
  parley flow graph main.json --output main.svg
  parley flow run main.json
  parley flow test scenarios`
}

// flowCheck is the verb flow check.
type flowCheck struct {
	Files  []string `arg:"" name:"file" help:"Flow documents (JSON, like the Content of DescribeContactFlow), or directories of them."`
	Type   string   `help:"Type of the flows, such as CONTACT_FLOW, or MODULE. Default: the type in each document." placeholder:"TYPE"`
	Module []string `help:"A flow module that the flows invoke, or a directory of them, to check the calls against; may be repeated. Modules among FILE are known too." placeholder:"PATH"`
	Format string   `help:"Output format, text or json (${default})." enum:"text,json" default:"text" placeholder:"FORMAT"`
	Strict bool     `help:"Treat warnings as errors."`

	OldSpellings bool `help:"Warn of action types that are spelt as in Amazon's reference and refused by the cloud, such as UpdateRoutingCriteria, as parley serve --old-spellings does."`
}

// Help is shown below the arguments.
func (flowCheck) Help() string {
	return `Examples:
  parley flow check main.json
  parley flow check flows --strict
  parley flow check whisper.json --type AGENT_WHISPER
  parley flow check main.json --module survey.json

Errors are what CreateContactFlow would refuse, in Amazon Connect as in Parley;
some depend on the type of the flow. Warnings are problems that it accepts but
customers would notice, unless they say that the cloud refuses, or may refuse,
what they are about. The exit status is 1 if there are errors.`
}

// checked is the result of checking one file.
type checked struct {
	File     string          `json:"file"`
	Findings []check.Finding `json:"findings"`
}

// Run checks each file.
func (c flowCheck) Run(std streams) error {
	paths, err := flowFiles(c.Files)
	if err != nil {
		return usage{err}
	}
	if c.Type, err = typeNamed(c.Type); err != nil {
		return usage{err}
	}
	modules, err := c.modules(paths)
	if err != nil {
		return usage{err}
	}
	all := make([]checked, 0, len(paths))
	errs, warnings := 0, 0
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			return usage{err}
		}
		one := checked{path, c.check(text, modules)}
		for _, f := range one.Findings {
			if f.Severity == check.SeverityError {
				errs++
			} else {
				warnings++
			}
		}
		all = append(all, one)
	}
	if c.Format == "json" {
		e := json.NewEncoder(std.out)
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		err = e.Encode(all)
	} else {
		err = c.print(std.out, all, errs, warnings)
	}
	if err == nil && (errs > 0 || c.Strict && warnings > 0) {
		err = silent{errors.New("there are errors")}
	}
	return err
}

// typeNamed returns the flow type of --type, in the API's spelling; "" when it is not given.
func typeNamed(name string) (string, error) {
	if name == "" {
		return "", nil
	}
	typ, err := simulator.TypeOf(name)
	if err != nil {
		return "", fmt.Errorf("--type: %w", err)
	}
	return typ, nil
}

// modules are what the flows may call: what --module names, and the modules
// among the files. What cannot be read among the latter is reported when it is checked.
func (c flowCheck) modules(paths []string) (*simulator.Instance, error) {
	in := simulator.NewInstance()
	named, err := flowFiles(c.Module)
	if err != nil {
		return nil, err
	}
	for _, path := range named {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		d, err := simulator.NewDocument(path, text, "", simulator.TypeModule)
		if err != nil {
			return nil, err
		}
		in.Add(d)
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		if d, err := simulator.NewDocument(path, text, "", ""); err == nil {
			in.Add(d)
		}
	}
	return in, nil
}

func (c flowCheck) check(text []byte, modules *simulator.Instance) []check.Finding {
	f, err := flow.ParseFile(text)
	if err != nil {
		return []check.Finding{{Severity: check.SeverityError, Cloud: check.CloudRefuses, Message: err.Error()}}
	}
	if c.Type != "" {
		f = f.As(c.Type)
	}
	findings := slices.Concat(check.Calls(f, modules.Callee), check.Options{OldSpellings: c.OldSpellings}.Flow(f))
	if f.Place() == 0 && f.Type == "" {
		findings = append(findings, untyped(f)...)
	}
	return append([]check.Finding{}, findings...) // an empty list is not null in JSON
}

// untyped warns of a flow of an unknown type that cannot be a contact flow.
func untyped(f *flow.Flow) []check.Finding {
	for i := range f.Actions {
		if a := &f.Actions[i]; a.Spec != nil && a.Spec.Only != 0 && a.Spec.Only&flow.Inbound == 0 {
			return []check.Finding{{
				Severity: check.SeverityWarning, Cloud: check.CloudMayRefuse, Action: a.ID, Field: "Type",
				Message: a.Type + " belongs in " + a.Spec.Only.String() + ".",
				Hint:    "The document does not say which type of flow it is. Name the type with --type.",
			}}
		}
	}
	return nil
}

// print writes a line for each finding, as compilers do, and a summary.
func (c flowCheck) print(w io.Writer, all []checked, errs, warnings int) error {
	colour := isTerminal(w)
	var b strings.Builder
	for _, one := range all {
		if len(one.Findings) == 0 {
			fmt.Fprintf(&b, "%s: %s\n", one.File, report.Paint(colour, report.LookGood, "good"))
		}
		for _, f := range one.Findings {
			look := report.LookBad
			if f.Severity == check.SeverityWarning {
				look = report.LookOther
			}
			severity := string(f.Severity)
			if f.Severity == check.SeverityWarning && f.Cloud != check.CloudTakes {
				severity += " (the cloud " + string(f.Cloud) + " it)"
			}
			fmt.Fprintf(&b, "%s: %s: ", one.File, report.Paint(colour, look, severity))
			if f.Action != "" {
				fmt.Fprintf(&b, "%s ", report.Paint(colour, report.LookBold, "["+terminal.Plain(oneLineText(f.Action))+"]"))
			}
			if f.Field != "" {
				fmt.Fprintf(&b, "%s: ", terminal.Plain(f.Field))
			}
			b.WriteString(terminal.Plain(oneLineText(f.Brief())))
			if f.Hint != "" {
				fmt.Fprintf(&b, " %s", report.Paint(colour, report.LookDim, "("+terminal.Plain(f.Hint)+")"))
			}
			b.WriteByte('\n')
		}
	}
	fmt.Fprintf(&b, "%s: %s, %s%s\n", counted(len(all), "flow"), counted(errs, "error"), counted(warnings, "warning"), verdict(all))
	_, err := io.WriteString(w, b.String())
	return err
}

// verdict says what Amazon Connect makes of the flows, when it is not content with all.
func verdict(all []checked) string {
	refused, doubted := 0, 0
	for _, one := range all {
		has := func(c check.Cloud) bool {
			return slices.ContainsFunc(one.Findings, func(f check.Finding) bool { return f.Cloud == c })
		}
		switch {
		case has(check.CloudRefuses):
			refused++
		case has(check.CloudMayRefuse):
			doubted++
		}
	}
	var parts []string
	if refused > 0 {
		parts = append(parts, "refuses "+counted(refused, "flow"))
	}
	if doubted > 0 {
		parts = append(parts, "may refuse "+counted(doubted, "flow"))
	}
	if len(parts) == 0 {
		return ""
	}
	return "; Amazon Connect " + strings.Join(parts, " and ")
}

func oneLineText(s string) string { return strings.Join(strings.Fields(s), " ") }

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return strconv.Itoa(n) + " " + what + "s"
}

// flowFiles returns the files that arguments name: themselves, and the .json
// files below directories.
func flowFiles(args []string) ([]string, error) { return below(args, ".json") }

// below returns the files that arguments name, and those with an ending below
// the directories that they name.
func below(args []string, ending string) ([]string, error) {
	var paths []string
	for _, arg := range args {
		info, err := os.Stat(arg)
		if err != nil {
			return nil, err
		}
		if !info.IsDir() {
			paths = append(paths, arg)
			continue
		}
		before := len(paths)
		err = filepath.WalkDir(arg, func(path string, entry fs.DirEntry, err error) error {
			if err == nil && !entry.IsDir() && filepath.Ext(path) == ending {
				paths = append(paths, path)
			}
			return err
		})
		if err != nil {
			return nil, err
		}
		if len(paths) == before {
			return nil, fmt.Errorf("%s contains no %s files", arg, ending)
		}
	}
	return paths, nil
}

// isTerminal reports whether w is a terminal that shows colours
// (https://no-color.org).
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb" && term.IsTerminal(int(f.Fd()))
}
