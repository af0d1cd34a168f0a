package cli

import (
	"bytes"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"parley.example/parley/api/agent"
	"parley.example/parley/api/connect"
	"parley.example/parley/api/participant"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/server"
	"parley.example/parley/internal/server/servertest"
	"parley.example/parley/internal/store/postgres/pgtest"
)

// toQueue transfers to the demo queue; waitsAMinute says something after a minute.
const (
	toQueue = `{"Version":"2019-10-30","StartAction":"set","Actions":[
 {"Identifier":"set","Type":"UpdateContactTargetQueue","Parameters":{"QueueId":"33333333-3333-4333-8333-333333333333"},"Transitions":{"NextAction":"queue","Errors":[{"NextAction":"end","ErrorType":"NoMatchingError"}]}},
 {"Identifier":"queue","Type":"TransferContactToQueue","Parameters":{},"Transitions":{"NextAction":"end","Errors":[{"NextAction":"end","ErrorType":"QueueAtCapacity"},{"NextAction":"end","ErrorType":"NoMatchingError"}]}},
 {"Identifier":"end","Type":"DisconnectParticipant","Parameters":{},"Transitions":{}}]}`
	waitsAMinute = `{"Version":"2019-10-30","StartAction":"wait","Actions":[
 {"Identifier":"wait","Type":"Wait","Parameters":{"TimeLimitSeconds":"60"},"Transitions":{"NextAction":"say","Conditions":[{"NextAction":"say","Condition":{"Operator":"Equals","Operands":["WaitCompleted"]}}],"Errors":[{"NextAction":"say","ErrorType":"NoMatchingError"}]}},
 {"Identifier":"say","Type":"MessageParticipant","Parameters":{"Text":"A minute is over."},"Transitions":{"NextAction":"more","Errors":[{"NextAction":"more","ErrorType":"NoMatchingError"}]}},
 {"Identifier":"more","Type":"Wait","Parameters":{"TimeLimitSeconds":"60"},"Transitions":{"NextAction":"end","Conditions":[{"NextAction":"end","Condition":{"Operator":"Equals","Operands":["WaitCompleted"]}}],"Errors":[{"NextAction":"end","ErrorType":"NoMatchingError"}]}},
 {"Identifier":"end","Type":"DisconnectParticipant","Parameters":{},"Transitions":{}}]}`
)

func inFlow(id string) func(*connect.StartChatContactRequest) {
	return func(in *connect.StartChatContactRequest) { in.ContactFlowId = id }
}

func kept(dir string) func(*server.Config) {
	return func(c *server.Config) { c.Data = dir }
}

func send(t *testing.T, s *servertest.Server, r *http.Request) string {
	t.Helper()
	resp, err := s.HTTP.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != 200 {
		t.Fatalf("%s %s = %d %s, %v", r.Method, r.URL, resp.StatusCode, b, err)
	}
	return string(b)
}

