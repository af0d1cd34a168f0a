package cli

import (
	"slices"
	"strings"
	"testing"
)

// TestCompletion gives the words of a command line, the last of which is being typed.
func TestCompletion(t *testing.T) {
	for _, c := range []struct {
		words string // by blanks
		kind  string
		want  string // by blanks; of many, those that have to be there
		never string
	}{
		{"", "values", "serve chat keys flow health version completion", "__complete --help"},
		{"fl", "values", "flow", "serve"},
		{"flow ", "values", "check graph run test logs", "serve"},
		{"keys ", "values", "list create disable enable delete", ""},
		{"keys --data /tmp cr", "values", "create", "list"},
		{"keys create --", "values", "--name --policy --data --config", "--listen"},
		{"serve --log", "values", "--log-format --log-level", "--listen"},
		{"serve --", "values", "--quota --listen --help", "--pprof"},
		{"serve --dev --listen :9 --", "values", "--quota", "--dev --listen"},
		{"serve --quota flows=3 --q", "values", "--quota", ""},
		{"serve --log-format ", "values", "text json", "--log-format"},
		{"serve --log-format=j", "values", "--log-format=json", "--log-format=text"},
		{"serve --data ", "dirs", "", ""},
		{"serve --data=/t", "dirs", "", ""},
		{"serve --tls-cert ", "files", "", ""},
		{"serve --listen ", "values", "", "--dev"},
		{"serve --dev ", "values", "", "serve"},
		{"serve --nonsense=", "values", "", "--dev"},
		{"completion ", "values", "bash zsh fish", ""},
		{"completion bash ", "values", "", "bash"},
		{"flow check ", "files", "", ""},
		{"flow check a.json ", "files", "", ""},
		{"flow check -- --", "files", "", "--help"},
		{"dance ", "values", "", "serve"},
	} {
		status, out, errs := parley(t, "", append([]string{"__complete", "--"}, strings.Split(c.words, " ")...)...)
		lines := strings.Split(strings.TrimSuffix(out, "\n"), "\n")
		var got []string
		for _, line := range lines[1:] {
			word, _, ok := strings.Cut(line, "\t")
			if !ok {
				t.Errorf("%q: the line %q has no tab", c.words, line)
			}
			got = append(got, word)
		}
		if status != 0 || errs != "" || lines[0] != c.kind {
			t.Errorf("%q = %d, %q %q; want %s", c.words, status, lines[0], errs, c.kind)
		}
		for word := range strings.FieldsSeq(c.want) {
			if !slices.Contains(got, word) {
				t.Errorf("%q does not suggest %s: %q", c.words, word, got)
			}
		}
		for word := range strings.FieldsSeq(c.never) {
			if slices.Contains(got, word) {
				t.Errorf("%q suggests %s: %q", c.words, word, got)
			}
		}
		if c.want == "" && len(got) > 0 && c.kind != "values" {
			t.Errorf("%q suggests %q besides %s", c.words, got, c.kind)
		}
	}
}

func TestCompletionScripts(t *testing.T) {
	for _, shell := range []string{"bash", "zsh", "fish"} {
		status, out, errs := parley(t, "", "completion", shell)
		if status != 0 || errs != "" || !strings.Contains(out, "for "+shell+".") || !strings.Contains(out, " __complete ") {
			t.Errorf("parley completion %s = %d %q\n%s", shell, status, errs, out)
		}
	}
	if status, out, errs := parley(t, "", "completion", "csh"); status != 2 || out != "" || !strings.Contains(errs, "bash") {
		t.Errorf("parley completion csh = %d %q %q", status, out, errs)
	}
}
