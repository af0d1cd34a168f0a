// Package amazon makes what is set up in an instance of Amazon Connect in one of Parley's: hours, agent statuses, security profiles, the hierarchy,
// predefined attributes, queues, views, routing profiles, users, flow modules, flows and quick connects. It reads by the List and Describe operations and writes by those
// that create and update, so that it needs no more of either side than an administrator with an SDK would.
//
// Things are known by their names. What the target lacks is created, what differs is updated, and what is the same is left alone: a copy that
// stopped halfway, or is made again later, does what is left to do. Nothing is deleted, but quick connects are taken from queues that do not have them
// in the source. Ids and ARNs of the source, in members and in the texts of flows and views, become those of the target.
//
// What cannot be made is in the [Report], with a reason: as lacking where Parley does not have or does not take such a thing, as failed where a
// call went wrong otherwise. One thing that fails keeps no other from being copied.
//
// Calls of the source are paced, and repeated when it says that they are too many. Start reading at [Copy], then kinds.go.
package amazon

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	"parley.example/parley/api/connect"
	"parley.example/parley/api/restjson"
)

// Options say what is copied, and from where to where.
type Options struct {
	From, To         connect.Service
	Source, Instance string // the instances, by id or ARN; that of From, and that of To
	// Password is the first one of users who are created; with none they are not.
	Password string
	// Pace is how long after each other calls of From are made: Amazon allows two a second.
	Pace time.Duration
	// Sleep waits, or returns why it does not. Nil for the clock.
	Sleep func(context.Context, time.Duration) error
	// Progress, when set, is told what is being looked at.
	Progress func(kind, name string)
}

// Line is a thing in a report.
type Line struct {
	Kind, Name string
	Why        string
}

// Counts are how many things of a kind were made, changed, or the same already.
type Counts struct{ Created, Updated, Same int }

// Report is what came of a copy.
type Report struct {
	Kinds   []string // in the order in which they were copied
	Counts  map[string]*Counts
	Lacking []Line // what Parley does not have, or does not take as it is
	Failed  []Line
}

// side is one of the two instances.
type side struct {
	api      connect.Service
	instance string
	pace     time.Duration
	sleep    func(context.Context, time.Duration) error
	called   bool
}

// copier is one copy under way.
type copier struct {
	Options
	from, to *side
	report   Report
	ids      map[string]string // of the target, by those of the source
	missed   map[string]string // what is not there, by its id in the source
	held     map[string]bool   // ids in the source of what has been made, to be filled in
	origin   string            // the ARN of the source
	now      string            // the ARN of the target
	refs     *regexp.Regexp    // what has the ARN of the source in it
}

