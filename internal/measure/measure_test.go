package measure_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"parley.example/parley/internal/agent"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
	"parley.example/parley/internal/measure"
)

// base is the beginning of a quarter of an hour, in seconds.
const base = int64(1_767_600_000)

// contact1 is a contact that waited 30 s, talked 5 minutes and left 20 s of work behind.
func contact1() measure.Contact {
	return measure.Contact{
		ID: "c1", Chat: "c1", Method: "API", Reason: "CUSTOMER_DISCONNECT", Subtype: "connect:Chat", Queue: "sales", Agent: "ana",
		Initiated: base, System: base + 1, Enqueued: base + 5, Connected: base + 35, Disconnected: base + 335, AfterWork: base + 335, AfterWorkEnd: base + 355,
		Profile: "basic", Groups: "world/europe",
		Talk: measure.Talk{
			Messages: 7, Bot: 1, Close: new(int64(4000)), FirstResponse: new(int64(2500)), FirstAt: (base+35)*1000 + 2500,
			Agent: measure.Side{Sent: 2, Length: 31, Responses: 2, Waited: 9000}, Customer: measure.Side{Sent: 4, Length: 40, Responses: 1, Waited: 8000},
		},
	}
}

// asked reads a metric as NAME, NAME<X or NAME<=X.
func asked(t *testing.T, text string) measure.Asked {
	t.Helper()
	name, limit, has := strings.Cut(text, "<")
	m := measure.Metrics[name]
	if m == nil {
		t.Fatalf("there is no metric %s", name)
	}
	a := measure.Asked{Metric: m}
	if has {
		limit, a.Threshold.Equal = strings.CutPrefix(limit, "=")
		if _, err := fmt.Sscan(limit, &a.Threshold.Seconds); err != nil {
			t.Fatal(err)
		}
	}
	if has != (m.Within != nil) {
		t.Fatalf("%s: the metric needs a threshold: %t", text, m.Within != nil)
	}
	return a
}

// answer adds up facts and asks for metrics of the time around base.
func answer(q *measure.Query, facts []measure.Fact) []measure.Row {
	cells := measure.Cells{}
	for i := range facts {
		facts[i].AddTo(cells, (base-86_400)*1000, (base+86_400)*1000)
	}
	table := measure.NewTable(q)
	for d, c := range cells {
		table.Add(0, &d, c)
	}
	return table.Rows()
}

func text(v *float64) string {
	if v == nil {
		return "null"
	}
	return fmt.Sprint(*v)
}

