// Command cmd runs the generator:
//
//	cmd -model ../model/connect.json -published 2026-10-21 -package connect -tagged -coded StartChatContact
//	cmd -model ../../api/model/connect.json -package connectcall -fluent parley.example/parley/api/connect
//	cmd -coverage operations.md connect=api/model/connect.json=internal/connectapi ...
//	cmd -model ../../api/model/agent.json -typescript agent_gen.ts
//
// The first form writes the generated files of an API package into the working directory, the second
// those of a package of fluent builders for one. The third writes the table of which operations the
// packages implement, the fourth the types of an API for pages. Files that do not change are left alone, so builds stay cached.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"parley.example/parley/internal/codegen/coverage"
	"parley.example/parley/internal/codegen/golang"
	"parley.example/parley/internal/codegen/model"
	"parley.example/parley/internal/codegen/typescript"
)

func main() {
	source := flag.String("model", "", "the Smithy model, a JSON `file`")
	pkg := flag.String("package", "", "the `name` of the Go package")
	fluent := flag.String("fluent", "", "write fluent builders for the API package with this import `path`")
	tagged := flag.Bool("tagged", false, "describe the types by tags instead of writing code for each")
	coded := flag.String("coded", "", "the `operations` whose types get code all the same, separated by commas")
	published := flag.String("published", "", "the `day` on which the API was published in this shape")
	page := flag.String("coverage", "", "write the coverage table to this `file`; arguments are name=model=package directory")
	script := flag.String("typescript", "", "write the types for pages to this `file`")
	only := flag.String("operations", "", "write these `operations` for pages, and no others, separated by commas")
	flag.Parse()
	var err error
	switch {
	case *page != "":
		err = writeCoverage(*page, flag.Args())
	case *script != "":
		err = writeTypeScript(*source, *script, names(*only))
	default:
		err = writePackage(*source, *fluent, golang.Options{Package: *pkg, Tagged: *tagged, Coded: names(*coded), Published: *published})
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "codegen:", err)
		os.Exit(1)
	}
}

func readModel(path string) (*model.Model, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return model.Read(data)
}

// names splits a list.
func names(list string) []string {
	if list == "" {
		return nil
	}
	return strings.Split(list, ",")
}

func writePackage(source, fluent string, opts golang.Options) error {
	m, err := readModel(source)
	if err != nil {
		return err
	}
	opts.Source = fromRoot(source)
	opts.Runtime = "parley.example/parley/api/restjson"
	var files map[string][]byte
	if fluent != "" {
		files, err = golang.Fluent(m, opts, fluent, "parley.example/parley/client/internal/fluent")
	} else {
		files, err = golang.Generate(m, opts)
	}
	if err != nil {
		return err
	}
	for name, source := range files {
		if err := write(name, source); err != nil {
			return err
		}
	}
	return nil
}

// fromRoot is the path of a file from the root of its module, with slashes.
func fromRoot(path string) string {
	whole, err := filepath.Abs(path)
	if err != nil {
		return filepath.ToSlash(path)
	}
	for dir := filepath.Dir(whole); dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return filepath.ToSlash(strings.TrimPrefix(whole, dir+string(filepath.Separator)))
		}
	}
	return filepath.Base(path)
}

func writeTypeScript(source, out string, operations []string) error {
	m, err := readModel(source)
	if err != nil {
		return err
	}
	text, err := typescript.Generate(m, typescript.Options{Source: fromRoot(source), Operations: operations})
	if err != nil {
		return err
	}
	return write(out, text)
}

func writeCoverage(out string, args []string) error {
	var apis []coverage.Implementation
	for _, arg := range args {
		part := strings.Split(arg, "=")
		if len(part) != 3 {
			return fmt.Errorf("%q is not name=model=directory", arg)
		}
		m, err := readModel(part[1])
		if err != nil {
			return err
		}
		apis = append(apis, coverage.Implementation{Name: part[0], Model: m, Dir: part[2]})
	}
	table, err := coverage.Page(apis)
	if err != nil {
		return err
	}
	return write(out, table)
}

func write(path string, content []byte) error {
	if old, err := os.ReadFile(path); err == nil && bytes.Equal(old, content) {
		return nil
	}
	return os.WriteFile(path, content, 0o644)
}
