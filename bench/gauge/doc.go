// Package gauge is what the load generators measure with: closed and open loops,
// histograms, the deliveries of messages, the processor time of servers, and
// probes of the machine by the barest clients that there can be. It knows no
// server but its own echo.
//
// A program that probes the machine starts itself as the echo: its main begins
// with [EchoMain] where the variable [EchoEnv] is set.
//
// Start reading at [ClosedLoop] and [Deliveries].
package gauge
