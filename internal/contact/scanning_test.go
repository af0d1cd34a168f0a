package contact

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/flow/machine"
)

const scanTime = time.Minute

// scanned begins a chat with a scanner whose customer has completed files of these names.
func scannedChat(t *testing.T, names ...string) (p *chatTest, ana center.ParticipantID) {
	p = newChatTest(t, nil)
	p.env.Limits.ScanTime = scanTime
	ana = p.start(Start{})
	p.do(Connect{Participant: ana})
	p.env.Node = "node"
	for _, name := range names {
		p.complete(ana, name)
	}
	return p, ana
}

// complete announces and completes a file, its name being its ClientToken, and returns its id.
func (p *chatTest) complete(who center.ParticipantID, name string) string {
	p.t.Helper()
	id := p.do(StartUpload{Participant: who, Name: name, ContentType: "text/csv", Size: 3, ClientToken: name}).ID
	p.do(CompleteUpload{Participant: who, Attachment: id, ClientToken: name})
	return id
}

// verdict is the scanner's on a file that it looks at.
func (p *chatTest) verdict(name string, clean bool, problem string) {
	p.t.Helper()
	i := slices.IndexFunc(p.chat.Effects, func(e Effect) bool { return e.Kind == EffectScan && e.Scan.Name == name })
	if i < 0 {
		p.t.Fatalf("nobody looks at %s; under way are %+v", name, p.chat.Effects)
	}
	answer, err := json.Marshal(Verdict{Clean: clean})
	if err != nil {
		p.t.Fatal(err)
	}
	p.do(EffectDone{ID: p.chat.Effects[i].ID, Answer: answer, Err: problem})
}

// files are the files that the transcript shows, with their statuses and to whom.
func (p *chatTest) files() (shown []string) {
	for _, it := range p.items {
		if it.Attachment != nil {
			shown = append(shown, strings.TrimSpace(it.Attachment.Name+" "+string(it.Attachment.Status)+" "+string(it.Visibility)))
		}
	}
	return shown
}

func (p *chatTest) wantFiles(want ...string) {
	p.t.Helper()
	if got := p.files(); !slices.Equal(got, want) {
		p.t.Errorf("the transcript shows %q; want %q", got, want)
	}
}

// TestFileIsShownWithItsVerdict: until then nobody sees it, nothing waits behind it, and it cannot be completed twice.
func TestFileIsShownWithItsVerdict(t *testing.T) {
	p, ana := scannedChat(t, "good.csv", "bad.csv")
	if n := len(p.last.Effects); n != 1 || p.last.Effects[0].Worker != "node" || p.last.Effects[0].Limit() != scanTime || !p.last.Due.Equal(p.now.Add(scanTime)) {
		t.Fatalf("the change has effects %+v, due %s", p.last.Effects, p.last.Due)
	}
	a := &p.chat.Attachments[0]
	if a.Status != center.AttachmentInProgress {
		t.Errorf("a file that is scanned is %q", a.Status)
	}
	p.do(CompleteUpload{Participant: ana, Attachment: a.ID, ClientToken: "good.csv"}) // the same again
	p.refuse(center.Conflict, CompleteUpload{Participant: ana, Attachment: a.ID, ClientToken: "other"})
	p.wantFiles()
	p.say(ana, "are they there?")
	if last := p.items[len(p.items)-1]; last.Content != "are they there?" {
		t.Errorf("a message waits for the scanner; the last item is %+v", last)
	}
	p.do(StartStreaming{Endpoint: "arn:aws:sns:us-east-1:123456789012:t"})
	p.verdict("bad.csv", false, "")
	p.wantFiles("bad.csv REJECTED CUSTOMER")
	if len(p.last.Streamed) > 0 {
		t.Errorf("a streaming endpoint is told of a rejected file: %+v", p.last.Streamed)
	}
	p.now = p.now.Add(time.Second)
	p.verdict("good.csv", true, "")
	p.wantFiles("bad.csv REJECTED CUSTOMER", "good.csv APPROVED")
	if it := p.items[len(p.items)-1]; !it.Time.Equal(p.now) || it.Participant != ana || it.ClientToken != "good.csv" || len(p.last.Streamed) != 1 {
		t.Errorf("the file is shown as %+v, streamed %d times", it, len(p.last.Streamed))
	}
	if len(p.chat.Scans) > 0 || slices.ContainsFunc(p.chat.Effects, func(e Effect) bool { return e.Kind == EffectScan }) {
		t.Errorf("the state still has %+v, %+v", p.chat.Scans, p.chat.Effects)
	}
	p.do(CompleteUpload{Participant: ana, Attachment: a.ID, ClientToken: "good.csv"})
	p.wantFiles("bad.csv REJECTED CUSTOMER", "good.csv APPROVED")
}

