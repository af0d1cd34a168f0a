package cli

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"parley.example/parley/internal/flow"
	"parley.example/parley/internal/flow/check"
	"parley.example/parley/internal/flowgraph"
)

// flowGraph is the verb flow graph.
type flowGraph struct {
	Files  []string `arg:"" name:"file" help:"Flow documents, or directories of them."`
	Output string   `short:"o" help:"Output file, or directory for several flows. Default: standard output." placeholder:"PATH"`
	Format string   `help:"Format, svg or mermaid. Default: by the extension of --output, else svg." enum:"svg,mermaid," default:"" placeholder:"FORMAT"`
	Title  string   `help:"Title of the drawing. Default: the flow's name." placeholder:"TEXT"`
}

// Help is shown below the arguments.
func (flowGraph) Help() string {
	return `Examples:
  parley flow graph main.json -o main.svg
  parley flow graph main.json --format mermaid     for Markdown, between ` + "```mermaid and ```" + `
  parley flow graph flows -o drawings

Paths that a chat never takes are grey and dotted, errors are red.`
}

// endings maps file extensions to formats.
var endings = map[string]string{".svg": "svg", ".mmd": "mermaid", ".mermaid": "mermaid", ".md": "mermaid"}

// Run draws each flow.
func (c flowGraph) Run(std streams) error {
	paths, err := flowFiles(c.Files)
	if err != nil {
		return usage{err}
	}
	format := c.Format
	if format == "" {
		if format = endings[filepath.Ext(c.Output)]; format == "" {
			format = "svg"
		}
	}
	if len(paths) > 1 && c.Output == "" {
		return usage{errors.New("several flows need an output directory: --output DIR")}
	}
	directory := len(paths) > 1
	if info, err := os.Stat(c.Output); err == nil {
		if directory && !info.IsDir() {
			return usage{fmt.Errorf("several flows need an output directory, but %s is a file", c.Output)}
		}
		directory = info.IsDir()
	}
	for _, path := range paths {
		drawing, err := c.draw(path, format)
		if err != nil {
			return err
		}
		switch {
		case c.Output == "":
			_, err = std.out.Write(drawing)
		case directory:
			ending := ".svg"
			if format == "mermaid" {
				ending = ".mmd"
			}
			name := strings.TrimSuffix(filepath.Base(path), ".json") + ending
			if err = os.MkdirAll(c.Output, 0o777); err == nil {
				err = os.WriteFile(filepath.Join(c.Output, name), drawing, 0o666)
			}
		default:
			err = os.WriteFile(c.Output, drawing, 0o666)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (c flowGraph) draw(path, format string) ([]byte, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, usage{err}
	}
	f, err := flow.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	var b bytes.Buffer
	write := flowgraph.Draw
	if format == "mermaid" {
		write = flowgraph.Mermaid
	}
	outline := check.NewOutline(f)
	title := cmp.Or(c.Title, outline.Name, strings.TrimSuffix(filepath.Base(path), ".json"))
	if err := write(&b, outline, flowgraph.Options{Title: title}); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return b.Bytes(), nil
}
