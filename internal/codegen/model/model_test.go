package model

import (
	"os"
	"slices"
	"strings"
	"testing"
)

func readFile(t *testing.T, path string) *Model {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	m, err := Read(data)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestWhatAWriterAsks reads the zoo's model and asks what a writer of any language asks.
func TestWhatAWriterAsks(t *testing.T) {
	m := readFile(t, "../zoo/zoo.json")
	names := func(list []*Shape) (all []string) {
		for _, s := range list {
			all = append(all, s.Name())
		}
		return all
	}
	var ops []string
	for _, op := range m.Operations {
		ops = append(ops, op.Name)
	}
	if want := []string{"CloseZoo", "FeedAnimal", "ListAnimals"}; !slices.Equal(ops, want) {
		t.Errorf("the operations are %v; want %v", ops, want)
	}
	if got, want := names(m.Enums), []string{"Mood"}; !slices.Equal(got, want) {
		t.Errorf("the enums are %v; want %v", got, want)
	}
	if got := names(m.Structures); !slices.IsSorted(got) || !slices.Contains(got, "Food") || !slices.Contains(got, "CloseZooResponse") {
		t.Errorf("the structures are %v", got)
	}
	for _, e := range m.Exceptions {
		if slices.Contains(m.Structures, e) || e.Traits.HTTPError == 0 {
			t.Errorf("%s is an exception and something else, or has no status", e.Name())
		}
	}
	feed := m.Operations[1].Input
	keeper, since, food := feed.MemberNamed("Keeper"), feed.MemberNamed("Since"), feed.MemberNamed("Food")
	if feed.MemberNamed("Lion") != nil {
		t.Error("there is a member Lion")
	}
	if !keeper.Bound() || food.Bound() || !slices.Contains(feed.BodyMembers(), food) || slices.Contains(feed.BodyMembers(), keeper) {
		t.Error("Keeper is a header and Food in the body")
	}
	if m.Absentable(feed, keeper) || !m.Absentable(feed, since) || m.Absentable(feed, food) {
		t.Error("Since is the only one of the three that is a simple value and may be absent")
	}
	union := m.Shapes[food.Target]
	if at := union.MemberNamed("At"); m.TimeFormat(at) != "epoch-seconds" || !m.Absentable(union, at) {
		t.Errorf("At is a time of the format %s; all members of a union may be absent", m.TimeFormat(at))
	}
	if !m.Inputs[union] || !m.Constrained[union] || m.Inputs[m.Operations[0].Output] {
		t.Error("inputs hold Food, which is constrained, and no outputs")
	}
	if reached := m.Reach(union); !reached[union] || !reached[m.Shapes[union.MemberNamed("Meat").Target]] || reached[feed] {
		t.Error("from Food one reaches Meat and not FeedAnimal")
	}
}

func TestPages(t *testing.T) {
	m := readFile(t, "../../../api/model/connect.json")
	for _, op := range m.Operations {
		p := m.Pages(op)
		switch op.Name {
		case "ListQueues":
			if p == nil || p.In.Name != "NextToken" || p.Out.Name != "NextToken" || p.Items.Name != "QueueSummaryList" {
				t.Errorf("the pages of ListQueues are %+v", p)
			}
		case "DescribeQueue":
			if p != nil {
				t.Errorf("DescribeQueue has pages: %+v", p)
			}
		}
	}
}

func TestPatternAsItWasMeant(t *testing.T) {
	s := &Shape{Traits: Traits{Pattern: `^[\\P{C}\r]*\\S$`}}
	if got := s.Pattern(); got != `^[\P{C}\r]*\S$` {
		t.Errorf("a doubled escape became %s", got)
	}
}

// TestEnumsBeyondTheModel: values that the service takes stand behind the model's own; one that
// the model has itself is reported, so that a new model shortens the list.
func TestEnumsBeyondTheModel(t *testing.T) {
	of := func(values string) (*Model, error) {
		return Read([]byte(`{"shapes": {
			"com.amazonaws.connect#S": {"type": "service", "operations": []},
			"com.amazonaws.connect#InstanceAttributeType": {"type": "enum", "members": {` + values + `}}}}`))
	}
	m, err := of(`"EARLY_MEDIA": {"target": "smithy.api#Unit", "traits": {"smithy.api#enumValue": "EARLY_MEDIA"}}`)
	if err != nil {
		t.Fatal(err)
	}
	enum := m.Shapes["com.amazonaws.connect#InstanceAttributeType"]
	if log := enum.MemberNamed("AUTOMATED_INTERACTION_LOG"); enum.Members[0].Name != "EARLY_MEDIA" || log == nil || log.Traits.EnumValue != log.Name {
		t.Errorf("the values are %+v", enum.Members)
	}
	if _, err := of(`"MAX_PACKAGE": {"target": "smithy.api#Unit"}`); err == nil || !strings.Contains(err.Error(), "the model has MAX_PACKAGE now") {
		t.Errorf("a value that the model has is taken with %v", err)
	}
}
