package golang

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"reflect"
	"strings"
	"testing"

	"parley.example/parley/api/agent"
	"parley.example/parley/api/connect"
	"parley.example/parley/api/participant"
	"parley.example/parley/api/restjson"
	"parley.example/parley/internal/codegen/model"
	"parley.example/parley/internal/codegen/zoo"
	"parley.example/parley/internal/codegen/zoo/tagged"
)

// theAPI is a generated package under test: its model, and a chain of its parts in which a request
// passes the client, the handler and, as the service behind the handler, a second client. What the
// first client sends and what the second sends must be the same, in both directions.
type theAPI struct {
	model         *model.Model
	restjson      *restjson.API
	operations    []restjson.Operation
	unimplemented http.Handler
	client        func(restjson.ClientConfig) any
	front         reflect.Value // the first client
	sent          [2]*wireTap   // below the first and the second client
}

// wireTap is a transport that keeps what passes.
type wireTap struct {
	next   http.RoundTripper
	method string
	url    *url.URL
	header http.Header
	body   []byte
	status int
	answer []byte
	resp   http.Header
}

func (w *wireTap) RoundTrip(r *http.Request) (*http.Response, error) {
	w.method, w.url, w.header, w.body = r.Method, r.URL, r.Header.Clone(), nil
	if r.Body != nil {
		w.body, _ = io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(w.body))
	}
	if w.next == nil { // the end of the chain answers what the test has put there
		return &http.Response{StatusCode: w.status, Header: w.resp, Body: io.NopCloser(bytes.NewReader(w.answer)), Request: r}, nil
	}
	res, err := w.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	w.status, w.resp = res.StatusCode, res.Header
	w.answer, err = io.ReadAll(res.Body)
	res.Body = io.NopCloser(bytes.NewReader(w.answer))
	return res, err
}

func theAPIs(t *testing.T) map[string]*theAPI {
	t.Helper()
	return map[string]*theAPI{
		"connect": chain(t, "../../../api/model/connect.json", connect.API, connect.Operations,
			connect.Unimplemented{}, connect.NewClient, connect.NewHandler),
		"participant": chain(t, "../../../api/model/connectparticipant.json", participant.API, participant.Operations,
			participant.Unimplemented{}, participant.NewClient, participant.NewHandler),
		"agent": chain(t, "../../../api/model/agent.json", agent.API, agent.Operations,
			agent.Unimplemented{}, agent.NewClient, agent.NewHandler),
		"zoo": chain(t, "../zoo/zoo.json", zoo.API, zoo.Operations,
			zoo.Unimplemented{}, zoo.NewClient, zoo.NewHandler),
		"tagged": chain(t, "../zoo/zoo.json", tagged.API, tagged.Operations,
			tagged.Unimplemented{}, tagged.NewClient, tagged.NewHandler),
	}
}

// chain puts the parts of an API together: none is its Unimplemented, S its Service interface, and a
// client C is one too.
func chain[C, S, U any](t *testing.T, path string, api *restjson.API, ops []restjson.Operation, none U,
	client func(restjson.ClientConfig) C, handler func(S, restjson.HandlerOptions) http.Handler) *theAPI {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	m, err := model.Read(data)
	if err != nil {
		t.Fatal(err)
	}
	back := &wireTap{}
	behind := client(restjson.ClientConfig{Endpoint: "http://back.test", HTTPClient: &http.Client{Transport: back}})
	front := &wireTap{next: restjson.InProcess(handler(any(behind).(S), restjson.HandlerOptions{})).Transport}
	first := client(restjson.ClientConfig{Endpoint: "http://front.test/", HTTPClient: &http.Client{Transport: front}})
	return &theAPI{
		model:         m,
		restjson:      api,
		operations:    ops,
		unimplemented: handler(any(none).(S), restjson.HandlerOptions{}),
		client:        func(c restjson.ClientConfig) any { return client(c) },
		front:         reflect.ValueOf(first),
		sent:          [2]*wireTap{front, back},
	}
}

