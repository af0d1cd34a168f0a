package stream

import "time"

// Limits are the bounds of a hub. The zero value of a member means its
// default. Times are kept by a patrol that looks once a second: what is
// to happen after a time happens up to two seconds later, never earlier.
type Limits struct {
	PerParticipant int           // sockets of one participant at a time; 5
	Sockets        int           // sockets of all; 100,000
	QueueFrames    int           // frames that may wait for one socket; 512
	QueueBytes     int           // bytes that may wait for one socket; 512 KiB, or one frame that is longer
	Write          time.Duration // how long one write may take; 10 s
	Silence        time.Duration // how long a client may send no frame; 2 min (they send two every 10 s)
	Age            time.Duration // how old a socket may get; 61 min (ConnectionExpiry and a grace; ChatJS leaves after 59)
	Grace          time.Duration // how long sockets stay open behind the end of their chat; 10 s
	Linger         time.Duration // how long a client may take to answer a close frame; 5 s
	Span           time.Duration // over how long Shutdown spreads its closes; 5 s
	Brake          time.Duration // how long a refusal waits that a client would answer by trying again at once; 1 s
}

func (l Limits) defaults() Limits {
	count := func(v *int, otherwise int) {
		if *v == 0 {
			*v = otherwise
		}
	}
	lasts := func(v *time.Duration, otherwise time.Duration) {
		if *v == 0 {
			*v = otherwise
		}
	}
	count(&l.PerParticipant, 5)
	count(&l.Sockets, 100_000)
	count(&l.QueueFrames, 512)
	count(&l.QueueBytes, 512<<10)
	lasts(&l.Write, 10*time.Second)
	lasts(&l.Silence, 2*time.Minute)
	lasts(&l.Age, 61*time.Minute)
	lasts(&l.Grace, 10*time.Second)
	lasts(&l.Linger, 5*time.Second)
	lasts(&l.Span, 5*time.Second)
	lasts(&l.Brake, time.Second)
	return l
}

// turn is how often the patrol looks at the sockets, and the unit of its clock.
const turn = time.Second

// turns returns d in turns, rounded up.
func turns(d time.Duration) int32 { return int32((d + turn - 1) / turn) }

// clocks are the limits of time in turns.
type clocks struct {
	write, silence, age, grace, linger int32
}

func (l *Limits) clocks() clocks {
	return clocks{turns(l.Write), turns(l.Silence), turns(l.Age), turns(l.Grace), turns(l.Linger)}
}
