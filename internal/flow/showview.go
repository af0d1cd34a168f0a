package flow

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"parley.example/parley/internal/center"
)

// Bounds of ShowView.
const (
	maxViewData  = 16 << 10 // bytes, of data and of a response
	maxViewLimit = 604800   // seconds
)

const timeLimitExceeded = "TimeLimitExceeded"

// showView is ShowView: an interactive message shows a view to the customer,
// and the run waits for the response. The view's action decides.
type showView struct {
	view    template
	version template
	limit   template
	data    tree
	hidden  bool // the response does not belong into the transcript
}

func newShowView(p params) (step, error) {
	s := &showView{}
	resource, err := p.members("ViewResource")
	if err != nil {
		return nil, err
	}
	if s.view, err = resource.template("Id"); err != nil {
		return nil, err
	}
	if s.version, err = resource.template("Version"); err != nil {
		return nil, err
	}
	if s.limit, err = p.template("InvocationTimeLimitSeconds"); err != nil {
		return nil, err
	}
	if p.has("ViewData") {
		v, err := decode(p["ViewData"])
		if err != nil {
			return nil, err
		}
		s.data = compileTree(v)
	}
	sensitive, err := p.members("SensitiveDataConfiguration")
	if err != nil {
		return nil, err
	}
	places, err := sensitive.list("HideResponseOn")
	s.hidden = slices.ContainsFunc(places, func(place string) bool { return strings.EqualFold(place, "TRANSCRIPT") })
	return s, err
}

func (s *showView) run(m *machine, _ *action) result {
	ref := s.ref(m)
	m.note("ViewId", ref)
	limit, _ := s.limit.text(m)
	m.note("TimeLimit", limit)
	seconds, ok := number(limit)
	switch {
	case !m.c.Interactive:
		return fail("the client does not take interactive messages: add both interactive types to SupportedMessagingContentTypes")
	case ref == "":
		return fail("no view is named")
	case !ok || seconds < 1 || seconds > maxViewLimit:
		return fail("InvocationTimeLimitSeconds is %q, not a number from 1 to %d", clip(limit), maxViewLimit)
	case m.w.Facts == nil:
		return fail("%s", errNoFacts)
	}
	view, err := m.w.Facts.View(ref)
	if err != nil {
		return fail("%s", err)
	}
	v, ok := s.data.value(m)
	if !ok || v.size() > maxViewData {
		return fail("ViewData weighs more than 16 KB")
	}
	data := v.any()
	if data == nil {
		data = map[string]any{}
	}
	m.out.Messages = append(m.out.Messages, Message{
		ContentType: center.Interactive, Text: string(encode(viewMessage(view, m.w.Facts.ViewToken(view), data))),
		Speaker: center.DisplayNameSystemMessage, Visibility: m.run.Kind.audience(),
	})
	m.run.Wait = Wait{Kind: WaitView, Until: m.w.Now.Add(time.Duration(seconds) * time.Second), Hidden: s.hidden}
	return suspend
}

// ref is the view with its version, which stands in a member of its own or behind a colon.
func (s *showView) ref(m *machine) string {
	ref, _ := s.view.text(m)
	version, _ := m.optional(&s.version)
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

func (s *showView) resume(m *machine, _ *action, ev Event) result {
	if ev.Kind == EventTime {
		return failWith(timeLimitExceeded, "the view was not answered in time")
	}
	var response viewResponse
	err := json.Unmarshal([]byte(ev.Content), &response)
	switch {
	case err != nil, response.TemplateType != "" && response.TemplateType != viewResource:
		return m.stay() // to another message
	case len(response.Data) > maxViewData:
		return fail("the response weighs more than 16 KB")
	}
	doc := map[string]any{"Action": response.Action}
	if data, err := decode(response.Data); err == nil && nesting(response.Data) == nil {
		doc["ViewResultData"] = data
	}
	m.keep(docViews, encode(doc))
	return choose(response.Action)
}