// each runs f for every operation of both APIs.
func each(t *testing.T, f func(t *testing.T, a *theAPI, op restjson.Operation, s *model.Shape)) {
	for name, a := range theAPIs(t) {
		if len(a.operations) != len(a.model.Service.Operations) {
			t.Fatalf("%s has %d operations; the model has %d", name, len(a.operations), len(a.model.Service.Operations))
		}
		for _, op := range a.operations {
			shape := a.model.Shapes[namespace(a.model)+op.Name]
			if shape == nil {
				t.Fatalf("the model has no operation %s", op.Name)
			}
			t.Run(name+"/"+op.Name, func(t *testing.T) { f(t, a, op, shape) })
		}
	}
}

func namespace(m *model.Model) string {
	before, _, _ := strings.Cut(m.Service.ID, "#")
	return before + "#"
}

// call calls the operation through the chain.
func (a *theAPI) call(op string, in reflect.Value) (any, error) {
	out := a.front.MethodByName(op).Call([]reflect.Value{reflect.ValueOf(context.Background()), in})
	err, _ := out[1].Interface().(error)
	return out[0].Interface(), err
}

// newInput makes an empty input of the operation.
func (a *theAPI) newInput(op string) reflect.Value {
	return reflect.New(a.front.MethodByName(op).Type().In(1).Elem())
}

// plain turns JSON text into values that can be compared.
func plain(t *testing.T, text []byte) any {
	t.Helper()
	var v any
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatalf("not JSON: %v: %q", err, text)
	}
	return v
}

func normal(t *testing.T, v any) any {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return plain(t, text)
}

const rounds = 10 // as many as the largest union has members, so that each has its turn

func TestEveryOperationOverTheWire(t *testing.T) {
	each(t, func(t *testing.T, a *theAPI, op restjson.Operation, s *model.Shape) {
		for round := range rounds + 1 {
			g := &sampler{t: t, m: a.model, round: round, sparse: round == rounds}
			in := a.newInput(op.Name)
			want := g.input(a.model.Shapes[s.Input.Target], in.Elem())
			want.fill(g, a.model.Shapes[s.Input.Target], in.Elem())

			result := reflect.New(a.front.MethodByName(op.Name).Type().Out(0).Elem())
			output := g.structure(a.model.Shapes[s.Output.Target], result.Elem())
			back := a.sent[1]
			back.status, back.resp = 200, http.Header{}
			back.answer, _ = json.Marshal(output)

			got, err := a.call(op.Name, in)
			if err != nil {
				t.Fatalf("round %d: %v\nsent %s %s", round, err, a.sent[0].url, a.sent[0].body)
			}
			for _, tap := range a.sent {
				want.compare(t, op, tap)
			}
			if !reflect.DeepEqual(got, result.Interface()) {
				t.Fatalf("round %d: result\n got %s\nwant %s", round, a.sent[0].answer, back.answer)
			}
			if got := plain(t, a.sent[0].answer); !reflect.DeepEqual(got, normal(t, output)) {
				t.Fatalf("round %d: the handler answered %v; want %v", round, got, output)
			}
		}
	})
}

// fill sets the idempotency tokens a sparse round has left out: two clients would invent two.
func (r request) fill(g *sampler, s *model.Shape, x reflect.Value) {
	for _, m := range s.Members {
		if !m.Traits.IdempotencyToken || !g.leaveOut(m) {
			continue
		}
		if one := g.member(s, m, x); m.Traits.Query != "" {
			r.query[m.Traits.Query] = texts(one)
		} else {
			r.body[m.Name] = one.wire
		}
	}
}

// compare holds what passed a tap against what the model demands.
func (r request) compare(t *testing.T, op restjson.Operation, tap *wireTap) {
	t.Helper()
	path := op.Path
	for name, values := range r.labels {
		path = strings.Replace(path, "{"+name+"}", strings.ReplaceAll(url.QueryEscape(values[0]), "+", "%20"), 1)
	}
	if tap.method != op.Method || tap.url.EscapedPath() != path {
		t.Fatalf("sent %s %s; want %s %s", tap.method, tap.url.EscapedPath(), op.Method, path)
	}
	if query := map[string][]string(tap.url.Query()); !reflect.DeepEqual(query, r.query) {
		t.Fatalf("sent the query %v; want %v", query, r.query)
	}
	for name, value := range r.header {
		if got := tap.header.Get(name); got != value {
			t.Fatalf("sent the header %s: %q; want %q", name, got, value)
		}
	}
	if len(r.body) == 0 && len(tap.body) == 0 {
		return
	}
	if got := plain(t, tap.body); !reflect.DeepEqual(got, normal(t, r.body)) {
		t.Fatalf("sent the body\n%s\nwant\n%v", tap.body, r.body)
	}
}

