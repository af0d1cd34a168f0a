package flowtest

import (
	"context"
	"fmt"
	"regexp"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"parley.example/parley/internal/flowtest/scenario"
	"parley.example/parley/internal/flowtest/simulator"
)

// Result is how one scenario went.
type Result struct {
	File     *scenario.File
	Scenario *scenario.Scenario
	Failure  *scenario.Failure // nil when it passed
	Story    []simulator.Entry
	Took     time.Duration
}

// Results are how the scenarios went, in the order of the files, and what they
// have seen of the flows.
type Results struct {
	All      []Result
	Coverage simulator.Coverage
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
	Library *simulator.Library
	Files   []*scenario.File
	Match   *regexp.Regexp   // runs only scenarios whose names match; nil for all
	Now     func() time.Time // to measure how long scenarios take; nil for not measuring
}

// Run runs the scenarios, as many concurrently as there are processors. It stops
// early when ctx ends; what was not run is not in the results then.
func (s *Suite) Run(ctx context.Context) *Results {
	now := s.Now
	if now == nil {
		now = func() time.Time { return time.Time{} }
	}
	type job struct {
		file     *scenario.File
		scenario *scenario.Scenario
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
	results, seen := make([]Result, len(jobs)), make([]simulator.Coverage, len(jobs))
	var taken atomic.Int64
	var workers sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(jobs)) {
		workers.Go(func() {
			for ctx.Err() == nil {
				i := int(taken.Add(1)) - 1
				if i >= len(jobs) {
					return
				}
				job, from := jobs[i], now()
				chat, failure := job.file.Run(s.Library, job.scenario)
				results[i] = Result{File: job.file, Scenario: job.scenario, Failure: failure, Story: chat.Story(), Took: now().Sub(from)}
				seen[i] = chat.Coverage()
			}
		})
	}
	workers.Wait()
	r := &Results{Coverage: simulator.Coverage{}, Took: now().Sub(begun)}
	for i := range results {
		if results[i].Scenario != nil {
			r.All = append(r.All, results[i])
			r.Coverage.Add(seen[i])
		}
	}
	return r
}

// Where is the place of a failure, as editors and CI systems jump to it.
func (r *Result) Where() string { return fmt.Sprintf("%s:%d", r.File.Path, r.Failure.Line) }
