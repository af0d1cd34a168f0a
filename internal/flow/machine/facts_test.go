package machine

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/flow"
	"parley.example/parley/internal/flow/flowdoc"
)

// instance is what a test's instance has. What is not in its maps does not exist.
type instance struct {
	queues  map[string]Queue
	hours   map[string]Opening
	metrics map[center.QueueID]QueueStatus
	modules map[string]*flow.Flow
	views   map[string]View
	refused map[string]bool // functions and bots

	assistants bool
}

func (i *instance) Queue(ref string) (Queue, error) { return lookUp(i.queues, ref) }

func (i *instance) Hours(ref string) (Opening, error) { return lookUp(i.hours, ref) }

func (i *instance) Metrics(q Queue) (QueueStatus, error) { return lookUp(i.metrics, q.ID) }

func (i *instance) View(ref string) (View, error) { return lookUp(i.views, ref) }

func (i *instance) ViewToken(v View) string { return "token-" + v.ID }

func (i *instance) Module(ref string) (*flow.Flow, center.FlowID, error) {
	f, err := lookUp(i.modules, ref)
	return f, center.FlowID(ref), err
}

func (i *instance) LambdaAllowed(function string) error { return i.allowed(function) }

func (i *instance) Assistant(assistant string) error {
	if !i.assistants {
		return errors.New("there is no assistant " + assistant)
	}
	return nil
}

func (i *instance) BotAllowed(bot string) error { return i.allowed(bot) }

func (i *instance) allowed(what string) error {
	if i.refused[what] {
		return errors.New(what + " is not associated with the instance")
	}
	return nil
}

func lookUp[K comparable, V any](in map[K]V, key K) (V, error) {
	v, ok := in[key]
	if !ok {
		return v, fmt.Errorf("there is no %v", key)
	}
	return v, nil
}

// settled is a world with an instance in it.
func settled() (*scripted, *instance) {
	s := newWorld()
	i := &instance{
		queues: map[string]Queue{
			"q":       {ID: "q", ARN: "arn:q", Name: "Parcels", Hours: "week", Max: -1},
			"full":    {ID: "full", ARN: "arn:full", Name: "Full", Max: -1, Full: true},
			"none":    {ID: "none", ARN: "arn:none", Name: "None"},
			"closed":  {ID: "closed", ARN: "arn:closed", Name: "Closed", Max: -1, Disabled: true},
			"agent/u": {ID: "agent/u", ARN: "arn:agent", Max: 10},
		},
		hours:   map[string]Opening{"week": {Open: true}, "night": {}, "feast": {Override: "Christmas"}, "party": {Open: true, Override: "Party"}},
		metrics: map[center.QueueID]QueueStatus{},
		modules: map[string]*flow.Flow{}, views: map[string]View{}, refused: map[string]bool{},
	}
	s.Facts = i
	content := s.Content
	s.Content = func(id center.FlowID, hash string) (*flow.Flow, error) {
		if f := i.modules[string(id)]; f != nil && f.Hash == hash {
			return f, nil
		}
		return content(id, hash)
	}
	return s, i
}

func TestUpdateContactTargetQueue(t *testing.T) {
	for parameters, want := range map[string]string{
		`"QueueId":"q"`:                  "ok",
		`"QueueId":"$.Attributes.queue"`: "ok",
		`"AgentId":"u"`:                  "ok",
		`"AgentId":"arn:aws:connect:us-east-1:1:instance/I/agent/u"`: "ok",
		`"QueueId":"full"`:              "ok", // it is not queued yet
		`"QueueId":"nowhere"`:           "failed",
		`"QueueId":"$.Attributes.gone"`: "failed",
		`"AgentId":"$.Attributes.gone"`: "failed",
		`"AgentId":"nobody"`:            "failed",
		`"QueueId":""`:                  "failed",
		``:                              "failed",
	} {
		s, _ := settled()
		s.Contact.Attributes = map[string]string{"queue": "q"}
		s.Contact.Queue = Queue{ID: "before"}
		check(t, parameters, s.start(t, flowdoc.One("UpdateContactTargetQueue", parameters)), want+" | end")
		if (s.Contact.Queue.ID == "before") != (want == "failed") {
			t.Errorf("%s: the target queue is %+v", parameters, s.Contact.Queue)
		}
	}
	out := newWorld().start(t, flowdoc.One("UpdateContactTargetQueue", `"QueueId":"q"`))
	check(t, "nothing is known", out, "failed | end")
}