func TestEveryExceptionOfEveryOperation(t *testing.T) {
	each(t, func(t *testing.T, a *theAPI, op restjson.Operation, s *model.Shape) {
		if len(op.Errors) != len(s.Errors) {
			t.Fatalf("declares %v; the model has %d", op.Errors, len(s.Errors))
		}
		for i, ref := range s.Errors {
			e := a.model.Shapes[ref.Target]
			if !op.Declares(e.Name()) {
				t.Fatalf("does not declare %s", e.Name())
			}
			g := &sampler{t: t, m: a.model, round: i}
			in := a.newInput(op.Name)
			g.input(a.model.Shapes[s.Input.Target], in.Elem())
			wire := map[string]any{"Message": "the message", "message": "the message", "__type": e.Name()}
			sampled := g.exception(a, e, wire)
			back := a.sent[1]
			back.status = e.Traits.HTTPError
			back.resp = http.Header{"X-Amzn-Errortype": {e.Name() + ":http://internal.test/"}}
			back.answer, _ = json.Marshal(wire)

			_, err := a.call(op.Name, in)
			if err == nil {
				t.Fatalf("%s got lost", e.Name())
			}
			front := a.sent[0]
			if front.status != e.Traits.HTTPError || front.resp.Get("x-amzn-errortype") != e.Name() || front.resp.Get("Content-Type") != "application/json" {
				t.Fatalf("%s was answered with %d %v", e.Name(), front.status, front.resp)
			}
			if got := plain(t, front.answer); !reflect.DeepEqual(got, normal(t, wire)) {
				t.Fatalf("%s was answered with %s; want %v", e.Name(), front.answer, wire)
			}
			meta := restjson.ResponseMetadata{RequestID: front.resp.Get("x-amzn-requestid"), StatusCode: front.status}
			sampled.SetResponse(meta)
			if meta.RequestID == "" || !reflect.DeepEqual(err, sampled) {
				t.Fatalf("%s arrived as %#v; want %#v", e.Name(), err, sampled)
			}
			if want := e.Name() + ": the message"; err.Error() != want {
				t.Fatalf("Error() = %q; want %q", err, want)
			}
		}
	})
}

// exception makes an exception with its typed members, which it adds to wire.
func (g *sampler) exception(a *theAPI, e *model.Shape, wire map[string]any) restjson.Exception {
	x := a.restjson.Exceptions[e.Name()]()
	v := reflect.ValueOf(x).Elem()
	v.FieldByName("Message").SetString("the message")
	for _, m := range e.Members {
		if !strings.EqualFold(m.Name, "message") {
			wire[m.Name] = g.member(e, m, v).wire
		}
	}
	return x
}

func TestEveryOperationUnimplemented(t *testing.T) {
	each(t, func(t *testing.T, a *theAPI, op restjson.Operation, s *model.Shape) {
		tap := &wireTap{next: restjson.InProcess(a.unimplemented).Transport}
		client := a.client(restjson.ClientConfig{Endpoint: "http://front.test", HTTPClient: &http.Client{Transport: tap}})
		one := &theAPI{front: reflect.ValueOf(client)}
		in := one.newInput(op.Name)
		(&sampler{t: t, m: a.model}).input(a.model.Shapes[s.Input.Target], in.Elem())
		_, err := one.call(op.Name, in)
		want := fmt.Sprintf("NotImplementedException: Parley does not implement %s:%s yet; see docs/operations.md", op.Service, op.Name)
		if err == nil || err.Error() != want || tap.status != 501 {
			t.Fatalf("status %d, %v; want 501, %s", tap.status, err, want)
		}
	})
}
