package server_test

import (
	"bufio"
	"cmp"
	"flag"
	"fmt"
	"maps"
	"net/url"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"parley.example/parley/internal/server"
	"parley.example/parley/internal/server/servertest"
)

// replies keeps account of which members the answers of a server had, by the
// names of the model: Queue.Tags, or participant.Item.Content. It looks at them
// as an SDK decodes them: a member that is absent differs from a list or a map
// that is empty.
type replies struct {
	t       *testing.T
	members map[string]*presence
}

// presence counts in how many answers a member was absent, empty and filled.
type presence struct {
	container             bool // a list or a map
	absent, empty, filled int
}

// see takes an answer, and whatever is in it, into the account.
func (r *replies) see(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			r.see(v.Elem())
		}
	case reflect.Slice:
		for i := range v.Len() {
			r.see(v.Index(i))
		}
	case reflect.Map:
		for _, key := range v.MapKeys() {
			r.see(v.MapIndex(key))
		}
	case reflect.Struct:
		in := v.Type().PkgPath()
		if !strings.Contains(in, "/api/") {
			return // a time
		}
		shape := v.Type().Name()
		if strings.HasSuffix(in, "/participant") {
			shape = "participant." + shape
		}
		for i := range v.NumField() {
			if v.Type().Field(i).Name == "NextToken" {
				continue // whether there are more pages is a question of size
			}
			r.note(shape+"."+v.Type().Field(i).Name, v.Field(i))
			r.see(v.Field(i))
		}
	}
}

func (r *replies) note(name string, v reflect.Value) {
	p := r.members[name]
	if p == nil {
		p = &presence{container: v.Kind() == reflect.Slice || v.Kind() == reflect.Map}
		r.members[name] = p
	}
	switch {
	case p.container && !v.IsNil() && v.Len() == 0:
		p.empty++
	case v.IsZero() && (p.container || v.Kind() == reflect.Pointer || v.Kind() == reflect.String):
		p.absent++
	default:
		p.filled++
	}
}

// told takes the answer of a call that has to succeed into the account.
func told[T any](r *replies) func(*T, error) *T {
	return func(out *T, err error) *T {
		r.t.Helper()
		if err != nil {
			r.t.Fatalf("%T: %v", out, err)
		}
		r.see(reflect.ValueOf(out))
		return out
	}
}

// reading finds the operations that change nothing on the page of those that are implemented.
var reading = regexp.MustCompile(`(?m)^\| ((?:Describe|List|Search|Get)\w+) \| .\w+ /(participant/|agent[^-a-z])?`)

// readAll makes every call of the Connect API that changes nothing and is
// implemented. known are members of requests, by their names or, for one
// operation, as in DescribeView.ViewId. Refused calls are given to refused.
func (r *replies) readAll(s *servertest.Server, known map[string]any, refused func(operation string, err error)) {
	r.t.Helper()
	page, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		r.t.Fatal(err)
	}
	for _, row := range reading.FindAllStringSubmatch(string(page), -1) {
		if row[2] != "" {
			continue // of another API
		}
		call := reflect.ValueOf(s.Connect).MethodByName(row[1])
		in := reflect.New(call.Type().In(1).Elem()).Elem()
		for i := range in.NumField() {
			member := in.Type().Field(i).Name
			if value := cmp.Or(known[row[1]+"."+member], known[member]); value != nil {
				fill(in.Field(i), reflect.ValueOf(value))
			}
		}
		out := call.Call([]reflect.Value{reflect.ValueOf(r.t.Context()), in.Addr()})
		if err, _ := out[1].Interface().(error); err != nil {
			refused(row[1], err)
			continue
		}
		r.see(out[0])
	}
}

// fill sets a member of a request, which may be one that can be left out.
func fill(f, value reflect.Value) {
	if f.Kind() == reflect.Pointer {
		f.Set(reflect.New(f.Type().Elem()))
		f = f.Elem()
	}
	f.Set(value.Convert(f.Type()))
}

// row is a line of a table in testdata: the name of a member, what is said of it, and why.
type row struct{ what, why string }

// table reads a table. Its lines have the name of a member, words of what is
// said of it, and a reason behind a colon; lines that begin with # are remarks.
func table(t *testing.T, file string) map[string]row {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows := map[string]row{}
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if line := lines.Text(); line != "" && line[0] != '#' {
			head, why, ok := strings.Cut(line, ": ")
			name, what, _ := strings.Cut(head, " ")
			if !ok || rows[name] != (row{}) {
				t.Errorf("%s: %q has no reason, or comes twice", file, line)
			}
			rows[name] = row{strings.TrimSpace(what), why}
		}
	}
	return rows
}

