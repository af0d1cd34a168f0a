package participant

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"parley.example/parley/api/restjson"
)

// desk is a service that keeps what it is asked.
type desk struct {
	Unimplemented
	message    *SendMessageRequest
	view       *DescribeViewRequest
	transcript *GetTranscriptRequest
}

func (d *desk) SendMessage(_ context.Context, in *SendMessageRequest) (*SendMessageResponse, error) {
	d.message = in
	return &SendMessageResponse{Id: new("item-1"), AbsoluteTime: new("2026-01-31T09:00:00.000Z")}, nil
}

func (d *desk) DescribeView(_ context.Context, in *DescribeViewRequest) (*DescribeViewResponse, error) {
	d.view = in
	return nil, nil
}

func (d *desk) GetTranscript(_ context.Context, in *GetTranscriptRequest) (*GetTranscriptResponse, error) {
	d.transcript = in
	return nil, nil
}

// do sends a request as it stands, with a token.
func (d *desk) do(t *testing.T, method, target, body string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, "http://chat.test"+target, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("x-amz-bearer", "token")
	res, err := restjson.InProcess(NewHandler(d, restjson.HandlerOptions{})).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(answer)
}

func TestSendMessageAsChatJSDoes(t *testing.T) {
	d := &desk{}
	res, answer := d.do(t, "POST", "/participant/message", `{"ClientToken":"c","Content":"Grüezi \ud83d\udc4b","ContentType":"text/plain"}`)
	want := &SendMessageRequest{ConnectionToken: "token", ClientToken: new("c"), Content: "Grüezi 👋", ContentType: "text/plain"}
	if res.StatusCode != 200 || answer != `{"Id":"item-1","AbsoluteTime":"2026-01-31T09:00:00.000Z"}` || !reflect.DeepEqual(d.message, want) {
		t.Fatalf("%d %s; the service got %+v", res.StatusCode, answer, d.message)
	}
}

// ChatJS sends StartPosition as {} when it has none; the service gets it as it is.
func TestGetTranscriptAsChatJSDoes(t *testing.T) {
	d := &desk{}
	res, answer := d.do(t, "POST", "/participant/transcript", `{"MaxResults":15,"ScanDirection":"BACKWARD","SortOrder":"ASCENDING","StartPosition":{},"NextToken":null}`)
	want := &GetTranscriptRequest{ConnectionToken: "token", MaxResults: new(int32(15)), ScanDirection: ScanDirectionBACKWARD,
		SortOrder: SortKeyASCENDING, StartPosition: &StartPosition{}}
	if res.StatusCode != 200 || !reflect.DeepEqual(d.transcript, want) {
		t.Fatalf("%d %s; the service got %+v", res.StatusCode, answer, d.transcript)
	}
}

func TestViewTokens(t *testing.T) {
	for target, want := range map[string]string{
		"ab%2Bc%2Fd%3D%3D": "ab+c/d==",
		"ab+c=":            "ab+c=",
		"a%20b%25":         "a b%",
	} {
		d := &desk{}
		res, answer := d.do(t, "GET", "/participant/views/"+target, "")
		if res.StatusCode != 200 || d.view == nil || d.view.ViewToken != want {
			t.Errorf("%s: %d %s; the service got %+v", target, res.StatusCode, answer, d.view)
		}
	}
	if res, _ := (&desk{}).do(t, "GET", "/participant/views/a/b", ""); res.StatusCode != 404 {
		t.Errorf("a bare slash in a token: %d", res.StatusCode)
	}
}

