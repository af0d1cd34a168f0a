// Package wire holds the small translations between members of the API and
// values of the domain that every family of operations needs: absent texts,
// times and tags, and which member an error is about. All are pure functions.
package wire

import (
	"errors"
	"time"

	"parley.example/parley/internal/center"
)

// Text returns a member that may be absent, "" for none.
func Text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// Optional leaves an empty member out.
func Optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// Moment leaves a time out that has not come.
func Moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// Tags leaves an empty map of tags out, as the model wants.
func Tags(tags map[string]string) map[string]string {
	if len(tags) == 0 {
		return nil
	}
	return tags
}

// InMember says which member of the request an error is about.
func InMember(member string, err error) error {
	if e, ok := errors.AsType[*center.Error](err); ok {
		named := *e
		named.Message = member + ": " + e.Message
		return &named
	}
	return err
}
