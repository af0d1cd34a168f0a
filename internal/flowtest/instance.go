package flowtest

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
	"parley.example/parley/internal/flow"
	"parley.example/parley/internal/flow/check"
	"parley.example/parley/internal/flow/machine"
)

// Document is one flow or module, read from a file.
type Document struct {
	Path    string
	ID      center.FlowID // how other flows and scenarios may name it: the file's name without .json, or as told
	Type    string        // as CreateContactFlow takes it; "" for unknown, "MODULE" for a module
	Flow    *flow.Flow
	Outline check.Outline

	actions map[string]*check.OutlineAction // of Outline, by identifier
	staged  bool                            // made by a test to lead to another
	twin    *Document                       // the same file under the name by which it was read first; nil if this is it
}

// Name is what to call the document.
func (d *Document) Name() string { return cmp.Or(d.Outline.Name, string(d.ID)) }

// types are the API's names for the designer's types of flow.
var types = map[string]string{
	"contactFlow": "CONTACT_FLOW", "customerQueue": "CUSTOMER_QUEUE", "customerHold": "CUSTOMER_HOLD",
	"customerWhisper": "CUSTOMER_WHISPER", "agentHold": "AGENT_HOLD", "agentWhisper": "AGENT_WHISPER",
	"outboundWhisper": "OUTBOUND_WHISPER", "agentTransfer": "AGENT_TRANSFER", "queueTransfer": "QUEUE_TRANSFER",
	"campaign": "CAMPAIGN", "module": typeModule,
}

const typeModule = "MODULE"

// TypeOf returns a type of flow as CreateContactFlow takes it, or MODULE, by
// that name or the designer's.
func TypeOf(name string) (string, error) {
	for designer, api := range types {
		if name == designer || name == api {
			return api, nil
		}
	}
	return "", fmt.Errorf("there is no type of flow %q; there are %s", name, strings.Join(slices.Sorted(maps.Values(types)), ", "))
}

// Library reads documents, each file once. It may be used by many goroutines.
type Library struct {
	mu    sync.Mutex // guards docs and first
	docs  map[[3]string]*Document
	first map[string]*Document // by path: what was read first
}

