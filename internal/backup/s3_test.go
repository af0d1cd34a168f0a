package backup_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"parley.example/parley/internal/backup"
	"parley.example/parley/internal/blob/s3"
	"parley.example/parley/internal/blob/s3/s3test"
)

// TestInS3 backs up to a bucket, with attachments that are in a bucket too, and brings both back.
func TestInS3(t *testing.T) {
	service := s3test.Start(t, "backups")
	w := backup.Where{URL: "s3://backups/parley/one", Endpoint: service.URL, Region: "us-east-1"}
	files := func(prefix string) *s3.Store {
		store, err := s3.Open(t.Context(), s3.Options{Location: s3.Location{Bucket: "backups", Prefix: prefix}, Endpoint: service.URL, Region: "us-east-1"})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { store.Close() })
		return store
	}
	path, d := newData(t, 20)
	o := backup.Options{Data: path, Files: files("attached/")}
	if err := files("attached/").Put(t.Context(), "attachments/c/f", strings.NewReader("in the bucket"), 13); err != nil {
		t.Fatal(err)
	}
	first := save(t, w, o)
	if first.Files.Count != 1 || first.Database.Bytes == 0 {
		t.Errorf("the backup has %+v", first.Backup)
	}
	d.fillUp(t, 21, 25)
	service.Inject(s3test.Fault{Method: "PUT", Status: 503, Code: "SlowDown", Times: 2}) // it is tried again
	second := save(t, w, backup.Options{Data: path})
	if second.NewPieces.Bytes == 0 || second.NewPieces.Bytes >= second.Database.Bytes || second.Files.Count != 2*chatsOfAll {
		t.Errorf("the second backup stores %+v of %+v", second.NewPieces, second.Database)
	}
	well(t, w, backup.Choice{ID: second.ID})
	if got := counts(t, restore(t, w, backup.Choice{})); got != all(25) {
		t.Errorf("restored are %v items", got)
	}

	p := open(t, w)
	into := files("restored/")
	if _, err := p.Restore(t.Context(), first.Backup, backup.Target{Data: t.TempDir(), Files: into}); err != nil {
		t.Fatal(err)
	}
	if size, err := into.Size(t.Context(), "attachments/c/f"); err != nil || size != 13 {
		t.Errorf("the attachment is restored as %d, %v", size, err)
	}

	service.Inject(s3test.Fault{Method: "PUT", Status: 403, Code: "AccessDenied", Always: true, Times: 1})
	if _, _, err := backup.OpenToWrite(t.Context(), w); err == nil {
		t.Error("a place that cannot be written is opened")
	}
}

// TestLocksInS3: one process at a time has a place in S3, until it closes it, or has been silent for long.
func TestLocksInS3(t *testing.T) {
	service := s3test.Start(t, "backups")
	now := time.Now()
	service.Now = func() time.Time { return now }
	w := backup.Where{URL: "s3://backups/parley", Endpoint: service.URL, Region: "us-east-1"}
	locked := func() int {
		return len(slices.DeleteFunc(service.Keys(), func(key string) bool { return !strings.HasPrefix(key, "parley/locks/") }))
	}
	first, _, err := backup.OpenToWrite(t.Context(), w)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := backup.OpenToWrite(t.Context(), w); err == nil || !strings.Contains(err.Error(), "in use by another backup or prune (process") {
		t.Errorf("a second process: %v", err)
	}
	if n := locked(); n != 1 {
		t.Errorf("there are %d locks after a refusal", n)
	}
	if err := first.Close(); err != nil || locked() != 0 {
		t.Fatalf("Close = %v and leaves %d locks", err, locked())
	}
	if _, _, err := backup.OpenToWrite(t.Context(), w); err != nil { // and dies
		t.Fatal(err)
	}
	now = now.Add(6 * time.Minute)
	third, ctx, err := backup.OpenToWrite(t.Context(), w)
	if err != nil {
		t.Fatalf("six minutes after another died: %v", err)
	}
	if n := locked(); n != 1 || ctx.Err() != nil {
		t.Errorf("there are %d locks, %v", n, ctx.Err())
	}
	if err := third.Close(); err != nil {
		t.Error(err)
	}
}
