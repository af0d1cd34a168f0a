package recorder

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"path/filepath"
	"slices"
	"strings"

	"parley.example/parley/internal/integration"
	"parley.example/parley/internal/record"
)

// Targets says where kinds go. The zero value sends nothing anywhere.
type Targets struct{ of map[record.Kind]target }

// everything is the name by which all kinds go to one place that have none of their own.
const everything = "all"

// ParseTargets reads what an operator has set: by the name of a [record.Kind], or all, a directory,
// aws for AWS's own services, or the URL of a webhook, whose requests are signed with secret (at least 16 characters) and sent by client. maxBytes bounds the
// files of JSON lines of each kind.
func ParseTargets(named map[string]string, secret string, maxBytes int64, client *http.Client) (Targets, error) {
	t := Targets{of: map[record.Kind]target{}}
	for _, name := range slices.Sorted(maps.Keys(named)) {
		if name != everything && !slices.Contains(record.AllKinds, record.Kind(name)) {
			return Targets{}, fmt.Errorf("%q is no kind of record: there are %v, and all", name, record.AllKinds)
		}
	}
	folders := map[string]*folder{}
	for _, kind := range record.AllKinds {
		to, ok := named[string(kind)]
		if !ok {
			if to, ok = named[everything]; !ok {
				continue
			}
		}
		if strings.HasPrefix(to, "http://") || strings.HasPrefix(to, "https://") {
			h, err := newHook(to, secret, client)
			if err != nil {
				return Targets{}, fmt.Errorf("%s: %w", kind, err)
			}
			t.of[kind] = h
			continue
		}
		if to == inCloud {
			t.of[kind] = &cloud{client: client, kind: kind}
			continue
		}
		if to == "" || strings.Contains(to, "://") {
			return Targets{}, fmt.Errorf("%s: %q is neither a directory, nor aws, nor a URL that begins with http:// or https://", kind, to)
		}
		dir := filepath.Clean(to)
		if folders[dir] == nil {
			folders[dir] = newFolder(dir, maxBytes)
		}
		t.of[kind] = folders[dir]
	}
	return t, nil
}

// Kinds are the kinds that go anywhere.
func (t Targets) Kinds() (kinds record.Kinds) {
	for kind := range t.of {
		kinds = kinds.With(kind)
	}
	return kinds
}

// NeedAWS reports whether something goes to AWS's services.
func (t Targets) NeedAWS() bool {
	for _, to := range t.of {
		if _, ok := to.(*cloud); ok {
			return true
		}
	}
	return false
}

// Reach says how AWS's services are reached. It is called before anything is sent.
func (t Targets) Reach(aws *integration.AWS) {
	for _, to := range t.of {
		if c, ok := to.(*cloud); ok {
			c.aws = aws
		}
	}
}

// Open makes the directories, and returns why one cannot be written to.
func (t Targets) Open() error {
	for _, kind := range record.AllKinds {
		if f, ok := t.of[kind].(*folder); ok {
			if err := f.open(); err != nil {
				return err
			}
		}
	}
	return nil
}

// Close closes the files. It may be called twice.
func (t Targets) Close() error {
	var failed error
	for _, kind := range record.AllKinds {
		if f, ok := t.of[kind].(*folder); ok {
			failed = errors.Join(failed, f.close())
		}
	}
	return failed
}