func TestTransferContactToQueue(t *testing.T) {
	for name, c := range map[string]struct {
		set  func(*Contact)
		want string
	}{
		"queued":          {func(c *Contact) { c.Queue.ID = "q" }, " | queued"},
		"an agent's":      {func(c *Contact) { c.Queue.ID = "agent/u" }, " | queued"},
		"no target":       {func(*Contact) {}, "failed | end"},
		"gone":            {func(c *Contact) { c.Queue.ID = "gone" }, "failed | end"},
		"full":            {func(c *Contact) { c.Queue.ID = "full" }, "QueueAtCapacity | end"},
		"takes none":      {func(c *Contact) { c.Queue.ID = "none" }, "QueueAtCapacity | end"},
		"disabled":        {func(c *Contact) { c.Queue.ID = "closed" }, "failed | end"},
		"waits already":   {func(c *Contact) { c.Queue.ID, c.Queued = "q", true }, "failed | end"},
		"an agent is on":  {func(c *Contact) { c.Queue.ID, c.Connected = "q", true }, "failed | end"},
		"passed on often": {func(c *Contact) { c.Queue.ID, c.Transfers = "q", 11 }, " | queued"},
	} {
		s, _ := settled()
		c.set(s.Contact)
		out := s.start(t, flowdoc.One("TransferContactToQueue", "", "QueueAtCapacity"))
		check(t, name, out, c.want)
		if out.End == EndQueued && out.Queue.ID != s.Contact.Queue.ID {
			t.Errorf("%s: queued in %+v", name, out.Queue)
		}
	}
}

func TestDequeueContactAndTransferToQueue(t *testing.T) {
	waiting := func(c *Contact) { c.Queued = true }
	for name, c := range map[string]struct {
		kind       Kind
		parameters string
		set        func(*Contact)
		want       string
	}{
		"passed on":      {KindCustomerQueue, `"QueueId":"q"`, waiting, " | queued"},
		"to an agent":    {KindCustomerQueue, `"AgentId":"u"`, waiting, " | queued"},
		"full":           {KindCustomerQueue, `"QueueId":"full"`, waiting, "QueueAtCapacity | end"},
		"gone":           {KindCustomerQueue, `"QueueId":"gone"`, waiting, "failed | end"},
		"none":           {KindCustomerQueue, ``, waiting, "failed | end"},
		"not queued":     {KindCustomerQueue, `"QueueId":"q"`, func(*Contact) {}, "failed | end"},
		"being joined":   {KindCustomerQueue, `"QueueId":"q"`, func(c *Contact) { c.Queued, c.Connected = true, true }, "failed | end"},
		"too often":      {KindCustomerQueue, `"QueueId":"q"`, func(c *Contact) { c.Queued, c.Transfers = true, 11 }, "failed | end"},
		"once more":      {KindCustomerQueue, `"QueueId":"q"`, func(c *Contact) { c.Queued, c.Transfers = true, 10 }, " | queued"},
		"in the inbound": {KindInbound, `"QueueId":"q"`, waiting, "failed | end"},
	} {
		s, _ := settled()
		c.set(s.Contact)
		f := flowdoc.Parse(t, flowdoc.One("DequeueContactAndTransferToQueue", c.parameters, "QueueAtCapacity"))
		check(t, name, Start(s.World, f, "main", c.kind, Data{}), c.want)
	}
}

