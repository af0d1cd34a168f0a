package model

import (
	"fmt"
	"slices"
	"strings"
)

// values are the types a member may have, outside those the types of simple values that may stand
// outside the body.
var (
	values = []string{"string", "enum", "integer", "long", "float", "double", "boolean", "timestamp", "blob", "document", "list", "map", "structure", "union"}
	texts  = []string{"string", "enum", "integer", "long", "boolean", "timestamp"}
)

// check refuses what writers and the runtime would get wrong.
func (m *Model) check() error {
	for _, s := range slices.Concat(m.Structures, m.Exceptions) {
		if err := m.checkMembers(s); err != nil {
			return err
		}
	}
	for _, op := range m.Operations {
		if err := op.check(); err != nil {
			return fmt.Errorf("%s: %w", op.Name, err)
		}
	}
	return nil
}

func (op *Operation) check() error {
	http := op.Shape.Traits.HTTP
	switch {
	case http == nil:
		return fmt.Errorf("no http trait")
	case strings.ContainsAny(http.URI, "?+") || http.Code > 200:
		return fmt.Errorf("greedy labels, fixed queries and other codes than 200 are not supported")
	case slices.ContainsFunc(op.Output.Members, (*Member).Bound):
		return fmt.Errorf("output members outside the body are not supported")
	}
	for _, m := range op.Input.Members {
		if m.Traits.Label && !strings.Contains(http.URI, "{"+m.Name+"}") {
			return fmt.Errorf("no label {%s} in the path", m.Name)
		}
	}
	return nil
}

func (m *Model) checkMembers(s *Shape) error {
	required := 0
	for _, member := range s.Members {
		if member.Traits.Required && !member.Bound() {
			required++
		}
		target := m.Shapes[member.Target]
		if member.Bound() && !slices.Contains(texts, target.Type) &&
			!(member.Traits.Query != "" && target.Type == "list" && slices.Contains([]string{"string", "enum"}, m.Shapes[target.Member.Target].Type)) {
			return fmt.Errorf("%s.%s: a %s outside the body is not supported", s.ID, member.Name, target.Type)
		}
		if !slices.Contains(values, target.Type) {
			return fmt.Errorf("%s.%s: the type %s is not supported", s.ID, member.Name, target.Type)
		}
	}
	if required > 64 {
		return fmt.Errorf("%s: more than 64 required members are not supported", s.ID)
	}
	return nil
}
