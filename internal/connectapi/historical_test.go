package connectapi_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"parley.example/parley/api/connect"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/connectapi/reports"
	"parley.example/parley/internal/contact"
	"parley.example/parley/internal/engine/enginetest"
	"parley.example/parley/internal/measurer"
)

// report asks for metrics of a time, by the name of each, or as NAME<X and NAME<=X.
func (c *centre) report(from, to time.Time, metrics string, change ...func(*connect.GetMetricDataV2Request)) (*connect.GetMetricDataV2Response, error) {
	in := &connect.GetMetricDataV2Request{ResourceArn: c.instance, StartTime: from, EndTime: to, Filters: []connect.FilterV2{{FilterKey: new("QUEUE"), FilterValues: []string{c.basic, c.sales}}}}
	for text := range strings.FieldsSeq(metrics) {
		name, limit, has := strings.Cut(text, "<")
		m := connect.MetricV2{Name: &name}
		if has {
			limit, equal := strings.CutPrefix(limit, "=")
			t := connect.ThresholdV2{Comparison: new("LT"), ThresholdValue: new(0.0)}
			if equal {
				t.Comparison = new("LTE")
			}
			if _, err := fmt.Sscan(limit, t.ThresholdValue); err != nil {
				c.Fatal(err)
			}
			m.Threshold = []connect.ThresholdV2{t}
		}
		in.Metrics = append(in.Metrics, m)
	}
	for _, f := range change {
		f(in)
	}
	return c.GetMetricDataV2(c.Context(), in)
}

