package stream

import (
	"cmp"
	"time"

	"parley.example/parley/internal/socket"
)

// Limits are the bounds of a hub. The zero value of a member means its default.
type Limits struct {
	socket.Limits
	PerParticipant int           // sockets of one participant at once; 5
	Quiet          time.Duration // how long a socket's client sends nothing before another socket of its participant may take its place; 12 s (they send every 10 s)
	Grace          time.Duration // how long sockets stay open behind the end of their chat; 10 s
	Brake          time.Duration // how long a refusal waits that a client would answer by trying again at once; 1 s
}

func (l Limits) defaults() Limits {
	l.PerParticipant = cmp.Or(l.PerParticipant, 5)
	l.Quiet = cmp.Or(l.Quiet, 12*time.Second)
	l.Grace = cmp.Or(l.Grace, 10*time.Second)
	l.Brake = cmp.Or(l.Brake, time.Second)
	return l
}
