package restjson

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

// note is the input and output of the only operation of the API under test.
type note struct{ ID, Text string }

func (x *note) BindHTTP(in *Input) {
	x.ID = in.Label("ID", 0).String()
	in.Body(x)
}

func (x *note) CallHTTP(o *Outgoing) {
	o.Label("ID", x.ID)
	o.Body(x)
}

func (x *note) Validate(v *Validator) { v.Length("Text", x.Text, 0, 20) }

func (x *note) AppendJSON(b []byte) []byte { return End(String(append(b, '{'), "Text", x.Text)) }

func (x *note) DecodeJSON(d *Decoder) {
	if !d.Object() {
		return
	}
	for d.Next() {
		if string(d.Key()) == "Text" {
			x.Text = d.String()
		} else {
			d.Skip()
		}
	}
}

// lost is an exception of the API.
type lost struct {
	Message string
	Where   string
	ResponseMetadata
}

func (*lost) ErrorCode() string      { return "LostException" }
func (e *lost) ErrorMessage() string { return e.Message }
func (*lost) HTTPStatus() int        { return 410 }
func (e *lost) Error() string        { return Describe("LostException", e.Message) }
func (e *lost) AppendMembers(b []byte) []byte {
	return String(b, "Where", e.Where)
}

func (e *lost) DecodeJSON(d *Decoder) {
	if !d.Object() {
		return
	}
	for d.Next() {
		switch string(d.Key()) {
		case "message", "Message":
			e.Message = d.String()
		case "Where":
			e.Where = d.String()
		default:
			d.Skip()
		}
	}
}

var noteAPI = &API{Service: "notes", Exceptions: map[string]func() Exception{
	"LostException":             func() Exception { return new(lost) },
	"InvalidRequestException":   func() Exception { return new(lost) },
	"InvalidParameterException": func() Exception { return new(lost) },
	"InternalServiceException":  func() Exception { return new(lost) },
}}

var put = &Operation{Service: "notes", Name: "PutNote", Method: "PUT", Path: "/notes/{ID}",
	Errors: []string{"InvalidParameterException", "InvalidRequestException", "LostException"}}

func serve(opts HandlerOptions, method func(context.Context, *note) (*note, error)) http.Handler {
	return NewHandler(noteAPI, opts, []Route{Handle(put, method)})
}

func echo(_ context.Context, in *note) (*note, error) { return in, nil }

// send sends a request as it stands.
func send(t *testing.T, h http.Handler, method, target string, body io.Reader) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, "http://notes.test"+target, body)
	if err != nil {
		t.Fatal(err)
	}
	res, err := InProcess(h).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(text)
}

func TestAnswers(t *testing.T) {
	fails := func(err error) func(context.Context, *note) (*note, error) {
		return func(context.Context, *note) (*note, error) { return nil, err }
	}
	mapped := HandlerOptions{MapError: func(op *Operation, err error) error {
		if errors.Is(err, io.ErrNoProgress) && op == put {
			return fmt.Errorf("in vain: %w", &lost{Message: "gone", Where: "here"})
		}
		return err
	}}
	for name, c := range map[string]struct {
		handler http.Handler
		target  string
		body    string
		status  int
		code    string
		answer  string
	}{
		"success":    {serve(HandlerOptions{}, echo), "/notes/a", `{"Text":"x"}`, 200, "", `{"Text":"x"}`},
		"nil result": {serve(HandlerOptions{}, fails(nil)), "/notes/a", "", 200, "", `{}`},
		"unknown path": {serve(HandlerOptions{}, echo), "/other", "", 404, "UnknownOperationException",
			`{"__type":"UnknownOperationException","Message":"there is no operation PUT /other","message":"there is no operation PUT /other"}`},
		"broken JSON": {serve(HandlerOptions{}, echo), "/notes/a", "{", 400, "InvalidRequestException", ""},
		"wrong type":  {serve(HandlerOptions{}, echo), "/notes/a", `{"Text":1}`, 400, "InvalidRequestException", ""},
		"bad value": {serve(HandlerOptions{}, echo), "/notes/a", `{"Text":"` + strings.Repeat("x", 21) + `"}`, 400, "InvalidParameterException",
			`{"__type":"InvalidParameterException","Message":"1 validation error: Text: must have at most 20 characters, has 21","message":"1 validation error: Text: must have at most 20 characters, has 21"}`},
		"exception": {serve(HandlerOptions{}, fails(&lost{Message: `a "b"`, Where: "c"})), "/notes/a", "", 410, "LostException",
			`{"__type":"LostException","Message":"a \"b\"","message":"a \"b\"","Where":"c"}`},
		"wrapped exception": {serve(HandlerOptions{}, fails(fmt.Errorf("while: %w", &lost{}))), "/notes/a", "", 410, "LostException",
			`{"__type":"LostException","Where":""}`},
		"mapped": {serve(mapped, fails(io.ErrNoProgress)), "/notes/a", "", 410, "LostException",
			`{"__type":"LostException","Message":"gone","message":"gone","Where":"here"}`},
		"unmapped": {serve(mapped, fails(errors.New("the password is 1234"))), "/notes/a", "", 500, "InternalServiceException",
			`{"__type":"InternalServiceException","Message":"internal error","message":"internal error"}`},
		"not implemented": {serve(HandlerOptions{}, fails(NotImplemented(put))), "/notes/a", "", 501, "NotImplementedException", ""},
		"too large":       {serve(HandlerOptions{MaxBody: 8}, echo), "/notes/a", `{"Text":"x"}`, 400, "InvalidRequestException", ""},
	} {
		t.Run(name, func(t *testing.T) {
			res, answer := send(t, c.handler, "PUT", c.target, strings.NewReader(c.body))
			if res.StatusCode != c.status || res.Header.Get("x-amzn-errortype") != c.code || c.answer != "" && answer != c.answer {
				t.Fatalf("%d %q %s; want %d %q %s", res.StatusCode, res.Header.Get("x-amzn-errortype"), answer, c.status, c.code, c.answer)
			}
			if res.Header.Get("Content-Type") != "application/json" || len(res.Header.Get("x-amzn-requestid")) != 36 {
				t.Fatalf("headers %v", res.Header)
			}
		})
	}
}

