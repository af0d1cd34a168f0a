package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/alecthomas/kong"
)

// manualCmd writes the pages for man, which are made from the same texts as --help:
// parley.1, and a page for each verb.
type manualCmd struct {
	Dir string `arg:"" help:"Directory to write to; it is made if it is missing."`
}

// Help is shown below the usage.
func (manualCmd) Help() string {
	return `Examples:
  parley __manual man/man1 && man man/man1/parley.1`
}

// Run writes the pages.
func (c manualCmd) Run(k *kong.Kong) error {
	if err := os.MkdirAll(c.Dir, 0o755); err != nil {
		return err
	}
	return writeManual(k.Model.Node, c.Dir)
}

// writeManual writes the page of a verb and of those below it.
func writeManual(node *kong.Node, dir string) error {
	if err := os.WriteFile(filepath.Join(dir, manualName(node)+".1"), []byte(manualPage(node)), 0o644); err != nil {
		return err
	}
	for _, child := range node.Children {
		if !child.Hidden {
			if err := writeManual(child, dir); err != nil {
				return err
			}
		}
	}
	return nil
}

func manualName(node *kong.Node) string {
	return strings.ReplaceAll(node.FullPath(), " ", "-")
}

// manualPage is the page of a verb in the language of man.
func manualPage(node *kong.Node) string {
	var b strings.Builder
	date := ""
	if !built.date.IsZero() {
		date = built.date.UTC().Format("2006-01-02")
	}
	name := manualName(node)
	fmt.Fprintf(&b, ".TH %s 1 %q %q %q\n", strings.ToUpper(roff(name)), date, "Parley "+version, "Parley")
	summary, rest, _ := strings.Cut(node.Help, "\n\n")
	fmt.Fprintf(&b, ".SH NAME\n%s \\- %s\n", roff(name), roff(strings.TrimSuffix(summary, ".")))
	fmt.Fprintf(&b, ".SH SYNOPSIS\n.B %s\n%s\n", roff(node.FullPath()), roff(synopsis(node)))
	b.WriteString(described(strings.TrimSpace(rest + "\n\n" + node.Detail)))
	writeVerbs(&b, node)
	writeFlags(&b, node)
	b.WriteString(".SH SEE ALSO\n")
	switch {
	case node.Parent == nil:
		b.WriteString("The documentation that came with the program.\n")
	case node.Parent.Parent == nil:
		b.WriteString(".BR parley (1)\n")
	default:
		fmt.Fprintf(&b, ".BR parley (1),\n.BR %s (1)\n", roff(manualName(node.Parent)))
	}
	return b.String()
}

// synopsis is what follows the verb.
func synopsis(node *kong.Node) string {
	parts := []string{"[flags]"}
	for _, arg := range node.Positional {
		parts = append(parts, arg.Summary())
	}
	if len(node.Children) > 0 {
		parts = append(parts, "<command>")
	}
	return strings.Join(parts, " ")
}

// writeVerbs lists arguments and the verbs below.
func writeVerbs(b *strings.Builder, node *kong.Node) {
	if len(node.Positional) > 0 {
		b.WriteString(".SH ARGUMENTS\n")
	}
	for _, arg := range node.Positional {
		fmt.Fprintf(b, ".TP\n.I %s\n%s\n", roff(arg.Name), roff(arg.Help))
	}
	if len(node.Children) > 0 {
		b.WriteString(".SH COMMANDS\n")
	}
	for _, child := range node.Children {
		if !child.Hidden {
			fmt.Fprintf(b, ".TP\n.BR %s (1)\n%s\n", roff(manualName(child)), roff(child.Help))
		}
	}
}

// writeFlags lists the flags of a verb and of those above it.
func writeFlags(b *strings.Builder, node *kong.Node) {
	b.WriteString(".SH OPTIONS\n")
	for _, group := range node.AllFlags(true) {
		for _, f := range group {
			b.WriteString(".TP\n")
			if f.Short != 0 {
				fmt.Fprintf(b, ".BR \\-%c ,\n", f.Short)
			}
			if f.IsBool() {
				fmt.Fprintf(b, ".B %s\n", roff("--"+f.Name))
			} else {
				fmt.Fprintf(b, ".BI %s= %s\n", roff("--"+f.Name), roff(f.FormatPlaceHolder()))
			}
			b.WriteString(roff(f.Help))
			if len(f.Envs) > 0 {
				fmt.Fprintf(b, " Variable: %s.", roff(strings.Join(f.Envs, ", ")))
			}
			b.WriteString("\n")
		}
	}
}

// described makes sections of what help says at length: indented lines stay as they are
// written, and what follows "Examples:" has a section of its own.
func described(detail string) string {
	var b strings.Builder
	heading, verbatim, gap := "DESCRIPTION", false, false
	for line := range strings.SplitSeq(detail, "\n") {
		indented := strings.HasPrefix(line, "  ")
		if verbatim && !indented && line != "" {
			b.WriteString(".fi\n.RE\n")
			verbatim, gap = false, true
		}
		switch {
		case line == "":
			gap = true
			continue
		case line == "Examples:":
			heading = "EXAMPLES"
			continue
		case heading != "":
			fmt.Fprintf(&b, ".SH %s\n", heading)
			heading = ""
		case gap || indented && !verbatim:
			b.WriteString(".PP\n")
		}
		if indented && !verbatim {
			b.WriteString(".RS 4\n.nf\n")
			verbatim = true
		}
		gap = false
		b.WriteString(roff(strings.TrimPrefix(line, "  ")) + "\n")
	}
	if verbatim {
		b.WriteString(".fi\n.RE\n")
	}
	return b.String()
}

var roffEscapes = strings.NewReplacer(`\`, `\e`, "-", `\-`, "'", `\(aq`, "`", `\(ga`, "^", `\(ha`, "~", `\(ti`)

// roff writes text so that man prints it as it is.
func roff(text string) string {
	text = roffEscapes.Replace(text)
	if strings.HasPrefix(text, ".") {
		text = `\&` + text
	}
	return text
}
