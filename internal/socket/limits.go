package socket

import (
	"cmp"
	"time"
)

// MaxMessage is the longest message a client may send, in bytes, fragments added up.
const MaxMessage = 16 << 10

// Limits are the bounds of a server's sockets. The zero value of a member means
// its default. Times are kept by a patrol that looks once a second: what is
// to happen after a time happens up to two seconds later, never earlier.
type Limits struct {
	Sockets     int           // open at once; 100,000
	QueueFrames int           // frames that may wait for one socket; 512
	QueueBytes  int           // bytes that may wait for one socket; 512 KiB, or one frame that is longer
	Frames      int           // frames a client may send a second on average, and ten times as many at once; 20 (ChatJS sends two every 10 s)
	Write       time.Duration // how long one write may take; 10 s
	Silence     time.Duration // how long a client may send no frame; 2 min (they send two every 10 s)
	Age         time.Duration // how old a socket may get; 61 min (ConnectionExpiry and a grace; ChatJS leaves after 59)
	Linger      time.Duration // how long a client may take to answer a close frame; 5 s
	Span        time.Duration // over how long Shutdown spreads its closes; 5 s
}

func (l Limits) defaults() Limits {
	return Limits{
		Sockets:     cmp.Or(l.Sockets, 100_000),
		QueueFrames: cmp.Or(l.QueueFrames, 512),
		QueueBytes:  cmp.Or(l.QueueBytes, 512<<10),
		Frames:      cmp.Or(l.Frames, 20),
		Write:       cmp.Or(l.Write, 10*time.Second),
		Silence:     cmp.Or(l.Silence, 2*time.Minute),
		Age:         cmp.Or(l.Age, 61*time.Minute),
		Linger:      cmp.Or(l.Linger, 5*time.Second),
		Span:        cmp.Or(l.Span, 5*time.Second),
	}
}

// turn is how often the patrol looks at the sockets, and the unit of its clock.
const turn = time.Second

// turns returns d in turns, rounded up.
func turns(d time.Duration) int32 { return int32((d + turn - 1) / turn) }

// clocks are the limits of time in turns.
type clocks struct {
	write, silence, age, linger int32
}

func (l *Limits) clocks() clocks {
	return clocks{turns(l.Write), turns(l.Silence), turns(l.Age), turns(l.Linger)}
}