// Each metric of contacts, of one that an agent handled, one that was abandoned, one that went from queue to queue, one that an agent transferred, and one that
// never came into a queue.
func TestMetricsOfContacts(t *testing.T) {
	handled := contact1()
	abandoned := measure.Contact{ID: "c2", Method: "API", Reason: "CUSTOMER_DISCONNECT", Queue: "sales", Initiated: base, System: base, Enqueued: base + 10, Disconnected: base + 70}
	moved := measure.Contact{ID: "c3", Method: "API", Queue: "sales", Next: true, Initiated: base, System: base, Enqueued: base + 2, Disconnected: base + 47, Transferred: base + 47}
	handedOn := contact1()
	handedOn.ID, handedOn.Next, handedOn.Transferred, handedOn.AfterWork, handedOn.AfterWorkEnd, handedOn.Method, handedOn.Talk = "c4", true, base+335, 0, 0, "TRANSFER", measure.Talk{Messages: 1, Agent: measure.Side{Sent: 1, Length: 5}}
	never := measure.Contact{ID: "c5", Method: "API", Reason: "EXPIRED", Initiated: base, System: base + 2, Disconnected: base + 12}
	var facts []measure.Fact
	for _, c := range []measure.Contact{handled, abandoned, moved, handedOn, never} {
		facts = append(facts, measure.Fact{Contact: &c})
	}
	want := map[string]string{
		"CONTACTS_CREATED": "5", "CONTACTS_QUEUED": "4", "CONTACTS_QUEUED_BY_ENQUEUE": "4", "CONTACTS_HANDLED": "2", "CONTACTS_HANDLED_BY_CONNECTED_TO_AGENT": "2",
		"CONTACTS_ABANDONED": "1", "ABANDONMENT_RATE": "25", "AVG_ABANDON_TIME": "60", "AVG_QUEUE_ANSWER_TIME": "30", "MAX_QUEUED_TIME": "60",
		"CONTACTS_REMOVED_FROM_QUEUE_IN_X<60": "3", "CONTACTS_REMOVED_FROM_QUEUE_IN_X<=60": "4", "SERVICE_LEVEL<45": "50", "SERVICE_LEVEL<=45": "75",
		"SUM_CONTACTS_ANSWERED_IN_X<30": "0", "SUM_CONTACTS_ANSWERED_IN_X<=30": "2", "SUM_CONTACTS_ABANDONED_IN_X<=60": "1", "SUM_CONTACTS_ABANDONED_IN_X<60": "0",
		"CONTACTS_RESOLVED_IN_X<=70": "3", "AVG_RESOLUTION_TIME": fmt.Sprint((355 + 70 + 47 + 335 + 12) / 5.0), "AVG_CONTACT_DURATION": fmt.Sprint((335 + 70 + 47 + 335 + 12) / 5.0),
		"AVG_INTERACTION_TIME": "300", "SUM_INTERACTION_TIME": "600", "AVG_AFTER_CONTACT_WORK_TIME": "10", "SUM_AFTER_CONTACT_WORK_TIME": "20",
		"AVG_HANDLE_TIME": "310", "SUM_HANDLE_TIME": "620", "AVG_ACTIVE_TIME": "310",
		"AVG_CONTACT_FLOW_TIME": fmt.Sprint((4 + 10 + 2 + 4 + 10) / 5.0), "SUM_CONTACT_FLOW_TIME": "30",
		"SUM_CONTACTS_DISCONNECTED": "2", "CONTACTS_TRANSFERRED_OUT": "2", "CONTACTS_TRANSFERRED_OUT_BY_AGENT": "1", "CONTACTS_TRANSFERRED_OUT_FROM_QUEUE": "1", "CONTACTS_TRANSFERRED_OUT_INTERNAL": "1",
		"AVG_FIRST_RESPONSE_TIME_AGENT": "2.5", "AVG_CONTACT_FIRST_RESPONSE_TIME_AGENT": "32.5", "AVG_RESPONSE_TIME_AGENT": "4.5", "AVG_RESPONSE_TIME_CUSTOMER": "8",
		"AVG_MESSAGE_LENGTH_AGENT": "12", "AVG_MESSAGE_LENGTH_CUSTOMER": "10", "AVG_MESSAGES": "1.6", "AVG_MESSAGES_AGENT": "0.6", "AVG_MESSAGES_CUSTOMER": "0.8", "AVG_MESSAGES_BOT": "0.2",
		"AVG_CONVERSATION_CLOSE_TIME": "4", "CONVERSATIONS_ABANDONED": "1", "STEP_CONTACTS_QUEUED": "0", "PERCENT_CONTACTS_STEP_EXPIRED": "null", "PERCENT_CONTACTS_STEP_JOINED": "null",
	}
	q := &measure.Query{}
	names := slices.Sorted(maps.Keys(want))
	shown := map[string]bool{}
	for _, name := range names {
		m := asked(t, name)
		shown[m.Name] = true
		q.Metrics = append(q.Metrics, m)
	}
	for _, name := range measure.Names() {
		if m := measure.Metrics[name]; m.Of != measure.Agents && !shown[name] {
			t.Errorf("%s is not shown", name)
		}
	}
	rows := answer(q, facts)
	if len(rows) != 1 {
		t.Fatalf("%d rows; want one", len(rows))
	}
	for i, name := range names {
		if got := text(rows[0].Values[i]); got != want[name] {
			t.Errorf("%s is %s; want %s", name, got, want[name])
		}
	}
}

