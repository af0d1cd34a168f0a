package flowgraph

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"parley.example/parley/internal/flow"
	"parley.example/parley/internal/flow/check"
	"parley.example/parley/internal/flow/flowdoc"
)

// corpus calls f with every flow under the directory that PARLEY_FLOW_CORPUS
// names, or with the project's own.
func corpus(t testing.TB, f func(path string, o check.Outline)) {
	t.Helper()
	directory := os.Getenv("PARLEY_FLOW_CORPUS")
	if directory == "" {
		directory = "../flow"
	}
	n := 0
	err := filepath.WalkDir(directory, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || filepath.Ext(path) != ".json" {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		parsed, err := flow.Parse(content)
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		n++
		f(path, check.NewOutline(parsed))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if n < 8 {
		t.Fatalf("%s holds %d flows; want at least 8", directory, n)
	}
}

func outline(t testing.TB, content string) check.Outline {
	t.Helper()
	f, err := flow.Parse([]byte(content))
	if err != nil {
		t.Fatal(err)
	}
	return check.NewOutline(f)
}

// laid returns the graph of a flow with everything in its place.
func laid(t testing.TB, o *check.Outline) *graph {
	t.Helper()
	g, err := build(o)
	if err != nil {
		t.Fatal(err)
	}
	(&drawing{outline: o}).describe(g)
	g.bend((&drawing{}).class)
	g.arrange()
	g.measure()
	g.settle()
	return g
}

func TestBoxesDoNotOverlap(t *testing.T) {
	corpus(t, func(path string, o check.Outline) {
		g := laid(t, &o)
		w, h := g.size()
		for _, layer := range g.layers {
			bottom := 0.0
			for _, n := range layer {
				if n.y < bottom-1e-6 {
					t.Errorf("%s: a node at %.1f lies over one that ends at %.1f", path, n.y, bottom)
				}
				bottom = n.y + n.h
				if n.x < 0 || n.y < margin-1e-6 || n.x+n.w > w || n.y+n.h > h {
					t.Errorf("%s: a node at %.1f,%.1f lies outside of %.1f×%.1f", path, n.x, n.y, w, h)
				}
			}
		}
	})
}

// TestColumnsBeginAtTheTop: nothing is empty above a drawing.
func TestColumnsBeginAtTheTop(t *testing.T) {
	corpus(t, func(path string, o check.Outline) {
		for i, layer := range laid(t, &o).layers {
			if layer[0].y > margin+1e-6 {
				t.Errorf("%s: column %d begins at %.1f; want %.1f", path, i, layer[0].y, margin)
			}
		}
	})
}

// TestJoinedLinesKeepTheirLook: lines that share bends have one look.
func TestJoinedLinesKeepTheirLook(t *testing.T) {
	joined := 0
	corpus(t, func(path string, o check.Outline) {
		looks, d := map[*node]string{}, &drawing{}
		for _, l := range laid(t, &o).lines {
			for _, b := range l.via {
				class := d.class(l.from, l.row)
				if before, ok := looks[b]; ok && before != class {
					t.Errorf("%s: lines of the looks %s and %s to %s share a bend", path, before, class, l.to.action.ID)
				} else if ok {
					joined++
				}
				looks[b] = class
			}
		}
	})
	if joined == 0 {
		t.Error("no lines join")
	}
}

// TestTextsWrap: titles, summaries and labels go on in further lines, and are cut
// only where they are very long.
func TestTextsWrap(t *testing.T) {
	const title, text, operand = "An identifier of nearly fifty characters, wrapped",
		"Hello, and welcome to the shop. What would you like to talk about? We have kettles, cups and tea of every kind.",
		"A value that is longer than a box is wide, and goes on"
	content := flowdoc.Of(
		flowdoc.Action(title, "MessageParticipant", `"Text":"`+text+`"`, flowdoc.To("Ask", "", "")),
		flowdoc.Action("Ask", "Compare", `"ComparisonValue":"$.Attributes.a"`, flowdoc.To("End", flowdoc.On("NoMatchingCondition", "End"), flowdoc.When("Equals", operand, "End"))),
		flowdoc.Bye("End"))
	o := outline(t, content)
	g := laid(t, &o)
	for _, test := range []struct {
		lines []string
		want  string
	}{{g.nodes[0].title, title}, {g.nodes[0].lines[1:], text}, {g.nodes[1].rows[0].lines, operand}} {
		if got := strings.Join(test.lines, " "); got != test.want || len(test.lines) < 2 {
			t.Errorf("%q; want the whole of %q", test.lines, test.want)
		}
	}
	var b bytes.Buffer
	if err := Draw(&b, o, Options{}); err != nil {
		t.Fatal(err)
	}
	for _, want := range append(g.nodes[0].lines, `"Noto Color Emoji"`) {
		if !strings.Contains(b.String(), want) {
			t.Errorf("the drawing lacks %q", want)
		}
	}
}

func TestLinesLeadForward(t *testing.T) {
	corpus(t, func(path string, o check.Outline) {
		g := laid(t, &o)
		for _, l := range g.lines {
			if forward := l.from.layer < l.to.layer; forward == l.back {
				t.Errorf("%s: %s in column %d to %s in column %d: back is %v", path, l.from.action.ID, l.from.layer, l.to.action.ID, l.to.layer, l.back)
			}
		}
		for _, n := range g.nodes {
			for _, p := range n.out {
				if p.right.layer != n.layer+1 {
					t.Errorf("%s: a piece leads from column %d to %d", path, n.layer, p.right.layer)
				}
			}
		}
	})
}

func TestDrawingsAreDocuments(t *testing.T) {
	corpus(t, func(path string, o check.Outline) {
		var first, second bytes.Buffer
		if err := errors.Join(Draw(&first, o, Options{}), Draw(&second, o, Options{})); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		if !bytes.Equal(first.Bytes(), second.Bytes()) {
			t.Errorf("%s: two drawings of one flow differ", path)
		}
		boxes := 0
		for d := xml.NewDecoder(&first); ; {
			token, err := d.Token()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatalf("%s: %v", path, err)
			}
			if e, ok := token.(xml.StartElement); ok && e.Name.Local == "title" {
				boxes++
			}
		}
		if boxes != len(o.Actions) {
			t.Errorf("%s: %d boxes for %d actions", path, boxes, len(o.Actions))
		}
	})
}

// circles leads forward, back, to itself, and has an action that no way leads to.
const circles = `{"Version":"2019-10-30","StartAction":"Greet","Metadata":{"name":"Circles"},"Actions":[
{"Identifier":"Greet","Type":"MessageParticipant","Parameters":{"Text":"Hello \"<you>\" & $.CustomerEndpoint.DisplayName"},"Transitions":{"NextAction":"Round","Errors":[{"NextAction":"End","ErrorType":"NoMatchingError"}]}},
{"Identifier":"Round","Type":"Loop","Parameters":{"LoopCount":"3"},"Transitions":{"NextAction":"End","Conditions":[{"NextAction":"Greet","Condition":{"Operator":"Equals","Operands":["ContinueLooping"]}},{"NextAction":"Again","Condition":{"Operator":"Equals","Operands":["DoneLooping"]}}]}},
{"Identifier":"Again","Type":"Compare","Parameters":{"ComparisonValue":"$.Attributes.x"},"Transitions":{"NextAction":"Again","Errors":[{"NextAction":"End","ErrorType":"NoMatchingCondition"}],"Conditions":[{"NextAction":"Again","Condition":{"Operator":"NumberGreaterThan","Operands":["5"]}}]}},
{"Identifier":"End","Type":"DisconnectParticipant","Parameters":{},"Transitions":{}},
{"Identifier":"Lost","Type":"GetParticipantInput","Parameters":{"Text":"Press a key"},"Transitions":{"NextAction":"End","Errors":[{"NextAction":"End","ErrorType":"NoMatchingError"}]}}]}`

func TestMermaid(t *testing.T) {
	var b bytes.Buffer
	if err := Mermaid(&b, outline(t, circles), Options{}); err != nil {
		t.Fatal(err)
	}
	want := `---
title: "Circles"
---
flowchart LR
  start((" ")) --> a0
  a0["<b>Greet</b><br/>Send message<br/>Hello #quot;#lt;you#gt;#quot; #amp; $.CustomerEndpoint.DisplayName"]:::box_talk
  a1["<b>Round</b><br/>Loop<br/>3"]:::box_control
  a2["<b>Again</b><br/>Check<br/>$.Attributes.x"]:::box_control
  a3(["<b>End</b><br/>Disconnect"]):::box_end
  a4["<b>Lost</b><br/>Get digits<br/>Press a key"]:::box_talk
  a0 --> a1
  a0 -.->|"NoMatchingError"| a3
  a1 -->|"ContinueLooping"| a0
  a1 -->|"DoneLooping"| a2
  a2 -->|"#gt; 5"| a2
  a2 -.->|"NoMatchingCondition"| a3
  a4 -.->|"NoMatchingError"| a3
`
	if got, _, _ := strings.Cut(b.String(), "  classDef"); got != want {
		t.Errorf("Mermaid wrote\n%s\nwant\n%s", got, want)
	}
}

func TestCoverageIsDrawn(t *testing.T) {
	var b bytes.Buffer
	opt := Options{Title: "Covered", Taken: func(action string, way flow.Way) int {
		if action == "Greet" && way.Kind != flow.WayError {
			return 7
		}
		return 0
	}}
	if err := Draw(&b, outline(t, circles), opt); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{">Covered</text>", ">7×</text>", `class="b miss"`, ">0×</text>"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("the drawing does not hold %s", want)
		}
	}
}

