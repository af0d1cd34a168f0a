package flowtest

import (
	"context"
	"fmt"
	"path/filepath"
	"regexp"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// Result is how one scenario went.
type Result struct {
	File     *File
	Scenario *Scenario
	Failure  *Failure // nil when it passed
	Story    []Happening
	Took     time.Duration
}

// Failure is the statement at which a scenario failed, and why.
type Failure struct {
	Line      int
	Statement string
	Reason    string
}

// Results are how the scenarios went, in the order of the files, and what they
// have seen of the flows.
type Results struct {
	All      []Result
	Coverage Coverage
	Took     time.Duration
}

// Failed counts the scenarios that failed.
func (r *Results) Failed() int {
	n := 0
	for i := range r.All {
		if r.All[i].Failure != nil {
			n++
		}
	}
	return n
}

// Suite runs scenarios.
type Suite struct {
	Library *Library
	Files   []*File
	Match   *regexp.Regexp   // runs only scenarios whose names match; nil for all
	Now     func() time.Time // to tell how long scenarios take; nil for not telling
}

// Run runs the scenarios, as many at a time as there are processors. It stops
// early when ctx ends; what was not run is not in the results then.
func (s *Suite) Run(ctx context.Context) *Results {
	now := s.Now
	if now == nil {
		now = func() time.Time { return time.Time{} }
	}
	type job struct {
		file     *File
		scenario *Scenario
	}
	var jobs []job
	for _, f := range s.Files {
		for _, sc := range f.Scenarios {
			if s.Match == nil || s.Match.MatchString(sc.Name) {
				jobs = append(jobs, job{f, sc})
			}
		}
	}
	begun := now()
	results, seen := make([]Result, len(jobs)), make([]Coverage, len(jobs))
	var taken atomic.Int64
	var workers sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(jobs)) {
		workers.Go(func() {
			for ctx.Err() == nil {
				i := int(taken.Add(1)) - 1
				if i >= len(jobs) {
					return
				}
				from := now()
				results[i], seen[i] = s.one(jobs[i].file, jobs[i].scenario)
				results[i].Took = now().Sub(from)
			}
		})
	}
	workers.Wait()
	r := &Results{Coverage: Coverage{}, Took: now().Sub(begun)}
	for i := range results {
		if results[i].Scenario != nil {
			r.All = append(r.All, results[i])
			r.Coverage.Add(seen[i])
		}
	}
	return r
}

// one runs one scenario.
func (s *Suite) one(f *File, sc *Scenario) (Result, Coverage) {
	session := newSession(s.Library, filepath.Dir(f.Path))
	r := Result{File: f, Scenario: sc}
	for _, list := range [][]statement{f.setup, sc.statements} {
		for _, st := range list {
			if err := session.run(st.do); err != nil {
				r.Failure = &Failure{Line: st.line, Statement: st.text, Reason: err.Error()}
				break
			}
		}
		if r.Failure != nil {
			break
		}
	}
	if r.Failure == nil && !session.begun {
		r.Failure = &Failure{Line: sc.Line, Statement: "scenario " + sc.Name, Reason: "it does nothing: no statement begins the chat"}
	}
	seen := session.chat.seen
	for _, d := range session.in.docs {
		if !d.staged {
			seen.of(d)
		}
	}
	r.Story = session.chat.story
	return r, seen
}

// Where is the place of a failure, as editors and CI systems jump to it.
func (r *Result) Where() string { return fmt.Sprintf("%s:%d", r.File.Path, r.Failure.Line) }
