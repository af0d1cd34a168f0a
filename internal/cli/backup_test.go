package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"parley.example/parley/internal/blob/s3/s3test"
)

// TestBackup backs up a running server by the command line, twice, looks at what there is, restores it, and starts a
// server on that.
func TestBackup(t *testing.T) {
	base := t.TempDir()
	data, place, to := filepath.Join(base, "data"), filepath.Join(base, "place"), filepath.Join(base, "restored")
	serving(t, "--data", data, "--listen", "127.0.0.1:0", "--dev")
	secret, err := os.ReadFile(filepath.Join(data, "parley.secret"))
	if err != nil {
		t.Fatal(err)
	}
	_, sealing, _ := strings.Cut(strings.TrimSpace(string(secret)), "parley-secret-1:")
	said := func(want string, args ...string) string {
		t.Helper()
		status, out, errs := parley(t, "", args...)
		if status != 0 || errs != "" || !regexp.MustCompile(want).MatchString(out) || sealing == "" || strings.Contains(out, sealing) {
			t.Errorf("parley %v = %d\n%s%s\nwant %s", args, status, out, errs, want)
		}
		return out
	}
	said(`(?s)^Backup \d{8}T\d{6}\.\d{3}Z is complete\.\n.*database +\d.* new\n.*attachments +0 B in 0 files.*stored +\d.* in `+regexp.QuoteMeta(place)+`\n.*parley\.secret is not part`,
		"backup", place, "--data", data)
	said(`(?s)kept +1 backup +1 deleted, \d`, "backup", place, "--data", data, "--keep", "1")
	out := said(`"place": `, "backup", place, "--data", data, "--json", "--with-secret")
	var saved struct {
		ID             string
		SecretIncluded bool
		Stored         struct{ Count int }
	}
	if err := json.Unmarshal([]byte(out), &saved); err != nil || saved.ID == "" || !saved.SecretIncluded {
		t.Errorf("%v in\n%s", err, out)
	}
	said(`(?s)^BACKUP +DATABASE .*\n`+regexp.QuoteMeta(saved.ID)+` .* 0 B in 0 files `, "backup", "list", place)
	said(`"id": "`+saved.ID+`"`, "backup", "list", place, "--json")
	said(`(?s)^Checked 2 backups in .*chats\n.*All is well\.\n$`, "restore", "--check", place)
	said(`"wrong": null`, "restore", "--check", place, "--json")
	said(`Deleted 1 backup and kept 1: `, "backup", "prune", place, "--keep", "1")
	said(`(?s)^Restored backup `+saved.ID+` to .*Start the server with: parley serve --data `, "restore", place, "--data", to)
	if text, err := os.ReadFile(filepath.Join(to, "parley.secret")); err != nil || string(text) != string(secret) {
		t.Errorf("the secret is restored as %q, %v", text, err)
	}
	_, _, errs, stop := serving(t, "--data", to, "--listen", "127.0.0.1:0")
	if status := stop(); status != 0 {
		t.Errorf("a server on what was restored ends with %d: %s", status, errs)
	}

	refused := func(status int, want string, args ...string) {
		t.Helper()
		got, out, errs := parley(t, "", args...)
		if got != status || out != "" || !strings.Contains(errs, want) || strings.Count(errs, "\n") != 1 {
			t.Errorf("parley %v = %d %q %q; want %d and a line with %q", args, got, out, errs, status, want)
		}
	}
	refused(1, "is not empty", "restore", place, "--data", to)
	refused(2, "--data", "restore", place)
	refused(2, "want 2026-11-30T09:30:00Z", "restore", place, "--data", base, "--at", "yesterday")
	refused(2, "missing flags: --data=DIR", "backup", place)
	refused(2, "keep must not be negative", "backup", place, "--data", data, "--keep=-1")
	refused(1, "has no parley.db", "backup", place, "--data", base)
	refused(1, "there is no backup as old as", "restore", place, "--data", filepath.Join(base, "x"), "--at", "2020-01-01")
	refused(1, "does not exist", "backup", "list", filepath.Join(base, "none"))
	refused(2, "not a valid name of a bucket", "backup", "s3://_", "--data", data)

	objects, err := filepath.Glob(filepath.Join(place, "objects", "*", "*"))
	if err != nil || len(objects) == 0 {
		t.Fatalf("objects %v, %v", objects, err)
	}
	if err := os.Truncate(objects[0], 20); err != nil {
		t.Fatal(err)
	}
	status, out, errText := parley(t, "", "restore", "--check", place)
	if rel, _ := filepath.Rel(place, objects[0]); status != 1 || errText != "" || !strings.Contains(out, "\nWrong:\n") || !strings.Contains(out, filepath.ToSlash(rel)) {
		t.Errorf("of a damaged place: %d\n%s%s", status, out, errText)
	}

	// What a restore leaves that fails is no data directory, to be begun afresh neither.
	half := filepath.Join(base, "half")
	refused(1, "its checksum is wrong", "restore", place, "--data", half)
	for _, args := range [][]string{{"serve"}, {"serve", "--new"}, {"serve", "--dev", "--new"}, {"keys", "create", "--name", "x"}} {
		refused(1, "data directory "+half+": it holds what an interrupted restore has left (parley.db.restoring)", append(args, "--data", half)...)
	}
	if _, err := os.Stat(filepath.Join(half, "parley.db")); !os.IsNotExist(err) {
		t.Errorf("a refusal left a database: %v", err)
	}
}

