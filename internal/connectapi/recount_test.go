//go:build recount

package connectapi_test

import (
	"container/heap"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"parley.example/parley/api/connect"
	"parley.example/parley/internal/agent"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
	"parley.example/parley/internal/engine"
	"parley.example/parley/internal/engine/enginetest"
	"parley.example/parley/internal/flow"
	"parley.example/parley/internal/measure"
	"parley.example/parley/internal/record"
	"parley.example/parley/internal/recorder"
	"parley.example/parley/internal/store"
)

// simulated is a centre whose customers and agents act by chance, in virtual time. The router makes the offers.
type simulated struct {
	*centre
	rng    *rand.Rand
	events plans
	seq    int

	users   []center.UserID
	mu      sync.Mutex // guards what follows
	rings   []ring     // that nobody has looked at
	records recorder.Sender
	told    int
}

type ring struct {
	chat center.ContactID
	user center.UserID
}

// plan is something that is to happen.
type plan struct {
	at  time.Time
	seq int
	do  func()
}

type plans []plan

func (p plans) Len() int { return len(p) }
func (p plans) Less(i, j int) bool {
	return p[i].at.Before(p[j].at) || p[i].at.Equal(p[j].at) && p[i].seq < p[j].seq
}
func (p plans) Swap(i, j int) { p[i], p[j] = p[j], p[i] }
func (p *plans) Push(x any)   { *p = append(*p, x.(plan)) }
func (p *plans) Pop() any {
	last := len(*p) - 1
	x := (*p)[last]
	*p = (*p)[:last]
	return x
}

// after plans something for a random time from now on.
func (s *simulated) after(mean time.Duration, do func()) {
	d := time.Duration(-float64(mean) * math.Log(1-s.rng.Float64())).Round(time.Millisecond)
	s.seq++
	heap.Push(&s.events, plan{time.Now().Add(d), s.seq, do})
}

func (s *simulated) one(n int) bool { return s.rng.IntN(n) == 0 }

// try gives a command, which may come too late.
func (s *simulated) try(chat center.ContactID, cmd contact.Command) bool {
	_, err := s.engine.Do(s.Context(), chat, cmd)
	if err == nil {
		return true
	}
	if _, ok := errors.AsType[*center.Error](err); !ok {
		s.Fatalf("%T: %v", cmd, err)
	}
	return false
}

func (s *simulated) agent(user center.UserID, cmd agent.Command) {
	if _, err := s.engine.Agents.Do(s.Context(), center.InstanceID(s.instance), user, cmd); err != nil {
		if _, ok := errors.AsType[*center.Error](err); !ok {
			s.Fatalf("%T: %v", cmd, err)
		}
	}
}

// Committed implements engine.Observer.
func (s *simulated) Committed(c *engine.Commit) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range c.Change.Work {
		if m.Is != nil && m.Is.State == contact.WorkConnecting && (m.Was == nil || m.Was.State != contact.WorkConnecting) {
			s.rings = append(s.rings, ring{c.Chat, m.Is.User})
		}
	}
}

// arrive starts a chat: most wait in a queue, until somebody takes them or patience ends.
func (s *simulated) arrive() {
	queue := s.basic
	if s.one(3) {
		queue = s.sales
	}
	flowID := s.flows[queue]
	switch s.rng.IntN(20) {
	case 0:
		flowID = s.greet // no queue
	case 1, 2:
		flowID = s.flows["moving"]
	}
	r, err := s.engine.Start(s.Context(), contact.Start{Instance: center.InstanceID(s.instance), Contact: center.NewContactID(time.Now()), Flow: flowID, DisplayName: "Ana",
		SegmentAttrs: map[string]center.SegmentAttribute{"connect:Subtype": {String: new([]string{"connect:Chat", "connect:SMS"}[s.rng.IntN(2)])}}}, "")
	if err != nil {
		s.Fatal(err)
	}
	chat, customer := r.Contact, r.Participant
	if s.one(50) {
		return // who never comes
	}
	s.after(time.Second, func() {
		s.try(chat, contact.Connect{Participant: customer})
		if s.one(4) {
			s.try(chat, contact.Route{Criteria: []flow.Criterion{
				{Expiry: time.Duration(5+s.rng.IntN(40)) * time.Second, Expression: json.RawMessage(`{"AttributeCondition":{"Value":"German","Name":"Language","ProficiencyLevel":3,"ComparisonOperator":"NumberGreaterOrEqualTo"}}`)},
				{Expiry: time.Duration(5+s.rng.IntN(40)) * time.Second, Expression: json.RawMessage(`{"AttributeCondition": {"Name": "Language", "Value": "Dutch", "ProficiencyLevel": 1, "ComparisonOperator": "NumberGreaterOrEqualTo"}}`)},
			}})
		}
		s.after(4*time.Minute, func() {
			if s.one(2) {
				s.try(chat, contact.Disconnect{Participant: customer})
			}
		})
		for range s.rng.IntN(4) {
			s.after(2*time.Minute, func() { s.say(chat, customer) })
		}
		s.after(40*time.Minute, func() { s.try(chat, contact.Stop{}) }) // nothing goes on for ever
	})
}

