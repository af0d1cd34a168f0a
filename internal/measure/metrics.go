package measure

import (
	"maps"
	"slices"
)

// Key is a dimension by which rows are grouped and filtered, as requests name it.
type Key string

// The keys.
const (
	KeyQueue   Key = "QUEUE"
	KeyChannel Key = "CHANNEL" // always CHAT
	KeyProfile Key = "ROUTING_PROFILE"
	KeyAgent   Key = "AGENT"
	KeyLevel1  Key = "AGENT_HIERARCHY_LEVEL_ONE"
	KeyLevel2  Key = "AGENT_HIERARCHY_LEVEL_TWO"
	KeyLevel3  Key = "AGENT_HIERARCHY_LEVEL_THREE"
	KeyLevel4  Key = "AGENT_HIERARCHY_LEVEL_FOUR"
	KeyLevel5  Key = "AGENT_HIERARCHY_LEVEL_FIVE"
	KeySubtype Key = "contact/segmentAttributes/connect:Subtype"
	KeyStep    Key = "ROUTING_STEP_EXPRESSION"
	KeyReason  Key = "DISCONNECT_REASON"
	KeyMethod  Key = "INITIATION_METHOD"
)

// Levels are the keys of the levels of the hierarchy, from the top.
var Levels = []Key{KeyLevel1, KeyLevel2, KeyLevel3, KeyLevel4, KeyLevel5}

// keys returns the keys that letters stand for: in the table below, and in the reference of the service's metrics.
func keys(letters string) (all []Key) {
	for _, l := range letters {
		switch l {
		case 'Q':
			all = append(all, KeyQueue)
		case 'C':
			all = append(all, KeyChannel)
		case 'P':
			all = append(all, KeyProfile)
		case 'A':
			all = append(all, KeyAgent)
		case 'H':
			all = append(all, Levels...)
		case 'S':
			all = append(all, KeySubtype)
		case 'E':
			all = append(all, KeyStep)
		case 'D':
			all = append(all, KeyReason)
		case 'I':
			all = append(all, KeyMethod)
		}
	}
	return all
}

// Metric is one of the metrics.
type Metric struct {
	Name string
	// Of is where it is read: [Agents], or any of the others.
	Of Part
	// By are the keys of filters and groupings that it goes with.
	By []Key
	// Where are the keys of its own filters (MetricFilters).
	Where []Key
	// Positive says that those cannot be negated.
	Positive bool
	// Within, when set, are the classes whose times a threshold is about, which the metric then needs.
	Within []Class

	of func(v *values) *float64
}

// values are what a metric is made of.
type values struct {
	cell    *Cell
	within  int64        // how many contacts are within the threshold
	byQueue bool         // it is of single queues
	note    func(column) // when set, is told what is read of the cell
}

func (v *values) of(s Sum) int64 {
	if v.note != nil {
		v.note(sumColumn + column(s))
	}
	return v.cell.Sums[s]
}

func (v *values) longest() int64 {
	if v.note != nil {
		v.note(longestColumn)
	}
	return v.cell.Longest
}

// reads returns the columns that the metric is made of.
func (m *Metric) reads(byQueue bool) (all []column) {
	ones := &Cell{Longest: 1} // of nothing there are no means
	for s := range ones.Sums {
		ones.Sums[s] = 1
	}
	m.of(&values{cell: ones, byQueue: byQueue, note: func(c column) { all = append(all, c) }})
	return all
}

// count is a sum.
func count(s Sum) func(*values) *float64 {
	return func(v *values) *float64 { return new(float64(v.of(s))) }
}

// total is the sum of some sums, divided by unit.
func total(unit int64, all ...Sum) func(*values) *float64 {
	return func(v *values) *float64 { return new(float64(v.sum(all)) / float64(unit)) }
}

// mean is the sum of some sums for each of n, divided by unit; nil when there are none.
func mean(unit int64, n Sum, all ...Sum) func(*values) *float64 {
	return func(v *values) *float64 {
		if v.of(n) == 0 {
			return nil
		}
		return new(float64(v.sum(all)) / float64(v.of(n)*unit))
	}
}

func (v *values) sum(all []Sum) (n int64) {
	for _, s := range all {
		n += v.of(s)
	}
	return n
}

// percent is a share; nil of nothing.
func percent(part, whole int64) *float64 {
	if whole == 0 {
		return nil
	}
	return new(float64(100*part) / float64(whole))
}

func share(part, whole Sum) func(*values) *float64 {
	return func(v *values) *float64 { return percent(v.of(part), v.of(whole)) }
}

func within(v *values) *float64 { return new(float64(v.within)) }

// units, in milliseconds or seconds
const (
	whole  = 1
	millis = 1000
)