var show = flag.Bool("show", false, "print what the answers had")

// TestWhatRepliesSay makes all calls that are implemented and answer more than
// their being done, first of an instance with as little as can be, then with
// all that can be set, and compares what the answers had with two tables:
//
//   - empty.txt says of each list and map whether it is there when it is empty;
//   - absent.txt names the members that no answer ever has, and why.
func TestWhatRepliesSay(t *testing.T) {
	r := &replies{t: t, members: map[string]*presence{}}
	r.scene()
	if *show {
		for _, name := range slices.Sorted(maps.Keys(r.members)) {
			fmt.Printf("%s %+v\n", name, *r.members[name])
		}
	}
	empty, absent := table(t, "testdata/empty.txt"), table(t, "testdata/absent.txt")
	for _, name := range slices.Sorted(maps.Keys(r.members)) {
		p := r.members[name]
		_, never := absent[name]
		if never != (p.filled+p.empty == 0) {
			t.Errorf("%s: filled in %d answers; absent.txt says it never is: %v", name, p.filled+p.empty, never)
		}
		if !p.container || never {
			continue
		}
		seen := "never empty"
		switch {
		case p.empty > 0 && p.absent > 0:
			seen = "either"
		case p.empty > 0:
			seen = "there"
		case p.absent > 0:
			seen = "absent"
		}
		if got := empty[name].what; got != seen {
			t.Errorf("%s: when empty it is %s; empty.txt says %q", name, seen, got)
		}
	}
	for _, rows := range []map[string]row{empty, absent} {
		for name := range rows {
			if r.members[name] == nil {
				t.Errorf("%s: is in a table, and in no answer", name)
			}
		}
	}
}

// TestRepliesOnTheWire reads raw answers, as a program gets them that indexes
// what it is answered (boto3), for a demo instance that nobody has changed.
func TestRepliesOnTheWire(t *testing.T) {
	s := servertest.Start(t, func(c *server.Config) { c.PublicURL = "http://chat.example.com/" })
	instance := s.Instance(t)
	arn := "arn:aws:connect:us-east-1:123456789012:instance/" + instance
	const queue = "33333333-3333-4333-8333-333333333333"
	out, err := s.Connect.StartChatContact(t.Context(), s.Request(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, method, path, body, want string }{
		{"tags of an instance", "GET", "/tags/" + url.PathEscape(arn), "", `^\{"tags":\{\}\}$`},
		{"tags of a queue", "GET", "/tags/" + url.PathEscape(arn+"/queue/"+queue), "", `^\{"tags":\{\}\}$`},
		{"a queue", "GET", "/queues/" + instance + "/" + queue, "", `"Tags":\{\}`},
		{"queues that are searched for", "POST", "/search-queues", `{"InstanceId":"` + instance + `"}`, `"Tags":\{\}`},
		{"a search that finds nothing", "POST", "/search-queues", `{"InstanceId":"` + instance + `","SearchCriteria":{"StringCondition":{"FieldName":"name","Value":"x"}}}`, `"Queues":\[\]`},
		{"attributes", "GET", "/contact/attributes/" + instance + "/" + *out.ContactId, "", `^\{"Attributes":\{\}\}$`},
		{"a contact", "GET", "/contacts/" + instance + "/" + *out.ContactId, "", `"Attributes":\{\}`},
		{"an instance", "GET", "/instance/" + instance, "", `"InstanceAccessUrl":"http://chat.example.com".*"Tags":\{\}`},
		{"instances", "GET", "/instance", "", `"InstanceAccessUrl":"http://chat.example.com"`},
	} {
		if r := call(t, s, c.method, c.path, c.body); r.status != 200 || !regexp.MustCompile(c.want).MatchString(r.body) {
			t.Errorf("%s: %d %s; want %s", c.name, r.status, r.body, c.want)
		}
	}
	plain := servertest.Start(t)
	if r := call(t, plain, "GET", "/instance", ""); !strings.Contains(r.body, `"InstanceAccessUrl":"`+plain.URL+`"`) {
		t.Errorf("without a public URL: %s; want the server's own, %s", r.body, plain.URL)
	}
}