// told compares the rows of a report: what each is of, its interval in minutes since from, and its values.
func (c *centre) told(what string, from time.Time, out *connect.GetMetricDataV2Response, err error, want ...string) {
	c.Helper()
	if err != nil {
		c.Errorf("%s: %v", what, err)
		return
	}
	names := map[string]string{c.basic: "basic", c.sales: "sales", c.one: "one", c.both: "both"}
	var got []string
	for _, r := range out.MetricResults {
		var words []string
		for _, key := range []string{"QUEUE", "ROUTING_PROFILE", "AGENT", "CHANNEL", "DISCONNECT_REASON", "INITIATION_METHOD", "AGENT_HIERARCHY_LEVEL_TWO"} {
			if v, ok := r.Dimensions[key]; ok {
				if name := names[v]; name != "" {
					v = name
				}
				words = append(words, v)
			}
		}
		words = append(words, fmt.Sprintf("%g-%g:", r.MetricInterval.StartTime.Sub(from).Minutes(), r.MetricInterval.EndTime.Sub(from).Minutes()))
		for _, m := range r.Collections {
			if m.Value == nil {
				words = append(words, "?")
			} else {
				words = append(words, fmt.Sprintf("%g", *m.Value))
			}
		}
		got = append(got, strings.Join(words, " "))
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		c.Errorf("%s:\n%s\nwant\n%s", what, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func grouped(keys ...string) func(*connect.GetMetricDataV2Request) {
	return func(in *connect.GetMetricDataV2Request) { in.Groupings = keys }
}

func filtered(key string, values ...string) func(*connect.GetMetricDataV2Request) {
	return func(in *connect.GetMetricDataV2Request) {
		in.Filters = []connect.FilterV2{{FilterKey: &key, FilterValues: values}}
	}
}

func every(p connect.IntervalPeriod, zone string) func(*connect.GetMetricDataV2Request) {
	return func(in *connect.GetMetricDataV2Request) {
		in.Interval = &connect.IntervalDetails{IntervalPeriod: p, TimeZone: &zone}
	}
}

// Half an hour of a small centre, with what was counted by hand.
func TestHistoricalMetricsOfHalfAnHour(t *testing.T) {
	inCentre(t, func(c *centre) {
		site, team := c.groups()
		bo, cy := center.UserID(c.hire("bo", c.one, func(in *connect.CreateUserRequest) { in.HierarchyGroupId = &team })), center.UserID(c.hire("cy", c.both))
		start := time.Now()
		c.arrive(string(bo), "Available")
		enginetest.Pass(10 * time.Second)

		first := c.customer(c.basic) // rings at bo, who takes it after 5 s and talks for 2 minutes
		enginetest.Pass(5 * time.Second)
		c.does(first, contact.Accept{User: bo})
		enginetest.Pass(2 * time.Minute)
		c.does(first, contact.Stop{})
		enginetest.Pass(30 * time.Second)
		c.does(first, contact.Clear{User: bo})

		second := c.customer(c.basic) // bo misses it, and it is abandoned after 40 s
		enginetest.Pass(40 * time.Second)
		c.does(second, contact.Stop{})
		enginetest.Pass(5 * time.Second)
		must[*connect.DismissUserContactResponse](c.T)(c.DismissUserContact(c.Context(), &connect.DismissUserContactRequest{InstanceId: c.instance, UserId: string(bo), ContactId: second}))

		third := c.customer(c.sales) // nobody takes those of sales before cy comes
		enginetest.Pass(16*time.Minute - time.Since(start))
		c.arrive(string(cy), "Available")
		enginetest.Pass(2 * time.Second)
		c.does(third, contact.Accept{User: cy})
		c.status(string(bo), "Lunch")
		enginetest.Pass(time.Minute)
		end := time.Now()
		synctest.Wait()

		out, err := c.report(start, end, "CONTACTS_CREATED CONTACTS_QUEUED CONTACTS_HANDLED CONTACTS_ABANDONED AVG_QUEUE_ANSWER_TIME AVG_ABANDON_TIME AVG_HANDLE_TIME SERVICE_LEVEL<=5 SERVICE_LEVEL<5", grouped("QUEUE", "CHANNEL"))
		c.told("by queue", start, out, err, "basic CHAT 0-17.033333333333335: 2 2 1 1 5 40 150 50 0") // the third goes on
		if d := out.MetricResults[0].Dimensions; d["QUEUE_ARN"] == "" || d["QUEUE"] != c.basic {
			c.Errorf("dimensions are %v", d)
		}
		if m := out.MetricResults[0].Collections[7].Metric; *m.Name != "SERVICE_LEVEL" || *m.Threshold[0].Comparison != "LTE" || *m.Threshold[0].ThresholdValue != 5 {
			c.Errorf("the metric is %+v", m)
		}
		out, err = c.report(start, end, "CONTACTS_ABANDONED", grouped("DISCONNECT_REASON"))
		if err == nil || !strings.Contains(err.Error(), "cannot be grouped by DISCONNECT_REASON") {
			c.Errorf("a grouping that a metric does not go with: %v, %v", out, err)
		}

		const ofAgents = "SUM_ONLINE_TIME_AGENT SUM_CONTACT_TIME_AGENT SUM_IDLE_TIME_AGENT SUM_NON_PRODUCTIVE_TIME_AGENT SUM_ERROR_STATUS_TIME_AGENT AGENT_NON_RESPONSE AGENT_ANSWER_RATE AVG_AGENT_CONNECTING_TIME"
		agents := func() {
			c.Helper()
			out, err := c.report(start, end, ofAgents, filtered("ROUTING_PROFILE", c.one, c.both), grouped("ROUTING_PROFILE"))
			c.told("by profile", start, out, err, "one 0-17.033333333333335: 1022 150 812 60 25 1 50 12.5", "both 0-17.033333333333335: 62 60 2 0 0 0 100 2")
			out, err = c.report(start, end, ofAgents, filtered("AGENT_HIERARCHY_LEVEL_ONE", site), grouped("AGENT_HIERARCHY_LEVEL_TWO"))
			c.told("by group", start, out, err, team+" 0-17.033333333333335: 1022 150 812 60 25 1 50 12.5")
			out, err = c.report(start, end, "SUM_ONLINE_TIME_AGENT", filtered("AGENT", string(bo)), every(connect.IntervalPeriodFIFTEEN_MIN, "Asia/Kathmandu"))
			c.told("by quarters", start, out, err, "0-15: 900", "15-17.033333333333335: 122")
			out, err = c.report(start.Add(90*time.Second), start.Add(100*time.Second), "SUM_ONLINE_TIME_AGENT SUM_CONTACT_TIME_AGENT", filtered("AGENT", string(bo)))
			c.told("of ten seconds", start, out, err, "1.5-1.6666666666666665: 10 10")
		}
		agents()
		out, err = c.report(start, end, "AVG_AGENT_CONCURRENCY AGENT_NON_RESPONSE", grouped("QUEUE"))
		c.told("agents by queue", start, out, err, "basic 0-17.033333333333335: 1 1", "sales 0-17.033333333333335: 1 0")

		// What is kept changes no answer.
		m := measurer.New(c.engine.Catalog, c.engine.Store, c.engine.Clock, enginetest.NoLog)
		for range 2 {
			if err := m.RollUp(c.Context()); err != nil {
				c.Fatal(err)
			}
			agents()
			if err := m.Rebuild(c.Context(), center.InstanceID(c.instance)); err != nil {
				c.Fatal(err)
			}
			agents()
			enginetest.Pass(time.Hour)
		}
		c.does(third, contact.Stop{})
		c.does(third, contact.Clear{User: cy})
		enginetest.Pass(time.Second) // what ends now is not before now
		out, err = c.report(start, time.Now(), "CONTACTS_QUEUED_BY_ENQUEUE CONTACTS_HANDLED CONTACTS_HANDLED_BY_CONNECTED_TO_AGENT", every(connect.IntervalPeriodHOUR, "UTC"), filtered("QUEUE", c.sales))
		c.told("a contact of two hours", start, out, err, "0-60: 1 0 1", "120-137.05: 0 1 0")
		out, err = c.report(start, time.Now(), "CONTACTS_HANDLED", filtered("AGENT", string(bo), string(cy)), grouped("AGENT"))
		c.told("by agent", start, out, err, string(bo)+" 0-137.05: 1", string(cy)+" 0-137.05: 1")
		out, err = c.report(start, time.Now(), "CONTACTS_HANDLED CONTACTS_CREATED CONTACTS_HANDLED", func(in *connect.GetMetricDataV2Request) {
			in.Metrics[0].MetricFilters = []connect.MetricFilterV2{{MetricFilterKey: new("INITIATION_METHOD"), MetricFilterValues: []string{"API"}, Negate: new(true)}}
			in.Metrics[1].MetricFilters = []connect.MetricFilterV2{{MetricFilterKey: new("INITIATION_METHOD"), MetricFilterValues: []string{"API", "TRANSFER"}}}
			in.Metrics[2].MetricFilters = []connect.MetricFilterV2{{MetricFilterKey: new("DISCONNECT_REASON"), MetricFilterValues: []string{"API"}}, {MetricFilterKey: new("FEATURE"), MetricFilterValues: []string{"x"}}}
		})
		c.told("with filters of metrics", start, out, err, "0-137.05: 0 3 2")
	})
}

// Pages follow each other, whatever has happened since; a token belongs to its request.
func TestHistoricalPages(t *testing.T) {
	inCentre(t, func(c *centre) {
		start := time.Now()
		for range 5 {
			for _, queue := range []string{c.basic, c.sales} {
				id := c.customer(queue)
				enginetest.Pass(time.Second)
				c.does(id, contact.Stop{})
			}
			enginetest.Pass(15 * time.Minute)
		}
		end := time.Now()
		seen := map[string]bool{}
		var token *string
		for pages := 1; ; pages++ {
			out, err := c.report(start, end, "CONTACTS_ABANDONED", grouped("QUEUE"), every(connect.IntervalPeriodFIFTEEN_MIN, "UTC"), func(in *connect.GetMetricDataV2Request) {
				in.NextToken, in.MaxResults = token, new(int32(3))
			})
			if err != nil {
				c.Fatal(err)
			}
			for _, r := range out.MetricResults {
				key := r.Dimensions["QUEUE"] + r.MetricInterval.StartTime.String()
				if seen[key] || *r.Collections[0].Value != 1 {
					c.Errorf("%s comes twice, or with %v", key, *r.Collections[0].Value)
				}
				seen[key] = true
			}
			if token = out.NextToken; token == nil {
				if pages != 4 || len(seen) != 10 {
					c.Errorf("%d rows on %d pages; want 10 on 4", len(seen), pages)
				}
				break
			}
			if _, err := c.report(start, end, "CONTACTS_QUEUED", grouped("QUEUE"), func(in *connect.GetMetricDataV2Request) { in.NextToken = token }); err == nil || !strings.Contains(err.Error(), "another request") {
				c.Errorf("a token of another request: %v", err)
			}
		}
	})
}

// What cannot be told is refused, with the reason.
func TestHistoricalRequestsThatAreRefused(t *testing.T) {
	inCentre(t, func(c *centre) {
		now := time.Now()
		hour := now.Add(-time.Hour)
		threshold := func(comparison string, value float64) func(*connect.GetMetricDataV2Request) {
			return func(in *connect.GetMetricDataV2Request) {
				in.Metrics[0].Threshold = []connect.ThresholdV2{{Comparison: &comparison, ThresholdValue: &value}}
			}
		}
		where := func(key, value string, negate bool) func(*connect.GetMetricDataV2Request) {
			return func(in *connect.GetMetricDataV2Request) {
				in.Metrics[0].MetricFilters = []connect.MetricFilterV2{{MetricFilterKey: &key, MetricFilterValues: []string{value}, Negate: &negate}}
			}
		}
		also := func(key string, values ...string) func(*connect.GetMetricDataV2Request) {
			return func(in *connect.GetMetricDataV2Request) {
				in.Filters = append(in.Filters, connect.FilterV2{FilterKey: &key, FilterValues: values})
			}
		}
		many := make([]string, 60)
		for i := range many {
			many[i] = c.basic
		}
		for _, r := range []struct {
			metrics  string
			from, to time.Time
			change   func(*connect.GetMetricDataV2Request)
			want     string
		}{
			{"CONTACTS_QUEUED", now, now, nil, "EndTime is not later"},
			{"CONTACTS_QUEUED", hour, now.Add(2 * time.Minute), nil, "in the future"},
			{"CONTACTS_QUEUED", now.AddDate(0, -3, -1), now.AddDate(0, -3, 0), nil, "3 months"},
			{"CONTACTS_QUEUED", now.Add(-35 * 24 * time.Hour), now, nil, "less than 35 days"},
			{"CONTACTS_QUEUED", now.Add(-72 * time.Hour), now, every(connect.IntervalPeriodHOUR, "UTC"), "less than 3 days"},
			{"CONTACTS_QUEUED", hour, now, every(connect.IntervalPeriodDAY, "Mars/Olympus"), "no time zone"},
			{"CONTACTS_QUEUED", hour, now, filtered("CHANNEL", "CHAT"), "one of them has to be by QUEUE"},
			{"CONTACTS_QUEUED", hour, now, also("CHANNEL", "PIGEON"), "PIGEON"},
			{"CONTACTS_QUEUED", hour, now, also("QUEUE", c.basic), "twice"},
			{"CONTACTS_QUEUED", hour, now, also("CASE_STATUS", "open"), "not available in Parley"},
			{"CONTACTS_QUEUED", hour, now, func(in *connect.GetMetricDataV2Request) {
				in.Filters = []connect.FilterV2{{FilterKey: new("QUEUE"), FilterValues: many}, {FilterKey: new("ROUTING_PROFILE"), FilterValues: slices.Repeat([]string{c.one}, 41)}}
			}, "101 values"},
			{"CONTACTS_QUEUED", hour, now, filtered("QUEUE", "22222222-2222-4222-8222-222222222222"), "does not exist"},
			{"CONTACTS_QUEUED", hour, now, filtered("QUEUE", "arn:aws:connect:us-east-1:123456789012:instance/"+c.instance+"/queue/agent/x"), "own queues"},
			{"SUM_ONLINE_TIME_AGENT", hour, now, nil, "cannot be filtered by QUEUE"},
			{"CONTACTS_CREATED", hour, now, grouped("AGENT"), "cannot be grouped by AGENT"},
			{"CONTACTS_QUEUED", hour, now, grouped("QUEUE", "QUEUE"), "twice"},
			{"CONTACTS_QUEUED", hour, now, grouped("WEATHER"), "not available"},
			{"AVG_HOLD_TIME_OF_VOICE", hour, now, nil, "not available in Parley"},
			{"FLOWS_STARTED", hour, now, nil, "not available in Parley"},
			{"SERVICE_LEVEL", hour, now, nil, "needs one Threshold"},
			{"SERVICE_LEVEL", hour, now, threshold("LT", 604_801), "604800"},
			{"SERVICE_LEVEL", hour, now, threshold("LT", 0.5), "604800"},
			{"SERVICE_LEVEL", hour, now, threshold("GT", 5), "not LT or LTE"},
			{"CONTACTS_QUEUED", hour, now, threshold("LT", 5), "takes no Threshold"},
			{"CONTACTS_QUEUED", hour, now, where("INITIATION_METHOD", "API", false), "takes no MetricFilters"},
			{"CONTACTS_CREATED", hour, now, where("DISCONNECT_REASON", "API", false), "MetricFilters of CONTACTS_CREATED"},
			{"CONTACTS_CREATED", hour, now, where("INITIATION_METHOD", "MAGIC", false), "MAGIC"},
			{"SUM_CONNECTING_TIME_AGENT", hour, now, where("INITIATION_METHOD", "API", true), "cannot be negated"},
			{"CONTACTS_QUEUED", hour, now, func(in *connect.GetMetricDataV2Request) { in.Metrics[0] = connect.MetricV2{MetricId: new("arn:own")} }, "no metrics besides"},
			{"CONTACTS_QUEUED", hour, now, func(in *connect.GetMetricDataV2Request) { in.ResourceArn = "22222222-2222-4222-8222-222222222222" }, "ResourceArn"},
			{"CONTACTS_QUEUED", hour, now, func(in *connect.GetMetricDataV2Request) { in.NextToken = new("nonsense") }, "NextToken"},
		} {
			if r.change == nil {
				r.change = func(*connect.GetMetricDataV2Request) {}
			}
			if _, err := c.report(r.from, r.to, r.metrics, r.change); err == nil || !strings.Contains(err.Error(), r.want) {
				c.Errorf("%s from %v to %v: %v; want an error with %q", r.metrics, r.from, r.to, err, r.want)
			}
		}
		// What is at the bounds is not.
		for name, change := range map[string]func(*connect.GetMetricDataV2Request){
			"a week of seconds": threshold("LTE", 604_800), "a second": threshold("LT", 1),
			"by the ARN of a metric": func(in *connect.GetMetricDataV2Request) {
				in.Metrics[0] = connect.MetricV2{MetricId: new("arn:aws:connect:us-east-1:1:aws:metric/CONTACTS_QUEUED")}
			},
		} {
			if out, err := c.report(now.AddDate(0, -3, 0), now.AddDate(0, -3, 0).Add(35*24*time.Hour-time.Second), "SERVICE_LEVEL", change); err != nil || len(out.MetricResults) != 0 {
				c.Errorf("%s: %+v, %v; want no rows", name, out, err)
			}
		}
	})
}

var _ reports.History = (*measurer.Measurer)(nil)