// TestBackupWithSecret takes the secret file along from wherever the server keeps it, and no other than is named.
func TestBackupWithSecret(t *testing.T) {
	base := t.TempDir()
	data, kept := filepath.Join(base, "data"), filepath.Join(base, "kept.secret")
	_, _, _, stop := serving(t, "--data", data, "--listen", "127.0.0.1:0", "--secret-file", kept)
	if status := stop(); status != 0 {
		t.Fatalf("the server ended with %d", status)
	}
	secret, err := os.ReadFile(kept)
	if err != nil {
		t.Fatal(err)
	}
	try := func(name string, status int, want string, args ...string) (restored string) {
		t.Helper()
		place := filepath.Join(base, name)
		got, out, errs := parley(t, "", append([]string{"backup", place, "--data", data}, args...)...)
		if got != status || !strings.Contains(out+errs, want) || strings.Contains(out+errs, "parley-secret-1:") {
			t.Errorf("%s: %d %q %q; want %d %q", name, got, out, errs, status, want)
		}
		if status != 0 {
			if status, out, _ := parley(t, "", "backup", "list", place); status == 0 && strings.Contains(out, "attachments") {
				t.Errorf("%s: a refused backup is listed: %s", name, out)
			}
			return ""
		}
		restored = filepath.Join(base, name+"-restored")
		if status, out, errs := parley(t, "", "restore", place, "--data", restored); status != 0 {
			t.Errorf("%s: restore = %d %q %q", name, status, out, errs)
		}
		return restored
	}
	try("not-there", 1, "parley.secret; --secret-file names where the server keeps it", "--with-secret")
	try("nowhere", 1, kept+".none; --secret-file names", "--with-secret", "--secret-file", kept+".none")

	with := try("with", 0, "The backup includes parley.secret", "--with-secret", "--secret-file", kept)
	if text, err := os.ReadFile(filepath.Join(with, "parley.secret")); err != nil || string(text) != string(secret) {
		t.Errorf("the secret is restored as %q, %v", text, err)
	}
	if info, err := os.Stat(filepath.Join(with, "parley.secret")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the restored secret: %v, %v", info, err)
	}
	if status, out, errs := parley(t, "", "keys", "--data", with); status != 0 || !strings.Contains(out, "first") {
		t.Errorf("keys of what was restored = %d %q %q", status, out, errs)
	}
	without := try("without", 0, "parley.secret is not part", "--secret-file", kept)
	if _, err := os.Stat(filepath.Join(without, "parley.secret")); !os.IsNotExist(err) {
		t.Errorf("the secret is in a backup without it: %v", err)
	}
}

// TestBackupToS3 does so with a bucket.
func TestBackupToS3(t *testing.T) {
	service := s3test.Start(t, "backups")
	base := t.TempDir()
	data := filepath.Join(base, "data")
	serving(t, "--data", data, "--listen", "127.0.0.1:0", "--dev")
	flags := []string{"--endpoint", service.URL}
	for _, args := range [][]string{
		{"backup", "s3://backups/parley", "--data", data},
		{"backup", "list", "s3://backups/parley"},
		{"restore", "--check", "s3://backups/parley"},
		{"restore", "s3://backups/parley", "--data", filepath.Join(base, "restored")},
	} {
		if status, out, errs := parley(t, "", append(args, flags...)...); status != 0 || errs != "" || !strings.Contains(out, "s3://backups/parley") && args[0] != "restore" && args[1] != "list" {
			t.Errorf("parley %v = %d\n%s%s", args, status, out, errs)
		}
	}
}
