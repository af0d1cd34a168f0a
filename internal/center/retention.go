package center

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Part is a part of what is kept of a chat, or several of them.
type Part uint8

// The parts. An attachment never outlives the transcript that shows it, and nothing
// of a chat outlives its contacts.
const (
	// PartTranscript is what was said: items, receipts, copies on their way to streaming
	// endpoints, what flows logged of it.
	PartTranscript Part = 1 << iota
	// PartAttachments are the contents of files. Their names are in the transcript.
	PartAttachments
	// PartContacts are the records of the contacts, with attributes and tags, and the chat itself.
	PartContacts

	AllParts = PartTranscript | PartAttachments | PartContacts
)

// Parts are all parts, one by one.
var Parts = []Part{PartTranscript, PartAttachments, PartContacts}

var partNames = map[string]Part{"transcripts": PartTranscript, "attachments": PartAttachments, "contacts": PartContacts}

// RetentionKey is the tag of an instance, and the attribute of a chat, whose value
// is a [Retention].
const RetentionKey = "parley-retain"

// Forever is a time that does not pass.
const Forever = time.Duration(math.MaxInt64)

// maxRetention bounds what is said in numbers: a century.
const maxRetention = 100 * 365 * 24 * time.Hour

// Retention says for how long after its end each part of a chat is kept. Of a part
// that is missing it says nothing.
type Retention map[Part]time.Duration

// ParseRetention reads a text such as "transcripts=90d attachments=30d contacts=2y", or
// "30d" for all parts, with spaces or commas between. A time is a whole number of
// h, d, w or y (365 days), or "forever". The empty text says nothing. Errors are
// reason Invalid.
func ParseRetention(text string) (Retention, error) {
	r := Retention{}
	for _, word := range strings.FieldsFunc(text, func(c rune) bool { return c == ' ' || c == ',' }) {
		name, value, named := strings.Cut(word, "=")
		parts := Parts
		if named {
			part, ok := partNames[name]
			if !ok {
				return nil, Errorf(Invalid, "%.40q is not kept by itself; there are transcripts, attachments and contacts", name)
			}
			parts = []Part{part}
		} else {
			value = word
		}
		keep, err := parseKeep(value)
		if err != nil {
			return nil, err
		}
		for _, part := range parts {
			if _, twice := r[part]; twice {
				return nil, Errorf(Invalid, "%.100q says twice how long %s are kept", text, part)
			}
			r[part] = keep
		}
	}
	return r, nil
}

var units = map[string]time.Duration{"h": time.Hour, "d": 24 * time.Hour, "w": 7 * 24 * time.Hour, "y": 365 * 24 * time.Hour}

func parseKeep(text string) (time.Duration, error) {
	if text == "forever" {
		return Forever, nil
	}
	number, unit := text, ""
	if n := len(text); n > 0 {
		number, unit = text[:n-1], text[n-1:]
	}
	n, err := strconv.ParseUint(number, 10, 32)
	if err != nil || units[unit] == 0 || time.Duration(n) > maxRetention/units[unit] {
		return 0, Errorf(Invalid, "%.40q is not a time to keep something; write 12h, 30d, 8w, 2y (at most 100y) or forever", text)
	}
	return time.Duration(n) * units[unit], nil
}

// String returns the name of a part, or the names of several.
func (p Part) String() string {
	var names []string
	for name, part := range partNames {
		if p&part != 0 {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return strings.Join(names, " ")
}

// String returns the text that [ParseRetention] reads.
func (r Retention) String() string {
	var words []string
	for _, part := range Parts {
		switch keep, ok := r[part]; {
		case !ok:
		case keep == Forever:
			words = append(words, part.String()+"=forever")
		case keep%(24*time.Hour) == 0:
			words = append(words, fmt.Sprintf("%s=%dd", part, keep/(24*time.Hour)))
		default:
			words = append(words, fmt.Sprintf("%s=%dh", part, keep/time.Hour))
		}
	}
	return strings.Join(words, " ")
}

// Over returns what r says and, of what it does not say, what base says.
func (r Retention) Over(base Retention) Retention {
	merged := Retention{}
	for _, part := range Parts {
		if keep, ok := r[part]; ok {
			merged[part] = keep
		} else if keep, ok := base[part]; ok {
			merged[part] = keep
		}
	}
	return merged
}

// Until returns when a part of a chat that ended at a time is due; the zero time for never.
func (r Retention) Until(part Part, ended time.Time) time.Time {
	keep, ok := r[part]
	if !ok || keep == Forever {
		return time.Time{}
	}
	return ended.Add(keep)
}