func TestRefusals(t *testing.T) {
	for _, c := range []struct{ body, want string }{
		{``, "2 validation errors: ContentType: is required; Content: is required"},
		{`{"Content":"","ContentType":"text/plain"}`, "1 validation error: Content: must have at least 1 character, has 0"},
		{`{"Content":"` + strings.Repeat("é", 16385) + `","ContentType":"text/plain"}`, "1 validation error: Content: must have at most 16384 characters, has 16385"},
		{`{"Content":7,"ContentType":"text/plain"}`, "1 validation error: Content: expected a string, found a number"},
		{`{"Content"`, "1 validation error: the JSON text ends too early: expected a colon after a member name"},
	} {
		d := &desk{}
		res, answer := d.do(t, "POST", "/participant/message", c.body)
		var e struct{ Message string }
		if err := json.Unmarshal([]byte(answer), &e); err != nil {
			t.Fatal(err)
		}
		if res.StatusCode != 400 || res.Header.Get("x-amzn-errortype") != "ValidationException" || e.Message != c.want || d.message != nil {
			t.Errorf("%.40s: %d %s; want %s", c.body, res.StatusCode, answer, c.want)
		}
	}
}

// Two statuses surprise everybody: the quota is 402, and there is no 401.
func TestStatuses(t *testing.T) {
	for name, want := range map[string]int{
		"AccessDeniedException": 403, "ConflictException": 409, "InternalServerException": 500, "ResourceNotFoundException": 404,
		"ServiceQuotaExceededException": 402, "ThrottlingException": 429, "ValidationException": 400,
	} {
		if got := API.Exceptions[name]().HTTPStatus(); got != want {
			t.Errorf("%s is %d; want %d", name, got, want)
		}
	}
}

func FuzzDecodeSendMessage(f *testing.F) {
	for _, seed := range []string{
		`{"ClientToken":"c","Content":"x","ContentType":"text/plain"}`, `{"Content":1}`, `{"Content":"\ud83d"}`, `[]`, ``, `{"Content":"x","Content":null}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		x := &SendMessageRequest{}
		if err := restjson.Unmarshal(data, x); err != nil {
			return
		}
		again := &SendMessageRequest{}
		if err := restjson.Unmarshal(restjson.Marshal(x), again); err != nil || !reflect.DeepEqual(again, x) {
			t.Fatalf("%q was read as %+v and again as %+v, %v", data, x, again, err)
		}
	})
}

// BenchmarkSendMessage is one message through the binding: decode, validate, encode the answer.
func BenchmarkSendMessage(b *testing.B) {
	body := []byte(`{"ClientToken":"3f0c2a1e-7d54-4c0e-9a39-6f3c1be0c2aa","Content":"` + strings.Repeat("Hello, where is my order? ", 8) + `","ContentType":"text/plain"}`)
	var out []byte
	b.ReportAllocs()
	for b.Loop() {
		in := &SendMessageRequest{ConnectionToken: "token"}
		if err := restjson.Unmarshal(body, in); err != nil {
			b.Fatal(err)
		}
		if err := restjson.Validate(in); err != nil {
			b.Fatal(err)
		}
		out = (&SendMessageResponse{Id: new("item"), AbsoluteTime: new("2026-01-31T09:00:00.000Z")}).AppendJSON(out[:0])
	}
}

// nowhere is a ResponseWriter that keeps nothing.
type nowhere struct{ header http.Header }

func (w nowhere) Header() http.Header         { return w.header }
func (w nowhere) WriteHeader(int)             {}
func (w nowhere) Write(b []byte) (int, error) { return len(b), nil }

// BenchmarkHandler adds what the handler does around it: route, body, headers, request id.
func BenchmarkHandler(b *testing.B) {
	h := NewHandler(&desk{}, restjson.HandlerOptions{})
	body := `{"ClientToken":"3f0c2a1e-7d54-4c0e-9a39-6f3c1be0c2aa","Content":"` + strings.Repeat("Hello, where is my order? ", 8) + `","ContentType":"text/plain"}`
	req, err := http.NewRequestWithContext(b.Context(), "POST", "http://chat.test/participant/message", nil)
	if err != nil {
		b.Fatal(err)
	}
	req.Header.Set("X-Amz-Bearer", "token")
	req.ContentLength = int64(len(body))
	w := nowhere{http.Header{}}
	b.ReportAllocs()
	for b.Loop() {
		req.Body = io.NopCloser(strings.NewReader(body))
		clear(w.header)
		h.ServeHTTP(w, req)
	}
}