func TestTransferContactToAgent(t *testing.T) {
	for queue, want := range map[string]string{"agent/u": " | queued", "q": " | end", "": " | end"} {
		s, _ := settled()
		s.Contact.Queue.ID = center.QueueID(queue)
		check(t, "to "+queue, s.start(t, flowdoc.Of(flowdoc.Action("a", "TransferContactToAgent", "", ""))), want)
	}
}

func TestUpdateContactRoutingBehavior(t *testing.T) {
	for parameters, want := range map[string]string{
		`"QueuePriority":"3"`:                         "3 0s",
		`"QueuePriority":9223372036854775807`:         "9223372036854775807 0s",
		`"QueuePriority":"$.Attributes.p"`:            "7 0s",
		`"QueueTimeAdjustmentSeconds":"120"`:          "0 2m0s",
		`"QueueTimeAdjustmentSeconds":"-60"`:          "0 -1m0s",
		`"QueuePriority":"0"`:                         "",
		`"QueuePriority":"high"`:                      "",
		`"QueuePriority":"$.Attributes.none"`:         "",
		`"QueueTimeAdjustmentSeconds":"1.5"`:          "",
		`"QueueTimeAdjustmentSeconds":"99999999999"`:  "",
		`"RoutingProficiencies":{},"QueuePriority":1`: "",
		``: "",
	} {
		s, _ := settled()
		s.Contact.Attributes = map[string]string{"p": "7"}
		out := s.start(t, flowdoc.One("UpdateContactRoutingBehavior", parameters))
		got := fmt.Sprint(s.Contact.Priority, " ", s.Contact.TimeAdjustment)
		if want == "" {
			check(t, parameters, out, "failed | end")
			want = "0 0s"
		} else {
			check(t, parameters, out, "ok | end")
		}
		if got != want {
			t.Errorf("%s: %s; want %s", parameters, got, want)
		}
	}
}

