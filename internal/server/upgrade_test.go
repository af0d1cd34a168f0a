package server_test

import (
	"archive/tar"
	"compress/gzip"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	_ "modernc.org/sqlite"

	"parley.example/parley/api/connect"
	"parley.example/parley/api/participant"
	"parley.example/parley/internal/server"
	"parley.example/parley/internal/server/servertest"
)

// There is data of these formats. The one before them had tables, and no server yet; 8 and 9 were
// drafts of 10, and in no release. The data of a later one is made, with test/upgrade, when the next
// format follows it in a release.
var made = []int{2, 3, 4, 5, 6, 7, 10}

// hanging is a function that never answers, and is not there after the upgrade.
const hanging = "arn:aws:lambda:us-east-1:123456789012:function:hanging"

// oldTopic is a streaming endpoint that takes nothing.
const oldTopic = "arn:aws:sns:us-east-1:123456789012:topic"

// oldData is what a server of an older format had told its clients when it was killed. It lies
// in the archive of its data directory, in testdata/upgrade, as told.json.
type oldData struct {
	Made     time.Time
	Instance string
	Flows    map[string]oldFlow // by name
	Chats    map[string]oldChat // by what they show: talk, ended, timer, function, queue, moved, again, upload
	File     string             // AttachmentId of a file in talk
	Token    string             // ClientToken of the start of talk

	Versioned bool // the flow Talk has a version
}

type oldFlow struct{ ID, Content, Status string }

type oldChat struct {
	Contact, Participant, Token, Bearer string
	Bot                                 string // connection token of the bot in it
	Items                               []participant.Item
}

const oldFile = "name,age\nAna,41\n"

// TestUpgradesEveryFormat starts this server on data that each older format's own server had
// written when it was killed. Everything that was told is still so; what was under way goes on.
func TestUpgradesEveryFormat(t *testing.T) {
	archives, err := filepath.Glob("testdata/upgrade/format-*.tar.gz")
	if err != nil {
		t.Fatal(err)
	}
	schema, err := filepath.Glob("../store/sqlite/schema/*.sql")
	if err != nil {
		t.Fatal(err)
	}
	for _, format := range made {
		if name := fmt.Sprintf("testdata/upgrade/format-%d.tar.gz", format); !slices.Contains(archives, name) {
			t.Errorf("%s is missing: make it with test/upgrade", name)
		}
	}
	versioned := false
	for _, archive := range archives {
		name := strings.TrimSuffix(filepath.Base(archive), ".tar.gz")
		t.Run(name, func(t *testing.T) {
			var format int // the drafts of a format have its number and a letter
			if _, err := fmt.Sscanf(name, "format-%d", &format); err != nil {
				t.Fatal(err)
			}
			dir := filepath.Join(t.TempDir(), "data")
			unpack(t, archive, dir)
			var old oldData
			text, err := os.ReadFile(filepath.Join(dir, "told.json"))
			if err := errors.Join(err, json.Unmarshal(text, &old)); err != nil {
				t.Fatal(err)
			}
			versioned = versioned || old.Versioned
			older := format < len(schema) || name != fmt.Sprintf("format-%d", format)
			synctest.Test(t, func(t *testing.T) { upgraded(t, dir, &old, older) })
			sound(t, dir, &old, format, len(schema))
		})
	}
	if !versioned {
		t.Error("no data has versions of flows")
	}
}

