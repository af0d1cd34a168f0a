package report

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"strconv"
	"time"

	"parley.example/parley/internal/flowtest"
)

// JUnit writes the results in the XML that CI systems read: a suite for each
// file, a case for each scenario.
func JUnit(w io.Writer, r *flowtest.Results) error {
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
			printer := Printer{W: &story}
			for _, h := range result.Story {
				_ = printer.Print(h) // a bytes.Buffer takes everything
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
