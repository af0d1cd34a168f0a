package machine

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"parley.example/parley/internal/flow"
	"parley.example/parley/internal/flow/flowdoc"
)

func TestTrace(t *testing.T) {
	s := newWorld()
	var visits []string
	s.Trace = func(v Visit) {
		visits = append(visits, fmt.Sprintf("%s %s%d %q>%s %v %v", v.Action, v.Way.Kind, v.Way.Index, v.Result, v.Next, v.Waits, v.Parameters["Text"]))
	}
	out := s.start(t, flowdoc.Of(
		flowdoc.Say("a", "Hello $.CustomerEndpoint.DisplayName", "b"),
		flowdoc.Action("b", "Wait", `"TimeLimitSeconds":"60"`, flowdoc.To("c", flowdoc.On(flow.NoMatchingError, "c"), flowdoc.When("Equals", flow.WaitCompleted, "c"))),
		flowdoc.Action("c", "GetParticipantInput", `"Text":"Press"`, flowdoc.To("d", flowdoc.On(flow.NoMatchingError, "d"), "")),
		flowdoc.Bye("d"),
	))
	s.Now = out.Run.Wait.Until
	s.advance(out.Run, Event{Kind: EventTime})
	want := []string{
		`a next0 "">b false Hello Ada`,
		`b 0 ""> true <nil>`,
		`b condition0 "WaitCompleted">c false <nil>`,
		`c error0 "NoMatchingError">d false Press`,
		`d 0 ""> false <nil>`,
	}
	if !slices.Equal(visits, want) {
		t.Errorf("visits:\n%s\nwant:\n%s", strings.Join(visits, "\n"), strings.Join(want, "\n"))
	}
}
