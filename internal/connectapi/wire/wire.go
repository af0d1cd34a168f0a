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

// Map makes a map what an answer shows: it is there when there is nothing in
// it, as {}. Programs index it without asking whether it came, as in
// get_contact_attributes(…)["Attributes"] and describe_queue(…)["Queue"]["Tags"]
// (public code for boto3, read 2026-11). That a map of tags has at least one is
// a rule for requests.
func Map[V any](m map[string]V) map[string]V {
	if m == nil {
		return map[string]V{}
	}
	return m
}

// Tags are the tags of a resource, as [Map] shows them.
func Tags(tags map[string]string) map[string]string { return Map(tags) }

// List makes a list what an answer shows: it is there when it is empty, as [].
func List[T any](l []T) []T {
	if l == nil {
		return []T{}
	}
	return l
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
