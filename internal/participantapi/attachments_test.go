package participantapi_test

import (
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"parley.example/parley/api/participant"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
	"parley.example/parley/internal/engine/enginetest"
)

const table = "name,age\nAna,41\n"

// announce begins an upload of the table.
func (r *chatFixture) announce(p person, name string) *participant.StartAttachmentUploadResponse {
	r.Helper()
	out, err := r.StartAttachmentUpload(r.Context(), &participant.StartAttachmentUploadRequest{
		ConnectionToken: p.bearer, AttachmentName: name, ContentType: csv, AttachmentSizeInBytes: int64(len(table))})
	if err != nil {
		r.Fatalf("StartAttachmentUpload(%q): %v", name, err)
	}
	return out
}

// answer is what a request was answered.
type answer struct {
	status int
	header http.Header
	body   string
}

func (r *chatFixture) fetch(method, url, body string, header map[string]string) answer {
	r.Helper()
	req, err := http.NewRequestWithContext(r.Context(), method, url, strings.NewReader(body))
	if err != nil {
		r.Fatal(err)
	}
	for k, v := range header {
		if k != "Content-Length" { // set by every HTTP client itself
			req.Header.Set(k, v)
		}
	}
	return r.do(req)
}

// do sends a request as it stands.
func (r *chatFixture) do(req *http.Request) answer {
	r.Helper()
	res, err := r.http.Do(req)
	if err != nil {
		r.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		r.Fatal(err)
	}
	return answer{res.StatusCode, res.Header, string(b)}
}

func (r *chatFixture) upload(out *participant.StartAttachmentUploadResponse, body string) answer {
	r.Helper()
	return r.fetch(http.MethodPut, *out.UploadMetadata.Url, body, out.UploadMetadata.HeadersToInclude)
}

func (r *chatFixture) complete(p person, id string) error {
	_, err := r.CompleteAttachmentUpload(r.Context(), &participant.CompleteAttachmentUploadRequest{ConnectionToken: p.bearer, AttachmentIds: []string{id}})
	return err
}

// attach goes all the way and returns the attachment's id.
func (r *chatFixture) attach(p person, name string) string {
	r.Helper()
	out := r.announce(p, name)
	if a := r.upload(out, table); a.status != 200 {
		r.Fatalf("PUT = %d %s; want 200", a.status, a.body)
	}
	if err := r.complete(p, *out.AttachmentId); err != nil {
		r.Fatalf("CompleteAttachmentUpload: %v", err)
	}
	return *out.AttachmentId
}

func (r *chatFixture) wantXML(what string, a answer, status int, code string) {
	r.Helper()
	if a.status != status || !strings.Contains(a.body, "<Error><Code>"+code+"</Code>") || a.header.Get("Content-Type") != "application/xml" ||
		a.header.Get("Access-Control-Allow-Origin") != "*" {
		r.Errorf("%s = %d %s; want %d %s, readable for every origin", what, a.status, a.body, status, code)
	}
}

