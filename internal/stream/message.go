package stream

import (
	"encoding/json"
	"unicode/utf8"
)

// The topics that clients send; chat items come back under topicChat.
const (
	topicSubscribe = "aws/subscribe"
	topicPing      = "aws/ping"
	topicHeartbeat = "aws/heartbeat"
	topicChat      = "aws/chat"
)

// message is what a client's text frame says.
type message struct {
	topic []byte // "" when there is none, or it is no string
	// topics is content.topics as it came, a list of strings between brackets;
	// nil when there is no such list.
	topics []byte
	chat   bool // topics has aws/chat in it
}

// readMessage reads the first JSON value of a text frame. What follows it is
// not looked at: the iOS SDK sends a stray ")". ok is false when there is no
// valid JSON value; a value that is no object, or without a topic, is a
// message that says nothing. m shares the memory of text.
func readMessage(text []byte) (m message, ok bool) {
	if !utf8.Valid(text) {
		return m, false
	}
	s := scanner{b: text}
	s.space()
	if s.i == len(s.b) {
		return m, true // an empty frame keeps a connection busy, no more
	}
	if s.b[s.i] != '{' {
		return m, s.value(0)
	}
	ok = s.object(0, func(key []byte) {
		switch string(key) {
		case "topic":
			m.topic = s.text()
		case "content":
			m.topics, m.chat = s.content()
		}
	})
	return m, ok
}

// content reads the member content: an object with topics, or anything else.
func (s *scanner) content() (topics []byte, chat bool) {
	if s.peek() != '{' {
		return nil, false
	}
	s.bad = !s.object(1, func(key []byte) {
		if string(key) == "topics" && s.peek() == '[' {
			topics, chat = s.topics()
		}
	})
	return topics, chat
}

// topics reads a list of strings and writes it again without the spaces in
// between. It leaves a list with anything else in it where it stands.
func (s *scanner) topics() (list []byte, chat bool) {
	start := s.i
	s.i++
	list = append(list, '[')
	for s.space(); s.peek() != ']'; s.space() {
		if len(list) > 1 {
			if s.peek() != ',' {
				s.i = start
				return nil, false
			}
			s.i++
			s.space()
			list = append(list, ',')
		}
		from := s.i
		if s.peek() != '"' || !s.str() {
			s.i = start
			return nil, false
		}
		list = append(list, s.b[from:s.i]...)
		chat = chat || string(unquote(s.b[from:s.i])) == topicChat
	}
	s.i++
	return append(list, ']'), chat
}

// text reads a string value and returns what it says, nil for another value,
// which is left where it is.
func (s *scanner) text() []byte {
	from := s.i
	if s.peek() != '"' || !s.str() {
		s.i = from
		return nil
	}
	return unquote(s.b[from:s.i])
}

// maxDepth is how deep objects and lists in a frame may lie in one another.
const maxDepth = 32

// scanner walks over JSON text without building anything.
type scanner struct {
	b   []byte
	i   int
	bad bool // what was read is no JSON, wherever i stands
}

// peek returns the next byte, 0 at the end.
func (s *scanner) peek() byte {
	if s.i < len(s.b) {
		return s.b[s.i]
	}
	return 0
}

func (s *scanner) space() {
	for s.i < len(s.b) {
		switch s.b[s.i] {
		case ' ', '\t', '\n', '\r':
			s.i++
		default:
			return
		}
	}
}

// object goes over the object that begins here. visit, if there is one, is
// called for each member, standing on its value, and may read it; a value that
// it leaves alone is skipped.
func (s *scanner) object(depth int, visit func(key []byte)) bool {
	s.i++
	for first := true; ; first = false {
		s.space()
		if s.peek() == '}' && first {
			s.i++
			return true
		}
		if !first {
			switch s.peek() {
			case '}':
				s.i++
				return true
			case ',':
				s.i++
				s.space()
			default:
				return false
			}
		}
		from := s.i
		if s.peek() != '"' || !s.str() {
			return false
		}
		key := s.b[from:s.i]
		if s.space(); s.peek() != ':' {
			return false
		}
		s.i++
		s.space()
		if at := s.i; visit != nil {
			visit(unquote(key))
			if s.bad {
				return false
			}
			if s.i != at {
				continue
			}
		}
		if !s.value(depth + 1) {
			return false
		}
	}
}

// value goes over the value that begins here and reports whether it is valid.
func (s *scanner) value(depth int) bool {
	if depth > maxDepth {
		return false
	}
	switch c := s.peek(); c {
	case '{':
		return s.object(depth, nil)
	case '[':
		return s.list(depth)
	case '"':
		return s.str()
	case 't':
		return s.word("true")
	case 'f':
		return s.word("false")
	case 'n':
		return s.word("null")
	}
	return s.number()
}

func (s *scanner) list(depth int) bool {
	s.i++
	s.space()
	if s.peek() == ']' {
		s.i++
		return true
	}
	for {
		s.space()
		if !s.value(depth + 1) {
			return false
		}
		s.space()
		c := s.peek()
		s.i++
		if c == ']' {
			return true
		}
		if c != ',' {
			return false
		}
	}
}

func (s *scanner) word(w string) bool {
	if len(s.b)-s.i < len(w) || string(s.b[s.i:s.i+len(w)]) != w {
		return false
	}
	s.i += len(w)
	return true
}

// str goes over a string, the quotes included.
func (s *scanner) str() bool {
	for s.i++; s.i < len(s.b); s.i++ {
		switch c := s.b[s.i]; {
		case c == '"':
			s.i++
			return true
		case c < ' ':
			return false
		case c == '\\':
			if s.i++; !s.escape() {
				return false
			}
		}
	}
	return false
}

// escape goes over all but the last byte of what follows a backslash.
func (s *scanner) escape() bool {
	switch s.peek() {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return true
	case 'u':
		for range 4 {
			s.i++
			switch c := s.peek() | 0x20; {
			case '0' <= s.peek() && s.peek() <= '9', 'a' <= c && c <= 'f':
			default:
				return false
			}
		}
		return true
	}
	return false
}

func (s *scanner) number() bool {
	if s.peek() == '-' {
		s.i++
	}
	if s.peek() == '0' {
		s.i++
	} else if !s.digits() {
		return false
	}
	if s.peek() == '.' {
		if s.i++; !s.digits() {
			return false
		}
	}
	if s.peek()|0x20 == 'e' {
		s.i++
		if c := s.peek(); c == '+' || c == '-' {
			s.i++
		}
		return s.digits()
	}
	return true
}

func (s *scanner) digits() bool {
	from := s.i
	for '0' <= s.peek() && s.peek() <= '9' {
		s.i++
	}
	return s.i > from
}

// unquote returns what a valid JSON string says. Hardly any client escapes
// anything in a topic or a key, so what is rare is left to the general codec.
func unquote(quoted []byte) []byte {
	for _, c := range quoted {
		if c == '\\' {
			var text string
			if json.Unmarshal(quoted, &text) != nil {
				return nil
			}
			return []byte(text)
		}
	}
	return quoted[1 : len(quoted)-1]
}
