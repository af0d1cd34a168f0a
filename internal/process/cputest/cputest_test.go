package cputest

import (
	"runtime"
	"testing"
)

func TestMeter(t *testing.T) {
	if runtime.GOOS != "linux" {
		return // elsewhere the system may not say
	}
	was := Start()
	for used()-was.began == 0 {
		runtime.GC()
	}
	r := testing.Benchmark(func(b *testing.B) {
		m := was
		for b.Loop() {
			runtime.GC()
		}
		m.Report(b, b.N, "collections")
	})
	if r.Extra["collections/cpu-s"] <= 0 {
		t.Errorf("the benchmark reports %v; want collections/cpu-s", r.Extra)
	}
}

func TestTimes(t *testing.T) {
	r := testing.Benchmark(func(b *testing.B) {
		var times Times
		for b.Loop() {
			times.Measure(probe)
		}
		times.Report(b)
	})
	for _, unit := range []string{"p95-ms", "probe-p95-ms"} {
		if r.Extra[unit] <= 0 {
			t.Errorf("the benchmark reports %v; want %s", r.Extra, unit)
		}
	}
}
