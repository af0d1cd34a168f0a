package postgres

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// A text of PostgreSQL has no NUL in it, and is UTF-8. What is neither is written behind a mark: U+FDD0, which is no character and in no
// text that somebody wrote, and the byte in hexadecimal. The mark itself is written with two dashes.
const mark = "\ufdd0"

// pack makes any text one that can be stored.
func pack(s string) string {
	if utf8.ValidString(s) && strings.IndexByte(s, 0) < 0 && !strings.Contains(s, mark) {
		return s
	}
	var b strings.Builder
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		switch {
		case r == 0 || r == utf8.RuneError && n == 1:
			b.WriteString(mark)
			b.WriteString(strconv.FormatUint(0x100|uint64(s[0]), 16)[1:])
		case s[:n] == mark:
			b.WriteString(mark + "--")
		default:
			b.WriteString(s[:n])
		}
		s = s[n:]
	}
	return b.String()
}

// unpack is the reverse of [pack].
func unpack(s string) string {
	at := strings.Index(s, mark)
	if at < 0 {
		return s
	}
	var b strings.Builder
	for ; at >= 0 && len(s) >= at+len(mark)+2; at = strings.Index(s, mark) {
		b.WriteString(s[:at])
		code := s[at+len(mark):][:2]
		s = s[at+len(mark)+2:]
		if n, err := strconv.ParseUint(code, 16, 8); err == nil {
			b.WriteByte(byte(n))
		} else {
			b.WriteString(mark)
		}
	}
	b.WriteString(s)
	return b.String()
}

// packJSON is [pack] for JSON, in which a NUL is an escape sequence, that PostgreSQL cannot read as JSON.
func packJSON(b []byte) string {
	const nul = `\u0000`
	s := string(b)
	if !strings.Contains(s, nul) {
		return pack(s)
	}
	var out strings.Builder
	for s = pack(s); len(s) > 0; {
		switch {
		case strings.HasPrefix(s, nul):
			out.WriteString(mark + "00")
			s = s[len(nul):]
		case s[0] == '\\' && len(s) > 1:
			out.WriteString(s[:2])
			s = s[2:]
		default:
			out.WriteByte(s[0])
			s = s[1:]
		}
	}
	return out.String()
}

// unpackJSON is the reverse of [packJSON].
func unpackJSON(s string) []byte {
	return []byte(unpack(strings.ReplaceAll(s, mark+"00", `\u0000`)))
}

// optional is nil for an empty text.
func optional[T ~string](s T) *string {
	if s == "" {
		return nil
	}
	return new(pack(string(s)))
}

// text is the reverse of [optional].
func text[T ~string](s *string) T {
	if s == nil {
		return ""
	}
	return T(unpack(*s))
}

// millis is nil for no time.
func millis(t time.Time) *int64 {
	if t.IsZero() {
		return nil
	}
	return new(t.UnixMilli())
}

// moment is the reverse of [millis].
func moment(ms *int64) time.Time {
	if ms == nil {
		return time.Time{}
	}
	return time.UnixMilli(*ms).UTC()
}

// list returns one thing of each.
func list[T, V any](all []T, of func(*T) V) []V {
	values := make([]V, len(all))
	for i := range all {
		values[i] = of(&all[i])
	}
	return values
}

// strs returns texts of a type of their own as such.
func strs[T ~string](all []T) []string {
	return list(all, func(s *T) string { return pack(string(*s)) })
}

// optionalJSON is nil for what is absent.
func optionalJSON(v any, absent bool) (*string, error) {
	if absent {
		return nil, nil
	}
	b, err := json.Marshal(v)
	return new(packJSON(b)), err
}

// PackText and the three below it are how texts and JSON lie in the tables, for those who read and write these without a [Store].
func PackText(s string) string { return pack(s) }

// UnpackText is the reverse of [PackText].
func UnpackText(s string) string { return unpack(s) }

// PackJSON is [PackText] for JSON.
func PackJSON(b []byte) string { return packJSON(b) }

// UnpackJSON is the reverse of [PackJSON].
func UnpackJSON(s string) []byte { return unpackJSON(s) }
