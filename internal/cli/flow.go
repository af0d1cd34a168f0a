package cli

import (
	"errors"
	"fmt"
	"os"

	"parley/internal/flow"
)

// flowCmd works with contact flows.
type flowCmd struct {
	Check flowCheck `cmd:"" help:"Say what is wrong with flow documents, as publishing would, and what looks wrong."`
	Logs  flowLogs  `cmd:"" help:"Show what flows do, as it happens or from the files of flow logs."`
}

// Help is shown below the list of verbs.
func (flowCmd) Help() string {
	return `Examples:
  parley flow check main.json`
}

// flowCheck is the verb flow check.
type flowCheck struct {
	Files []string `arg:"" name:"file" help:"Flow documents (JSON, as DescribeContactFlow gives them in Content)."`
}

// Help is shown below the arguments.
func (flowCheck) Help() string {
	return `Examples:
  parley flow check main.json
  parley flow check flows/*.json

Errors are what CreateContactFlow would refuse; warnings are what it would
take and a customer would notice. The exit status is 1 when there are errors.`
}

// Run checks each file.
func (c flowCheck) Run(io streams) error {
	bad := 0
	for _, path := range c.Files {
		text, err := os.ReadFile(path)
		if err != nil {
			return usage{err}
		}
		errs, warnings, err := checkFlow(io, path, text)
		if err != nil {
			return err
		}
		if errs > 0 {
			bad++
		}
		if errs+warnings == 0 {
			fmt.Fprintf(io.out, "%s: good\n", path)
		}
	}
	if bad > 0 {
		return silent{errors.New("there are errors")}
	}
	return nil
}

func checkFlow(io streams, path string, text []byte) (errs, warnings int, err error) {
	f, err := flow.Parse(text)
	if err != nil {
		_, err = fmt.Fprintf(io.out, "%s: error: %v\n", path, err)
		return 1, 0, err
	}
	for _, finding := range flow.Check(f) {
		if finding.Severity == flow.SeverityError {
			errs++
		} else {
			warnings++
		}
		if _, err := fmt.Fprintf(io.out, "%s: %s\n", path, finding); err != nil {
			return errs, warnings, err
		}
	}
	return errs, warnings, nil
}