func TestAttachmentIsUploadedAndShown(t *testing.T) {
	newChatFixture(t, func(r *chatFixture) {
		ana := r.join()
		out := r.announce(ana, "people.csv")
		expires, err := time.Parse("2006-01-02T15:04:05Z", *out.UploadMetadata.UrlExpiry)
		if err != nil || time.Until(expires) > 15*time.Minute || time.Until(expires) < 14*time.Minute {
			r.Errorf("UrlExpiry = %s (%v); want 15 minutes ahead, without a fraction", *out.UploadMetadata.UrlExpiry, err)
		}
		want := map[string]string{
			"Content-Type": "text/csv", "Content-Length": fmt.Sprint(len(table)), "Content-Disposition": `attachment; filename="people.csv"`,
			"x-amz-acl": "bucket-owner-full-control", "x-amz-meta-account_id": "123456789012", "x-amz-meta-contact_id": string(ana.chat),
			"x-amz-meta-initial_contact_id": string(ana.chat), "x-amz-meta-organization_id": string(instance),
		}
		if got := out.UploadMetadata.HeadersToInclude; !maps.Equal(got, want) {
			r.Errorf("HeadersToInclude = %q; want %q", got, want)
		}
		sum := md5.Sum([]byte(table))
		for range 2 { // a repeated PUT is answered alike
			if a := r.upload(out, table); a.status != 200 || a.header.Get("ETag") != `"`+hex.EncodeToString(sum[:])+`"` || a.body != "" {
				r.Fatalf("PUT = %d %q %s; want 200 and the MD5", a.status, a.header.Get("ETag"), a.body)
			}
		}
		r.wantXML("a PUT of other bytes", r.upload(out, strings.Repeat("x", len(table))), 409, "InvalidRequest")
		if err := r.complete(ana, *out.AttachmentId); err != nil {
			r.Fatalf("CompleteAttachmentUpload: %v", err)
		}
		r.refused("a second CompleteAttachmentUpload", r.complete(ana, *out.AttachmentId), "ConflictException", 409)
		r.engine.WantScript(ana.chat, "joined CUSTOMER", "Hello", "[people.csv]")

		page, err := r.GetTranscript(r.Context(), &participant.GetTranscriptRequest{ConnectionToken: ana.bearer, MaxResults: new(int32(1))})
		if err != nil {
			r.Fatal(err)
		}
		it := page.Transcript[0]
		if len(it.Attachments) != 1 || it.Type != participant.ChatItemTypeATTACHMENT || it.Content != nil || *it.ParticipantId != string(ana.id) {
			r.Fatalf("the item is %+v; want an ATTACHMENT of the customer", it)
		}
		if a := it.Attachments[0]; *a.AttachmentId != *out.AttachmentId || *a.AttachmentName != "people.csv" || *a.ContentType != csv || a.Status != participant.ArtifactStatusAPPROVED {
			r.Errorf("the attachment is %+v; want people.csv, approved", a)
		}
	})
}

func TestCompletingAnEmptyUploadIsRefused(t *testing.T) {
	newChatFixture(t, func(r *chatFixture) {
		ana := r.join()
		bot := r.thirdParticipant(ana.chat)
		out := r.announce(ana, "people.csv")
		r.invalid("CompleteAttachmentUpload without bytes", r.complete(ana, *out.AttachmentId))
		r.wantXML("a PUT with fewer bytes", r.upload(out, table[:4]), 403, "SignatureDoesNotMatch")
		r.invalid("CompleteAttachmentUpload after a refused PUT", r.complete(ana, *out.AttachmentId))
		if a := r.upload(out, table); a.status != 200 {
			r.Fatalf("PUT = %d %s; want 200", a.status, a.body)
		}
		r.invalid("CompleteAttachmentUpload of somebody else", r.complete(bot, *out.AttachmentId))
		r.invalid("CompleteAttachmentUpload of nothing", r.complete(ana, center.NewUUID()))
		r.engine.WantScript(ana.chat, "joined CUSTOMER", "Hello")
	})
}

func TestAttachmentLimits(t *testing.T) {
	newChatFixture(t, func(r *chatFixture) {
		ana := r.join()
		start := func(name, contentType string, size int64) error {
			_, err := r.StartAttachmentUpload(r.Context(), &participant.StartAttachmentUploadRequest{
				ConnectionToken: ana.bearer, AttachmentName: name, ContentType: contentType, AttachmentSizeInBytes: size})
			return err
		}
		r.invalid("21 MB", start("a.pdf", "application/pdf", 21<<20))
		r.invalid("an executable", start("a.exe", "application/octet-stream", 10))
		r.invalid("a page in disguise", start("a.csv", "text/html", 10))
		r.invalid("0 bytes", start("a.csv", csv, 0))
		for _, name := range []string{"../../etc/passwd.csv", `..\a.csv`, "a/b.csv", "/a.csv", "a\x00b.csv", ".."} {
			r.invalid(fmt.Sprintf("the name %q", name), start(name, csv, 10))
		}
		for i := range 35 {
			if err := start(fmt.Sprintf("%d.csv", i), csv, 10); err != nil {
				r.Fatalf("StartAttachmentUpload %d: %v", i+1, err)
			}
		}
		r.refused("the 36th attachment", start("36.csv", csv, 10), "ServiceQuotaExceededException", 402)
	})
}

