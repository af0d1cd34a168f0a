// Command cmd writes the generated files of an API package:
//
//	cmd -model ../model/connect.json -package connect -out .
//
// Files that do not change are left alone, so builds stay cached.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"parley/internal/codegen"
)

func main() {
	model := flag.String("model", "", "the Smithy model, a JSON file")
	pkg := flag.String("package", "", "the name of the Go package")
	out := flag.String("out", ".", "the directory to write to")
	flag.Parse()
	if err := run(*model, *pkg, *out); err != nil {
		fmt.Fprintln(os.Stderr, "codegen:", err)
		os.Exit(1)
	}
}

func run(model, pkg, out string) error {
	data, err := os.ReadFile(model)
	if err != nil {
		return err
	}
	m, err := codegen.Read(data)
	if err != nil {
		return err
	}
	files, err := codegen.Generate(m, codegen.Options{
		Package: pkg,
		Source:  "api/model/" + filepath.Base(model),
		Runtime: "parley/api/restjson",
	})
	if err != nil {
		return err
	}
	for name, source := range files {
		path := filepath.Join(out, name)
		if old, err := os.ReadFile(path); err == nil && bytes.Equal(old, source) {
			continue
		}
		if err := os.WriteFile(path, source, 0o644); err != nil {
			return err
		}
	}
	return nil
}
