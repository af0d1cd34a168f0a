package coverage

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"parley.example/parley/internal/codegen/model"
)

func TestPage(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "keepers"), 0o700); err != nil {
		t.Fatal(err)
	}
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("service.go", "package x\n\ntype Service struct {\n\tzoo.Unimplemented\n\tkeepers.Keepers\n\tother keepers.Visitors\n}\n\n"+
		"func (s *Service) FeedAnimal() {}\n\nfunc CloseZoo() {}\n\nfunc (o *other) CloseZoo() {}\n")
	write("embeds.go", "package x\n\ntype Unrelated struct{ keepers.Visitors }\n")
	write("keepers/keepers.go", "package keepers\n\nfunc (Keepers) ListAnimals() {}\n\nfunc (v *Visitors) CloseZoo() {}\n\nfunc (Service) CloseZoo() {}\n")
	write("service_test.go", "package x\n\nfunc (s *Service) CloseZoo() {}\n")
	data, err := os.ReadFile("../zoo/zoo.json")
	if err != nil {
		t.Fatal(err)
	}
	m, err := model.Read(data)
	if err != nil {
		t.Fatal(err)
	}
	page, err := Page([]Implementation{{Name: "zoo", Model: m, Dir: dir}})
	if err != nil {
		t.Fatal(err)
	}
	want := "## zoo: 2 of 3\n\n| operation | request |\n|---|---|\n" +
		"| FeedAnimal | `PUT /animals/{Name}/meals/{Count}` |\n" +
		"| ListAnimals | `GET /animals` |\n\nNot there yet: CloseZoo.\n"
	if !strings.HasSuffix(string(page), want) {
		t.Errorf("page\n%s\nwant it to end with\n%s", page, want)
	}
	write("around.go", "package x\n\ntype Park struct{ *Service }\n\nfunc (p Park) CloseZoo() {}\n")
	page, err = Page([]Implementation{{Name: "zoo", Model: m, Dir: dir}})
	if err != nil || !strings.Contains(string(page), "## zoo: 3 of 3\n") {
		t.Errorf("with a type around Service, %v:\n%s", err, page)
	}
	if _, err := Page([]Implementation{{Name: "zoo", Model: m, Dir: filepath.Join(dir, "gone")}}); err == nil {
		t.Error("a package that is not there has coverage")
	}
}
