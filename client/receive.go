package client

import (
	"encoding/json"
	"errors"

	"parley.example/parley/api/restjson"
)

// receive reads what was missed and then what happens, until the connection ends.
func (s *Session) receive() error {
	if s.cfg.Poll > 0 {
		return s.poll()
	}
	sock := s.conn.attached()
	resume := s.conn.pause()
	s.reader.window.Widen()
	err := s.reader.catchUp()
	resume()
	if err != nil {
		if !errors.Is(err, errChatOver) {
			sock.Abort()
		}
		return err
	}
	s.caughtUp()
	s.away = absence{tries: s.away.tries}
	// Whatever was pushed while the transcript was read comes before the answer to the next heartbeat.
	marker := sock.Beats.Load() + 1
	s.conn.beat()
	answers := int32(0)
	for {
		err := sock.Wait()
		if err != nil {
			sock.Abort()
			return err
		}
		text, err := sock.Read()
		if err != nil {
			sock.Abort()
			return err
		}
		s.conn.received()
		beat, err := s.reader.frame(text)
		if beat {
			if answers++; answers == marker {
				s.reader.window.Narrow()
				s.away.tries = 0
			}
		}
		if err != nil {
			if errors.Is(err, errChatOver) {
				return err // run closes the socket
			}
			sock.Abort()
			return err
		}
	}
}

// poll reads the transcript at intervals.
func (s *Session) poll() error {
	for {
		if err := s.reader.catchUp(); err != nil {
			return err
		}
		s.caughtUp()
		s.reader.window.Narrow()
		s.away = absence{}
		if !sleep(s.ctx, s.cfg.Poll) {
			return ErrClosed
		}
		if s.conn.due() {
			if _, err := s.conn.open(s.ctx); err != nil {
				return err
			}
		}
	}
}

// frame handles one message of the socket and reports the answer to a heartbeat. Messages that cannot
// be parsed are ignored.
func (r *reader) frame(text []byte) (beat bool, err error) {
	var p push
	if restjson.Unmarshal(text, &p) == nil && p.chat {
		if p.item == nil {
			return false, nil
		}
		return false, r.deliver(p.item)
	}
	var f frame // other messages are rare
	return json.Unmarshal(text, &f) == nil && f.Topic == "aws/heartbeat", nil
}

// push is a message of the socket that carries an item as text.
type push struct {
	chat bool
	item *Item // nil unless one could be parsed
}

// DecodeJSON implements [restjson.JSONDecoder].
func (p *push) DecodeJSON(d *restjson.Decoder) {
	if !d.Object() {
		return
	}
	for d.Next() {
		switch string(d.Key()) {
		case "topic":
			p.chat = string(d.Text()) == "aws/chat"
		case "content":
			p.item, _ = ParseItem(d.Text()) // nil if it cannot be parsed
		default:
			d.Skip()
		}
	}
}
