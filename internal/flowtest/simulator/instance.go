package simulator

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
	"parley.example/parley/internal/contact/bare"
	"parley.example/parley/internal/flow"
	"parley.example/parley/internal/flow/check"
	"parley.example/parley/internal/flow/machine"
)

// Instance is what the flows of a chat find around them; it belongs to one
// chat. Unless it is strict, queues, hours and views exist as soon as a flow
// names them: queues without limit, hours open. Functions and bots are stubs;
// in a strict instance only those are associated that have one. Resources may
// be called by id, by ARN, or by the name that the designer shows for them.
type Instance struct {
	bare.Empty
	Strict bool
	// Assistants lets CreateWisdomSession succeed with made-up sessions.
	Assistants bool
	Past       []center.ContactID // earlier contacts of the customer, which a flow may continue

	// Stubs. Of several that fit, the last answers; a bot's rule for anything
	// comes after those for something. Otherwise answers when none fits; it may be nil.
	Functions []Function
	Bots      []Bot
	Otherwise func(*machine.Effect) (Reply, bool)

	docs   []*Document
	names  map[string]string // of resources, by the id or ARN in a document
	queues map[string]*Queue
	hours  map[string]Hours
	views  map[string]View
}

// Queue is a queue of an instance.
type Queue struct {
	Hours    string // the name of its hours of operation; "" for that of the queue itself
	Missing  bool   // the queue does not exist
	Disabled bool
	Max      int64         // how many contacts may wait, -1 for any number
	Others   int64         // contacts of other chats that wait there
	Oldest   time.Duration // how long the first of them has waited when the chat begins

	name string
	own  int64 // contacts of the chat that wait there

	online, staffed, available int64 // agents; none is available who is not staffed, or staffed who is not online
}

// Online sets how many agents of the queue have signed in.
func (q *Queue) Online(n int64) {
	q.online = n
	q.staffed, q.available = min(q.staffed, n), min(q.available, n)
}

// Staffed sets how many agents are at work for the queue, whether they have a
// contact or not.
func (q *Queue) Staffed(n int64) {
	q.staffed = n
	q.online, q.available = max(q.online, n), min(q.available, n)
}

// Available sets how many agents can take a contact of the queue at once.
func (q *Queue) Available(n int64) {
	q.available = n
	q.online, q.staffed = max(q.online, n), max(q.staffed, n)
}

// Hours are hours of operation of an instance, as they are for the whole chat.
type Hours struct {
	Missing bool // they do not exist
	Opening machine.Opening
}

// View is a view of an instance.
type View struct {
	Missing bool // it does not exist
	Actions []string
}

// NewInstance returns an instance with nothing in it.
func NewInstance() *Instance {
	return &Instance{
		names: map[string]string{}, queues: map[string]*Queue{}, hours: map[string]Hours{}, views: map[string]View{},
	}
}

// instanceID is the instance of every test.
const instanceID = center.InstanceID("00000000-0000-4000-8000-00000000f10e")

var partition = center.Partition{Region: "us-east-1", Account: "123456789012"}

// Add makes a document one of the instance's flows, or modules.
func (in *Instance) Add(d *Document) {
	in.docs = append(in.docs, d)
	for ref, name := range d.Outline.Names {
		if in.names[ref] == "" {
			in.names[ref] = name
		}
	}
}

// Documents returns the instance's flows and modules in the order in which they were added.
func (in *Instance) Documents() []*Document { return in.docs }

// Name gives a resource, by its id or ARN, the name by which its test calls it.
func (in *Instance) Name(ref, name string) {
	if ref != "" {
		in.names[ref] = name
	}
}

// Aliases returns what a resource may be called: as it is, its id, the name that designers show.
func (in *Instance) Aliases(ref string) []string {
	all := []string{ref}
	add := func(s string) {
		if s != "" && !slices.Contains(all, s) {
			all = append(all, s)
		}
	}
	id := center.IDOf(ref)
	add(id)
	for _, s := range []string{ref, id} {
		add(in.names[s])
	}
	if strings.HasPrefix(ref, "arn:") {
		add(ref[strings.LastIndexAny(ref, "/:")+1:])
	}
	return all
}

