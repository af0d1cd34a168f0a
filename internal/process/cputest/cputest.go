// Package cputest is for benchmarks whose figure is a rate on one core: it counts what was done for each second of
// processor time that the process used, in all its threads and with the collector's. On a machine that others use as well,
// that says what the rate by the clock does not.
package cputest

import (
	"testing"
	"time"
)

// Meter measures the processor time of the process.
type Meter struct{ began time.Duration }

// Start starts a meter.
func Start() Meter { return Meter{used()} }

// Report has a benchmark report how many of something were done for each second of processor time since the start, as
// "WHAT/cpu-s". Where the system does not say how much was used it reports nothing.
func (m Meter) Report(b *testing.B, n int, what string) {
	if took := used() - m.began; took > 0 {
		b.ReportMetric(float64(n)/took.Seconds(), what+"/cpu-s")
	}
}