func (s *simulated) say(chat center.ContactID, who center.ParticipantID) {
	s.try(chat, contact.Send{Participant: who, ContentType: center.PlainText, Content: strings.Repeat("grüße ", 1+s.rng.IntN(9))})
}

// clear has an agent clear what is over for him, as soon as it is.
func (s *simulated) clear(r ring, mean time.Duration) {
	s.after(mean, func() {
		state, err := s.engine.State(s.Context(), r.chat)
		if err != nil {
			s.Fatal(err)
		}
		if w := state.WorkOf(r.user); w != nil && !s.try(r.chat, contact.Clear{User: r.user}) {
			s.clear(r, mean)
		}
	})
}

// rung is what agents do about what rings at them.
func (s *simulated) rung() {
	s.mu.Lock()
	rings := s.rings
	s.rings = nil
	s.mu.Unlock()
	for _, r := range rings {
		switch n := s.rng.IntN(20); {
		case n < 2: // he misses it
			s.clear(r, 15*time.Second)
		case n < 3:
			s.after(4*time.Second, func() {
				s.try(r.chat, contact.Reject{User: r.user})
				s.clear(r, 10*time.Second)
			})
		default:
			s.after(5*time.Second, func() {
				if s.try(r.chat, contact.Accept{User: r.user}) {
					s.talk(r)
				} else {
					s.clear(r, 10*time.Second)
				}
			})
		}
	}
}

// talk is a conversation of an agent, to its end.
func (s *simulated) talk(r ring) {
	state, err := s.engine.State(s.Context(), r.chat)
	if err != nil {
		s.Fatal(err)
	}
	w := state.WorkOf(r.user)
	if w == nil {
		return
	}
	me := w.Participant
	for range s.rng.IntN(5) {
		s.after(time.Minute, func() { s.say(r.chat, me) })
	}
	if s.one(40) {
		s.after(30*time.Second, func() {
			if s.try(r.chat, contact.Monitor{User: s.users[0], Identity: contact.Identity{DisplayName: "Sue"}}) {
				s.after(30*time.Second, func() { s.try(r.chat, contact.Leave{User: s.users[0]}) })
			}
		})
	}
	s.after(2*time.Minute, func() {
		switch n := s.rng.IntN(20); {
		case n < 2:
			s.try(r.chat, contact.Transfer{User: r.user, To: contact.Target{Name: "on", Queue: center.QueueID(s.sales), Flow: center.FlowRef(s.flows["transfer"])}})
		case n < 3:
			s.try(r.chat, contact.Lose{User: r.user, Requeue: s.one(2)})
		case n < 10:
			s.try(r.chat, contact.Disconnect{Participant: me})
		default:
			s.try(r.chat, contact.Stop{})
		}
		s.clear(r, 20*time.Second)
	})
}

// work is an agent's day: signed in, with breaks, for as long as chats come.
func (s *simulated) work(user center.UserID, until func() bool) {
	client := agent.Client{ID: "tab", Node: s.engine.Node}
	s.agent(user, agent.Arrive{Client: client})
	s.agent(user, agent.SetStatus{Status: enginetest.Available})
	s.after(30*time.Minute, func() {
		if until() {
			return
		}
		switch s.rng.IntN(3) {
		case 0:
			s.agent(user, agent.SignOut{Offline: enginetest.Offline})
		default:
			s.agent(user, agent.SetStatus{Status: enginetest.Lunch})
		}
		s.after(5*time.Minute, func() { s.work(user, until) })
	})
}