// TestOtherMethod names the method to a developer who has the path but not the method.
func TestOtherMethod(t *testing.T) {
	_, answer := send(t, serve(HandlerOptions{}, echo), "POST", "/notes/a", nil)
	if want := "there is no operation POST /notes/a; " + put.Name + " is PUT"; !strings.Contains(answer, `"message":"`+want+`"`) {
		t.Errorf("answered %s; want %s", answer, want)
	}
}

// unsized hides the length of a body, as chunked transfer does.
type unsized struct{ io.Reader }

func TestBodyBound(t *testing.T) {
	const limit = 100
	h := serve(HandlerOptions{MaxBody: limit}, echo)
	for _, c := range []struct {
		size int
		want int
	}{{limit, 200}, {limit + 1, 400}, {10 * limit, 400}} {
		body := `{"Text":"x"}` + strings.Repeat(" ", c.size-len(`{"Text":"x"}`))
		for name, r := range map[string]io.Reader{"sized": strings.NewReader(body), "chunked": unsized{strings.NewReader(body)}} {
			res, answer := send(t, h, "PUT", "/notes/a", r)
			if res.StatusCode != c.want || (c.want == 400) != (res.Header.Get("Connection") == "close") {
				t.Errorf("%s body of %d bytes: %d %s %v", name, c.size, res.StatusCode, answer, res.Header)
			}
		}
	}
	outer := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, 4)
		r.ContentLength = -1
		h.ServeHTTP(w, r)
	})
	if res, answer := send(t, outer, "PUT", "/notes/a", strings.NewReader(`{"Text":"x"}`)); res.StatusCode != 400 || !strings.Contains(answer, "larger than") {
		t.Errorf("a bound outside: %d %s", res.StatusCode, answer)
	}
	for _, c := range []struct {
		err    error
		status int
		answer string
	}{
		{io.ErrUnexpectedEOF, 400, "could not be read"},
		{os.ErrDeadlineExceeded, 400, "came too slowly"},
		{&APIError{Code: "ThrottlingException", Message: "later", Status: 429}, 429, "later"},
	} {
		broken := io.MultiReader(strings.NewReader("{"), iotest.ErrReader(c.err))
		if res, answer := send(t, h, "PUT", "/notes/a", broken); res.StatusCode != c.status || !strings.Contains(answer, c.answer) || res.Header.Get("Connection") != "close" {
			t.Errorf("a body that ends in %v: %d %s %v", c.err, res.StatusCode, answer, res.Header)
		}
	}
}

// sized is a body that says how long it is, and how large the buffers are that it is read into.
type sized struct {
	left    int
	most    int
	arrived int
}

func (s *sized) Read(p []byte) (int, error) {
	s.most = max(s.most, s.arrived+len(p))
	n := min(len(p), s.left, 1000)
	s.left -= n
	s.arrived += n
	if n == 0 {
		return 0, io.ErrUnexpectedEOF
	}
	return n, nil
}

// TestBodyMemory gives a body memory as it comes, not as its length says.
func TestBodyMemory(t *testing.T) {
	h := serve(HandlerOptions{MaxBody: 1 << 20}, echo)
	for _, c := range []struct{ arrives, most int }{{1000, 64 << 10}, {100_000, 256 << 10}, {1<<20 - 1, 5 << 18}} {
		body := &sized{left: c.arrives}
		req := httptest.NewRequest("PUT", "/notes/a", body)
		req.ContentLength = 1 << 20
		w := httptest.NewRecorder()
		h.ServeHTTP(w, req)
		if w.Code != 400 || body.most > c.most {
			t.Errorf("%d bytes of a body of 1 MiB: answered %d, with a buffer of %d bytes", c.arrives, w.Code, body.most)
		}
	}
}