// A contact counts at each of its times in the quarter that it is in, and is a fact of each.
func TestContactCountsWhenThingsHappen(t *testing.T) {
	c := contact1()
	c.Enqueued, c.Connected, c.Disconnected, c.AfterWork, c.AfterWorkEnd = base+1000, base+1700, base+3600, base+3600, base+7200
	f := measure.Fact{Contact: &c}
	at := func(q int64) int64 { return base*1000 + q*measure.Quarter }
	quarters := f.Quarters()
	slices.Sort(quarters)
	if want := []int64{at(0), at(1), at(4)}; !slices.Equal(quarters, want) {
		t.Fatalf("quarters %v; want %v", quarters, want)
	}
	for i, want := range [][4]int64{{1, 0, 0, 0}, {0, 1, 1, 0}, {0, 0, 0, 1}} {
		cells := measure.Cells{}
		f.AddTo(cells, quarters[i], quarters[i]+measure.Quarter)
		var got [4]int64
		for _, cell := range cells {
			for j, s := range []measure.Sum{measure.Created, measure.QueuedThen, measure.HandledThen, measure.Ended} {
				got[j] += cell.Sums[s]
			}
		}
		if got != want {
			t.Errorf("quarter %d counts %v; want %v", i, got, want)
		}
	}
}

// What becomes a fact of a contact's record.
func TestOfRecord(t *testing.T) {
	at := func(s int64) time.Time { return time.UnixMilli((base+s)*1000 + 999).UTC() }
	subtype := "connect:Chat"
	c := measure.OfRecord(&center.Contact{
		ID: "c", Chat: "b", InitiationMethod: "API", DisconnectReason: "API", Queue: "agent/ana", Next: "d", Agent: "ana",
		Initiated: at(0), ConnectedSystem: at(1), Enqueued: at(2), AgentConnected: at(3), AfterWork: at(4), Disconnected: at(5), AfterWorkEnd: at(6), Transferred: at(7),
		SegmentAttrs: map[string]center.SegmentAttribute{"connect:Subtype": {String: &subtype}},
		Criteria: []center.RoutingCriteria{{Index: 1, Steps: []center.RoutingStep{
			{Expression: []byte(`{"b":[2, 1], "a":{"y":1.50,"x":"<"}}`), Status: "EXPIRED"}, {Expression: []byte(`{}`), Status: "JOINED"}, {Expression: []byte(`{"c":1}`), Status: "INACTIVE"}}}},
	})
	c.Fill(measure.Talk{Messages: 3}, measure.Setting{Profile: "p", Groups: []center.HierarchyGroupID{"g", "h"}})
	want := measure.Contact{
		ID: "c", Method: "API", Reason: "API", Subtype: subtype, Agent: "ana", Next: true, Initiated: base, System: base + 1, Enqueued: base + 2, Connected: base + 3,
		AfterWork: base + 4, Disconnected: base + 5, AfterWorkEnd: base + 6, Transferred: base + 7,
		Steps: []measure.Step{{`{"a":{"x":"<","y":1.5},"b":[2,1]}`, "EXPIRED"}, {`{}`, "JOINED"}}, Last: `{}`, Profile: "p", Groups: "g/h", Talk: measure.Talk{Messages: 3},
	}
	if fmt.Sprintf("%+v", c) != fmt.Sprintf("%+v", want) {
		t.Errorf("%+v\nwant %+v", c, want)
	}
}

// Routing steps count once each, and name the contact that left the queue in one of them.
func TestMetricsOfSteps(t *testing.T) {
	joined, expired := contact1(), contact1()
	joined.Steps, joined.Last = []measure.Step{{"german", "EXPIRED"}, {"english", "JOINED"}}, "english"
	expired.ID, expired.Steps, expired.Last = "c2", []measure.Step{{"german", "EXPIRED"}, {"english", "INTERRUPTED"}}, "english"
	q := &measure.Query{Groupings: []measure.Key{measure.KeyStep}}
	for _, name := range []string{"STEP_CONTACTS_QUEUED", "PERCENT_CONTACTS_STEP_EXPIRED", "PERCENT_CONTACTS_STEP_JOINED", "CONTACTS_HANDLED"} {
		q.Metrics = append(q.Metrics, asked(t, name))
	}
	var got strings.Builder
	for _, r := range answer(q, []measure.Fact{{Contact: &joined}, {Contact: &expired}}) {
		got.WriteString(r.Of[0] + ":")
		for _, v := range r.Values {
			got.WriteString(" " + text(v))
		}
		got.WriteString("; ")
	}
	if want := "english: 2 0 50 2; german: 2 100 0 0; "; got.String() != want {
		t.Errorf("got %s; want %s", got.String(), want)
	}
}

