package client

import "time"

// arm starts the timer that keeps the connection. s.mu is held.
func (s *Session) arm() {
	s.work.Add(1)
	s.timer = time.AfterFunc(heartbeatEvery, s.tick)
}

// beat has a heartbeat sent at once. The timer sends it: run has to go on reading, or two sides that
// both write would wait for each other.
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

// tick keeps the connection: it sends a heartbeat, or gives up a line that is dead, or changes over
// to a fresh one in time. It runs beside run, which may be waiting for whoever takes the items.
func (s *Session) tick() {
	defer s.work.Done()
	s.mu.Lock()
	sock := s.socket
	due := s.next == nil && time.Now().After(s.renew)
	s.mu.Unlock()
	switch {
	case sock == nil: // on its way back, or without a socket
	case s.busy.Load() == 0 && time.Since(s.born)-time.Duration(s.heard.Load()) > silenceLimit:
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

// rotate opens a fresh connection while the old one is still there, and then ends the old one: run
// goes on with the fresh one, and reads from the transcript what fell between the two.
func (s *Session) rotate(old *socket) {
	defer s.occupied()() // nothing asks the old line for a sign of life meanwhile
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
