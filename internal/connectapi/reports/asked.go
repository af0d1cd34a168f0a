package reports

import (
	"slices"
	"strings"

	"parley.example/parley/api/connect"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/connectapi/wire"
	"parley.example/parley/internal/measure"
)

// known are the keys of filters and groupings.
var known = slices.Concat([]measure.Key{measure.KeyQueue, measure.KeyProfile, measure.KeyAgent}, measure.Levels, []measure.Key{
	measure.KeyChannel, measure.KeySubtype, measure.KeyReason, measure.KeyMethod, measure.KeyStep,
})

// idle are the keys of filters that make no difference.
var idle = []string{"FEATURE", "Q_CONNECT_ENABLED"}

// asked translates what GetMetricDataV2 asks for.
func asked(snap *catalog.Snapshot, in *connect.GetMetricDataV2Request) (*measure.Query, error) {
	q := &measure.Query{}
	if err := readFilters(snap, q, in.Filters); err != nil {
		return nil, err
	}
	for i, text := range in.Groupings {
		key, err := keyOf(text, known)
		switch {
		case err != nil:
			return nil, invalid("Groupings[%d]: %s", i, err)
		case slices.Contains(q.Groupings, key):
			return nil, invalid("Groupings names %s twice", key)
		}
		q.Groupings = append(q.Groupings, key)
	}
	if n := len(in.Metrics); n == 0 || n > maxMetrics {
		return nil, invalid("Metrics has %d elements, not 1 to %d", n, maxMetrics)
	}
	for i := range in.Metrics {
		m, err := readMetric(&in.Metrics[i])
		if err != nil {
			return nil, invalid("Metrics[%d]: %s", i, err)
		}
		q.Metrics = append(q.Metrics, m)
		if err := goesWith(q, &m); err != nil {
			return nil, err
		}
	}
	return q, nil
}

// goesWith checks that a metric can be told by all filters and groupings.
func goesWith(q *measure.Query, m *measure.Asked) error {
	for _, f := range q.Filters {
		if !slices.Contains(m.By, f.Key) {
			return invalid("Filters: %s cannot be filtered by %s, but by %s", m.Name, f.Key, list(m.By))
		}
	}
	for _, key := range q.Groupings {
		if !slices.Contains(m.By, key) {
			return invalid("Groupings: %s cannot be grouped by %s, but by %s", m.Name, key, list(m.By))
		}
	}
	return nil
}

func list[T ~string](all []T) string {
	words := make([]string, len(all))
	for i, w := range all {
		words[i] = string(w)
	}
	return strings.Join(words, ", ")
}

// keyOf reads a key, which has to be one of some.
func keyOf(text string, some []measure.Key) (measure.Key, error) {
	if key := measure.Key(text); slices.Contains(some, key) {
		return key, nil
	}
	return "", invalid("%q is not available in Parley; there are %s", text, list(some))
}

// readFilters reads the filters of a request.
func readFilters(snap *catalog.Snapshot, q *measure.Query, filters []connect.FilterV2) error {
	resources, values := false, 0
	for i := range filters {
		f := &filters[i]
		if slices.Contains(idle, wire.Text(f.FilterKey)) {
			continue
		}
		key, err := keyOf(wire.Text(f.FilterKey), known)
		switch {
		case err != nil:
			return invalid("Filters[%d].FilterKey: %s", i, err)
		case slices.ContainsFunc(q.Filters, func(o measure.Filter) bool { return o.Key == key }):
			return invalid("Filters has the key %s twice", key)
		case f.StringCondition != nil:
			return invalid("Filters[%d].StringCondition is not available in Parley: give FilterValues", i)
		case len(f.FilterValues) == 0:
			return invalid("Filters[%d]: %s has no FilterValues", i, key)
		}
		if key != measure.KeyChannel {
			values += len(f.FilterValues)
		}
		resources = resources || kindOf(key) != ""
		read := measure.Filter{Key: key}
		for _, text := range f.FilterValues {
			value, err := valueOf(snap, key, text)
			if err != nil {
				return wire.InMember("Filters", err)
			}
			read.Values = append(read.Values, value)
		}
		q.Filters = append(q.Filters, read)
	}
	switch {
	case !resources:
		return invalid("Filters: one of them has to be by QUEUE, ROUTING_PROFILE, AGENT or AGENT_HIERARCHY_LEVEL_ONE to FIVE")
	case values > maxValues:
		return invalid("Filters have %d values; the most are %d, those of CHANNEL not counted", values, maxValues)
	}
	return nil
}