// Copy copies. The error is one that kept it from being done at all; what went wrong with one thing is in the report.
func Copy(ctx context.Context, o Options) (*Report, error) {
	if o.Sleep == nil {
		o.Sleep = sleep
	}
	c := &copier{Options: o, report: Report{Counts: map[string]*Counts{}}, ids: map[string]string{}, missed: map[string]string{}, held: map[string]bool{}}
	c.from = &side{api: o.From, instance: idOf(o.Source), pace: o.Pace, sleep: o.Sleep}
	c.to = &side{api: o.To, instance: idOf(o.Instance), sleep: o.Sleep}
	for _, of := range []struct {
		*side
		what string
		arn  *string
	}{{c.from, "source", &c.origin}, {c.to, "target", &c.now}} {
		i, err := call(ctx, of.side, of.api.DescribeInstance, &connect.DescribeInstanceRequest{})
		if err != nil {
			return nil, fmt.Errorf("the %s, instance %s: %w", of.what, of.instance, err)
		}
		*of.arn, of.instance = text(i.Instance.Arn), text(i.Instance.Id)
	}
	c.refs = regexp.MustCompile(regexp.QuoteMeta(c.origin) + `(/[A-Za-z0-9/_.$:-]*)?`)
	c.ids[c.from.instance] = c.to.instance
	return &c.report, c.all(ctx)
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// idOf is the id in the ARN of an instance.
func idOf(arn string) string { return arn[strings.LastIndexByte(arn, '/')+1:] }

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

const (
	tries     = 10
	firstWait = time.Second
	lastWait  = 30 * time.Second
)

// call calls an operation of a side with its instance filled in. What passes is tried again.
func call[I, O any](ctx context.Context, s *side, f func(context.Context, *I) (*O, error), in *I) (*O, error) {
	if m := reflect.ValueOf(in).Elem().FieldByName("InstanceId"); m.IsValid() {
		if m.Kind() == reflect.Pointer {
			m.Set(reflect.ValueOf(new(s.instance)))
		} else {
			m.SetString(s.instance)
		}
	}
	wait := firstWait
	for try := 1; ; try++ {
		if s.called && s.pace > 0 {
			if err := s.sleep(ctx, s.pace); err != nil {
				return nil, err
			}
		}
		s.called = true
		out, err := f(ctx, in)
		if err == nil || try == tries || !passes(err) {
			return out, err
		}
		if err := s.sleep(ctx, wait/2+rand.N(wait/2+1)); err != nil {
			return nil, err
		}
		wait = min(2*wait, lastWait)
	}
}

// passes reports whether an error is of a call that may well succeed later.
func passes(err error) bool {
	e, ok := errors.AsType[restjson.Coded](err)
	if !ok {
		return false
	}
	return slices.Contains([]string{"ThrottlingException", "TooManyRequestsException"}, e.ErrorCode()) ||
		e.HTTPStatus() == http.StatusTooManyRequests || e.HTTPStatus() >= 500 && e.HTTPStatus() != http.StatusNotImplemented
}

// pages calls each with every page of a list.
func pages[I, O any](ctx context.Context, s *side, f func(context.Context, *I) (*O, error), in *I, each func(*O)) error {
	for {
		out, err := call(ctx, s, f, in)
		if err != nil {
			return err
		}
		each(out)
		next := reflect.ValueOf(out).Elem().FieldByName("NextToken")
		if next.IsNil() || next.Elem().String() == "" {
			return nil
		}
		reflect.ValueOf(in).Elem().FieldByName("NextToken").Set(next)
	}
}

// entry is a thing in a list.
type entry struct {
	id, arn, name string
	skip          string // why it is not copied
	known         bool   // it is there in every instance: its counterpart is noted, and nothing is changed
}

// kind is a kind of thing. T is what of it is compared and copied, with other things by their ids.
type kind[T any] struct {
	name string
	list func(ctx context.Context, s *side) ([]entry, error)
	read func(ctx context.Context, s *side, id string) (*T, error)
	// create makes one, update changes what differs.
	create func(ctx context.Context, s *side, want *T) (id string, err error)
	update func(ctx context.Context, s *side, id string, want, have *T) error
	// loose things are copied although they refer to what is not there: the texts of flows and views.
	loose bool
}

// lacks is an error of something that Parley does not take.
type lacks struct{ error }

// copyAll copies all things of a kind.
func copyAll[T any](ctx context.Context, c *copier, k kind[T]) error {
	c.report.Kinds, c.report.Counts[k.name] = append(c.report.Kinds, k.name), new(Counts)
	theirs, ours, err := both(ctx, c, k)
	if err != nil {
		return c.failed(ctx, k.name, "", err)
	}
	for _, e := range theirs {
		if err := copyOne(ctx, c, k, e, ours[e.name]); err != nil {
			return err
		}
		if c.ids[e.id] == "" {
			c.missed[e.id] = k.name + " " + e.name
		}
	}
	return nil
}

// both lists the things of the source, and the ids of those of the target by their names.
func both[T any](ctx context.Context, c *copier, k kind[T]) (theirs []entry, ours map[string]string, err error) {
	if theirs, err = k.list(ctx, c.from); err != nil {
		return nil, nil, err
	}
	there, err := k.list(ctx, c.to)
	ours = map[string]string{}
	for _, e := range there {
		ours[e.name] = e.id
	}
	return theirs, ours, err
}

func copyOne[T any](ctx context.Context, c *copier, k kind[T], e entry, there string) error {
	if c.Progress != nil {
		c.Progress(k.name, e.name)
	}
	if there != "" && e.id != "" {
		c.ids[e.id] = there
	}
	if e.skip != "" {
		c.report.Lacking = append(c.report.Lacking, Line{k.name, e.name, e.skip})
		return nil
	}
	if e.known {
		return nil
	}
	theirs, err := k.read(ctx, c.from, e.id)
	if err != nil {
		return c.failed(ctx, k.name, e.name, err)
	}
	if v, ok := any(theirs).(interface{ without(map[string]string) }); ok {
		v.without(c.missed)
	}
	want, unknown, err := translate(c, theirs)
	if err != nil {
		return c.failed(ctx, k.name, e.name, err)
	}
	if len(unknown) > 0 {
		c.report.Lacking = append(c.report.Lacking, Line{k.name, e.name, "it refers to " + strings.Join(unknown, ", ") + ", which is not there"})
		if !k.loose {
			return nil
		}
	}
	counts := c.report.Counts[k.name]
	if there == "" {
		id, err := k.create(ctx, c.to, want)
		if err != nil {
			return c.failed(ctx, k.name, e.name, refusal(err))
		}
		if e.id != "" {
			c.ids[e.id] = id
		}
		counts.Created++
		return nil
	}
	have, err := k.read(ctx, c.to, there)
	if err != nil {
		return c.failed(ctx, k.name, e.name, err)
	}
	done := &counts.Updated
	if same(sorted(want), sorted(have)) {
		done = &counts.Same
	} else if err := k.update(ctx, c.to, there, want, have); err != nil {
		return c.failed(ctx, k.name, e.name, refusal(err))
	}
	if c.held[e.id] {
		done = &counts.Created
	}
	*done++
	return nil
}

// same compares what is copied of two things.
func same[T any](a, b *T) bool {
	x, err := json.Marshal(a)
	if err != nil {
		return false
	}
	y, err := json.Marshal(b)
	return err == nil && string(x) == string(y)
}

var uuid = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)