// An hour of an agent: he signs in, misses one contact, takes two at once, is at lunch, and signs out.
func TestMetricsOfAgents(t *testing.T) {
	ana := &measure.Agent{User: "ana"}
	of := measure.Setting{Profile: "basic", Groups: []center.HierarchyGroupID{"world"}}
	hand := func(queue center.QueueID, s contact.WorkState) *measure.Hand {
		return &measure.Hand{Queue: queue, Method: "API", State: s}
	}
	var facts []measure.Fact
	for _, m := range []measure.Move{
		{At: 0, Status: agent.Routable},
		{At: 100, Contact: "c1", Is: hand("sales", contact.WorkConnecting)},
		{At: 120, Contact: "c1", Is: hand("sales", contact.WorkMissed)}, // idle, in error
		{At: 150, Contact: "c1"},
		{At: 200, Contact: "c2", Is: hand("sales", contact.WorkConnecting)},
		{At: 205, Contact: "c2", Is: hand("sales", contact.WorkConnected)},
		{At: 300, Contact: "c3", Is: hand("help", contact.WorkConnected)}, // accepted at once
		{At: 400, Contact: "c2", Is: hand("sales", contact.WorkEnded)},
		{At: 450, Contact: "c2"},
		{At: 500, Contact: "c4", Is: hand("help", contact.WorkConnecting)},
		{At: 503, Contact: "c4", Is: hand("help", contact.WorkRejected)},
		{At: 510, Contact: "c4"},
		{At: 520, Contact: "c5", Is: hand("help", contact.WorkConnecting)},
		{At: 525, Contact: "c5"}, // withdrawn: it was no ring
		{At: 600, Contact: "c3"},
		{At: 1000, Status: agent.Custom},
		{At: 990, Contact: "c6", Is: &measure.Hand{Method: "MONITOR", State: contact.WorkConnected}}, // counts from 1000: it was late
		{At: 1300, Contact: "c6"},
		{At: 2000, Status: agent.Offline},
		{At: 3000, Status: agent.Offline},
	} {
		m.User, m.At = "ana", (base+m.At)*1000
		b := (&measure.Tally{Move: &m}).Encode()
		read, err := measure.DecodeTally(b)
		if err != nil {
			t.Fatal(err)
		}
		facts = append(facts, ana.Apply(read.Move, of)...)
		if ana, err = measure.DecodeAgent(ana.Encode()); err != nil {
			t.Fatal(err)
		}
	}
	if !ana.Idle() {
		t.Errorf("something is still to be counted of %+v", ana)
	}
	for _, f := range facts {
		if f.Span != nil && f.Span.From/measure.Quarter != (f.Span.To-1)/measure.Quarter {
			t.Errorf("the span %+v is not within a quarter of an hour", f.Span)
		}
	}
	want := map[string]string{
		"AGENT_ANSWER_RATE": "50", "AGENT_NON_RESPONSE": "2", "AVG_AGENT_CONNECTING_TIME": fmt.Sprint(25 / 3.0), "SUM_CONNECTING_TIME_AGENT": "25",
		"SUM_ONLINE_TIME_AGENT": "2000", "SUM_CONTACT_TIME_AGENT": "395", "SUM_IDLE_TIME_AGENT": "605", "AGENT_OCCUPANCY": "39.5", "SUM_NON_PRODUCTIVE_TIME_AGENT": "1000",
		"SUM_ERROR_STATUS_TIME_AGENT": "37", "AVG_AGENT_CONCURRENCY": fmt.Sprint((245 + 300) / 395.0),
	}
	q := &measure.Query{Filters: []measure.Filter{{Key: measure.KeyLevel1, Values: []string{"world"}}}}
	names := slices.Sorted(maps.Keys(want))
	for _, name := range names {
		q.Metrics = append(q.Metrics, asked(t, name))
	}
	for _, name := range measure.Names() {
		if measure.Metrics[name].Of == measure.Agents && want[name] == "" {
			t.Errorf("%s is not shown", name)
		}
	}
	rows := answer(q, facts)
	if len(rows) != 1 {
		t.Fatalf("%d rows; want one", len(rows))
	}
	for i, name := range names {
		if got := text(rows[0].Values[i]); got != want[name] {
			t.Errorf("%s is %s; want %s", name, got, want[name])
		}
	}
	// Of one queue, the time with contacts of others does not count.
	q = &measure.Query{Groupings: []measure.Key{measure.KeyQueue}, Metrics: []measure.Asked{asked(t, "AVG_AGENT_CONCURRENCY"), asked(t, "AGENT_NON_RESPONSE")}}
	var got strings.Builder
	for _, r := range answer(q, facts) {
		got.WriteString(r.Of[0] + " " + text(r.Values[0]) + " " + text(r.Values[1]) + "; ")
	}
	if got.String() != "help 1 1; sales 1 1; " {
		t.Errorf("by queue: %s", got.String())
	}
}

