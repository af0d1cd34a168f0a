package machine

import (
	"encoding/json"
	"strings"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/flow"
)

// maxViewData bounds the data of a view and of a response, in bytes.
const maxViewData = 16 << 10

// runShowView is ShowView: an interactive message shows a view to the customer,
// and the run waits for the response. The view's action decides.
func runShowView(m *machine, a *flow.Action) result {
	s := a.Args.(*flow.ViewArgs)
	ref := viewRef(m, s)
	m.note("ViewId", ref)
	limit, _ := m.text(&s.Limit)
	m.note("TimeLimit", limit)
	seconds, ok := flow.Number(limit)
	switch {
	case !m.c.Interactive:
		return fail("the client does not accept interactive messages: add both interactive types to SupportedMessagingContentTypes")
	case ref == "":
		return fail("no view is specified")
	case !ok || seconds < 1 || seconds > flow.MaxViewLimit:
		return fail("InvocationTimeLimitSeconds is %q, not a number from 1 to %d", flow.Clip(limit), flow.MaxViewLimit)
	case m.w.Facts == nil:
		return fail("%s", errNoFacts)
	}
	view, err := m.w.Facts.View(ref)
	if err != nil {
		return fail("%s", err)
	}
	v, ok := m.tree(&s.Data)
	if !ok || v.Size() > maxViewData {
		return fail("ViewData exceeds 16 KB")
	}
	data := v.Any()
	if data == nil {
		data = map[string]any{}
	}
	m.out.Messages = append(m.out.Messages, Message{
		ContentType: center.Interactive, Text: string(flow.Encode(viewMessage(view, m.w.Facts.ViewToken(view), data))),
		Speaker: center.DisplayNameSystemMessage, Visibility: m.run.Kind.audience(),
	})
	m.run.Wait = Wait{Kind: WaitView, Until: m.w.Now.Add(time.Duration(seconds) * time.Second), Hidden: s.Hidden}
	return suspend
}

// viewRef is the view with its version, which may be in a member of its own or behind a colon.
func viewRef(m *machine, s *flow.ViewArgs) string {
	ref, _ := m.text(&s.View)
	version, _ := m.optional(&s.Version)
	if version == "" || ref == "" || strings.Contains(ref[strings.LastIndexByte(ref, '/')+1:], ":") {
		return ref
	}
	return ref + ":" + version
}

// interactive is an interactive message.
type interactive struct {
	TemplateType string `json:"templateType"`
	Version      string `json:"version"`
	Data         struct {
		Content shownView `json:"content"`
	} `json:"data"`
}

type shownView struct {
	ID    string `json:"viewId"`
	Token string `json:"viewToken"`
	Data  any    `json:"viewData"`
}

// viewResource is the template type of messages that show a view, and of the responses.
const viewResource = "ViewResource"

func viewMessage(v View, token string, data any) interactive {
	m := interactive{TemplateType: viewResource, Version: "1.0"}
	m.Data.Content = shownView{ID: v.ID, Token: token, Data: data}
	return m
}

// viewResponse is an interactive response to a view.
type viewResponse struct {
	TemplateType string          `json:"templateType"`
	Action       string          `json:"action"`
	Data         json.RawMessage `json:"data"`
}

func resumeShowView(m *machine, _ *flow.Action, ev Event) result {
	if ev.Kind == EventTime {
		return failWith(flow.TimeLimitExceeded, "the view was not answered in time")
	}
	var response viewResponse
	err := json.Unmarshal([]byte(ev.Content), &response)
	switch {
	case err != nil, response.TemplateType != "" && response.TemplateType != viewResource:
		return m.stay() // to another message
	case len(response.Data) > maxViewData:
		return fail("the response exceeds 16 KB")
	}
	doc := map[string]any{"Action": response.Action}
	if data, err := flow.Decode(response.Data); err == nil && flow.Nesting(response.Data) == nil {
		doc["ViewResultData"] = data
	}
	m.keep(docViews, flow.Encode(doc))
	return choose(response.Action)
}
