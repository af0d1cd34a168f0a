package simulator

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/flow"
	"parley.example/parley/internal/flow/check"
)

// Document is one flow or module, read from a file.
type Document struct {
	Path    string
	ID      center.FlowID // how other flows and scenarios may name it: the file's name without .json, or as given to Library.Open
	Type    string        // as CreateContactFlow takes it; "" for unknown, "MODULE" for a module
	Flow    *flow.Flow
	Outline check.Outline

	actions map[string]*check.OutlineAction // of Outline, by identifier
	staged  bool                            // made by a test to lead to another
	twin    *Document                       // the same file under the name by which it was read first; nil if this is it
}

// Action returns an action by its identifier; nil if there is none.
func (d *Document) Action(id string) *check.OutlineAction { return d.actions[id] }

// Name is what to call the document.
func (d *Document) Name() string { return cmp.Or(d.Outline.Name, string(d.ID)) }

// types are the API's names for the designer's types of flow.
var types = map[string]string{
	"contactFlow": "CONTACT_FLOW", "customerQueue": "CUSTOMER_QUEUE", "customerHold": "CUSTOMER_HOLD",
	"customerWhisper": "CUSTOMER_WHISPER", "agentHold": "AGENT_HOLD", "agentWhisper": "AGENT_WHISPER",
	"outboundWhisper": "OUTBOUND_WHISPER", "agentTransfer": "AGENT_TRANSFER", "queueTransfer": "QUEUE_TRANSFER",
	"campaign": "CAMPAIGN", "module": TypeModule,
}

// TypeModule is the type of a module, which the API has no name for.
const TypeModule = flow.TypeModule

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

// NewDocument makes a document of the content of a file. as and typ are those of [Library.Open].
func NewDocument(path string, content []byte, as, typ string) (*Document, error) {
	f, err := flow.ParseFile(content)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if as == "" {
		as = strings.TrimSuffix(filepath.Base(path), ".json")
	}
	if typ == "" {
		typ = types[check.NewOutline(f).Type]
	}
	if typ != "" {
		f = f.As(typ)
	}
	d := &Document{Path: path, ID: center.FlowID(as), Type: typ, Flow: f, Outline: check.NewOutline(f), actions: map[string]*check.OutlineAction{}}
	for i := range d.Outline.Actions {
		d.actions[d.Outline.Actions[i].ID] = &d.Outline.Actions[i]
	}
	return d, nil
}
