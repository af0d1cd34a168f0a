package restjson

import (
	"slices"
	"strings"
	"testing"
)

func testRouter() *router {
	t := &router{}
	for _, r := range []string{
		"PUT /contact/chat", "POST /contact/create-participant", "GET /contacts/{InstanceId}/{ContactId}", "POST /contacts/{InstanceId}/{ContactId}",
		"GET /contacts/list/{ContactId}/all", "GET /tags/{resourceArn}", "GET /queues/{A}", "GET /queues/{A}/{B}", "GET /queues/{A}/quick", "POST /",
	} {
		method, path, _ := strings.Cut(r, " ")
		t.add(&Route{Op: &Operation{Name: r, Method: method, Path: path}})
	}
	return t
}

func TestRouter(t *testing.T) {
	r := testRouter()
	for _, c := range []struct {
		method, path, want string
		labels             []string
	}{
		{"PUT", "/contact/chat", "PUT /contact/chat", nil},
		{"PUT", "/contact/chat/", "PUT /contact/chat", nil},
		{"PUT", "/contact/%63hat", "PUT /contact/chat", nil},
		{"POST", "/contact/chat", "", nil},
		{"put", "/contact/chat", "", nil},
		{"PUT", "/contact", "", nil},
		{"PUT", "/contact/chat/x", "", nil},
		{"PUT", "//contact/chat", "", nil},
		{"GET", "/", "", nil},
		{"GET", "", "", nil},
		{"GET", "/contacts/i/c", "GET /contacts/{InstanceId}/{ContactId}", []string{"i", "c"}},
		{"POST", "/contacts/i/c", "POST /contacts/{InstanceId}/{ContactId}", []string{"i", "c"}},
		{"GET", "/contacts/list/c/all", "GET /contacts/list/{ContactId}/all", []string{"c"}},
		{"GET", "/contacts/list/c", "GET /contacts/{InstanceId}/{ContactId}", []string{"list", "c"}},
		{"GET", "/contacts//c", "", nil},
		{"GET", "/contacts/i//", "", nil},
		{"GET", "/tags/arn%3Aaws%3Aconnect%3A1%3Ainstance%2Fa%2Fb", "GET /tags/{resourceArn}", []string{"arn%3Aaws%3Aconnect%3A1%3Ainstance%2Fa%2Fb"}},
		{"GET", "/tags/a+b=", "GET /tags/{resourceArn}", []string{"a+b="}},
		{"GET", "/tags/a/b", "", nil},
		{"GET", "/queues/a", "GET /queues/{A}", []string{"a"}},
		{"GET", "/queues/a/quick", "GET /queues/{A}/quick", []string{"a"}},
		{"GET", "/queues/a/b", "GET /queues/{A}/{B}", []string{"a", "b"}},
		{"GET", "/queues/%", "GET /queues/{A}", []string{"%"}},
	} {
		route, labels := r.find(c.method, c.path)
		got := ""
		if route != nil {
			got = route.Op.Name
		}
		if got != c.want || !slices.Equal(labels, c.labels) {
			t.Errorf("%s %s found %q %q; want %q %q", c.method, c.path, got, labels, c.want, c.labels)
		}
	}
}

func FuzzRouter(f *testing.F) {
	for _, seed := range []string{"/contact/chat", "/contacts/a/b", "//", "/queues/%2F/quick", "/queues/%zz", strings.Repeat("/a", 40)} {
		f.Add("GET", seed)
	}
	r := testRouter()
	f.Fuzz(func(t *testing.T, method, path string) {
		route, labels := r.find(method, path)
		if route == nil {
			return
		}
		if route.Op.Method != method || len(labels) != strings.Count(route.Op.Path, "{") {
			t.Fatalf("%s %s found %s with %q", method, path, route.Op.Name, labels)
		}
		for _, label := range labels {
			if label == "" || strings.Contains(label, "/") {
				t.Fatalf("%s %s found %s with %q", method, path, route.Op.Name, labels)
			}
		}
	})
}
