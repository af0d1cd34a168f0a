package scenario

import (
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"time"

	"parley.example/parley/internal/center"
)

// scanner reads the words of scenario files. A statement is a line; a JSON
// value in it may go on over further lines, and "#" begins a comment. The first thing
// that is wrong is kept in err, and from then on nothing is read any more.
type scanner struct {
	text string
	at   int // the byte to read next
	err  error

	counted, lines int // line ends before the byte counted
}

// line returns the number of the line that the scanner is at.
func (s *scanner) line() int {
	s.lines += strings.Count(s.text[s.counted:s.at], "\n")
	s.counted = s.at
	return s.lines + 1
}

func (s *scanner) fail(format string, args ...any) {
	if s.err == nil {
		s.err = fmt.Errorf(format, args...)
	}
}

// blank skips spaces within the line.
func (s *scanner) blank() {
	for s.at < len(s.text) && (s.text[s.at] == ' ' || s.text[s.at] == '\t' || s.text[s.at] == '\r') {
		s.at++
	}
}

// over reports whether the statement ends here.
func (s *scanner) over() bool {
	s.blank()
	return s.err != nil || s.at == len(s.text) || s.text[s.at] == '\n' || s.text[s.at] == '#'
}

// next goes to the next line that holds a statement; false when there is none.
func (s *scanner) next() bool {
	for s.err == nil {
		s.blank()
		switch {
		case s.at == len(s.text):
			return false
		case s.text[s.at] == '#':
			s.skip()
		case s.text[s.at] == '\n':
			s.at++
		default:
			return true
		}
	}
	return false
}

// skip goes to the end of the line.
func (s *scanner) skip() {
	if i := strings.IndexByte(s.text[s.at:], '\n'); i >= 0 {
		s.at += i
	} else {
		s.at = len(s.text)
	}
}

// end requires the statement to end here.
func (s *scanner) end() {
	if !s.over() {
		s.fail("there is more than the statement takes: %s", s.rest())
	}
}

// rest returns what is left of the line, for messages.
func (s *scanner) rest() string {
	line, _, _ := strings.Cut(s.text[s.at:], "\n")
	return strings.TrimSpace(line)
}

// peek returns the next word without reading it; "" at the end.
func (s *scanner) peek() string {
	if s.over() {
		return ""
	}
	if i := strings.IndexAny(s.text[s.at:], " \t\r\n"); i >= 0 {
		return s.text[s.at : s.at+i]
	}
	return s.text[s.at:]
}

// accept reads words if they stand here, all of them or none.
func (s *scanner) accept(words ...string) bool {
	before := s.at
	for _, w := range words {
		if s.peek() != w {
			s.at = before
			return false
		}
		s.at += len(w)
	}
	return s.err == nil
}

// expect reads words that must stand here.
func (s *scanner) expect(words ...string) {
	if !s.accept(words...) {
		s.fail("want %q, not %q", strings.Join(words, " "), s.rest())
	}
}

// name reads a word, or a text in quotes.
func (s *scanner) name(what string) string {
	switch w := s.peek(); {
	case s.err != nil:
		return ""
	case w == "":
		s.fail("%s is missing", what)
		return ""
	case w[0] == '"':
		return s.quoted()
	default:
		s.at += len(w)
		return w
	}
}

// texted reads a text in quotes.
func (s *scanner) texted(what string) string {
	if w := s.peek(); w == "" || w[0] != '"' {
		s.fail("want %s in quotes, not %q", what, s.rest())
		return ""
	}
	return s.quoted()
}

// quoted reads a text in quotes, with the escapes of JSON.
func (s *scanner) quoted() string {
	end := s.at + 1
	for end < len(s.text) && s.text[end] != '"' && s.text[end] != '\n' {
		if s.text[end] == '\\' {
			end++
		}
		end++
	}
	if end >= len(s.text) || s.text[end] != '"' {
		s.fail("the text %s has no closing quote", s.rest())
		return ""
	}
	var text string
	if err := json.Unmarshal([]byte(s.text[s.at:end+1]), &text); err != nil {
		s.fail("the text %s cannot be read: %v", s.text[s.at:end+1], err)
	}
	s.at = end + 1
	return text
}

// number reads a whole number that is not negative.
func (s *scanner) number(what string) int {
	w := s.name(what)
	n, err := strconv.Atoi(w)
	if s.err == nil && (err != nil || n < 0) {
		s.fail("%s is a number, not %q", what, w)
	}
	return n
}

// duration reads a time span: 90s, 5m, 1h30m, 7d.
func (s *scanner) duration() time.Duration {
	w := s.name("a time span")
	if s.err != nil {
		return 0
	}
	d, err := span(w)
	if err != nil {
		s.fail("%v", err)
	}
	return d
}

// maxSpan is longer than any chat can last.
const maxSpan = 60 * 24 * time.Hour

func span(w string) (time.Duration, error) {
	d, err := center.ParseSpan(w)
	if err == nil && d > maxSpan {
		err = fmt.Errorf("the time span %s is not from 0 to 60 days", w)
	}
	return d, err
}

// json reads a JSON value, which may take several lines.
func (s *scanner) json(what string) json.RawMessage {
	if s.over() {
		s.fail("%s is missing", what)
		return nil
	}
	d := json.NewDecoder(strings.NewReader(s.text[s.at:]))
	var raw json.RawMessage
	if err := d.Decode(&raw); err != nil {
		if err == io.ErrUnexpectedEOF {
			err = fmt.Errorf("it does not end")
		}
		s.fail("%s is not JSON: %v", what, err)
		return nil
	}
	s.at += int(d.InputOffset())
	return raw
}

// object reads a JSON object.
func (s *scanner) object(what string) map[string]any {
	raw := s.json(what)
	v := map[string]any{}
	if s.err == nil && json.Unmarshal(raw, &v) != nil {
		s.fail("%s is a JSON object, not %s", what, raw)
	}
	return v
}

// pattern says which texts are meant.
type pattern struct {
	exact    string
	contains bool
	re       *regexp.Regexp
}

// pattern reads "exact", contains "part" or /expression/.
func (s *scanner) pattern() pattern {
	if s.accept("contains") {
		return pattern{exact: s.texted("what it contains"), contains: true}
	}
	w := s.peek()
	if w != "" && w[0] == '/' {
		return s.expression()
	}
	return pattern{exact: s.texted("a text")}
}

// expression reads a regular expression between slashes; i behind it makes it
// blind to case.
func (s *scanner) expression() pattern {
	end := s.at + 1
	for end < len(s.text) && s.text[end] != '/' && s.text[end] != '\n' {
		if s.text[end] == '\\' {
			end++
		}
		end++
	}
	if end >= len(s.text) || s.text[end] != '/' {
		s.fail("the expression %s has no closing slash", s.rest())
		return pattern{}
	}
	source := strings.ReplaceAll(s.text[s.at+1:end], `\/`, "/")
	s.at = end + 1
	if s.at < len(s.text) && s.text[s.at] == 'i' {
		source = "(?i)" + source
		s.at++
	}
	re, err := regexp.Compile(source)
	if err != nil {
		s.fail("%v", err)
	}
	return pattern{re: re}
}

func (p pattern) matches(text string) bool {
	switch {
	case p.re != nil:
		return p.re.MatchString(text)
	case p.contains:
		return strings.Contains(text, p.exact)
	}
	return text == p.exact
}

func (p pattern) String() string {
	switch {
	case p.re != nil:
		return "/" + p.re.String() + "/"
	case p.contains:
		return "a text that contains " + strconv.Quote(p.exact)
	}
	return strconv.Quote(p.exact)
}