// upgraded opens the directory a minute after it was left, and asks about everything in it.
func upgraded(t *testing.T, dir string, old *oldData, copied bool) {
	time.Sleep(time.Until(old.Made.Add(time.Minute)))
	open := int64(len(old.Chats) - 1) // but for the one that has ended
	s := servertest.Inside(t, servertest.Production(dir), servertest.Quietly(t), func(c *server.Config) {
		c.Lambda = map[string]string{hanging: "http://127.0.0.1:9"}
		c.Streams, c.StreamSecret = map[string]string{oldTopic: "http://127.0.0.1:9"}, scanSecret
		c.MaxActiveChats = open + 1
	})
	if _, err := os.Stat(filepath.Join(dir, "parley.id")); err != nil {
		t.Error(err)
	}
	if copies, err := filepath.Glob(filepath.Join(dir, "parley.db.format-*")); err != nil || (len(copies) == 1) != copied {
		t.Errorf("there are the copies %q, %v", copies, err)
	}
	ctx := t.Context()
	for name, was := range old.Chats {
		if name == "ended" {
			_, err := s.Participant.GetTranscript(ctx, &participant.GetTranscriptRequest{ConnectionToken: was.Bearer})
			servertest.Refused(t, "GetTranscript of the chat that has ended", err, "AccessDeniedException", 403)
			continue
		}
		now := transcript(t, s, was.Bearer)
		if len(now) < len(was.Items) || asJSON(t, now[:len(was.Items)]) != asJSON(t, was.Items) {
			t.Errorf("%s: the transcript is\n%s; it was\n%s", name, asJSON(t, now), asJSON(t, was.Items))
		}
		chat := s.Customer(t, &connect.StartChatContactResponse{ContactId: &was.Contact, ParticipantId: &was.Participant, ParticipantToken: &was.Token})
		chat.Connect() // the participant token is still good
		chat.Send("and on")
		if texts := chat.Texts(); texts[len(texts)-1] != "and on" && name != "function" {
			t.Errorf("%s: the chat does not go on: %q", name, texts)
		}
	}
	talk := old.Chats["talk"]
	if _, err := s.Participant.SendMessage(ctx, &participant.SendMessageRequest{ConnectionToken: talk.Bot, ContentType: "text/plain", Content: "the bot as well"}); err != nil {
		t.Errorf("the bot cannot send: %v", err)
	}
	got, err := s.Participant.GetAttachment(ctx, &participant.GetAttachmentRequest{ConnectionToken: talk.Bearer, AttachmentId: old.File})
	if err != nil {
		t.Fatalf("GetAttachment: %v", err)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, *got.Url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if r := do(t, s, r); r.status != 200 || r.body != oldFile {
		t.Errorf("the file is %d %q", r.status, r.body)
	}
	for name, was := range old.Flows {
		out, err := s.Connect.DescribeContactFlow(ctx, &connect.DescribeContactFlowRequest{InstanceId: old.Instance, ContactFlowId: was.ID})
		if err != nil || *out.ContactFlow.Content != was.Content || string(out.ContactFlow.Status) != was.Status || *out.ContactFlow.Name != strings.TrimSuffix(name, ":$SAVED") {
			t.Errorf("the flow %s is %s, %v; it was %+v", name, asJSON(t, out), err, was)
		}
	}
	versions, err := s.Connect.ListContactFlowVersions(ctx, &connect.ListContactFlowVersionsRequest{InstanceId: old.Instance, ContactFlowId: old.Flows["Talk"].ID})
	if err != nil || old.Versioned && !slices.ContainsFunc(versions.ContactFlowVersionSummaryList, func(v connect.ContactFlowVersionSummary) bool { return *v.Version == 1 }) {
		t.Errorf("the versions of a flow are %s, %v", asJSON(t, versions), err)
	}
	if n := metric(t, s, "parley_active_chats"); n != float64(open) {
		t.Errorf("%v chats are active; want %d", n, open)
	}
	start := &connect.StartChatContactRequest{InstanceId: old.Instance, ContactFlowId: old.Flows["Talk"].ID,
		ParticipantDetails: &connect.ParticipantDetails{DisplayName: "Ana"}, ClientToken: &old.Token}
	if again, err := s.Connect.StartChatContact(ctx, start); err != nil || *again.ContactId != talk.Contact {
		t.Errorf("a start with the ClientToken of one before the upgrade: %s, %v; want %s", asJSON(t, again), err, talk.Contact)
	}
	start.ClientToken = nil
	if _, err := s.Connect.StartChatContact(ctx, start); err != nil {
		t.Errorf("the last chat of the quota: %v", err)
	}
	_, err = s.Connect.StartChatContact(ctx, start)
	servertest.Refused(t, "a chat above the quota", err, "LimitExceededException", 429)

	time.Sleep(10 * time.Minute)
	synctest.Wait()
	for name, want := range map[string]string{"timer": "Time is up", "function": "It failed"} {
		texts := textsOf(transcript(t, s, old.Chats[name].Bearer))
		if !slices.Contains(texts, want) {
			t.Errorf("%s: the chat has %q; want %q", name, texts, want)
		}
	}
	time.Sleep(time.Hour)
	synctest.Wait()
	if files := filesBelow(t, filepath.Join(dir, "files")); len(files) != 1 || !strings.HasSuffix(files[0], old.File) {
		t.Errorf("there are the files %q; want the one that was completed", files)
	}
}

// sound looks at the database and at the copy of it, once the server has stopped.
func sound(t *testing.T, dir string, old *oldData, format, newest int) {
	now := query(t, dir, "parley.db", "SELECT user_version, (SELECT group_concat(integrity_check) FROM pragma_integrity_check), (SELECT count(*) FROM pragma_foreign_key_check) FROM pragma_user_version")
	if want := fmt.Sprintf("%d ok 0", newest); now != want {
		t.Errorf("the database: %s; want %s", now, want)
	}
	for _, c := range []struct{ what, sql, want string }{
		{"report_active_chats", "SELECT active_chats FROM report_active_chats", fmt.Sprint(len(old.Chats) - 1)},
		{"report_contacts", fmt.Sprintf("SELECT disconnect_reason FROM report_contacts WHERE contact_id = '%s'", old.Chats["ended"].Contact), "API"},
		{"report_transcripts", fmt.Sprintf("SELECT group_concat(content) FROM report_transcripts WHERE type = 'MESSAGE' AND initial_contact_id = '%s'", old.Chats["ended"].Contact), strings.Join(textsOf(old.Chats["ended"].Items), ",")},
		{"report_message_counts", fmt.Sprintf("SELECT customer_messages, attachments FROM report_message_counts WHERE contact_id = '%s'", old.Chats["talk"].Contact), "3 1"},
		{"report_receipts", fmt.Sprintf("SELECT count(*) FROM report_receipts WHERE initial_contact_id = '%s' AND read_at IS NOT NULL", old.Chats["talk"].Contact), "1"},
		{"report_deliveries", "SELECT count(*) > 0, count(DISTINCT stream) FROM report_deliveries", "1 1"},
		{"report_resources", "SELECT count(*) FROM report_resources WHERE kind = 'contact-flow' AND name IN ('Talk', 'Draft')", "2"},
	} {
		if got := query(t, dir, "parley.db", c.sql); got != c.want {
			t.Errorf("%s has %s; want %s", c.what, got, c.want)
		}
	}
	if queued := old.Chats["queue"].Contact; queued != "" {
		if got := query(t, dir, "parley.db", "SELECT count(*), sum(initial_contact_id = '"+queued+"') FROM report_waiting_chats"); got != "2 1" {
			t.Errorf("report_waiting_chats has %s; want two chats, and the one that waits since before", got)
		}
	}
	if format < newest {
		const rows = "SELECT (SELECT count(*) FROM chats), (SELECT count(*) FROM items), (SELECT group_concat(integrity_check) FROM pragma_integrity_check), (SELECT user_version FROM pragma_user_version)"
		copied := query(t, dir, fmt.Sprintf("parley.db.format-%d", format), rows)
		if want := fmt.Sprintf("%d ", len(old.Chats)); !strings.HasPrefix(copied, want) || !strings.HasSuffix(copied, fmt.Sprintf(" ok %d", format)) {
			t.Errorf("the copy: %s; want %d chats, sound, of format %d", copied, len(old.Chats), format)
		}
	}
}

// query returns the one row of a query, with spaces between.
func query(t *testing.T, dir, file, q string) string {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(dir, file)+"?mode=ro")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.Query(q)
	if err != nil {
		t.Fatalf("%s: %v", q, err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	values, into := make([]any, len(columns)), make([]any, len(columns))
	for i := range values {
		into[i] = &values[i]
	}
	if !rows.Next() {
		return "no row"
	}
	if err := rows.Scan(into...); err != nil {
		t.Fatal(err)
	}
	return strings.TrimSuffix(fmt.Sprintln(values...), "\n")
}

// transcript is what a participant sees, oldest first.
func transcript(t *testing.T, s *servertest.Server, bearer string) []participant.Item {
	t.Helper()
	out, err := s.Participant.GetTranscript(t.Context(), &participant.GetTranscriptRequest{
		ConnectionToken: bearer, MaxResults: new(int32(100)), SortOrder: participant.SortKeyASCENDING})
	if err != nil {
		t.Fatalf("GetTranscript: %v", err)
	}
	return out.Transcript
}

func textsOf(items []participant.Item) (texts []string) {
	for _, it := range items {
		if it.Type == participant.ChatItemTypeMESSAGE {
			texts = append(texts, *it.Content)
		}
	}
	return texts
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// unpack extracts an archive into a directory.
func unpack(t *testing.T, archive, dir string) {
	t.Helper()
	f, err := os.Open(archive)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Join(dir, filepath.FromSlash(h.Name))
		if h.Typeflag == tar.TypeDir {
			err = os.MkdirAll(name, 0o700)
		} else {
			var b []byte
			if b, err = io.ReadAll(r); err == nil {
				err = errors.Join(os.MkdirAll(filepath.Dir(name), 0o700), os.WriteFile(name, b, fs.FileMode(h.Mode)&0o700))
			}
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}