// valueOf reads a value of a filter: resources by id or ARN.
func valueOf(snap *catalog.Snapshot, key measure.Key, text string) (string, error) {
	switch key {
	case measure.KeyQueue:
		q, err := catalog.Find[*catalog.Queue](snap, text)
		if err != nil {
			if strings.Contains(text, "queue/agent/") {
				return "", invalid("Filters: agents' own queues have no historical metrics")
			}
			return "", err
		}
		return string(q.ID), nil
	case measure.KeyProfile:
		p, err := catalog.Find[*catalog.RoutingProfile](snap, text)
		if err != nil {
			return "", err
		}
		return string(p.ID), nil
	case measure.KeyAgent:
		u, err := catalog.Find[*catalog.User](snap, text)
		if err != nil {
			return "", err
		}
		return string(u.ID), nil
	case measure.KeyChannel:
		return oneOf(key, text, connect.Channel("").Values())
	case measure.KeyMethod:
		return oneOf(key, text, connect.ContactInitiationMethod("").Values())
	case measure.KeyStep:
		return measure.Expression([]byte(text)), nil
	}
	if slices.Contains(measure.Levels, key) {
		g, err := catalog.Find[*catalog.Group](snap, text)
		if err != nil {
			return "", err
		}
		return string(g.ID), nil
	}
	return text, nil
}

// oneOf checks that a value is one that there is.
func oneOf[T ~string](key measure.Key, text string, all []T) (string, error) {
	if !slices.Contains(all, T(text)) {
		return "", invalid("%s is not %q, but one of %s", key, text, list(all))
	}
	return text, nil
}

// readMetric reads which metric is asked for.
func readMetric(in *connect.MetricV2) (m measure.Asked, err error) {
	name := wire.Text(in.Name)
	if id := wire.Text(in.MetricId); id != "" {
		_, own, ok := strings.Cut(id, ":aws:metric/")
		if name != "" || !ok {
			return m, invalid("there are no metrics besides those of the service: give a Name or, as MetricId, an ARN that ends in aws:metric/NAME")
		}
		name = own
	}
	if m.Metric = measure.Metrics[name]; m.Metric == nil {
		return m, invalid("not available in Parley: %q; there are %s", name, list(measure.Names()))
	}
	if m.Threshold, err = readThreshold(m.Metric, in.Threshold); err != nil {
		return m, err
	}
	for _, f := range in.MetricFilters {
		if slices.Contains(idle, wire.Text(f.MetricFilterKey)) {
			continue
		}
		key, err := keyOf(wire.Text(f.MetricFilterKey), m.Where)
		negate := f.Negate != nil && *f.Negate
		switch {
		case len(m.Where) == 0:
			return m, invalid("%s takes no MetricFilters", name)
		case err != nil:
			return m, invalid("MetricFilters of %s: %s", name, err)
		case len(f.MetricFilterValues) == 0:
			return m, invalid("MetricFilters of %s: %s has no MetricFilterValues", name, key)
		case negate && m.Positive:
			return m, invalid("MetricFilters of %s cannot be negated", name)
		case slices.ContainsFunc(m.Filters, func(o measure.Filter) bool { return o.Key == key }):
			return m, invalid("MetricFilters of %s has the key %s twice", name, key)
		}
		for _, v := range f.MetricFilterValues {
			if key == measure.KeyMethod {
				if _, err := oneOf(key, v, connect.ContactInitiationMethod("").Values()); err != nil {
					return m, err
				}
			}
		}
		m.Filters = append(m.Filters, measure.Filter{Key: key, Values: f.MetricFilterValues, Negate: negate})
	}
	return m, nil
}

// readThreshold reads the threshold of a metric that needs one.
func readThreshold(m *measure.Metric, in []connect.ThresholdV2) (t measure.Threshold, err error) {
	switch {
	case m.Within == nil && len(in) > 0:
		return t, invalid("%s takes no Threshold", m.Name)
	case m.Within == nil:
		return t, nil
	case len(in) != 1 || in[0].ThresholdValue == nil:
		return t, invalid("%s needs one Threshold with a ThresholdValue in seconds", m.Name)
	}
	t.Seconds = *in[0].ThresholdValue
	if !(t.Seconds >= 1 && t.Seconds <= maxThreshold) {
		return t, invalid("the ThresholdValue of %s is not from 1 to %d seconds", m.Name, maxThreshold)
	}
	switch comparison := wire.Text(in[0].Comparison); comparison {
	case "LT":
	case "LTE":
		t.Equal = true
	default:
		return t, invalid("the Comparison of the Threshold of %s is %q, not LT or LTE", m.Name, comparison)
	}
	return t, nil
}
