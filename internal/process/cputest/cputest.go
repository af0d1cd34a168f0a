// Package cputest is for benchmarks whose figure is a rate on one core: it counts what was done for each second of
// processor time that the process used, in all its threads and with the collector's. On a machine that others use as well,
// that says what the rate by the clock does not.
package cputest

import (
	"crypto/sha256"
	"slices"
	"testing"
	"time"
)

// Meter measures the processor time of the process.
type Meter struct{ began time.Duration }

// Start starts a meter.
func Start() Meter { return Meter{used()} }

// Used returns how much the process has used since the start; 0 where the system does not say.
func (m Meter) Used() time.Duration { return used() - m.began }

// Report has a benchmark report how many of something were done for each second of processor time since the start, as
// "WHAT/cpu-s". Where the system does not say how much was used it reports nothing.
func (m Meter) Report(b *testing.B, n int, what string) {
	if took := m.Used(); took > 0 {
		b.ReportMetric(float64(n)/took.Seconds(), what+"/cpu-s")
	}
}

// Times are how long something took, again and again: by the clock and of the processor. Beside each time it takes that of a probe.
type Times struct{ clock, used, probeClock, probeUsed []time.Duration }

// Measure measures f once, and the probe before it.
func (t *Times) Measure(f func()) {
	once := func(f func(), clock, used *[]time.Duration) {
		began, meter := time.Now(), Start()
		f()
		*clock, *used = append(*clock, time.Since(began)), append(*used, meter.Used())
	}
	once(probe, &t.probeClock, &t.probeUsed)
	once(f, &t.clock, &t.used)
}

// probe is work that takes one core some milliseconds, whatever else changes: hashing 8 MB.
func probe() { sha256.Sum256(make([]byte, 8<<20)) }

// Report has a benchmark report the 95th percentiles in milliseconds: "p95-ms" and "p95-cpu-ms", and those of the probe.
func (t *Times) Report(b *testing.B) {
	for unit, all := range map[string][]time.Duration{"p95-ms": t.clock, "p95-cpu-ms": t.used, "probe-p95-ms": t.probeClock, "probe-p95-cpu-ms": t.probeUsed} {
		slices.Sort(all)
		b.ReportMetric(float64(all[len(all)*95/100])/float64(time.Millisecond), unit)
	}
}
