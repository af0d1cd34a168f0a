package gauge

import (
	"os"
	"time"
)

// Meter is what processes, and the children that they have or had, had used at a time.
type Meter struct {
	pids    []int
	at      time.Time
	cpu     time.Duration
	clients time.Duration // taken by this process
	machine time.Duration // taken by all processes
}

// Usage is what they used in between.
type Usage struct {
	Elapsed time.Duration
	CPU     time.Duration
	Clients time.Duration // taken by this process
	Others  time.Duration // taken by processes that are none of ours
}

// NewMeter begins to measure.
func NewMeter(pids ...int) (m Meter, err error) {
	m = Meter{pids: pids, at: time.Now()}
	if m.cpu, err = familyTime(pids); err != nil {
		return m, err
	}
	if m.clients, err = CPUTime(os.Getpid()); err != nil {
		return m, err
	}
	m.machine, err = machineTime()
	return m, err
}

// Read returns what was used since the meter was made.
func (m *Meter) Read() (u Usage, err error) {
	now, err := NewMeter(m.pids...)
	u = Usage{Elapsed: now.at.Sub(m.at), CPU: now.cpu - m.cpu, Clients: now.clients - m.clients}
	u.Others = max(0, now.machine-m.machine-u.CPU-u.Clients)
	return u, err
}

// Per returns the processor time in microseconds that each of n took.
func (u Usage) Per(n int64) float64 { return share(u.CPU, n) }

// ClientsPer returns the same of this process.
func (u Usage) ClientsPer(n int64) float64 { return share(u.Clients, n) }

func share(d time.Duration, n int64) float64 { return float64(d.Microseconds()) / float64(max(n, 1)) }