// leaving are the classes of all contacts that leave a queue.
var leaving = []Class{AnsweredIn, AbandonedIn, LeftIn}

// talking are the keys of metrics of conversations.
const talking = "AHCSDEIPQ"

// Metrics is the one table of metrics. A metric that has no row is not available.
var Metrics = table(
	Metric{Name: "CONTACTS_CREATED", By: keys("QCPS"), Where: keys("I"), of: count(Created)},
	Metric{Name: "CONTACTS_QUEUED", By: keys("QCPAHS"), of: count(Queued)},
	Metric{Name: "CONTACTS_QUEUED_BY_ENQUEUE", By: keys("QCAHS"), of: count(QueuedThen)},
	Metric{Name: "CONTACTS_HANDLED", By: keys("QCPAHSE"), Where: keys("ID"), of: count(Handled)},
	Metric{Name: "CONTACTS_HANDLED_BY_CONNECTED_TO_AGENT", By: keys("QCAHS"), Where: keys("I"), of: count(HandledThen)},
	Metric{Name: "CONTACTS_ABANDONED", By: keys("QCPAHSE"), of: count(Abandoned)},
	Metric{Name: "ABANDONMENT_RATE", By: keys("QCPAHS"), of: share(Abandoned, Queued)},
	Metric{Name: "AVG_ABANDON_TIME", By: keys("QCPAHS"), of: mean(whole, Abandoned, AbandonTime)},
	Metric{Name: "AVG_QUEUE_ANSWER_TIME", By: keys("QCPS"), of: mean(whole, Answered, AnswerTime)},
	Metric{Name: "MAX_QUEUED_TIME", By: keys("QCPAHS"), of: func(v *values) *float64 {
		if v.of(Queued) == 0 {
			return nil
		}
		return new(float64(v.longest()))
	}},
	Metric{Name: "CONTACTS_REMOVED_FROM_QUEUE_IN_X", By: keys("QCP"), Within: leaving, of: within},
	Metric{Name: "SERVICE_LEVEL", By: keys("QCP"), Within: leaving, of: func(v *values) *float64 { return percent(v.within, v.of(Queued)) }},
	Metric{Name: "SUM_CONTACTS_ANSWERED_IN_X", By: keys("QCPS"), Within: []Class{AnsweredIn}, of: within},
	Metric{Name: "SUM_CONTACTS_ABANDONED_IN_X", By: keys("QCPS"), Within: []Class{AbandonedIn}, of: within},
	Metric{Name: "CONTACTS_RESOLVED_IN_X", By: keys("QCPS"), Within: []Class{Resolved}, of: within},
	Metric{Name: "AVG_RESOLUTION_TIME", By: keys("QCPS"), of: mean(whole, Ended, Resolution)},
	Metric{Name: "AVG_CONTACT_DURATION", By: keys("QCPAHS"), of: mean(whole, Ended, Duration)},
	Metric{Name: "AVG_INTERACTION_TIME", By: keys("QCPAHS"), of: mean(whole, Handled, Interaction)},
	Metric{Name: "SUM_INTERACTION_TIME", By: keys("QCPAHS"), of: total(whole, Interaction)},
	Metric{Name: "AVG_AFTER_CONTACT_WORK_TIME", By: keys("QCPAHS"), of: mean(whole, Handled, AfterWork)},
	Metric{Name: "SUM_AFTER_CONTACT_WORK_TIME", By: keys("QCPAHS"), of: total(whole, AfterWork)},
	Metric{Name: "AVG_HANDLE_TIME", By: keys("QCPAHSE"), of: mean(whole, Handled, Interaction, AfterWork)},
	Metric{Name: "SUM_HANDLE_TIME", By: keys("QCPAHSE"), of: total(whole, Interaction, AfterWork)},
	Metric{Name: "AVG_ACTIVE_TIME", By: keys("QCPAH"), of: mean(whole, Active, Interaction, AfterWork)},
	Metric{Name: "AVG_CONTACT_FLOW_TIME", By: keys("QCPAH"), of: mean(whole, FlowContacts, FlowTime)},
	Metric{Name: "SUM_CONTACT_FLOW_TIME", By: keys("QCPAH"), of: total(whole, FlowTime)},
	Metric{Name: "SUM_CONTACTS_DISCONNECTED", By: keys("QCPAHS"), of: count(DisconnectedInQueue)},
	Metric{Name: "CONTACTS_TRANSFERRED_OUT", By: keys("QCPAHS"), of: count(TransferredOut)},
	Metric{Name: "CONTACTS_TRANSFERRED_OUT_BY_AGENT", By: keys("QCPAHS"), of: count(TransferredByAgent)},
	Metric{Name: "CONTACTS_TRANSFERRED_OUT_FROM_QUEUE", By: keys("QCPAHS"), of: count(TransferredFromQueue)},
	Metric{Name: "CONTACTS_TRANSFERRED_OUT_INTERNAL", By: keys("QCPAHS"), of: count(TransferredByAgent)}, // no quick connect is a number here

	Metric{Name: "AGENT_ANSWER_RATE", Of: Agents, By: keys("QCPAH"), of: share(Accepted, Rings)},
	Metric{Name: "AGENT_NON_RESPONSE", Of: Agents, By: keys("QCPAH"), of: count(NonResponses)},
	Metric{Name: "AVG_AGENT_CONNECTING_TIME", Of: Agents, By: keys("QCPAH"), Where: keys("I"), Positive: true, of: mean(millis, Connectings, Connecting)},
	Metric{Name: "SUM_CONNECTING_TIME_AGENT", Of: Agents, By: keys("QCPAH"), Where: keys("I"), Positive: true, of: total(millis, Connecting)},
	Metric{Name: "AGENT_OCCUPANCY", Of: Agents, By: keys("PAH"), of: func(v *values) *float64 { return percent(v.of(OnContact), v.of(OnContact)+v.of(Idle)) }},
	Metric{Name: "SUM_ONLINE_TIME_AGENT", Of: Agents, By: keys("PAH"), of: total(millis, Online)},
	Metric{Name: "SUM_CONTACT_TIME_AGENT", Of: Agents, By: keys("PAH"), of: total(millis, OnContact)},
	Metric{Name: "SUM_IDLE_TIME_AGENT", Of: Agents, By: keys("PAH"), of: total(millis, Idle)},
	Metric{Name: "SUM_NON_PRODUCTIVE_TIME_AGENT", Of: Agents, By: keys("PAH"), of: total(millis, NonProductive)},
	Metric{Name: "SUM_ERROR_STATUS_TIME_AGENT", Of: Agents, By: keys("PAH"), of: total(millis, Failed)},
	Metric{Name: "AVG_AGENT_CONCURRENCY", Of: Agents, By: keys("QCPAH"), of: func(v *values) *float64 {
		if v.byQueue {
			return mean(whole, BusyInQueue, HandlingInQueue)(v)
		}
		return mean(whole, Busy, Handling)(v)
	}},

	Metric{Name: "AVG_FIRST_RESPONSE_TIME_AGENT", By: keys(talking), of: mean(millis, FirstResponses, FirstResponseTime)},
	Metric{Name: "AVG_CONTACT_FIRST_RESPONSE_TIME_AGENT", By: keys(talking), of: mean(millis, FirstAnswers, FirstAnswerTime)},
	Metric{Name: "AVG_RESPONSE_TIME_AGENT", By: keys(talking), of: mean(millis, AgentResponses, AgentWaited)},
	Metric{Name: "AVG_RESPONSE_TIME_CUSTOMER", By: keys(talking), of: mean(millis, CustomerResponses, CustomerWaited)},
	Metric{Name: "AVG_MESSAGE_LENGTH_AGENT", By: keys(talking), of: mean(whole, AgentMessages, AgentLength)},
	Metric{Name: "AVG_MESSAGE_LENGTH_CUSTOMER", By: keys(talking), of: mean(whole, CustomerMessages, CustomerLength)},
	Metric{Name: "AVG_MESSAGES", By: keys(talking), of: mean(whole, Ended, Messages)},
	Metric{Name: "AVG_MESSAGES_AGENT", By: keys(talking), of: mean(whole, Ended, AgentMessages)},
	Metric{Name: "AVG_MESSAGES_CUSTOMER", By: keys(talking), of: mean(whole, Ended, CustomerMessages)},
	Metric{Name: "AVG_MESSAGES_BOT", By: keys(talking), of: mean(whole, Ended, BotMessages)},
	Metric{Name: "AVG_CONVERSATION_CLOSE_TIME", By: keys(talking), of: mean(millis, Closed, CloseTime)},
	Metric{Name: "CONVERSATIONS_ABANDONED", By: keys(talking), of: count(ConversationAbandoned)},

	Metric{Name: "STEP_CONTACTS_QUEUED", By: keys("QE"), of: count(StepQueued)},
	Metric{Name: "PERCENT_CONTACTS_STEP_EXPIRED", By: keys("QE"), of: share(StepExpired, StepQueued)},
	Metric{Name: "PERCENT_CONTACTS_STEP_JOINED", By: keys("QE"), of: share(StepJoined, StepQueued)},
)

func table(rows ...Metric) map[string]*Metric {
	all := make(map[string]*Metric, len(rows))
	for i := range rows {
		all[rows[i].Name] = &rows[i]
	}
	return all
}

// Names are the names of all metrics, in order.
func Names() []string { return slices.Sorted(maps.Keys(Metrics)) }