// tell writes what is to be told into files.
func (s *simulated) tell() {
	for {
		page, err := s.engine.Store.Outbox(s.Context(), store.AllShards, time.Now(), 1000)
		if err != nil {
			s.Fatal(err)
		}
		if len(page) == 0 {
			return
		}
		slices.SortFunc(page, func(a, b store.Delivery) int { return int(a.ID - b.ID) })
		done := &store.Chores{}
		for i := range page {
			if err := s.records.Send(s.Context(), &page[i], time.Now()); err != nil {
				s.Fatal(err)
			}
			done.Delivered = append(done.Delivered, page[i].ID)
			s.told++
		}
		if err := s.engine.Store.Keep(s.Context(), done); err != nil {
			s.Fatal(err)
		}
	}
}

// exchange is a question and its answer, for the script.
type exchange struct {
	At      int64 // when it was asked, in milliseconds
	Request any
	Rows    []connect.MetricResultV2
}

// ask asks for all metrics that go with the groupings and the filter, all pages of it.
func (s *simulated) ask(in connect.GetMetricDataV2Request) (e exchange) {
	keys := slices.Clone(in.Groupings)
	for _, f := range in.Filters {
		keys = append(keys, *f.FilterKey)
	}
	for _, name := range measure.Names() {
		m := measure.Metrics[name]
		if slices.ContainsFunc(keys, func(k string) bool { return !slices.Contains(m.By, measure.Key(k)) }) {
			continue
		}
		add := func(change func(*connect.MetricV2)) {
			v := connect.MetricV2{Name: &name}
			change(&v)
			in.Metrics = append(in.Metrics, v)
		}
		if m.Within != nil {
			for _, t := range []connect.ThresholdV2{{Comparison: new("LT"), ThresholdValue: new(20.0)}, {Comparison: new("LTE"), ThresholdValue: new(20.0)}, {Comparison: new("LTE"), ThresholdValue: new(604800.0)}, {Comparison: new("LT"), ThresholdValue: new(1.0)}} {
				add(func(v *connect.MetricV2) { v.Threshold = []connect.ThresholdV2{t} })
			}
			continue
		}
		add(func(*connect.MetricV2) {})
		for _, key := range m.Where {
			value := map[measure.Key]string{measure.KeyMethod: center.MethodAPI, measure.KeyReason: center.ReasonCustomer}[key]
			add(func(v *connect.MetricV2) {
				v.MetricFilters = []connect.MetricFilterV2{{MetricFilterKey: new(string(key)), MetricFilterValues: []string{value}, Negate: new(!m.Positive)}}
			})
		}
	}
	e.At = time.Now().UnixMilli()
	for {
		out, err := s.GetMetricDataV2(s.Context(), &in)
		if err != nil {
			s.Fatalf("%+v: %v", in, err)
		}
		e.Rows = append(e.Rows, out.MetricResults...)
		if in.NextToken = out.NextToken; in.NextToken == nil {
			break
		}
	}
	e.Request = map[string]any{
		"Start": in.StartTime.UnixMilli(), "End": in.EndTime.UnixMilli(), "Filters": in.Filters, "Groupings": in.Groupings, "Metrics": in.Metrics, "Interval": in.Interval,
	}
	return e
}

