// Package metrics counts what a server does, for Prometheus: requests, commits and
// panics are reported here ([Metrics]); what a part counts by itself is read from it
// when somebody asks ([Metrics.Gauge], [Metrics.Counter]). Names begin with parley_;
// docs/architecture.md lists them.
//
// Reporting neither blocks nor fails, and may be done by many goroutines.
package metrics

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"parley.example/parley/api/restjson"
)

// Metrics is what /metrics shows. [New] makes it.
type Metrics struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec   // by operation and code
	latency  *prometheus.HistogramVec // by operation
	batch    prometheus.Histogram
	flush    prometheus.Histogram
	panics   prometheus.Counter
}

// New returns metrics that also show the Go runtime and the process.
func New() *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "parley_requests_total", Help: "Answered requests by operation, status and exception."}, []string{"operation", "status", "code"}),
		latency: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "parley_request_seconds", Help: "Time to answer a request by operation.",
			Buckets: []float64{.0005, .001, .002, .005, .01, .02, .05, .1, .5, 1, 5}}, []string{"operation"}),
		batch: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "parley_commit_changes", Help: "Changes that shared one flush to the disk.", Buckets: prometheus.ExponentialBuckets(1, 2, 11)}),
		flush: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "parley_flush_seconds", Help: "Time of one flush to the disk.", Buckets: prometheus.ExponentialBuckets(.0001, 2, 14)}),
		panics: prometheus.NewCounter(prometheus.CounterOpts{Name: "parley_panics_total", Help: "Requests that ended in a panic."}),
	}
	m.registry.MustRegister(m.requests, m.latency, m.batch, m.flush, m.panics,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Gauge adds a figure that is asked for when /metrics is read.
func (m *Metrics) Gauge(name, help string, f func() float64) {
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, f))
}

// Counter adds a counter that somebody else counts.
func (m *Metrics) Counter(name, help string, f func() float64) {
	m.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help}, f))
}

// LabelledCounter is [Metrics.Counter] for one value of a label. It is called once for each value.
func (m *Metrics) LabelledCounter(name, help, label, value string, f func() float64) {
	m.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help, ConstLabels: prometheus.Labels{label: value}}, f))
}

// Request counts an answered request to an operation.
func (m *Metrics) Request(operation string, seen restjson.Observation) {
	m.requests.WithLabelValues(operation, strconv.Itoa(seen.Status), seen.Code).Inc()
	m.latency.WithLabelValues(operation).Observe(seen.Duration.Seconds())
}

// Committed counts a flush to the disk, the changes that shared it and the time it took.
func (m *Metrics) Committed(changes int, flush time.Duration) {
	m.batch.Observe(float64(changes))
	m.flush.Observe(flush.Seconds())
}

// Panicked counts a request that ended in a panic.
func (m *Metrics) Panicked() { m.panics.Inc() }

// Handler answers with all figures, as Prometheus reads them.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}