// translate returns a thing with the ids and ARNs of the target in place of those of the source, and names what it refers to that has no counterpart.
func translate[T any](c *copier, v *T) (*T, []string, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return nil, nil, err
	}
	var unknown []string
	s := c.refs.ReplaceAllStringFunc(string(b), func(arn string) string {
		rest := strings.TrimPrefix(arn, c.origin)
		if ids := uuid.FindAllString(rest, -1); len(ids) > 0 && c.ids[ids[len(ids)-1]] == "" {
			if what := strings.TrimPrefix(rest, "/"); c.missed[ids[len(ids)-1]] == "" && !slices.Contains(unknown, what) {
				unknown = append(unknown, what)
			}
		}
		return c.now + rest
	})
	s = uuid.ReplaceAllStringFunc(s, func(id string) string {
		if ours := c.ids[id]; ours != "" {
			return ours
		}
		if what := c.missed[id]; what != "" && !slices.Contains(unknown, what) {
			unknown = append(unknown, what)
		}
		return id
	})
	out := new(T)
	return out, unknown, json.Unmarshal([]byte(s), out)
}

// sorted is v, with lists of references in one order: that of the ids in its instance.
func sorted[T any](v *T) *T {
	if s, ok := any(v).(interface{ sort() }); ok {
		s.sort()
	}
	return v
}

// failed notes what went wrong with a thing. It returns an error when there is no use in going on.
func (c *copier) failed(ctx context.Context, kind, name string, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	line := Line{kind, name, err.Error()}
	if e, ok := errors.AsType[restjson.Coded](err); ok {
		if line.Why = e.ErrorCode(); e.ErrorMessage() != "" {
			line.Why += ": " + e.ErrorMessage()
		}
	}
	if errors.As(err, new(lacks)) {
		c.report.Lacking = append(c.report.Lacking, line)
		return nil
	}
	c.report.Failed = append(c.report.Failed, line)
	return nil
}