// TestRecount has every metric recomputed by a script that knows contact records and agent events alone, and the page about metrics.
func TestRecount(t *testing.T) {
	chats := 3000
	if text := os.Getenv("RECOUNT_CHATS"); text != "" {
		var err error
		if chats, err = strconv.Atoi(text); err != nil {
			t.Fatal(err)
		}
	}
	dir := t.TempDir()
	targets, err := recorder.ParseTargets(map[string]string{"contact-records": dir, "agent-events": dir}, "", 1<<40, nil)
	if err != nil {
		t.Fatal(err)
	}
	s := &simulated{rng: rand.New(rand.NewPCG(1, 2))}
	inCentre(t, func(c *centre) {
		s.centre = c
		s.records = recorder.Sender{Catalog: c.engine.Catalog, Store: c.engine.Store, Partition: c.engine.Partition, Targets: targets}
		site, team := c.groups()
		c.flows["transfer"] = c.flow("transfer", connect.ContactFlowTypeQUEUE_TRANSFER, strings.ReplaceAll(toQueue, "QUEUE", c.sales))
		hold := c.flow("hold", connect.ContactFlowTypeCUSTOMER_QUEUE, strings.ReplaceAll(movingOn, "QUEUE", c.sales))
		c.flows["moving"] = c.flow("moving", connect.ContactFlowTypeCONTACT_FLOW, strings.NewReplacer("QUEUE", c.basic, "HOLD", hold).Replace(hooked))
		s.users = append(s.users, center.UserID(c.hire("sue", c.one)))
		must[*connect.CreatePredefinedAttributeResponse](t)(c.CreatePredefinedAttribute(c.Context(), &connect.CreatePredefinedAttributeRequest{
			InstanceId: c.instance, Name: "Language", Values: &connect.PredefinedAttributeValues{StringList: []string{"German", "Dutch"}}}))
		began, arrived := time.Now(), 0
		over := func() bool { return arrived >= chats }
		for i := range 30 {
			user := center.UserID(c.hire(fmt.Sprintf("agent%d", i), []string{c.one, c.both}[i%2], func(in *connect.CreateUserRequest) {
				if group := []string{"", site, team}[i%3]; group != "" {
					in.HierarchyGroupId = &group
				}
			}))
			s.users = append(s.users, user)
			if i%4 == 0 {
				must[*connect.AssociateUserProficienciesResponse](t)(c.AssociateUserProficiencies(c.Context(), &connect.AssociateUserProficienciesRequest{InstanceId: c.instance, UserId: string(user),
					UserProficiencies: []connect.UserProficiency{{AttributeName: "Language", AttributeValue: "German", Level: 4}}}))
			}
			s.after(time.Duration(i)*time.Minute, func() { s.work(user, over) })
		}
		var next func()
		next = func() {
			s.arrive()
			if arrived++; !over() {
				s.after(2500*time.Millisecond, next)
			}
			if arrived%500 == 0 {
				s.tell()
			}
		}
		s.after(0, next)
		m := c.measurer(c.engine.Store)
		for n := 0; len(s.events) > 0; n++ {
			e := heap.Pop(&s.events).(plan)
			if d := e.at.Sub(time.Now()); d > 0 {
				time.Sleep(d)
			}
			e.do()
			synctest.Wait()
			s.rung()
			if n%20_000 == 19_999 { // some of it is kept, and some is not
				if err := m.RollUp(c.Context()); err != nil {
					t.Fatal(err)
				}
			}
		}
		enginetest.Pass(20*time.Minute + 1234*time.Millisecond)
		s.tell()
		end := time.Now()
		var all []exchange
		add := func(key string, values []string, groupings []string, interval *connect.IntervalDetails, from, to time.Time) {
			all = append(all, s.ask(connect.GetMetricDataV2Request{ResourceArn: c.instance, StartTime: from, EndTime: to, Interval: interval, Groupings: groupings, MaxResults: new(int32(100)),
				Filters: []connect.FilterV2{{FilterKey: &key, FilterValues: values}}}))
		}
		users := make([]string, len(s.users))
		for i, u := range s.users {
			users[i] = string(u)
		}
		queues, profiles := []string{c.basic, c.sales}, []string{c.one, c.both}
		each := func(p connect.IntervalPeriod, zone string) *connect.IntervalDetails {
			return &connect.IntervalDetails{IntervalPeriod: p, TimeZone: &zone}
		}
		short := end // of what may be asked for by the hour
		if end.Sub(began) >= 71*time.Hour {
			short = began.Add(71 * time.Hour)
		}
		subtype := string(measure.KeySubtype)
		for range 2 {
			add("QUEUE", queues, nil, nil, began, end)
			add("QUEUE", queues, []string{"QUEUE"}, nil, began, end)
			add("QUEUE", queues[:1], []string{"CHANNEL", subtype}, each(connect.IntervalPeriodDAY, "Asia/Kathmandu"), began, end)
			add("QUEUE", queues, []string{"QUEUE", "ROUTING_PROFILE"}, each(connect.IntervalPeriodHOUR, "UTC"), began, short)
			add("QUEUE", queues, []string{"AGENT"}, nil, began, end)
			add("QUEUE", queues, []string{"QUEUE", "ROUTING_STEP_EXPRESSION"}, nil, began, end)
			add("QUEUE", queues, []string{"DISCONNECT_REASON", "INITIATION_METHOD"}, nil, began, end)
			add("ROUTING_PROFILE", profiles, []string{"ROUTING_PROFILE"}, each(connect.IntervalPeriodFIFTEEN_MIN, "UTC"), began.Add(7*time.Minute+11*time.Second), began.Add(min(short.Sub(began), 30*time.Hour)))
			add("ROUTING_PROFILE", profiles, nil, each(connect.IntervalPeriodWEEK, "America/New_York"), began.Add(1234*time.Millisecond), end)
			add("AGENT", users, []string{"AGENT"}, nil, began, end)
			add("AGENT", users[3:9], []string{"AGENT", "QUEUE"}, each(connect.IntervalPeriodTHIRTY_MIN, "UTC"), began, short)
			add("AGENT_HIERARCHY_LEVEL_ONE", []string{site}, []string{"AGENT_HIERARCHY_LEVEL_ONE", "AGENT_HIERARCHY_LEVEL_TWO"}, nil, began, end)
			if err := m.Rebuild(c.Context(), center.InstanceID(c.instance)); err != nil {
				t.Fatal(err)
			}
		}
		file, err := os.Create(filepath.Join(dir, "answers.jsonl"))
		if err != nil {
			t.Fatal(err)
		}
		lines := json.NewEncoder(file)
		for _, e := range all {
			if err := lines.Encode(e); err != nil {
				t.Fatal(err)
			}
		}
		if err := errors.Join(file.Close(), targets.Close()); err != nil {
			t.Fatal(err)
		}
		t.Logf("%d chats in %v; %d records and events", chats, end.Sub(began), s.told)
	}, func(o *enginetest.Options) {
		o.Records = record.Kinds(0).With(record.ContactRecords).With(record.AgentEvents)
		o.Observers = append(o.Observers, s)
	})
	out, err := exec.Command("node", "--max-old-space-size=4096", "../../test/metrics/recount.mjs", dir).CombinedOutput()
	t.Logf("%s", out)
	if err != nil {
		t.Fatalf("the script: %v", err)
	}
}