// TestMove moves an instance from a running server to PostgreSQL and from there to another directory: a chat with an agent, one in a flow and a file go on there,
// over the tokens that their customers have.
func TestMove(t *testing.T) {
	base := t.TempDir()
	path := func(name string) string { return filepath.Join(base, name) }
	pg, err := pgtest.New(pgtest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { pg.Close() })
	if err := pg.Exec(t.Context(), "postgres", "CREATE DATABASE parley"); err != nil {
		t.Fatal(err)
	}
	said := func(want string, args ...string) {
		t.Helper()
		status, out, errs := parley(t, "", args...)
		if status != 0 || errs != "" || !regexp.MustCompile(want).MatchString(out) {
			t.Fatalf("parley %v = %d\n%s%s\nwant %s", args, status, out, errs, want)
		}
	}

	old := servertest.Start(t, kept(path("old")))
	desk := old.Desk(t)
	stream := desk.Stream()
	desk.Choose("Available")
	talking := old.Chat(t, inFlow(old.Flow(t, "To a queue", toQueue)))
	stream.Contact(agent.AgentContactStateCONNECTING)
	side := desk.Accept(talking.Contact)
	stream.Contact(agent.AgentContactStateCONNECTED)
	side.Send("Hello, I am the agent.")
	waiting := old.Chat(t, inFlow(old.Flow(t, "Waits", waitsAMinute)))
	text := bytes.Repeat([]byte("0123456789"), 30_000)
	file := waiting.File("big.txt", "text/plain", int64(len(text)))
	send(t, old, servertest.Put(t, file, text))
	if _, err := old.Participant.CompleteAttachmentUpload(t.Context(), &participant.CompleteAttachmentUploadRequest{ConnectionToken: waiting.Bearer, AttachmentIds: []string{*file.AttachmentId}, ClientToken: "c"}); err != nil {
		t.Fatal(err)
	}

	said(`(?s)^Exported instance `+catalog.DemoInstance+`: .* kB, \d+ lines\.\n.* 2 +chat\n.* 2 +file\n.* 5 +item\n`,
		"export", "--data", path("old"), "--instance", catalog.DemoInstance, "-o", path("a.jsonl"), "--with-secrets")
	if status, _, errs := parley(t, "", "export", "--data", path("old"), "--instance", catalog.DemoInstance, "-o", path("a.jsonl")); status != 1 || !strings.Contains(errs, "is there already") {
		t.Errorf("a second export to the same file = %d %s", status, errs)
	}
	if status, _, errs := parley(t, "", "import", path("a.jsonl"), "--data", path("old")); status != 1 || !strings.Contains(errs, "in use by") {
		t.Errorf("an import into the directory of a running server = %d %s", status, errs)
	}
	old.Stop()

	said(`(?s)^Imported instance .*, and compared it: \d+ lines\.\n.*parley\.secret of the old one`, "import", path("a.jsonl"), "--store", pg.URL("parley"), "--files", path("files"))
	said("there is nothing to do", "import", path("a.jsonl"), "--store", pg.URL("parley"), "--files", path("files"))
	said("is what the file says", "import", "--check", path("a.jsonl"), "--store", pg.URL("parley"), "--files", path("files"))
	said("", "export", "--store", pg.URL("parley"), "--files", path("files"), "--instance", catalog.DemoAlias, "-o", path("b.jsonl"), "--with-secrets")
	said("and compared it", "import", path("b.jsonl"), "--data", path("new"))
	status, out, errs := parley(t, "", "export", "--store", pg.URL("parley"), "--files", path("files"), "--instance", catalog.DemoAlias, "--with-secrets")
	if to := strings.Split(strings.TrimSuffix(out, "\n"), "\n"); status != 0 || !strings.HasPrefix(errs, "Exported instance ") || !slices.Equal(to[1:len(to)-1], lines(t, path("b.jsonl"))[1:len(to)-1]) {
		t.Errorf("an export to standard output = %d, %d lines, %s", status, len(to), errs)
	}
	a, b := lines(t, path("a.jsonl")), lines(t, path("b.jsonl"))
	if !slices.Equal(a[1:len(a)-1], b[1:len(b)-1]) {
		t.Error("the two exports differ in more than header and trailer")
	}

	secret, err := os.ReadFile(path("old/parley.secret"))
	if err == nil {
		err = os.WriteFile(path("new/parley.secret"), secret, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	now := servertest.Start(t, kept(path("new")))
	talking, side, waiting, desk = talking.On(now), side.On(now), waiting.On(now), desk.On(now)
	talking.Send("Are you still there?")
	side.Send("I am.")
	if got := side.Texts(); !slices.Contains(got, "Hello, I am the agent.") || !slices.Contains(got, "I am.") || !slices.Contains(got, "Are you still there?") {
		t.Errorf("the transcript is %q", got)
	}
	desk.Leave(talking.Contact)
	desk.Clear(talking.Contact)
	got, err := now.Participant.GetAttachment(t.Context(), &participant.GetAttachmentRequest{ConnectionToken: waiting.Bearer, AttachmentId: *file.AttachmentId})
	if err != nil {
		t.Fatal(err)
	}
	r, _ := http.NewRequestWithContext(t.Context(), "GET", *got.Url, nil)
	if send(t, now, r) != string(text) {
		t.Error("the attachment is another one")
	}
	r, _ = http.NewRequestWithContext(t.Context(), "POST", now.URL+"/dev/clock", strings.NewReader(`{"Advance":"61s"}`))
	send(t, now, r)
	if got := waiting.Texts(); !slices.Contains(got, "A minute is over.") {
		t.Errorf("in the flow that waited was said %q", got)
	}
}

func lines(t *testing.T, name string) []string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(string(b), "\n"), "\n")
}