// Open reads a document. as and typ may be "": the document then has the id of
// its file, and the type that it says itself.
func (l *Library) Open(path, as, typ string) (*Document, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	key := [3]string{path, as, typ}
	if d := l.docs[key]; d != nil {
		return d, nil
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	d, err := NewDocument(path, content, as, typ)
	if err != nil {
		return nil, err
	}
	if l.docs == nil {
		l.docs, l.first = map[[3]string]*Document{}, map[string]*Document{}
	}
	l.docs[key] = d
	if d.twin = l.first[path]; d.twin == nil {
		l.first[path] = d
	}
	return d, nil
}

// NewDocument reads a document that somebody has read from a file.
func NewDocument(path string, content []byte, as, typ string) (*Document, error) {
	f, err := flow.Parse(content)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if as == "" {
		as = strings.TrimSuffix(filepath.Base(path), ".json")
	}
	if typ == "" {
		typ = types[check.NewOutline(f).Type]
	}
	if typ != "" && typ != typeModule {
		f = f.As(typ)
	}
	d := &Document{Path: path, ID: center.FlowID(as), Type: typ, Flow: f, Outline: check.NewOutline(f), actions: map[string]*check.OutlineAction{}}
	for i := range d.Outline.Actions {
		d.actions[d.Outline.Actions[i].ID] = &d.Outline.Actions[i]
	}
	return d, nil
}

// Instance is what the flows of a test find around them. Unless it is strict,
// queues, hours and views exist as soon as a flow names them: queues without
// limit, hours open. Functions and bots are stubs; in a strict instance only
// those are associated that have one. Resources may be called by id, by ARN, or
// by the name that the designer shows for them.
type Instance struct {
	contact.Empty
	Strict bool

	stubs  stubs
	docs   []*Document
	names  map[string]string // of resources, by the id or ARN in a document
	queues map[string]*queue
	hours  map[string]*hours
	views  map[string]*view
	past   []center.ContactID // earlier contacts of the customer
}

type queue struct {
	name     string
	hours    string // as the scenario calls its hours of operation; "" for as the queue itself
	missing  bool
	disabled bool
	max      int64         // how many contacts may wait, -1 for any number
	others   int64         // contacts of nobody that wait there
	oldest   time.Duration // how long the first of them has waited when the test begins
	own      int64         // contacts of the test that wait there
}

type hours struct {
	missing bool
	opening machine.Opening
}

type view struct {
	missing bool
	actions []string
}

// NewInstance returns an instance with nothing in it.
func NewInstance() *Instance {
	return &Instance{
		names: map[string]string{}, queues: map[string]*queue{}, hours: map[string]*hours{}, views: map[string]*view{},
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

// aliases returns what a resource may be called: as it is, its id, the name that designers show.
func (in *Instance) aliases(ref string) []string {
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

// document finds a document of a kind by what a flow or a person calls it.
func (in *Instance) document(ref string, module bool) *Document {
	names := in.aliases(ref)
	if i := strings.LastIndexByte(ref, ':'); i >= 0 && module { // an alias or a version
		names = append(names, in.aliases(ref[:i])...)
	}
	for _, name := range names {
		for _, d := range in.docs {
			if (d.Type == typeModule) == module && (string(d.ID) == name || d.Outline.Name == name) {
				return d
			}
		}
	}
	return nil
}

// find looks a resource up by anything it may be called.
func find[T any](in *Instance, all map[string]*T, ref string) *T {
	for _, name := range in.aliases(ref) {
		if v := all[name]; v != nil {
			return v
		}
	}
	return nil
}

// Published implements contact.Catalog.
func (in *Instance) Published(_ center.InstanceID, ref string) (*flow.Flow, center.FlowID, error) {
	if d := in.document(ref, false); d != nil {
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
	if d := in.document(ref, true); d != nil {
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
			panic("flowtest: " + err.Error()) // the documents are part of the program
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
	q := find(in, in.queues, ref)
	if q == nil {
		if in.Strict {
			return machine.Queue{}, center.Missing(center.KindQueue, ref)
		}
		q = in.queue(in.called(ref))
	}
	if q.missing {
		return machine.Queue{}, center.Missing(center.KindQueue, ref)
	}
	found := machine.Queue{
		ID: center.QueueID(q.name), ARN: partition.ARN(instanceID, center.KindQueue, q.name), Name: q.name, Disabled: q.disabled, Max: q.max,
	}
	if !strings.HasPrefix(q.name, machine.AgentQueue) {
		found.Hours = cmp.Or(q.hours, q.name)
	}
	return found, nil
}

// called is what to call a resource that only a flow has named so far.
func (in *Instance) called(ref string) string {
	names := in.aliases(ref)
	for _, known := range []string{in.names[ref], in.names[center.IDOf(ref)]} {
		if known != "" {
			return known
		}
	}
	return names[len(names)-1]
}

// queue returns the queue of a name, which exists from now on.
func (in *Instance) queue(name string) *queue {
	q := find(in, in.queues, name)
	if q == nil {
		q = &queue{name: name, max: -1}
		in.queues[name] = q
	}
	return q
}

// Hours implements contact.Catalog.
func (in *Instance) Hours(_ center.InstanceID, ref string, _ time.Time) (machine.Opening, error) {
	h := find(in, in.hours, ref)
	switch {
	case h == nil && !in.Strict:
		return machine.Opening{Open: true}, nil
	case h == nil || h.missing:
		return machine.Opening{}, center.Missing(center.KindHours, ref)
	}
	return h.opening, nil
}

// FindView implements contact.Catalog.
func (in *Instance) FindView(_ center.InstanceID, ref string) (machine.View, error) {
	folder, id := "", ref
	if i := strings.LastIndexByte(ref, '/'); i >= 0 {
		folder, id = ref[:i+1], ref[i+1:]
	}
	id, _, _ = strings.Cut(id, ":") // what follows is a version
	bare := folder + id
	v := find(in, in.views, bare)
	if v == nil && in.Strict || v != nil && v.missing {
		return machine.View{}, center.Missing(center.KindView, ref)
	}
	name := in.called(bare)
	found := machine.View{ID: name, ARN: partition.ARN(instanceID, center.KindView, name), Name: name, Version: 1}
	if v != nil {
		found.Actions = v.actions
	}
	return found, nil
}

// LambdaAllowed implements contact.Catalog.
func (in *Instance) LambdaAllowed(_ center.InstanceID, function string) error {
	if in.Strict && !in.stubs.hasFunction(in, function) {
		return center.Errorf(center.NotFound, "the function %s is not associated with the instance", functionName(function))
	}
	return nil
}

// BotAllowed implements contact.Catalog.
func (in *Instance) BotAllowed(_ center.InstanceID, bot string) error {
	if in.Strict && !in.stubs.hasBot(in, bot) {
		return center.Errorf(center.NotFound, "the bot %s is not associated with the instance", in.called(bot))
	}
	return nil
}

// continued is what a chat continues that is to continue a contact.
func (in *Instance) continued(source center.ContactID) reply {
	if !slices.Contains(in.past, source) {
		return reply{failure: fmt.Sprintf("contact %s does not exist", source)}
	}
	answer, err := json.Marshal(contact.Continued{Related: source, Past: []contact.Past{{Chat: source, Contact: source}}})
	if err != nil {
		return reply{failure: err.Error()}
	}
	return reply{answer: answer}
}

var _ contact.Catalog = (*Instance)(nil)