// random is a fact of which most members are as they come.
func random(rng *rand.Rand, n int) measure.Fact {
	pick := func(all ...string) string { return all[rng.IntN(len(all))] }
	at := base + rng.Int64N(7200)
	user := center.UserID(pick("ana", "bo", "cy"))
	switch rng.IntN(3) {
	case 0:
		from := at*1000 + rng.Int64N(1000)
		return measure.Fact{Ring: &measure.Ring{User: user, Contact: center.ContactID(fmt.Sprint(n)), Queue: center.QueueID(pick("sales", "help")), Method: "API", From: from, To: from + rng.Int64N(20_000),
			Outcome: contact.WorkState(pick("CONNECTED", "MISSED", "REJECTED", "")), Groups: pick("", "world", "world/europe")}}
	case 1:
		from := at*1000 + rng.Int64N(1000)
		return measure.Fact{Span: &measure.Span{User: user, From: from, To: min(from+rng.Int64N(600_000), (from/measure.Quarter+1)*measure.Quarter), Status: pick(agent.Routable, agent.Custom),
			Active: 2, Failed: rng.IntN(2) == 0, Queues: map[center.QueueID]int64{"sales": 1, "help": 1}}}
	}
	c := contact1()
	c.ID, c.Agent, c.Queue = center.ContactID(fmt.Sprint(n)), user, center.QueueID(pick("sales", "help"))
	c.Initiated = at
	c.System = c.Initiated + rng.Int64N(5)
	c.Enqueued = c.System + rng.Int64N(60)
	c.Connected = c.Enqueued + rng.Int64N(1000)
	c.Disconnected = c.Connected + rng.Int64N(2000)
	if rng.IntN(4) == 0 {
		c.Connected, c.Agent, c.Profile, c.Groups, c.AfterWork, c.AfterWorkEnd = 0, "", "", "", 0, 0
	}
	c.Reason, c.Method, c.Last = pick("API", "EXPIRED"), pick("API", "TRANSFER"), pick("", "german")
	return measure.Fact{Contact: &c}
}