// A flow with a customer queue flow, and that flow: it goes on to another queue after a minute.
const (
	hooked = `{"Version":"2019-10-30","StartAction":"h","Actions":[
 {"Identifier":"h","Type":"UpdateContactEventHooks","Parameters":{"EventHooks":{"CustomerQueue":"HOLD"}},"Transitions":{"NextAction":"m","Errors":[{"NextAction":"e","ErrorType":"NoMatchingError"}]}},
 {"Identifier":"m","Type":"MessageParticipant","Parameters":{"Text":"One moment, please"},"Transitions":{"NextAction":"w","Errors":[{"NextAction":"w","ErrorType":"NoMatchingError"}]}},
 {"Identifier":"w","Type":"Wait","Parameters":{"TimeLimitSeconds":"7"},"Transitions":{"NextAction":"t","Conditions":[{"NextAction":"t","Condition":{"Operator":"Equals","Operands":["WaitCompleted"]}}],"Errors":[{"NextAction":"e","ErrorType":"NoMatchingError"}]}},
 {"Identifier":"t","Type":"UpdateContactTargetQueue","Parameters":{"QueueId":"QUEUE"},"Transitions":{"NextAction":"q","Errors":[{"NextAction":"e","ErrorType":"NoMatchingError"}]}},
 {"Identifier":"q","Type":"TransferContactToQueue","Parameters":{},"Transitions":{"NextAction":"e","Errors":[{"NextAction":"e","ErrorType":"QueueAtCapacity"},{"NextAction":"e","ErrorType":"NoMatchingError"}]}},
 {"Identifier":"e","Type":"DisconnectParticipant","Parameters":{},"Transitions":{}}]}`
	movingOn = `{"Version":"2019-10-30","StartAction":"a","Actions":[
 {"Identifier":"a","Type":"Wait","Parameters":{"TimeLimitSeconds":"60"},"Transitions":{"NextAction":"b","Conditions":[{"NextAction":"b","Condition":{"Operator":"Equals","Operands":["WaitCompleted"]}}],"Errors":[{"NextAction":"e","ErrorType":"NoMatchingError"}]}},
 {"Identifier":"b","Type":"DequeueContactAndTransferToQueue","Parameters":{"QueueId":"QUEUE"},"Transitions":{"NextAction":"e","Errors":[{"NextAction":"e","ErrorType":"QueueAtCapacity"},{"NextAction":"e","ErrorType":"NoMatchingError"}]}},
 {"Identifier":"e","Type":"DisconnectParticipant","Parameters":{},"Transitions":{}}]}`
)
