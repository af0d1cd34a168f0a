package socket

import "testing"

// BenchmarkPatrol is one second's look at 15,000 sockets.
func BenchmarkPatrol(b *testing.B) {
	s := newEchoes(b, Limits{})
	s.init()
	for range 15_000 {
		e := &echo{of: s}
		e.conn.Init(&s.Server, e)
		s.add(&e.conn)
	}
	for b.Loop() {
		s.each(func(c *Conn) { c.check(1, &s.clocks) })
	}
}