func TestUploadChecksEveryHeader(t *testing.T) {
	newChatFixture(t, func(r *chatFixture) {
		ana := r.join()
		out := r.announce(ana, "people.csv")
		all := out.UploadMetadata.HeadersToInclude
		for name := range all {
			if name == "Content-Length" {
				continue
			}
			without, other := maps.Clone(all), maps.Clone(all)
			delete(without, name)
			other[name] = "other"
			for i, headers := range []map[string]string{without, other} {
				a := r.fetch(http.MethodPut, *out.UploadMetadata.Url, table, headers)
				if hint := i == 0 && strings.Contains(name, "_"); strings.Contains(a.body, "underscores_in_headers") != hint {
					r.Errorf("without the right %s the refusal says %s", name, a.body)
				}
				r.wantXML("PUT without the right "+name, a, 403, "SignatureDoesNotMatch")
				if !strings.Contains(a.body, name) {
					r.Errorf("the refusal %s does not name %s", a.body, name)
				}
			}
		}
		// A body of unknown length is not begun.
		req, err := http.NewRequestWithContext(r.Context(), http.MethodPut, *out.UploadMetadata.Url, io.MultiReader(strings.NewReader(table)))
		if err != nil {
			r.Fatal(err)
		}
		req.ContentLength = -1
		res, err := r.http.Do(req)
		if err != nil {
			r.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != http.StatusLengthRequired {
			r.Errorf("a PUT of unknown length = %d; want 411", res.StatusCode)
		}
		// A body that ends early leaves nothing behind.
		req, err = http.NewRequestWithContext(r.Context(), http.MethodPut, *out.UploadMetadata.Url, io.MultiReader(strings.NewReader(table[:5])))
		if err != nil {
			r.Fatal(err)
		}
		req.ContentLength = int64(len(table))
		for k, v := range all {
			req.Header.Set(k, v)
		}
		if res, err = r.http.Do(req); err != nil {
			r.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != http.StatusBadRequest {
			r.Errorf("a PUT that ends early = %d; want 400", res.StatusCode)
		}
		r.invalid("CompleteAttachmentUpload of half a file", r.complete(ana, *out.AttachmentId))
	})
}

func TestFileURLsAreForOneMethodAndFile(t *testing.T) {
	newChatFixture(t, func(r *chatFixture) {
		ana := r.join()
		out := r.announce(ana, "people.csv")
		put := *out.UploadMetadata.Url
		r.wantXML("GET of an upload's URL", r.fetch(http.MethodGet, put, "", nil), 403, "AccessDenied")
		forged := put[:len(put)-4] + "AAAA"
		r.wantXML("a forged URL", r.fetch(http.MethodPut, forged, table, out.UploadMetadata.HeadersToInclude), 403, "AccessDenied")
		r.wantXML("a connection token", r.fetch(http.MethodGet, publicURL+"/files/"+ana.bearer, "", nil), 403, "AccessDenied")
		id := r.attach(ana, "two.csv")
		got, err := r.GetAttachment(r.Context(), &participant.GetAttachmentRequest{ConnectionToken: ana.bearer, AttachmentId: id})
		if err != nil {
			r.Fatalf("GetAttachment: %v", err)
		}
		r.wantXML("PUT to a download's URL", r.fetch(http.MethodPut, *got.Url, table, out.UploadMetadata.HeadersToInclude), 403, "AccessDenied")
		if a := r.fetch(http.MethodDelete, *got.Url, "", nil); a.status != http.StatusMethodNotAllowed {
			r.Errorf("DELETE = %d; want 405", a.status)
		}
		enginetest.Pass(15*time.Minute + time.Second)
		r.wantXML("an old upload URL", r.upload(out, table), 403, "AccessDenied")
		late := r.announce(ana, "three.csv")
		r.end(ana)
		r.wantXML("an upload after the end", r.upload(late, table), 403, "AccessDenied")
	})
}

func TestDownloadURLExpires(t *testing.T) {
	newChatFixture(t, func(r *chatFixture) {
		ana := r.join()
		bot := r.bot(ana.chat)
		id := r.attach(ana, `naïve "notes".csv`)
		status, _, body := r.raw("/participant/attachment", ana.bearer, `{"AttachmentId":"`+id+`","UrlExpiryInSeconds":5}`)
		if status != 200 || !strings.Contains(body, fmt.Sprintf(`"AttachmentSizeInBytes":%d`, len(table))) {
			r.Fatalf("GetAttachment = %d %s; want the size as a number", status, body)
		}
		out, err := r.GetAttachment(r.Context(), &participant.GetAttachmentRequest{ConnectionToken: ana.bearer, AttachmentId: id, UrlExpiryInSeconds: new(int32(5))})
		if err != nil {
			r.Fatalf("GetAttachment: %v", err)
		}
		a := r.fetch(http.MethodGet, *out.Url, "", map[string]string{"Origin": "https://shop.example"})
		if a.status != 200 || a.body != table || a.header.Get("Access-Control-Allow-Origin") != "*" {
			r.Errorf("GET = %d %q; want the bytes", a.status, a.body)
		}
		for name, want := range map[string]string{
			"Content-Type": csv, "X-Content-Type-Options": "nosniff", "Content-Length": fmt.Sprint(len(table)),
			"Content-Disposition": "attachment; filename*=UTF-8''na%C3%AFve%20%22notes%22.csv",
		} {
			if got := a.header.Get(name); got != want {
				r.Errorf("GET has %s %q; want %q", name, got, want)
			}
		}
		if a := r.fetch(http.MethodGet, *out.Url, "", map[string]string{"Range": "bytes=5-7"}); a.status != 206 || a.body != table[5:8] {
			r.Errorf("GET of a range = %d %q; want 206 %q", a.status, a.body, table[5:8])
		}
		if a := r.fetch(http.MethodHead, *out.Url, "", nil); a.status != 200 || a.body != "" {
			r.Errorf("HEAD = %d %q; want 200 and nothing", a.status, a.body)
		}
		enginetest.Pass(6 * time.Second)
		r.wantXML("GET after UrlExpiryInSeconds", r.fetch(http.MethodGet, *out.Url, "", nil), 403, "AccessDenied")

		_, err = r.GetAttachment(r.Context(), &participant.GetAttachmentRequest{ConnectionToken: bot.bearer, AttachmentId: id})
		r.denied("GetAttachment of a custom participant", err)
		_, err = r.StartAttachmentUpload(r.Context(), &participant.StartAttachmentUploadRequest{ConnectionToken: bot.bearer, AttachmentName: "a.csv", ContentType: csv, AttachmentSizeInBytes: 1})
		r.denied("StartAttachmentUpload of a custom participant", err)
		open := r.announce(ana, "b.csv")
		for _, id := range []string{*open.AttachmentId, center.NewUUID(), "../x"} {
			_, err = r.GetAttachment(r.Context(), &participant.GetAttachmentRequest{ConnectionToken: ana.bearer, AttachmentId: id})
			r.invalid("GetAttachment of what is not there", err)
		}
		for _, seconds := range []int32{4, 301} {
			_, err = r.GetAttachment(r.Context(), &participant.GetAttachmentRequest{ConnectionToken: ana.bearer, AttachmentId: id, UrlExpiryInSeconds: &seconds})
			r.invalid(fmt.Sprintf("UrlExpiryInSeconds %d", seconds), err)
		}
	})
}

func TestConcurrentUploadsOfOneFile(t *testing.T) {
	newChatFixture(t, func(r *chatFixture) {
		ana := r.join()
		out := r.announce(ana, "people.csv")
		body, slow := io.Pipe()
		first := make(chan answer)
		go func() {
			req, err := http.NewRequestWithContext(r.Context(), http.MethodPut, *out.UploadMetadata.Url, body)
			if err != nil {
				first <- answer{body: err.Error()}
				return
			}
			req.ContentLength = int64(len(table))
			for k, v := range out.UploadMetadata.HeadersToInclude {
				req.Header.Set(k, v)
			}
			res, err := r.http.Do(req)
			if err != nil {
				first <- answer{body: err.Error()}
				return
			}
			res.Body.Close()
			first <- answer{status: res.StatusCode}
		}()
		if _, err := io.WriteString(slow, table[:3]); err != nil {
			r.Fatal(err)
		}
		r.wantXML("a second PUT beside the first", r.upload(out, table), 409, "OperationAborted")
		r.invalid("CompleteAttachmentUpload meanwhile", r.complete(ana, *out.AttachmentId))
		if _, err := io.WriteString(slow, table[3:]); err != nil {
			r.Fatal(err)
		}
		slow.Close()
		if a := <-first; a.status != 200 {
			r.Errorf("the first PUT = %d %s; want 200", a.status, a.body)
		}
		if err := r.complete(ana, *out.AttachmentId); err != nil {
			r.Errorf("CompleteAttachmentUpload: %v", err)
		}
	})
}

func TestPreflightOfFiles(t *testing.T) {
	newChatFixture(t, func(r *chatFixture) {
		ana := r.join()
		out := r.announce(ana, "people.csv")
		a := r.fetch(http.MethodOptions, *out.UploadMetadata.Url, "", map[string]string{"Origin": "https://shop.example", "Access-Control-Request-Method": "PUT"})
		allowed := strings.Split(a.header.Get("Access-Control-Allow-Headers"), ", ")
		if a.status != 204 || a.header.Get("Access-Control-Allow-Origin") != "*" || !strings.Contains(a.header.Get("Access-Control-Allow-Methods"), "PUT") {
			r.Errorf("OPTIONS = %d %v; want PUT allowed", a.status, a.header)
		}
		for name := range out.UploadMetadata.HeadersToInclude {
			ok := name == "Content-Length" // browsers never ask for it
			for _, h := range allowed {
				ok = ok || strings.EqualFold(h, name)
			}
			if !ok {
				r.Errorf("OPTIONS does not allow %s", name)
			}
		}
	})
}

func TestAttachmentOfAPastChat(t *testing.T) {
	newChatFixture(t, func(r *chatFixture) {
		first := r.join()
		id := r.attach(first, "people.csv")
		r.end(first)
		now := r.join(continuing(first))
		out, err := r.GetAttachment(r.Context(), &participant.GetAttachmentRequest{ConnectionToken: now.bearer, AttachmentId: id})
		if err != nil {
			r.Fatalf("GetAttachment: %v", err)
		}
		if a := r.fetch(http.MethodGet, *out.Url, "", nil); a.status != 200 || a.body != table {
			r.Errorf("GET = %d %q; want the bytes", a.status, a.body)
		}
		stranger := r.join()
		_, err = r.GetAttachment(r.Context(), &participant.GetAttachmentRequest{ConnectionToken: stranger.bearer, AttachmentId: id})
		r.invalid("GetAttachment of another chat's file", err)
	})
}

func TestRepeatedStartOfAnUpload(t *testing.T) {
	newChatFixture(t, func(r *chatFixture) {
		ana := r.join()
		var ids []string
		for range 2 {
			out, err := r.StartAttachmentUpload(r.Context(), &participant.StartAttachmentUploadRequest{
				ConnectionToken: ana.bearer, AttachmentName: "a.csv", ContentType: csv, AttachmentSizeInBytes: 3, ClientToken: "k"})
			if err != nil {
				r.Fatalf("StartAttachmentUpload: %v", err)
			}
			ids = append(ids, *out.AttachmentId)
		}
		if ids[0] != ids[1] {
			r.Errorf("the same ClientToken began %s and %s; want one upload", ids[0], ids[1])
		}
	})
}

// TestOneClientTokenForEveryOperation uses a ClientToken for a message and for a file:
// an operation knows its own tokens only, so neither is taken for the other.
func TestOneClientTokenForEveryOperation(t *testing.T) {
	newChatFixture(t, func(r *chatFixture) {
		ana := r.join()
		say := func(token string) string {
			out, err := r.SendMessage(r.Context(), &participant.SendMessageRequest{
				ConnectionToken: ana.bearer, ContentType: "text/plain", Content: token, ClientToken: &token})
			if err != nil {
				r.Fatalf("SendMessage: %v", err)
			}
			return *out.Id
		}
		send := func(name, token string) {
			out := r.announce(ana, name)
			if a := r.upload(out, table); a.status != 200 {
				r.Fatalf("PUT = %d %s; want 200", a.status, a.body)
			}
			for range 2 {
				if _, err := r.CompleteAttachmentUpload(r.Context(), &participant.CompleteAttachmentUploadRequest{
					ConnectionToken: ana.bearer, AttachmentIds: []string{*out.AttachmentId}, ClientToken: token}); err != nil {
					r.Fatalf("CompleteAttachmentUpload: %v", err)
				}
			}
			if _, err := r.GetAttachment(r.Context(), &participant.GetAttachmentRequest{ConnectionToken: ana.bearer, AttachmentId: *out.AttachmentId}); err != nil {
				r.Errorf("GetAttachment of %s, completed: %v", name, err)
			}
		}
		first := say("message first")
		send("second.csv", "message first")
		send("first.csv", "file first")
		if id := say("file first"); id == first {
			r.Errorf("the message is %s, which another one is", id)
		}
		if again := say("message first"); again != first {
			r.Errorf("the first message again is %s; want %s", again, first)
		}
		r.engine.WantScript(ana.chat, "joined CUSTOMER", "Hello", "message first", "[second.csv]", "[first.csv]", "file first")
	})
}

// TestAbandonedUpload leaves files behind: one that came whole and was never
// completed, one that was completed, and one whose last bytes come when the
// upload has long been given up.
func TestAbandonedUpload(t *testing.T) {
	newChatFixture(t, func(r *chatFixture) {
		ana := r.join()
		kept := r.attach(ana, "kept.csv")
		left, late := r.announce(ana, "left.csv"), r.announce(ana, "late.csv")
		if a := r.upload(left, table); a.status != 200 {
			r.Fatalf("PUT = %d %s; want 200", a.status, a.body)
		}
		body, bytes := io.Pipe()
		answered := make(chan int, 1)
		go func() {
			req, err := http.NewRequestWithContext(r.Context(), http.MethodPut, *late.UploadMetadata.Url, body)
			if err != nil {
				r.Error(err)
				return
			}
			for k, v := range late.UploadMetadata.HeadersToInclude {
				req.Header.Set(k, v)
			}
			req.ContentLength = int64(len(table))
			res, err := r.http.Do(req)
			if err != nil {
				r.Error(err)
				return
			}
			res.Body.Close()
			answered <- res.StatusCode
		}()
		io.WriteString(bytes, table[:4])

		enginetest.Pass(contact.UploadLife + 2*time.Minute)
		has := func(id string) bool {
			f, _, err := r.blobs.Open(r.Context(), "attachments/"+string(ana.chat)+"/"+id)
			return err == nil && f.Close() == nil
		}
		if has(*left.AttachmentId) || !has(kept) {
			r.Errorf("the abandoned file is there: %v, the completed one: %v; want the completed one alone", has(*left.AttachmentId), has(kept))
		}
		r.invalid("CompleteAttachmentUpload of an abandoned file", r.complete(ana, *left.AttachmentId))
		io.WriteString(bytes, table[4:])
		bytes.Close()
		if status := <-answered; status != http.StatusForbidden {
			r.Errorf("a PUT that was given up meanwhile = %d; want 403", status)
		}
		if has(*late.AttachmentId) {
			r.Error("its file was left behind")
		}
	})
}

// TestUploadsRaceWithClearing has people announce, upload and complete files
// while the clock is moved so far, again and again, that uploads are cleared
// away under their hands: a file is there when, and only when, its completion
// was acknowledged.
func TestUploadsRaceWithClearing(t *testing.T) {
	newChatFixture(t, func(r *chatFixture) {
		var mu sync.Mutex // guards what follows
		completed, begun := map[string]bool{}, map[string]bool{}
		var people, clocks sync.WaitGroup
		over := make(chan struct{})
		for range 6 {
			ana := r.join()
			people.Go(func() {
				for n := range 12 {
					out := r.announce(ana, fmt.Sprintf("%d.csv", n))
					key := "attachments/" + string(ana.chat) + "/" + *out.AttachmentId
					put := r.upload(out, table)
					time.Sleep(rand.N(15 * time.Millisecond))
					err := r.complete(ana, *out.AttachmentId)
					if err == nil && put.status != 200 {
						r.Errorf("completed what was answered %d", put.status)
					}
					mu.Lock()
					begun[key] = true
					if err == nil {
						completed[key] = true
					}
					mu.Unlock()
				}
			})
		}
		clocks.Go(func() {
			for {
				select {
				case <-over:
					return
				default:
					r.engine.Clock.Advance(7 * time.Minute) // each nine milliseconds an hour
					time.Sleep(time.Millisecond)
				}
			}
		})
		people.Wait()
		close(over)
		clocks.Wait()
		enginetest.Pass(contact.UploadLife + 2*time.Minute)
		for key := range begun {
			f, _, err := r.blobs.Open(r.Context(), key)
			if there := err == nil && f.Close() == nil; there != completed[key] {
				r.Errorf("%s is there: %v; completed: %v", key, there, completed[key])
			}
		}
		if len(completed) == 0 || len(completed) == len(begun) {
			r.Errorf("%d of %d uploads were completed; want some", len(completed), len(begun))
		}
	})
}
