package auth

import (
	"fmt"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"parley.example/parley/api/connect"
	"parley.example/parley/internal/auth/iam"
)

// TestPage holds docs/policies.md against the code: the table of what operations are authorised
// against is written by it, and operators and condition keys are all there.
func TestPage(t *testing.T) {
	const file, mark = "../../docs/policies.md", "DO NOT EDIT what follows. -->\n"
	page, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	head, table, ok := strings.Cut(string(page), mark)
	if !ok {
		t.Fatalf("%s has no line that ends in %s", file, mark)
	}
	for _, name := range append(iam.Keys(), iam.Operators()...) {
		if !strings.Contains(head, "`"+name+"`") {
			t.Errorf("%s does not name `%s`", file, name)
		}
	}
	want := "\n" + operationTable(t)
	if *update {
		if err := os.WriteFile(file, []byte(head+mark+want), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if table != want {
		t.Errorf("the table of %s is not what operations are authorised against; look at it with: go test ./internal/auth -run %s -update", file, t.Name())
	}
}

var works = regexp.MustCompile(`(?m)^\| (\w+) \|`)

// operationTable lists the operations that work, by the page of those.
func operationTable(t *testing.T) string {
	operations, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	b.WriteString("| operation | resources | keys |\n|---|---|---|\n")
	rows := 0
	administration, _, _ := strings.Cut(string(operations), "\n## participant")
	for _, row := range works.FindAllStringSubmatch(administration, -1) {
		name := row[1]
		m, ok := reflect.TypeFor[connect.Service]().MethodByName(name)
		if !ok {
			continue // the heading
		}
		rows++
		request := reflect.New(m.Type.In(1).Elem())
		fill(request.Elem(), "", nil)
		var resources []string
		for _, arn := range ResourcesOf(here, name, request.Interface()).Named {
			resources = append(resources, "`"+shortARN(arn)+"`")
		}
		fmt.Fprintf(&b, "| %s | %s | %s |\n", name, strings.Join(resources, ", "), strings.Join(keysOf(request.Interface(), resources), ", "))
	}
	if rows < 100 {
		t.Errorf("docs/operations.md has %d operations that work", rows)
	}
	return b.String()
}

// shortARN leaves out of an ARN what all of them begin with, and the braces of members.
func shortARN(arn string) string {
	arn = strings.TrimPrefix(strings.TrimPrefix(arn, "arn:aws:connect:us-east-1:123456789012:"), "instance/{InstanceId}/")
	arn = strings.Replace(arn, "instance/{InstanceId}", "instance", 1)
	return strings.NewReplacer(aView, "ViewId", "{", "", "}", "").Replace(arn)
}

// keysOf returns the condition keys that only some operations have.
func keysOf(request any, resources []string) (keys []string) {
	add := func(name string, has bool) {
		if has {
			keys = append(keys, "`"+name+"`")
		}
	}
	named := strings.Join(resources, " ")
	add("aws:RequestTag/KEY", requestTags(request) != nil)
	for _, name := range []iam.KeyName{iam.TagKeys, iam.AttributeType, iam.StorageResourceType} {
		add(string(name), askedMember(name, request) != nil)
	}
	add(string(iam.FlowType), askedMember(iam.FlowType, request) != nil || regexp.MustCompile("contact-flow/[A-Z]").MatchString(named))
	add(string(iam.Channel), regexp.MustCompile("`contact/").MatchString(named))
	return keys
}