func TestHooks(t *testing.T) {
	type key struct{}
	var seen []Observation
	clock := time.Unix(0, 0)
	refused := errors.New("no")
	opts := HandlerOptions{
		Before: func(op *Operation, r *http.Request) (context.Context, Check, error) {
			if r.Header.Get("Authorization") == "" {
				return nil, nil, &APIError{Code: "MissingAuthenticationTokenException", Status: 403}
			}
			check := func(body []byte) error {
				if string(body) != "{}" {
					t.Errorf("Check was given the body %q", body)
				}
				if r.Header.Get("Authorization") == "bad" {
					return refused
				}
				return nil
			}
			return context.WithValue(r.Context(), key{}, op.Name), check, nil
		},
		RequestID: func(ctx context.Context) string {
			id, _ := ctx.Value(key{}).(string)
			return id
		},
		Observe: func(_ context.Context, o Observation) { seen = append(seen, o) },
		Now: func() time.Time {
			clock = clock.Add(time.Second)
			return clock
		},
	}
	h := serve(opts, func(ctx context.Context, in *note) (*note, error) {
		return &note{Text: ctx.Value(key{}).(string)}, nil
	})
	var ids []string
	for _, authorization := range []string{"", "good", "bad"} {
		req, err := http.NewRequestWithContext(t.Context(), "PUT", "http://notes.test/notes/a", strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		if authorization != "" {
			req.Header.Set("Authorization", authorization)
		}
		res, err := InProcess(h).Do(req)
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, res.Header.Get("x-amzn-requestid"))
	}
	if ids[1] != "PutNote" || len(ids[0]) != 36 {
		t.Errorf("request ids %q", ids)
	}
	missing := &APIError{Code: "MissingAuthenticationTokenException", Status: 403}
	want := []Observation{
		{put, 403, missing.Code, missing, time.Second, 0, 48}, // its body is not read
		{put, 200, "", nil, time.Second, 2, 20},
		{put, 500, "InternalServiceException", refused, time.Second, 2, 91},
	}
	for i := range seen {
		want[i].BytesOut = seen[i].BytesOut // of no interest here
	}
	if !reflect.DeepEqual(seen, want) {
		t.Errorf("observed %+v; want %+v", seen, want)
	}
}

// TestAuthorize refuses what is decoded, before its constraints are checked and the service sees it.
func TestAuthorize(t *testing.T) {
	type key struct{}
	var asked []string
	h := serve(HandlerOptions{
		Before: func(_ *Operation, r *http.Request) (context.Context, Check, error) {
			return context.WithValue(r.Context(), key{}, "caller"), nil, nil
		},
		Authorize: func(ctx context.Context, op *Operation, in any) error {
			n := in.(*note)
			asked = append(asked, fmt.Sprint(ctx.Value(key{}), " ", op.Name, " ", n.ID, " ", len(n.Text)))
			if n.ID == "secret" {
				return &lost{Message: "not yours"}
			}
			return nil
		},
	}, func(_ context.Context, in *note) (*note, error) {
		if in.ID == "secret" {
			t.Error("the service was asked for what is refused")
		}
		return in, nil
	})
	long := `{"Text":"` + strings.Repeat("x", 21) + `"}`
	for _, c := range []struct {
		id, body string
		status   int
		asked    string
	}{
		{"a", `{"Text":"x"}`, 200, "caller PutNote a 1"},
		{"a", long, 400, "caller PutNote a 21"},
		{"secret", `{"Text":"x"}`, 410, "caller PutNote secret 1"},
		{"secret", long, 410, "caller PutNote secret 21"},
		{"secret", `{`, 400, ""}, // nothing is known of what it names, and nothing done
	} {
		asked = nil
		res, answer := send(t, h, "PUT", "/notes/"+c.id, strings.NewReader(c.body))
		if got := strings.Join(asked, "; "); res.StatusCode != c.status || got != c.asked {
			t.Errorf("PUT %s %s: %d %s, asked %q; want %d, %q", c.id, c.body, res.StatusCode, answer, got, c.status, c.asked)
		}
	}
}

func TestPanicPassesThrough(t *testing.T) {
	h := serve(HandlerOptions{}, func(context.Context, *note) (*note, error) { panic("on purpose") })
	defer func() {
		if recover() != "on purpose" {
			t.Error("the panic did not arrive")
		}
	}()
	send(t, h, "PUT", "/notes/a", bytes.NewReader(nil))
}

// The handler over a real connection: bodies are refused before they are read to the end.
func TestOverTCP(t *testing.T) {
	srv := newServer(t, serve(HandlerOptions{MaxBody: 1000}, echo))
	client := &Client{API: noteAPI, Config: ClientConfig{Endpoint: srv}}
	got, err := putNote(t.Context(), client, &note{ID: "ü /%", Text: "hello"})
	if err != nil || got.Text != "hello" {
		t.Fatalf("%+v, %v", got, err)
	}
	_, err = putNote(t.Context(), client, &note{ID: "a", Text: strings.Repeat("x", 1<<20)})
	if e, ok := errors.AsType[*lost](err); !ok || e.StatusCode != 400 || !strings.Contains(e.Message, "larger than 1000 bytes") {
		t.Fatalf("a large body: %v", err)
	}
}
