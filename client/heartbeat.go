package client

import "time"

// arm starts the timer that keeps the connection. s.mu is held.
func (s *Session) arm() {
	s.work.Add(1)
	s.timer = time.AfterFunc(heartbeatEvery, s.tick)
}

// beat sends a heartbeat at once, by the timer: run must keep reading, or two sides that both write
// would wait for each other.
func (s *Session) beat() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.timer.Stop() {
		s.timer.Reset(0)
	}
}

// disarm stops the timer for good. s.mu is held.
func (s *Session) disarm() {
	if s.timer.Stop() {
		s.work.Done() // it will not run
	}
	s.timer = nil
}

// tick maintains the connection: it sends a heartbeat, or aborts a dead connection, or moves to a fresh
// one in time. It runs concurrently with run, which may be waiting for the reader of items.
func (s *Session) tick() {
	defer s.work.Done()
	s.mu.Lock()
	sock := s.socket
	due := s.next == nil && time.Now().After(s.renew)
	s.mu.Unlock()
	switch {
	case sock == nil: // reconnecting, or without a socket
	case s.busy.Load() == 0 && time.Since(s.born)-time.Duration(s.lastSeen.Load()) > silenceLimit:
		sock.abort()
	case due:
		s.rotate(sock)
	default:
		if sock.heartbeat() != nil {
			sock.abort()
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.timer != nil {
		s.work.Add(1)
		s.timer.Reset(heartbeatEvery)
	}
}

// rotate opens a fresh connection while the old one is still open, and then ends the old one: run
// continues with the fresh one, and reads from the transcript what fell between the two.
func (s *Session) rotate(old *socket) {
	defer s.occupied()() // the old connection is not checked for heartbeats meanwhile
	fresh, err := s.open(s.ctx)
	s.mu.Lock()
	if err != nil {
		s.renew = time.Now().Add(time.Minute)
	} else if s.timer == nil || s.socket != old || s.ctx.Err() != nil { // no longer wanted
		defer fresh.abort()
	} else {
		s.next = fresh
		defer old.close()
	}
	s.mu.Unlock()
}