// However facts are divided and kept, an answer is the same: quarter by quarter, from what was encoded, and by queue without agents.
func TestKeptCellsEqualFacts(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 11))
	var facts []measure.Fact
	for n := range 2000 {
		facts = append(facts, random(rng, n))
	}
	q := &measure.Query{Groupings: []measure.Key{measure.KeyQueue, measure.KeyChannel}}
	plain := &measure.Query{Groupings: []measure.Key{measure.KeyQueue, measure.KeySubtype}}
	byAgent := &measure.Query{Groupings: []measure.Key{measure.KeyAgent, measure.KeyLevel2, measure.KeyReason, measure.KeyChannel}}
	alone := &measure.Query{Groupings: []measure.Key{measure.KeyAgent}, Filters: []measure.Filter{{Key: measure.KeyLevel1, Values: []string{"world"}}, {Key: measure.KeyChannel, Values: []string{"CHAT"}}}}
	filtered := &measure.Query{Filters: []measure.Filter{{Key: measure.KeyQueue, Values: []string{"sales"}}, {Key: measure.KeyStep, Values: []string{"german"}, Negate: true}},
		Metrics: []measure.Asked{asked(t, "CONTACTS_HANDLED"), asked(t, "MAX_QUEUED_TIME")}}
	nothing := &measure.Query{Filters: []measure.Filter{{Key: measure.KeyQueue, Values: []string{"none"}}}, Metrics: filtered.Metrics}
	for _, name := range measure.Names() {
		m := measure.Asked{Metric: measure.Metrics[name], Threshold: measure.Threshold{Seconds: 300, Equal: true}}
		if slices.Contains(m.Where, measure.KeyMethod) && !m.Positive {
			m.Filters = []measure.Filter{{Key: measure.KeyMethod, Values: []string{"TRANSFER"}, Negate: true}}
		}
		q.Metrics, byAgent.Metrics = append(q.Metrics, m), append(byAgent.Metrics, m)
		m.Filters = nil
		plain.Metrics, alone.Metrics = append(plain.Metrics, m), append(alone.Metrics, m)
	}
	kept := map[int64]measure.Cells{}
	for _, f := range facts {
		for _, quarter := range f.Quarters() {
			if kept[quarter] == nil {
				kept[quarter] = measure.Cells{}
			}
			decoded, err := measure.DecodeFact(f.Kind(), f.Encode())
			if err != nil || decoded.ID() != f.ID() {
				t.Fatalf("%s: %v", f.Encode(), err)
			}
			decoded.AddTo(kept[quarter], quarter, quarter+measure.Quarter)
		}
	}
	for _, c := range []struct {
		q  *measure.Query
		in measure.Part
	}{{q, measure.ByWay}, {untimed(q), measure.Contacts}, {untimed(byAgent), measure.Contacts}, {untimed(alone), measure.ByAgent}, {plain, measure.ByQueue}, {filtered, measure.Contacts}, {nothing, measure.Contacts}} {
		want := fmt.Sprint(shown(answer(c.q, facts)))
		table := measure.NewTable(c.q)
		for _, cells := range kept {
			cells = cells.In(c.in)
			pieces := cells.Encode()
			if again := cells.Encode(); fmt.Sprint(again) != fmt.Sprint(pieces) {
				t.Fatal("the same cells have two forms")
			}
			opened := open(t, pieces)
			if err := table.AddKept(0, opened); err != nil {
				t.Fatal(err)
			}
			all, err := opened.All()
			if err != nil {
				t.Fatal(err)
			}
			if again := all.Encode(); fmt.Sprint(again) != fmt.Sprint(pieces) {
				t.Fatal("cells that were read have another form")
			}
		}
		if got := fmt.Sprint(shown(table.Rows())); got != want {
			t.Errorf("%s: kept: %s\nfacts: %s", c.in, got, want)
		}
	}
}

// Kept cells come to the rows of their intervals and values, however many there are of these.
func TestKeptCellsComeToTheirRows(t *testing.T) {
	cells := measure.Cells{}
	const agents = 1100 // with as many steps these are more combinations than a list is made of
	for n := range 2 * agents {
		c := contact1()
		c.Agent, c.Last, c.Method = center.UserID(fmt.Sprint("agent", n%agents)), fmt.Sprint("step", n*7%agents), fmt.Sprint("METHOD", n/agents)
		(&measure.Fact{Contact: &c}).AddTo(cells, 0, (base+86_400)*1000)
	}
	pieces := cells.Encode()
	for _, by := range [][]measure.Key{{measure.KeyAgent}, {measure.KeyAgent, measure.KeyStep}, {measure.KeyChannel}, nil} {
		rows := agents
		if !slices.Contains(by, measure.KeyAgent) {
			rows = 1
		}
		q := &measure.Query{Groupings: by, Metrics: []measure.Asked{asked(t, "CONTACTS_HANDLED"), asked(t, "MAX_QUEUED_TIME")}}
		kept, facts := measure.NewTable(q), measure.NewTable(q)
		for _, interval := range []int{0, 2, 0, 1} {
			if err := kept.AddKept(interval, open(t, pieces)); err != nil {
				t.Fatal(err)
			}
			for d, c := range cells {
				facts.Add(interval, &d, c)
			}
		}
		if n := len(facts.Rows()); n != 3*rows {
			t.Errorf("by %v there are %d rows; want %d of each of three intervals", by, n, rows)
		}
		if got, want := fmt.Sprint(shown(kept.Rows())), fmt.Sprint(shown(facts.Rows())); got != want {
			t.Errorf("by %v: kept %.300s, facts %.300s", by, got, want)
		}
	}
}