// TestExportAsks says what is wrong with a command line, and leaves no file behind.
func TestExportAsks(t *testing.T) {
	dir := t.TempDir()
	for want, args := range map[string]string{
		"say where the data is":                     "export --instance x",
		"say what to export":                        "export --data D",
		"--data and --store can't be used together": "export --data D --store postgres://h/d --instance x",
		"store: want postgres://":                   "export --store mysql://h --instance x",
		"say where attachments are":                 "export --store postgres://h/d --instance x",
		"say what to import":                        "import --data D",
		"not both":                                  "import move.go --from-connect x",
		"is not the data directory of a server":     "export --data D --instance x -o D/out",
		"want s3://BUCKET or s3://BUCKET/PREFIX":    "export --data D --instance x --files s3:",
	} {
		var words []string
		for w := range strings.FieldsSeq(args) {
			words = append(words, strings.ReplaceAll(w, "D", dir))
		}
		status, out, errs := parley(t, "", words...)
		if status == 0 || out != "" || !strings.Contains(errs, want) {
			t.Errorf("parley %s = %d %q %q; want %q", args, status, out, errs, want)
		}
	}
	if left, err := os.ReadDir(dir); err != nil || slices.ContainsFunc(left, func(e os.DirEntry) bool { return e.Name() != "files" }) {
		t.Errorf("there is left %v, %v", left, err)
	}
}

// TestFromConnect reads the set-up of one server by the name of another service, and makes it on a second one.
func TestFromConnect(t *testing.T) {
	from, to := servertest.Start(t, servertest.Quietly(t)), servertest.Start(t, servertest.Quietly(t), servertest.Production(t.TempDir()))
	hours, err := from.Connect.ListHoursOfOperations(t.Context(), &connect.ListHoursOfOperationsRequest{InstanceId: catalog.DemoInstance})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := from.Connect.CreateQueue(t.Context(), &connect.CreateQueueRequest{InstanceId: catalog.DemoInstance, Name: "Sales", HoursOfOperationId: *hours.HoursOfOperationSummaryList[0].Id}); err != nil {
		t.Fatal(err)
	}
	instance := to.Instance(t)
	dir := t.TempDir()
	key, password := filepath.Join(dir, "key"), filepath.Join(dir, "password")
	for name, content := range map[string]string{key: "AWS_ACCESS_KEY_ID=" + to.Key.ID + "\nAWS_SECRET_ACCESS_KEY=" + to.Key.Secret + "\n", password: "First-password-1\n"} {
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIAANYBODY")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "anything")
	args := []string{"import", "--from-connect", catalog.DemoInstance, "--from-endpoint", from.URL, "--to", to.URL, "--key-file", key, "--password-file", password, "--pace", "0"}
	status, out, errs := parley(t, "", args...)
	if status != 0 || errs != "" || !regexp.MustCompile(`(?s)^KIND +CREATED +UPDATED +SAME\n.*queue +[1-9].*\nNot there as it is in the source:\n.*quick response: `).MatchString(out) {
		t.Fatalf("%d\n%s%s", status, out, errs)
	}
	list, err := to.Connect.ListUsers(t.Context(), &connect.ListUsersRequest{InstanceId: instance})
	if err != nil || !slices.ContainsFunc(list.UserSummaryList, func(u connect.UserSummary) bool { return *u.Username == catalog.DemoUserName }) {
		t.Errorf("the users are %+v, %v", list, err)
	}
	unknown := slices.Clone(args)
	unknown[2] = "00000000-1111-4111-8111-111111111111"
	if status, _, errs := parley(t, "", unknown...); status != 1 || !strings.Contains(errs, "parley: the source, instance 00000000-1111-4111-8111-111111111111: ResourceNotFoundException") {
		t.Errorf("%d %s; want that the source has no such instance", status, errs)
	}
	if status, _, errs := parley(t, "", append(args, "--instance", "another")...); status != 1 || !strings.Contains(errs, "has no instance another") {
		t.Errorf("%d %s; want that there is no such instance", status, errs)
	}
}
