package wire

import (
	"encoding/base64"
	"errors"
	"strings"

	"parley.example/parley/internal/bus"
)

// maxSubject is how long a subject may be on the wire. The server closes the
// connection of a client whose line is longer than its limit, 4,096 bytes.
const maxSubject = 1024

// nodes is the type of the subjects under which nodes answer requests.
const nodes = "node"

// inboxes is the type of the subjects at which nodes get answers.
const inboxes = "inbox"

// Names translates subjects to those of NATS: a prefix, the type, the id, with
// dots between. What a subject of NATS should not have in it is encoded, since one that the
// server finds invalid closes the connection for good.
type Names struct{ prefix string } // with a dot at its end

// NewNames returns the names below a prefix. The error says what a prefix is.
func NewNames(prefix string) (Names, error) {
	for part := range strings.SplitSeq(prefix, ".") {
		if !isPlain(part) {
			return Names{}, errors.New("the prefix of subjects is letters, digits, _ and -, in parts with dots between")
		}
	}
	return Names{prefix + "."}, nil
}

// Wire returns the subject as NATS has it; ok is false when it would be too long.
func (n Names) Wire(s bus.Subject) (subject string, ok bool) {
	kind, id, both := strings.Cut(string(s), "/")
	subject = n.prefix + encodeName(kind)
	if both {
		subject += "." + encodeName(id)
	}
	return subject, len(subject) <= maxSubject
}

// Node returns the subject of requests to a node.
func (n Names) Node(name string) string { return n.prefix + nodes + "." + encodeName(name) }

// Inboxes returns what the subjects begin with at which nodes get answers: below the prefix, as all others.
func (n Names) Inboxes() string { return n.prefix + inboxes }

// Subject is the reverse of Wire.
func (n Names) Subject(wire string) (s bus.Subject, ok bool) {
	rest, ok := strings.CutPrefix(wire, n.prefix)
	if !ok {
		return "", false
	}
	kind, id, both := strings.Cut(rest, ".")
	if kind, ok = decodeName(kind); !ok {
		return "", false
	}
	if !both {
		return bus.Subject(kind), true
	}
	if id, ok = decodeName(id); !ok {
		return "", false
	}
	return bus.Subject(kind + "/" + id), true
}

// encoded begins a name that is not plain: what follows is base64.
const encoded = "="

func encodeName(name string) string {
	if isPlain(name) {
		return name
	}
	return encoded + base64.RawURLEncoding.EncodeToString([]byte(name))
}

func decodeName(name string) (string, bool) {
	if code, ok := strings.CutPrefix(name, encoded); ok {
		b, err := base64.RawURLEncoding.DecodeString(code)
		return string(b), err == nil
	}
	return name, isPlain(name)
}

// isPlain reports whether a name is on the wire as it is.
func isPlain(name string) bool {
	for i := range len(name) {
		c := name[i]
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '_' && c != '-' {
			return false
		}
	}
	return name != ""
}