// TestFileWithoutAVerdictIsRejected: when the scanner fails, or the time is over.
func TestFileWithoutAVerdictIsRejected(t *testing.T) {
	p, _ := scannedChat(t, "failed.csv", "late.csv")
	p.verdict("failed.csv", true, "the scanner answered 503")
	p.wantFiles("failed.csv REJECTED CUSTOMER")
	if !slices.ContainsFunc(p.last.Log, func(e machine.LogEntry) bool { return strings.Contains(e.Problem, "answered 503") }) {
		t.Errorf("the flow log has %+v; want why", p.last.Log)
	}
	effect := p.chat.Scans[0].Effect
	p.now = p.now.Add(scanTime - time.Millisecond)
	p.do(Tick{})
	p.wantFiles("failed.csv REJECTED CUSTOMER")
	p.now = p.now.Add(time.Millisecond)
	p.do(Tick{})
	p.wantFiles("failed.csv REJECTED CUSTOMER", "late.csv REJECTED CUSTOMER")
	p.do(EffectDone{ID: effect, Answer: json.RawMessage(`{"clean":true}`)}) // too late
	p.wantFiles("failed.csv REJECTED CUSTOMER", "late.csv REJECTED CUSTOMER")
}

// TestScanOutlivesTheChat: a file that was completed is in the transcript in front of the end,
// which waits for the verdict; without one, no longer than its time.
func TestScanOutlivesTheChat(t *testing.T) {
	p, ana := scannedChat(t, "good.csv", "bad.csv", "late.csv")
	p.do(Disconnect{Participant: ana})
	if !p.chat.Ended || p.chat.Over() {
		t.Fatalf("ended %v, over %v; want an end that waits", p.chat.Ended, p.chat.Over())
	}
	p.verdict("bad.csv", false, "")
	p.wantFiles() // it waits behind the first
	p.verdict("good.csv", true, "")
	p.wantFiles("good.csv APPROVED", "bad.csv REJECTED CUSTOMER")
	p.now = p.now.Add(scanTime)
	p.do(Tick{})
	p.wantFiles("good.csv APPROVED", "bad.csv REJECTED CUSTOMER", "late.csv REJECTED CUSTOMER")
	if last := p.items[len(p.items)-1]; last.ContentType != center.EventEnded || !p.chat.Over() || len(p.chat.Effects) > 0 {
		t.Errorf("the transcript ends with %+v, over %v, effects %+v", last, p.chat.Over(), p.chat.Effects)
	}
	for i, it := range p.items {
		if it.Seq != int64(i+1) {
			t.Errorf("item %d has the number %d", i+1, it.Seq)
		}
	}
	for _, a := range p.chat.Attachments {
		if want := map[string]center.AttachmentStatus{"good.csv": center.AttachmentApproved}[a.Name]; want != "" && a.Status != want || want == "" && a.Status != center.AttachmentRejected {
			t.Errorf("%s is %s in the end", a.Name, a.Status)
		}
	}
}