func TestUpdateContactRoutingCriteria(t *testing.T) {
	condition := func(more string) string { return `{"AttributeCondition":{"Name":"n","Value":"v"` + more + `}}` }
	plain := condition(`,"ProficiencyLevel":"2.5"`)
	steps := func(list ...string) string { return `{"Steps":[` + strings.Join(list, ",") + `]}` }
	expression := func(e string) string { return `{"Expression":` + e + `}` }
	deep := plain
	for range 5 {
		deep = `{"AndExpression":[` + deep + `]}`
	}
	for name, c := range map[string]struct {
		criteria string
		steps    int
	}{
		"one":              {steps(expression(plain)), 1},
		"with expiry":      {steps(`{"Expression":` + plain + `,"Expiry":{"DurationInSeconds":30}}`), 1},
		"five":             {steps(expression(plain), expression(plain), expression(plain), expression(plain), expression(plain)), 5},
		"nested":           {steps(expression(`{"OrExpression":[` + plain + `,{"AndExpression":[` + plain + `]}]}`)), 1},
		"preferred agents": {steps(expression(condition(`,"ComparisonOperator":"Match","MatchCriteria":{"AgentsCriteria":{"AgentIds":["u"]}}`))), 1},
		"range":            {steps(expression(condition(`,"ComparisonOperator":"Range","Range":{"MinProficiencyLevel":1,"MaxProficiencyLevel":3}`))), 1},
		"not":              {steps(expression(`{"NotAttributeCondition":{"Name":"n","Value":"v","ProficiencyLevel":1}}`)), 1},
		"as text":          {`"$.Attributes.criteria"`, 1},
		"no steps":         {`{"Steps":[]}`, 0},
		"six":              {steps(strings.Split(strings.TrimSuffix(strings.Repeat(expression(plain)+"|", 6), "|"), "|")...), 0},
		"no level":         {steps(expression(condition(""))), 0},
		"level 6":          {steps(expression(condition(`,"ProficiencyLevel":6`))), 0},
		"no name":          {steps(expression(`{"AttributeCondition":{"ProficiencyLevel":1}}`)), 0},
		"odd operator":     {steps(expression(condition(`,"ProficiencyLevel":1,"ComparisonOperator":"Like"`))), 0},
		"match of nothing": {steps(expression(condition(`,"ComparisonOperator":"Match"`))), 0},
		"range of nothing": {steps(expression(condition(`,"ComparisonOperator":"Range"`))), 0},
		"two expressions":  {steps(`{"Expression":{"AndExpression":[],"OrExpression":[]}}`), 0},
		"empty and":        {steps(expression(`{"AndExpression":[]}`)), 0},
		"odd member":       {steps(expression(`{"XorExpression":[]}`)), 0},
		"too deep":         {steps(expression(deep)), 0},
		"odd expiry":       {steps(`{"Expression":` + plain + `,"Expiry":{"DurationInSeconds":"soon"}}`), 0},
		"no expression":    {steps(`{}`), 0},
		"no object":        {`[]`, 0},
		"absent text":      {`"$.Attributes.none"`, 0},
	} {
		for _, typ := range []string{"UpdateContactRoutingCriteria", "UpdateRoutingCriteria"} {
			s, _ := settled()
			s.Contact.Attributes = map[string]string{"criteria": steps(expression(plain))}
			out := s.start(t, flowdoc.One(typ, `"RoutingCriteria":`+c.criteria))
			want := "ok | end"
			if c.steps == 0 {
				want = "failed | end"
			}
			check(t, name, out, want)
			if len(s.Contact.Criteria) != c.steps {
				t.Errorf("%s: %d steps; want %d", name, len(s.Contact.Criteria), c.steps)
			}
			if name == "with expiry" && s.Contact.Criteria[0].Expiry != 30*time.Second {
				t.Errorf("expiry %s", s.Contact.Criteria[0].Expiry)
			}
		}
	}
	s, _ := settled()
	s.Contact.Queued = true
	check(t, "in the queue", s.start(t, flowdoc.One("UpdateContactRoutingCriteria", `"RoutingCriteria":`+steps(expression(plain)))), "failed | end")
}

func TestCheckHoursOfOperation(t *testing.T) {
	for name, c := range map[string]struct {
		parameters, queue, want string
	}{
		"open":                     {`"HoursOfOperationId":"week"`, "", "True"},
		"closed":                   {`"HoursOfOperationId":"night"`, "", "False"},
		"an override with branch":  {`"HoursOfOperationId":"feast"`, "", "Christmas"},
		"an override without":      {`"HoursOfOperationId":"party"`, "", "True"},
		"of the target queue":      {``, "q", "True"},
		"empty: the target queue":  {`"HoursOfOperationId":""`, "q", "True"},
		"no target queue":          {``, "", "failed"},
		"an agent's queue":         {``, "agent/u", "failed"},
		"unknown":                  {`"HoursOfOperationId":"never"`, "", "failed"},
		"an empty reference":       {`"HoursOfOperationId":"$.Attributes.none"`, "q", "failed"},
		"by reference":             {`"HoursOfOperationId":"$.Attributes.hours"`, "", "False"},
		"a target queue that went": {``, "gone", "failed"},
	} {
		s, _ := settled()
		s.Contact.Attributes = map[string]string{"hours": "night"}
		s.Contact.Queue.ID = center.QueueID(c.queue)
		check(t, name, s.start(t, flowdoc.One("CheckHoursOfOperation", c.parameters, "=True", "=False", "=Christmas")), c.want+" | end")
	}
	check(t, "nothing is known", newWorld().start(t, flowdoc.One("CheckHoursOfOperation", `"HoursOfOperationId":"week"`, "=True", "=False")), "failed | end")
}

