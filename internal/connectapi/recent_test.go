package connectapi_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"parley.example/parley/api/connect"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
	"parley.example/parley/internal/engine/enginetest"
)

// recent asks for metrics of GetMetricData.
func (c *centre) recent(from, to time.Time, change ...func(*connect.GetMetricDataRequest)) (*connect.GetMetricDataResponse, error) {
	in := &connect.GetMetricDataRequest{InstanceId: c.instance, StartTime: from, EndTime: to, Filters: &connect.Filters{Queues: []string{c.basic, c.sales}},
		HistoricalMetrics: []connect.HistoricalMetric{{Name: connect.HistoricalMetricNameCONTACTS_QUEUED}}}
	for _, f := range change {
		f(in)
	}
	return c.GetMetricData(c.Context(), in)
}

// The metrics of one chat that was answered after one that an agent had missed, by their older names.
func TestGetMetricData(t *testing.T) {
	inCentre(t, func(c *centre) {
		bo := center.UserID(c.hire("bo", c.one))
		start := time.Now()
		c.arrive(string(bo), "Available")
		missed := c.customer(c.basic)
		enginetest.Pass(30 * time.Second)
		c.does(missed, contact.Stop{})
		c.does(missed, contact.Clear{User: bo})
		id := c.customer(c.basic)
		enginetest.Pass(4 * time.Second)
		c.does(id, contact.Accept{User: bo})
		enginetest.Pass(time.Minute)
		state, err := c.engine.State(c.Context(), center.ContactID(id))
		if err != nil {
			t.Fatal(err)
		}
		c.does(id, contact.Disconnect{Participant: state.WorkOf(bo).Participant})
		enginetest.Pass(10 * time.Second)
		c.does(id, contact.Clear{User: bo})
		enginetest.Pass(5*time.Minute - time.Since(start))
		synctest.Wait()

		want := map[connect.HistoricalMetricName]string{
			"CONTACTS_QUEUED": "2 COUNT SUM", "CONTACTS_HANDLED": "1 COUNT SUM", "CONTACTS_ABANDONED": "1 COUNT SUM", "CONTACTS_AGENT_HUNG_UP_FIRST": "1 COUNT SUM",
			"CONTACTS_HANDLED_INCOMING": "0 COUNT SUM", "CONTACTS_HANDLED_OUTBOUND": "0 COUNT SUM", "CALLBACK_CONTACTS_HANDLED": "0 COUNT SUM", "API_CONTACTS_HANDLED": "1 COUNT SUM",
			"CONTACTS_TRANSFERRED_IN": "0 COUNT SUM", "CONTACTS_TRANSFERRED_IN_FROM_QUEUE": "0 COUNT SUM", "CONTACTS_TRANSFERRED_OUT": "0 COUNT SUM", "CONTACTS_TRANSFERRED_OUT_FROM_QUEUE": "0 COUNT SUM",
			"CONTACTS_MISSED": "1 COUNT SUM", "OCCUPANCY": "? PERCENT AVG", "SERVICE_LEVEL": "50 PERCENT AVG", "HANDLE_TIME": "70 SECONDS AVG", "AFTER_CONTACT_WORK_TIME": "10 SECONDS AVG",
			"ABANDON_TIME": "30 SECONDS AVG", "QUEUE_ANSWER_TIME": "4 SECONDS AVG", "INTERACTION_TIME": "60 SECONDS AVG", "INTERACTION_AND_HOLD_TIME": "60 SECONDS AVG", "QUEUED_TIME": "30 SECONDS MAX",
		}
		all := func(in *connect.GetMetricDataRequest) {
			in.HistoricalMetrics = nil
			for _, name := range connect.HistoricalMetricName("").Values() {
				if want[name] == "" {
					continue
				}
				m := connect.HistoricalMetric{Name: name}
				if name == connect.HistoricalMetricNameSERVICE_LEVEL {
					m.Threshold = &connect.Threshold{Comparison: connect.ComparisonLT, ThresholdValue: new(20.0)}
				}
				in.HistoricalMetrics = append(in.HistoricalMetrics, m)
			}
		}
		out, err := c.recent(start, time.Now(), all, func(in *connect.GetMetricDataRequest) {
			in.Groupings, in.Filters.Channels = []connect.Grouping{connect.GroupingQUEUE, connect.GroupingCHANNEL}, []connect.Channel{connect.ChannelCHAT}
		})
		if err != nil || len(out.MetricResults) != 1 || *out.MetricResults[0].Dimensions.Queue.Id != c.basic || out.MetricResults[0].Dimensions.Channel != connect.ChannelCHAT || out.NextToken != nil {
			t.Fatalf("GetMetricData = %+v, %v; want one row", out, err)
		}
		if n := len(out.MetricResults[0].Collections); n != len(want) {
			t.Errorf("%d metrics; want %d", n, len(want))
		}
		for _, m := range out.MetricResults[0].Collections {
			got := "?"
			if m.Value != nil {
				got = fmt.Sprint(*m.Value)
			}
			if got += fmt.Sprintf(" %s %s", m.Metric.Unit, m.Metric.Statistic); got != want[m.Metric.Name] {
				t.Errorf("%s is %s; want %s", m.Metric.Name, got, want[m.Metric.Name])
			}
		}
		out, err = c.recent(start, time.Now(), func(in *connect.GetMetricDataRequest) {
			in.Filters, in.Groupings = &connect.Filters{RoutingProfiles: []string{c.one}}, []connect.Grouping{connect.GroupingROUTING_PROFILE}
			in.HistoricalMetrics = []connect.HistoricalMetric{{Name: connect.HistoricalMetricNameOCCUPANCY, Unit: connect.UnitPERCENT, Statistic: connect.StatisticAVG}}
		})
		if err != nil || len(out.MetricResults) != 1 || *out.MetricResults[0].Dimensions.RoutingProfile.Id != c.one || *out.MetricResults[0].Collections[0].Value != 100*70.0/300 {
			t.Errorf("OCCUPANCY = %+v, %v; want 70 of 300 seconds", out, err)
		}

		enginetest.Pass(25 * time.Hour)
		now := time.Now().Truncate(5 * time.Minute)
		metric := func(m connect.HistoricalMetric) func(*connect.GetMetricDataRequest) {
			return func(in *connect.GetMetricDataRequest) { in.HistoricalMetrics = []connect.HistoricalMetric{m} }
		}
		for _, r := range []struct {
			from, to time.Time
			change   func(*connect.GetMetricDataRequest)
			want     string
		}{
			{now.Add(-time.Hour - time.Second), now, nil, "multiples of 5 minutes"},
			{now, now, nil, "not later"},
			{now.Add(-24*time.Hour - 5*time.Minute), now.Add(-time.Hour), nil, "24 hours"},
			{now, now.Add(5 * time.Minute), nil, "future"},
			{now.Add(-time.Hour), now, func(in *connect.GetMetricDataRequest) {
				in.Filters = &connect.Filters{Channels: []connect.Channel{connect.ChannelCHAT}}
			}, "Queues or RoutingProfiles"},
			{now.Add(-time.Hour), now, func(in *connect.GetMetricDataRequest) { in.Filters.Subtypes = []string{"connect:Chat"} }, "GetMetricDataV2"},
			{now.Add(-time.Hour), now, func(in *connect.GetMetricDataRequest) {
				in.Groupings = []connect.Grouping{connect.GroupingAGENT_STATUS}
			}, "Groupings"},
			{now.Add(-time.Hour), now, metric(connect.HistoricalMetric{Name: connect.HistoricalMetricNameHOLD_TIME}), "not available in Parley"},
			{now.Add(-time.Hour), now, metric(connect.HistoricalMetric{Name: connect.HistoricalMetricNameSERVICE_LEVEL}), "needs one Threshold"},
			{now.Add(-time.Hour), now, metric(connect.HistoricalMetric{Name: connect.HistoricalMetricNameQUEUED_TIME, Statistic: connect.StatisticAVG}), "the Statistic of QUEUED_TIME is MAX"},
			{now.Add(-time.Hour), now, metric(connect.HistoricalMetric{Name: connect.HistoricalMetricNameQUEUED_TIME, Unit: connect.UnitCOUNT}), "the Unit of QUEUED_TIME is SECONDS"},
		} {
			if r.change == nil {
				r.change = func(*connect.GetMetricDataRequest) {}
			}
			if _, err := c.recent(r.from, r.to, r.change); err == nil || !strings.Contains(err.Error(), r.want) {
				t.Errorf("%v: want an error with %q", err, r.want)
			}
		}
	})
}
