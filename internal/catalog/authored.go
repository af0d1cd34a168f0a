package catalog

import (
	"maps"
	"slices"

	"parley.example/parley/internal/catalog/contents"
	"parley.example/parley/internal/center"
)

// Authored is what flows, modules and views have in common: contents that are
// saved and published, and what is said of them.
type Authored struct {
	contents.Contents
	Description string `json:"description,omitempty"`
	Archived    bool   `json:"archived,omitempty"` // ContactFlowState, ContactFlowModuleState ARCHIVED; a view is never
}

// Authoring returns a.
func (a *Authored) Authoring() *Authored { return a }

// Holder is a resource that has contents.
type Holder interface {
	Resource
	Authoring() *Authored
}

// HolderOf is a resource that has contents and an id of a type.
type HolderOf[ID ~string] interface {
	Of[ID]
	Holder
}

// Flow is a contact flow (ContactFlow).
type Flow struct {
	Meta[center.FlowID] `json:"-"`
	Authored
	Type    string `json:"type"`              // ContactFlowType
	Default bool   `json:"default,omitempty"` // came with the instance and cannot be deleted
}

// TypeInbound is the type of the flows that StartChatContact takes.
const TypeInbound = "CONTACT_FLOW"

// Kind returns KindFlow.
func (*Flow) Kind() center.Kind { return center.KindFlow }

// Module is a flow module (ContactFlowModule): a piece of a flow that other
// flows call. Every one of its versions can be run.
type Module struct {
	Meta[center.ModuleID] `json:"-"`
	Authored
	External *bool `json:"external,omitempty"` // ExternalInvocationConfiguration.Enabled
}

// Kind returns KindFlowModule.
func (*Module) Kind() center.Kind { return center.KindFlowModule }

// View is what a flow shows a customer or an agent to read, fill in or choose
// from (View).
type View struct {
	Meta[center.ViewID] `json:"-"`
	Authored
	Actions map[string][]string `json:"actions"` // by the hash of each content shown

	managed *ViewContent // of a managed view
}

// Kind returns KindView.
func (*View) Kind() center.Kind { return center.KindView }

// DropActions drops the actions of contents that the view does not show any more.
func (v *View) DropActions() {
	shown := v.Shown()
	maps.DeleteFunc(v.Actions, func(hash string, _ []string) bool { return !slices.Contains(shown, hash) })
}

// Managed reports whether the view comes with the service (ViewType AWS_MANAGED).
func (v *View) Managed() bool { return v.managed != nil }