// DocumentByID returns the flow or module with an id; nil for none.
func (in *Instance) DocumentByID(id center.FlowID) *Document {
	for _, d := range in.docs {
		if d.ID == id {
			return d
		}
	}
	return nil
}

// Document finds a flow, or a module, by what a flow or a person calls it; nil for
// none. Where the alias or the version behind a colon has no document of its own,
// like one that is opened as shop:prod, it is the one without.
func (in *Instance) Document(ref string, module bool) *Document {
	names := in.Aliases(ref)
	if bare, qualifier, ok := cutLast(ref, ":"); ok && !strings.Contains(qualifier, "/") {
		names = append(names, in.Aliases(bare)...)
	}
	for _, name := range names {
		for _, d := range in.docs {
			if (d.Type == TypeModule) == module && (string(d.ID) == name || d.Outline.Name == name || slices.Contains(d.Flow.Called, name)) {
				return d
			}
		}
	}
	return nil
}

// cutLast is [strings.Cut] around the last separator.
func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}

// Problems says what keeps a document from being published in the instance: its
// own problems, and calls that do not keep to what the instance's modules declare.
func (in *Instance) Problems(d *Document) []check.Problem {
	problems := check.Problems(d.Flow)
	for _, finding := range check.Calls(d.Flow, in.Callee) {
		problems = append(problems, check.Problem{Text: finding.Problem, Why: finding.String()})
	}
	return problems
}

// Callee finds what a module declares. It is a [check.Modules].
func (in *Instance) Callee(ref string) *flow.Contract {
	if d := in.Document(ref, true); d != nil {
		return d.Flow.Contract
	}
	return nil
}

// find looks a resource up by anything it may be called.
func find[T any](in *Instance, all map[string]T, ref string) (v T, ok bool) {
	for _, name := range in.Aliases(ref) {
		if v, ok = all[name]; ok {
			return v, true
		}
	}
	return v, false
}

// Published implements contact.Catalog.
func (in *Instance) Published(_ center.InstanceID, ref string) (*flow.Flow, center.FlowID, error) {
	if d := in.Document(ref, false); d != nil {
		return d.Flow, d.ID, nil
	}
	return nil, "", center.Missing(center.KindFlow, ref)
}

// Content implements contact.Catalog.
func (in *Instance) Content(id center.FlowID, hash string) (*flow.Flow, error) {
	for _, d := range in.docs {
		if d.ID == id && d.Flow.Hash == hash {
			return d.Flow, nil
		}
	}
	if d := defaults()[id]; d != nil && d.Flow.Hash == hash {
		return d.Flow, nil
	}
	return nil, center.Missing(center.KindFlow, string(id))
}

// Module implements contact.Catalog.
func (in *Instance) Module(_ center.InstanceID, ref string) (*flow.Flow, center.FlowID, error) {
	if d := in.Document(ref, true); d != nil {
		return d.Flow, d.ID, nil
	}
	return nil, "", center.Missing(center.KindFlowModule, ref)
}

// defaults are the default flows of every instance, by the id that tests give them: their name.
var defaults = sync.OnceValue(func() map[center.FlowID]*Document {
	all := map[center.FlowID]*Document{}
	for _, d := range flow.Defaults() {
		document, err := NewDocument(d.Name, d.Content, d.Name, d.Type)
		if err != nil {
			panic("simulator: " + err.Error()) // the documents are part of the program
		}
		all[document.ID] = document
	}
	return all
})

// Default implements contact.Catalog.
func (in *Instance) Default(_ center.InstanceID, typ string) (*flow.Flow, center.FlowID, error) {
	for _, d := range defaults() {
		if d.Type == typ && strings.HasPrefix(string(d.ID), "Default ") {
			return d.Flow, d.ID, nil
		}
	}
	return in.Empty.Default(instanceID, typ)
}