// TestImpossibleErrorsAreNotCounted: an error that a fixed text cannot cause is not shown as missed.
func TestImpossibleErrorsAreNotCounted(t *testing.T) {
	for text, want := range map[string]int{"Hello": 1, "Hello $.Attributes.name": 2} {
		o := outline(t, fmt.Sprintf(`{"Version":"2019-10-30","StartAction":"a","Actions":[{"Identifier":"a","Type":"MessageParticipant","Parameters":{"Text":%q},
			"Transitions":{"NextAction":"","Errors":[{"NextAction":"","ErrorType":"NoMatchingError"}]}}]}`, text))
		var b bytes.Buffer
		if err := Draw(&b, o, Options{Taken: func(string, flow.Way) int { return 0 }}); err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(b.String(), ">0×</text>"); n != want {
			t.Errorf("%q: %d counts; want %d", text, n, want)
		}
	}
}

func TestUnusualFlows(t *testing.T) {
	for name, content := range map[string]string{
		"empty":             `{"Version":"2019-10-30","Actions":[]}`,
		"without a start":   `{"Version":"2019-10-30","Actions":[{"Identifier":"a","Type":"Nonsense","Transitions":{"NextAction":"b"}}]}`,
		"without a name":    `{"Version":"2019-10-30","StartAction":"","Actions":[{"Type":""},{"Type":""}]}`,
		"control character": `{"Version":"2019-10-30","StartAction":"a","Actions":[{"Identifier":"a","Type":"MessageParticipant","Parameters":{"Text":"a\u0000b\u001f\nc"},"Transitions":{"NextAction":"a"}}]}`,
	} {
		t.Run(name, func(t *testing.T) {
			o := outline(t, content)
			var b bytes.Buffer
			if err := errors.Join(Draw(&b, o, Options{}), Mermaid(io.Discard, o, Options{})); err != nil {
				t.Fatal(err)
			}
			if err := xml.Unmarshal(b.Bytes(), new(struct{})); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestTooLarge(t *testing.T) {
	var b strings.Builder
	for i := range maxEdges + 1 {
		fmt.Fprintf(&b, `,{"NextAction":"a","Condition":{"Operator":"Equals","Operands":["%d"]}}`, i%900)
		if i%900 == 899 {
			fmt.Fprintf(&b, `]}},{"Identifier":"b%d","Type":"Compare","Parameters":{},"Transitions":{"Conditions":[{"NextAction":"a","Condition":{"Operator":"Equals","Operands":["x"]}}`, i)
		}
	}
	o := outline(t, `{"Version":"2019-10-30","StartAction":"a","Actions":[{"Identifier":"a","Type":"Compare","Parameters":{},"Transitions":{"Conditions":[`+b.String()[1:]+`]}}]}`)
	if err := Draw(io.Discard, o, Options{}); !errors.Is(err, ErrTooLarge) {
		t.Errorf("Draw = %v; want ErrTooLarge", err)
	}
}

func TestSummary(t *testing.T) {
	o := outline(t, `{"Version":"2019-10-30","StartAction":"a","Metadata":{"ActionMetadata":{"q":{"parameters":{"QueueId":{"displayName":"Sales"}}}}},"Actions":[
		{"Identifier":"w","Type":"Wait","Parameters":{"TimeLimitSeconds":"5400"}},
		{"Identifier":"v","Type":"Wait","Parameters":{"TimeLimitSeconds":"7200"}},
		{"Identifier":"u","Type":"Wait","Parameters":{"TimeLimitSeconds":"$.Attributes.t"}},
		{"Identifier":"l","Type":"InvokeLambdaFunction","Parameters":{"LambdaFunctionARN":"arn:aws:lambda:us-east-1:123456789012:function:prices"}},
		{"Identifier":"q","Type":"UpdateContactTargetQueue","Parameters":{"QueueId":"arn:aws:connect:us-east-1:1:instance/i/queue/q"}},
		{"Identifier":"f","Type":"UpdateFlowAttributes","Parameters":{"FlowAttributes":{"b":{"Value":"2"},"a":{"Value":1}}}},
		{"Identifier":"h","Type":"UpdateContactEventHooks","Parameters":{"EventHooks":{"CustomerQueue":"arn:aws:connect:us-east-1:1:instance/i/contact-flow/f-1"}}}]}`)
	want := []string{"1h30m", "2h", "$.Attributes.t", "prices", "Sales", "a = 1, b = 2", "CustomerQueue = f-1"}
	for i := range o.Actions {
		if got := Summary(&o.Actions[i], o.Names); got != want[i] {
			t.Errorf("Summary of %s = %q; want %q", o.Actions[i].ID, got, want[i])
		}
	}
}

func BenchmarkDraw(b *testing.B) {
	var largest check.Outline
	corpus(b, func(_ string, o check.Outline) {
		if len(o.Actions) > len(largest.Actions) {
			largest = o
		}
	})
	for b.Loop() {
		if err := Draw(io.Discard, largest, Options{}); err != nil {
			b.Fatal(err)
		}
	}
}
