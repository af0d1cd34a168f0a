package permission

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the tables of docs/permissions.md")

// TestPage holds docs/permissions.md against the table: what it lists is written by it.
func TestPage(t *testing.T) {
	const file, mark = "../../../docs/permissions.md", "DO NOT EDIT what follows. -->\n"
	page, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	head, tables, ok := strings.Cut(string(page), mark)
	if !ok {
		t.Fatalf("%s has no line that ends in %s", file, mark)
	}
	want := listed()
	if *update {
		if err := os.WriteFile(file, []byte(head+mark+want), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if tables != want {
		t.Errorf("the tables of %s are not those of the code; write them with: go test ./internal/catalog/permission -run %s -update", file, t.Name())
	}
}

// listed is the part of the page that is written by the table.
func listed() string {
	var b strings.Builder
	b.WriteString("\n## Permissions with an effect\n\n| permission | effect |\n|---|---|\n")
	for _, e := range Effects {
		fmt.Fprintf(&b, "| `%s` | %s |\n", e.Name, e.What)
	}
	for _, part := range []struct {
		title, why string
		families   []string
	}{
		{"Permissions of administrators and analysts", `These are about setting up the centre, and looking into it. Parley has both by Amazon's API, where the policies of access keys say who may do what
([policies.md](policies.md)). In profiles they are kept, shown again by ListSecurityProfilePermissions, and have no effect.`, managed},
		{"Permissions for what Parley does not have", "They are kept, shown again, and have no effect.", absent},
	} {
		fmt.Fprintf(&b, "\n## %s\n\n%s\n\n", part.title, part.why)
		for _, family := range part.families {
			b.WriteString("*")
			for n := range namesOf(family) {
				fmt.Fprintf(&b, " `%s`", n)
			}
			b.WriteString("\n")
		}
	}
	return b.String()
}