// Queue implements contact.Catalog.
func (in *Instance) Queue(_ center.InstanceID, ref string) (machine.Queue, error) {
	q := in.FindQueue(ref)
	if q == nil && !in.Strict {
		q = in.QueueNamed(in.called(ref))
	}
	if q == nil || q.Missing {
		return machine.Queue{}, center.Missing(center.KindQueue, ref)
	}
	answer := machine.Queue{
		ID: center.QueueID(q.name), ARN: partition.ARN(instanceID, center.KindQueue, q.name), Name: q.name, Disabled: q.Disabled, Max: q.Max,
	}
	if !strings.HasPrefix(q.name, machine.AgentQueue) {
		answer.Hours = cmp.Or(q.Hours, q.name)
	}
	return answer, nil
}

// called is what to call a resource that only a flow has named so far.
func (in *Instance) called(ref string) string {
	names := in.Aliases(ref)
	for _, known := range []string{in.names[ref], in.names[center.IDOf(ref)]} {
		if known != "" {
			return known
		}
	}
	return names[len(names)-1]
}

// FindQueue returns a queue by anything it may be called; nil when there is none so far.
func (in *Instance) FindQueue(ref string) *Queue {
	q, _ := find(in, in.queues, ref)
	return q
}

// QueueNamed returns the queue of a name, which exists from now on. It may be changed.
func (in *Instance) QueueNamed(name string) *Queue {
	q := in.FindQueue(name)
	if q == nil {
		q = &Queue{name: name, Max: -1}
		in.queues[name] = q
	}
	return q
}

// SetHours sets the hours of operation of a name.
func (in *Instance) SetHours(name string, h Hours) { in.hours[name] = h }

// SetView sets the view of a name.
func (in *Instance) SetView(name string, v View) { in.views[name] = v }

// Hours implements contact.Catalog.
func (in *Instance) Hours(_ center.InstanceID, ref string, _ time.Time) (machine.Opening, error) {
	h, ok := find(in, in.hours, ref)
	switch {
	case !ok && !in.Strict:
		return machine.Opening{Open: true}, nil
	case !ok || h.Missing:
		return machine.Opening{}, center.Missing(center.KindHours, ref)
	}
	return h.Opening, nil
}

// FindView implements contact.Catalog.
func (in *Instance) FindView(_ center.InstanceID, ref string) (machine.View, error) {
	folder, id := "", ref
	if i := strings.LastIndexByte(ref, '/'); i >= 0 {
		folder, id = ref[:i+1], ref[i+1:]
	}
	id, _, _ = strings.Cut(id, ":") // what follows is a version
	bare := folder + id
	v, ok := find(in, in.views, bare)
	if !ok && in.Strict || v.Missing {
		return machine.View{}, center.Missing(center.KindView, ref)
	}
	name := in.called(bare)
	return machine.View{ID: name, ARN: partition.ARN(instanceID, center.KindView, name), Name: name, Version: 1, Actions: v.Actions}, nil
}

// LambdaAllowed implements contact.Catalog.
func (in *Instance) LambdaAllowed(_ center.InstanceID, function string) error {
	if in.Strict && !in.hasFunction(function) {
		return center.Errorf(center.NotFound, "the function %s is not associated with the instance", functionName(function))
	}
	return nil
}

// Assistant implements contact.Catalog.
func (in *Instance) Assistant(instance center.InstanceID, assistant string) error {
	if in.Assistants {
		return nil
	}
	return in.Empty.Assistant(instance, assistant)
}

// BotAllowed implements contact.Catalog.
func (in *Instance) BotAllowed(_ center.InstanceID, bot string) error {
	if in.Strict && !in.hasBot(bot) {
		return center.Errorf(center.NotFound, "the bot %s is not associated with the instance", in.called(bot))
	}
	return nil
}

// continued is what a chat continues that is to continue a contact.
func (in *Instance) continued(source center.ContactID) Reply {
	if !slices.Contains(in.Past, source) {
		return Reply{Failure: fmt.Sprintf("contact %s does not exist", source)}
	}
	answer, err := json.Marshal(contact.Continued{Related: source, Past: []contact.Past{{Chat: source, Contact: source}}})
	if err != nil {
		return Reply{Failure: err.Error()}
	}
	return Reply{Answer: answer}
}

var _ contact.Catalog = (*Instance)(nil)