func TestCheckMetricData(t *testing.T) {
	check := func(name, parameters, operator, operand, want string) {
		t.Helper()
		s, i := settled()
		s.Contact.Queue.ID = "q"
		i.metrics["q"] = QueueStatus{Contacts: 4, Oldest: 5 * time.Minute, Online: 3, Staffed: 2, Available: 1}
		i.metrics["agent/u"] = QueueStatus{}
		content := flowdoc.Of(flowdoc.Action("a", "CheckMetricData", parameters, flowdoc.To("no", flowdoc.On("NoMatchingError", "failed")+","+flowdoc.On("NoMatchingCondition", "no"), flowdoc.When(operator, operand, "yes"))),
			flowdoc.Say("yes", "yes", "x"), flowdoc.Say("no", "no", "x"), flowdoc.Say("failed", "failed", "x"), flowdoc.Stop("x"))
		check(t, name, s.start(t, content), want+" | end")
	}
	for _, m := range []string{"NumberOfAgentsAvailable", "NumberOfAgentsStaffed", "NumberOfAgentsOnline"} {
		check(m, `"MetricType":"`+m+`"`, "NumberGreaterThan", "0", "yes")
		check(m+" of an agent", `"AgentId":"u","MetricType":"`+m+`"`, "NumberGreaterThan", "0", "no")
	}
	check("size", `"MetricType":"NumberOfContactsInQueue"`, "NumberLessThan", "5", "yes")
	check("size of another", `"MetricType":"NumberOfContactsInQueue","QueueId":"agent/u"`, "Equals", "0", "yes")
	check("age is in milliseconds", `"MetricType":"OldestContactInQueueAgeSeconds"`, "Equals", "300000", "yes")
	check("a queue that is not there", `"MetricType":"NumberOfContactsInQueue","QueueId":"gone"`, "Equals", "0", "failed")
	check("an unknown metric", `"MetricType":"Mood"`, "Equals", "0", "failed")
	check("no metric", ``, "Equals", "0", "failed")
}

func TestGetMetricData(t *testing.T) {
	show := flowdoc.Say("ok", "[$.Metrics.Queue.Name $.Metrics.Queue.Size $.Metrics.Queue.OldestContactAge $.Metrics.Agents.Online.Count $.Metrics.Contact.PositionInQueue $.Metrics.Queue.EstimatedWaitTime $.Metrics.Contact.EstimatedWaitTime]", "x")
	for name, c := range map[string]struct {
		parameters string
		metrics    QueueStatus
		want       string
	}{
		"the target queue": {``, QueueStatus{Contacts: 2, Oldest: 1500 * time.Millisecond, Position: 1, Wait: new(90 * time.Second), OwnWait: new(time.Minute), Online: 3}, "[Parcels 2 1500 3 1 90 60]"},
		"chat":             {`"QueueChannel":"chat"`, QueueStatus{Contacts: 2}, "[Parcels 2 0 0   ]"},
		"no calls":         {`"QueueChannel":"Voice"`, QueueStatus{Contacts: 2, Online: 1}, "[Parcels 0 0 1   ]"},
		"no tasks":         {`"QueueChannel":"task"`, QueueStatus{Contacts: 2, Online: 1}, "[Parcels 0 0 1   ]"},
		"nothing goes on":  {`"QueueId":"q"`, QueueStatus{}, "[Parcels      ]"},
		"an odd channel":   {`"QueueChannel":"Smoke"`, QueueStatus{}, "failed"},
		"a strange queue":  {`"QueueId":"gone"`, QueueStatus{}, "failed"},
	} {
		s, i := settled()
		s.Contact.Queue.ID = "q"
		i.metrics["q"] = c.metrics
		out := s.start(t, flowdoc.Of(flowdoc.Action("a", "GetMetricData", c.parameters, flowdoc.To("ok", flowdoc.On("NoMatchingError", "failed"), "")), show, flowdoc.Say("failed", "failed", "x"), flowdoc.Stop("x")))
		check(t, name, out, c.want+" | end")
	}
}