// untimed is a query without the metrics that need times, which few parts have.
func untimed(q *measure.Query) *measure.Query {
	out := *q
	out.Metrics = slices.DeleteFunc(slices.Clone(q.Metrics), func(m measure.Asked) bool { return m.Within != nil })
	return &out
}

func open(t *testing.T, pieces [][]byte) *measure.Kept {
	t.Helper()
	k, err := measure.OpenKept(pieces[0], func(n int) ([]byte, error) { return pieces[n], nil })
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// Kept cells that were damaged are refused, wherever they end.
func TestDamagedCellsAreRefused(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	cells := measure.Cells{}
	for n := range 900 {
		f := random(rng, n)
		if f.Contact != nil {
			f.Contact.Agent = center.UserID(strings.Repeat("agent", 10) + fmt.Sprint(n)) // that there are several pieces
		}
		f.AddTo(cells, base*1000, (base+86_400)*1000)
	}
	pieces := cells.Encode()
	if len(pieces) < 3 {
		t.Fatalf("%d pieces; want some", len(pieces))
	}
	for i := range pieces {
		for cut := 0; cut < len(pieces[i]); cut += 1 + cut/50 {
			damaged := slices.Clone(pieces)
			damaged[i] = damaged[i][:cut]
			k, err := measure.OpenKept(damaged[0], func(n int) ([]byte, error) { return damaged[n], nil })
			if err == nil {
				_, err = k.All()
			}
			if err == nil {
				t.Fatalf("piece %d of %d is read with %d of %d bytes", i, len(pieces), cut, len(pieces[i]))
			}
		}
	}
}

// A question reads the pieces alone that it is about, and of times no more than the threshold.
func TestQuestionsReadWhatTheyAreAbout(t *testing.T) {
	cells := measure.Cells{}
	for n := range int64(20_000) {
		c := contact1()
		c.Agent, c.Connected = center.UserID(fmt.Sprint("agent", n)), c.Enqueued+n%600
		(&measure.Fact{Contact: &c}).AddTo(cells, 0, (base+86_400)*1000)
	}
	pieces := cells.Encode()
	read := map[int]bool{}
	k, err := measure.OpenKept(pieces[0], func(n int) ([]byte, error) { read[n] = true; return pieces[n], nil })
	if err != nil {
		t.Fatal(err)
	}
	q := &measure.Query{Groupings: []measure.Key{measure.KeyQueue}, Metrics: []measure.Asked{asked(t, "CONTACTS_HANDLED"), asked(t, "AVG_HANDLE_TIME")}}
	if err := measure.NewTable(q).AddKept(0, k); err != nil {
		t.Fatal(err)
	}
	if len(read) > 3 || len(pieces) < 20 {
		t.Errorf("the question read %d pieces of %d; want those of 3 sums", len(read), len(pieces))
	}
}

// A threshold goes with keys alone whose parts have times.
func TestThresholdsHaveTimes(t *testing.T) {
	for name, m := range measure.Metrics {
		for _, by := range m.By {
			q := &measure.Query{Metrics: []measure.Asked{{Metric: m}, {Metric: measure.Metrics["CONTACTS_HANDLED"], Filters: []measure.Filter{{Key: measure.KeyMethod}}}}, Groupings: []measure.Key{by}}
			if m.Within != nil && !slices.Contains([]measure.Part{measure.ByQueue, measure.ByWay}, q.Parts()[0]) {
				t.Errorf("%s by %s is read from %s, which has no times", name, by, q.Parts()[0])
			}
		}
	}
}

func shown(rows []measure.Row) (all []string) {
	for _, r := range rows {
		var line strings.Builder
		line.WriteString(fmt.Sprint(r.Interval, r.Of))
		for _, v := range r.Values {
			line.WriteString(" " + text(v))
		}
		all = append(all, line.String())
	}
	return all
}

// Which parts a query reads.
func TestParts(t *testing.T) {
	for _, c := range []struct {
		metrics string
		by      measure.Key
		want    string
	}{
		{"CONTACTS_QUEUED", measure.KeyQueue, "[queue]"}, {"AVG_MESSAGES", measure.KeyReason, "[way]"}, {"AVG_MESSAGES", measure.KeyMethod, "[way]"}, {"CONTACTS_QUEUED", measure.KeyAgent, "[agent]"}, {"CONTACTS_QUEUED AVG_MESSAGES", measure.KeyChannel, "[queue]"}, {"CONTACTS_HANDLED", measure.KeyStep, "[all]"},
		{"CONTACTS_QUEUED SUM_ONLINE_TIME_AGENT", measure.KeyLevel3, "[agent agents]"}, {"AGENT_NON_RESPONSE", measure.KeyQueue, "[agents]"},
	} {
		q := &measure.Query{Groupings: []measure.Key{c.by}}
		for name := range strings.FieldsSeq(c.metrics) {
			q.Metrics = append(q.Metrics, asked(t, name))
		}
		if got := fmt.Sprint(q.Parts()); got != c.want {
			t.Errorf("%s by %s reads %s; want %s", c.metrics, c.by, got, c.want)
		}
	}
}

func TestIntervals(t *testing.T) {
	for _, c := range []struct {
		zone, start, end string
		period           measure.Period
		want             string
	}{
		{"UTC", "2026-01-05T00:00", "2026-01-05T01:00", measure.FifteenMinutes, "00:00 00:15 00:30 00:45 01:00"},
		{"UTC", "2026-01-05T00:10", "2026-01-05T01:10", measure.ThirtyMinutes, "00:10 00:30 01:00 01:10"},
		{"Asia/Kathmandu", "2026-01-05T00:00", "2026-01-05T02:00", measure.PerHour, "00:00 00:15 01:15 02:00"},
		{"UTC", "2026-01-05T00:00", "2026-01-07T00:00", measure.Whole, "00:00 00:00"},
		{"Europe/Berlin", "2026-03-28T23:00", "2026-03-30T22:00", measure.PerDay, "23:00 22:00 22:00"},           // the second day has 23 hours
		{"America/New_York", "2026-11-01T04:00", "2026-11-03T05:00", measure.PerDay, "04:00 05:00 05:00"},        // the first one 25
		{"America/New_York", "2026-11-01T05:00", "2026-11-01T08:00", measure.PerHour, "05:00 06:00 07:00 08:00"}, // one o'clock comes twice
		{"UTC", "2026-01-01T00:00", "2026-01-20T00:00", measure.PerWeek, "01 05 12 19 20"},
		{"America/Sao_Paulo", "2018-11-03T03:00", "2018-11-05T02:00", measure.PerDay, "03:00 03:00 02:00"}, // a day without midnight
	} {
		zone, err := time.LoadLocation(c.zone)
		if err != nil {
			t.Fatal(err)
		}
		at := func(text string) time.Time {
			at, err := time.Parse("2006-01-02T15:04", text)
			if err != nil {
				t.Fatal(err)
			}
			return at
		}
		layout := "15:04"
		if c.period == measure.PerWeek {
			layout = "02"
		}
		got, before := []string{at(c.start).Format(layout)}, at(c.start)
		for _, i := range measure.Intervals(at(c.start), at(c.end), c.period, zone) {
			if !i.Start.Equal(before) || !i.End.After(i.Start) {
				t.Errorf("%+v: the interval from %v to %v does not follow %v", c, i.Start, i.End, before)
			}
			before = i.End
			got = append(got, i.End.Format(layout))
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s %s in %s: %v; want %s", c.period, c.start, c.zone, got, c.want)
		}
	}
}

// The time that is asked for is bounded by the period.
func TestLongest(t *testing.T) {
	if a, b := measure.PerHour.Longest(), measure.PerWeek.Longest(); a != 72*time.Hour || b != 35*24*time.Hour {
		t.Errorf("an hour's %v, a week's %v", a, b)
	}
}
