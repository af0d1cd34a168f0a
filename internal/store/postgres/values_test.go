package postgres

import (
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/jackc/pgx/v5/pgconn"
)

// TestAnyTextCanBeStored: what PostgreSQL does not take as a text comes back as it was, and what it takes is stored as it is.
func TestAnyTextCanBeStored(t *testing.T) {
	for _, s := range []string{"", "plain", "日本語", "nul \x00 inside", "\x00\x00", "\xff\xfe broken", mark, mark + "00", mark + mark + "\x00--", "\ufffd"} {
		packed := pack(s)
		if !utf8.ValidString(packed) || strings.Contains(packed, "\x00") {
			t.Errorf("pack(%q) = %q, which cannot be stored", s, packed)
		}
		if got := unpack(packed); got != s {
			t.Errorf("%q comes back as %q", s, got)
		}
		if utf8.ValidString(s) && !strings.ContainsAny(s, mark+"\x00") && packed != s {
			t.Errorf("pack(%q) = %q", s, packed)
		}
	}
}

func TestAnyJSONCanBeStored(t *testing.T) {
	for _, s := range []string{"plain", "nul \x00", `\u0000`, `\\u0000`, "\\\x00", mark + "00", mark + "\x00", `"` + "\x00" + `"`} {
		written, err := json.Marshal(map[string]string{s: s})
		if err != nil {
			t.Fatal(err)
		}
		packed := packJSON(written)
		var inside map[string]string
		if err := json.Unmarshal([]byte(packed), &inside); err != nil {
			t.Errorf("%s became %s: %v", written, packed, err)
		}
		for key := range inside { // as PostgreSQL reads it
			if key != pack(s) {
				t.Errorf("in JSON %q is %q; as a text it is %q", s, key, pack(s))
			}
		}
		if got := string(unpackJSON(packed)); got != string(written) {
			t.Errorf("%s comes back as %s", written, got)
		}
	}
}

func TestWhatErrorsMean(t *testing.T) {
	for code, want := range map[string]verdict{
		"40001": again, "40P01": again, "0A000": again, "57P01": again, "57P03": again, "08006": again, "53300": again, "23505": again,
		"53100": fault, "25006": fault, "58030": fault, "XX001": fault, "22021": final, "42601": final, "23502": final,
	} {
		if got := judged(&pgconn.PgError{Code: code}); got != want {
			t.Errorf("%s is judged %d; want %d", code, got, want)
		}
	}
	if got := judged(io.ErrUnexpectedEOF); got != again {
		t.Errorf("a lost connection is judged %d", got)
	}
	if got := judged(refuse(errors.New("not found"))); got != final {
		t.Errorf("a refusal is judged %d", got)
	}
	full := explained(&pgconn.PgError{Code: "53100", Message: "could not extend file"})
	if !strings.Contains(full.Error(), "disk of the database is full") || !strings.Contains(full.Error(), "could not extend file") {
		t.Errorf("a full disk is told as %q", full)
	}
}
