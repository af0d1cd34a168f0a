package flow

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// oldNames are where older designers keep the name of what a parameter holds.
var oldNames = []struct{ member, parameter string }{
	{"queue", "QueueId"}, {"contactFlow", "ContactFlowId"}, {"ContactFlow", "ContactFlowId"},
}

// Names returns what the designer calls the resources that the document
// refers to: by the id or ARN that a parameter holds, the name that
// Metadata.ActionMetadata shows for it.
func (f *Flow) Names() map[string]string {
	var doc struct {
		Metadata struct {
			ActionMetadata map[string]map[string]json.RawMessage
		}
	}
	if json.Unmarshal(f.content, &doc) != nil {
		return nil // a document with an odd Metadata: nothing in it matters to a run
	}
	names := map[string]string{}
	for i := range f.Actions {
		a := &f.Actions[i]
		meta := doc.Metadata.ActionMetadata[a.ID]
		for _, old := range oldNames {
			var shown struct{ ID, Text string }
			if json.Unmarshal(meta[old.member], &shown) != nil {
				continue
			}
			if shown.ID == "" {
				shown.ID, _ = Scalar(a.Params[old.parameter])
			}
			name(names, shown.ID, shown.Text)
		}
		var shown map[string]json.RawMessage
		if json.Unmarshal(meta["parameters"], &shown) == nil {
			for _, parameter := range slices.Sorted(maps.Keys(shown)) {
				displayNames(names, a.Params[parameter], shown[parameter])
			}
		}
	}
	return names
}

// displayNames reads {"displayName": "BasicQueue"} beside a parameter's value,
// or one level down, beside the members of a parameter that is an object.
func displayNames(names map[string]string, value, about json.RawMessage) {
	var members map[string]json.RawMessage
	if json.Unmarshal(about, &members) != nil {
		return
	}
	var shown string
	if json.Unmarshal(members["displayName"], &shown) == nil {
		if id, ok := Scalar(value); ok {
			name(names, id, shown)
		}
		return
	}
	var values map[string]json.RawMessage
	if json.Unmarshal(value, &values) != nil {
		return
	}
	for _, member := range slices.Sorted(maps.Keys(members)) {
		var one struct{ DisplayName string }
		if id, ok := Scalar(values[member]); ok && json.Unmarshal(members[member], &one) == nil {
			name(names, id, one.DisplayName)
		}
	}
}

// name keeps what an id is called. References have no name, and an empty name is none.
func name(names map[string]string, id, shown string) {
	if id != "" && shown != "" && !strings.HasPrefix(id, "$") && names[id] == "" {
		names[id] = shown
	}
}
