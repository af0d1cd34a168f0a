package flow

import (
	"slices"
	"strings"
)

// typeList are the action types of the language in the order of their names,
// and types finds one by its name.
var (
	typeList = sortedTypes(participantTypes, controlTypes, contactTypes, integrationTypes, voiceTypes)
	types    = typesByName(typeList)
)

func sortedTypes(groups ...[]Type) []*Type {
	var list []*Type
	for _, group := range groups {
		for i := range group {
			list = append(list, &group[i])
		}
	}
	slices.SortFunc(list, func(a, b *Type) int { return strings.Compare(a.Name, b.Name) })
	for i, t := range list {
		t.Index = i
	}
	return list
}

func typesByName(list []*Type) map[string]*Type {
	byName := make(map[string]*Type, len(list))
	for _, t := range list {
		byName[t.Name] = t
	}
	return byName
}

// formerTypes has today's names of action types by the former ones.
var formerTypes = func() map[string]string {
	names := map[string]string{}
	for _, t := range typeList {
		for _, old := range t.Formerly {
			names[old] = t.Name
		}
	}
	return names
}()

// Types returns the action types of the language in the order of their names.
// The caller must not change them.
func Types() []*Type { return typeList }

// TypeNamed returns the action type with a name, nil if there is none.
func TypeNamed(name string) *Type { return types[name] }
