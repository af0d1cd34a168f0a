package record

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"parley.example/parley/internal/center"
)

// Setting is what is not in a [Fact], but in what has been set up and in the transcript.
type Setting struct {
	Partition center.Partition
	// Queues are the names of queues, by id. One that is not there, as an agent's own, has none.
	Queues map[center.QueueID]string
	Agents map[center.UserID]Agent
	// Place is where the transcript is stored; nil when there is none.
	Place *Place
	// Items are what was said in the contact of a fact, in order: all of it, as for COMPLETED, contact records and transcripts.
	Items []center.Item
}

// Place is where the transcript of a contact is stored: an object in a bucket.
type Place struct{ Bucket, Key string }

// Agent is what has been set up for an agent.
type Agent struct {
	UserName, FirstName, LastName string
	Groups                        []Named // of the hierarchy, from the top
	Profile                       Named   // the routing profile
	Concurrency                   []Concurrency
	Outbound                      Inbound   // DefaultOutboundQueue
	Inbound                       []Inbound // InboundQueues, without the agent's own
	Proficiencies                 []Proficiency
}

// Named is a resource by its ARN and its name.
type Named struct{ ARN, Name string }

// Concurrency is how many contacts of a channel an agent takes at once.
type Concurrency struct {
	Channel string
	Max     int32
}

// Inbound is a queue with the channels for which an agent takes contacts from it.
type Inbound struct {
	Named
	Channels []string
}

// Proficiency is how well an agent knows something.
type Proficiency struct {
	Name, Value string
	Level       float64
}

// object is a JSON object. Its members are encoded in the byte order of their names, which is
// the order that Amazon writes them in.
type object map[string]any

// Render returns the JSON that readers get of a fact: one object, without a line break. The members, their types,
// and the form of times and durations are those of the service; what is not known of a chat is null, or left out where the service leaves it out.
// f.Contact must be set, but for agent events.
func Render(f *Fact, s *Setting) ([]byte, error) {
	var v any
	switch f.Kind {
	case ContactEvents:
		v = contactEvent(f, s)
	case ContactRecords:
		v = contactRecord(f, s)
	case AgentEvents:
		v = agentEvent(f, s)
	case Transcripts:
		v = transcript(f, s)
	default:
		return nil, fmt.Errorf("%q is no kind of record", f.Kind)
	}
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, fmt.Errorf("encode %s: %w", f.Kind, err)
	}
	return []byte(strings.TrimSuffix(b.String(), "\n")), nil
}

// second is the form of times in contact records: null when there is none.
func second(t time.Time) any { return moment(t, "2006-01-02T15:04:05Z") }

// milli is the form of times in events.
func milli(t time.Time) any { return moment(t, center.TimeLayout) }

func moment(t time.Time, layout string) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC().Format(layout)
}

// orNull is a text, or null when it is empty.
func orNull[S ~string](s S) any {
	if s == "" {
		return nil
	}
	return string(s)
}

// between is a time in whole seconds, never less than 0, as the difference of the times that are shown: null when one is missing.
func between(from, to time.Time) any {
	if from.IsZero() || to.IsZero() {
		return nil
	}
	return max(to.Unix()-from.Unix(), 0)
}

// bare removes what is null from an object: events leave it out.
func bare(o object) object {
	for name, v := range o {
		if v == nil {
			delete(o, name)
		}
	}
	return o
}

// camel returns a JSON value with names in the form of contact events, whose first letter is a small one. Objects whose
// names are not Amazon's, but somebody's own, are not to be given to it.
func camel(v any) any {
	switch v := v.(type) {
	case object:
		return camel(map[string]any(v))
	case map[string]any:
		out := make(object, len(v))
		for name, member := range v {
			first, n := utf8.DecodeRuneInString(name)
			out[string(unicode.ToLower(first))+name[n:]] = camel(member)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = camel(v[i])
		}
		return out
	}
	return v
}

// segmentAttributes are those of a contact; spelt spells the members of their values.
func segmentAttributes(m map[string]center.SegmentAttribute, spelt func(any) any) object {
	out := make(object, len(m))
	for name, a := range m {
		out[name] = spelt(segmentValue(a, spelt))
	}
	return out
}

func segmentValue(a center.SegmentAttribute, spelt func(any) any) any {
	switch {
	case a.String != nil:
		return object{"ValueString": *a.String}
	case a.Integer != nil:
		return object{"ValueInteger": *a.Integer}
	case a.ARN != nil:
		return object{"ValueArn": *a.ARN}
	case a.Map != nil:
		return object{"ValueMap": kept(segmentAttributes(a.Map, spelt))}
	}
	list := make([]any, 0, len(a.List))
	for _, e := range a.List {
		list = append(list, spelt(segmentValue(e, spelt)))
	}
	return object{"ValueList": list}
}

// kept is an object whose names are somebody's own.
type kept map[string]any

// asIs spells names as they are.
func asIs(v any) any { return v }

// criteria are routing criteria, with names as in contact records; form is that of times.
func criteria(c *center.RoutingCriteria, form func(time.Time) any) object {
	steps := make([]any, 0, len(c.Steps))
	for _, s := range c.Steps {
		step := object{"Status": s.Status}
		var expression any
		if json.Unmarshal(s.Expression, &expression) == nil && expression != nil {
			step["Expression"] = expression
		}
		if s.Expiry > 0 {
			step["Expiry"] = bare(object{"DurationInSeconds": int64(s.Expiry / time.Second), "ExpiryTimestamp": form(s.ExpiresAt)})
		}
		steps = append(steps, step)
	}
	return object{"ActivationTimestamp": form(c.Active), "Index": c.Index, "Steps": steps}
}
