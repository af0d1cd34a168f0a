package cli

import (
	"embed"
	"fmt"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// scripts are what shells load: each asks the program, with __complete, what can
// come next, so that they never fall behind it.
//
//go:embed completions
var scripts embed.FS

type completionCmd struct {
	Shell string `arg:"" help:"bash, zsh or fish." enum:"bash,zsh,fish" placeholder:"SHELL"`
}

// Help is shown below the usage.
func (completionCmd) Help() string {
	return `Examples:
  parley completion bash > ~/.local/share/bash-completion/completions/parley
  parley completion zsh > "${fpath[1]}/_parley"
  parley completion fish > ~/.config/fish/completions/parley.fish

Packages for Linux and Homebrew have them already. Bash needs the package bash-completion.`
}

// Run prints the script.
func (c completionCmd) Run(io streams) error {
	text, err := scripts.ReadFile("completions/parley." + c.Shell)
	if err == nil {
		_, err = io.out.Write(text)
	}
	return err
}

// completeCmd answers the scripts. They give the words after the program's name, the
// last of which is the one that is being typed, and get a line that says what is
// wanted, values, files or dirs, and a line for each value: it, a tab, and its help.
type completeCmd struct {
	Words []string `arg:"" optional:"" help:"The words of the command line."`
}

// Run prints what can come next.
func (c completeCmd) Run(io streams, k *kong.Kong) error {
	words := c.Words
	if len(words) > 0 && words[0] == "--" {
		words = words[1:]
	}
	kind, values := complete(k.Model.Node, words)
	lines := []string{kind}
	for _, v := range values {
		help, _, _ := strings.Cut(v.help, "\n")
		lines = append(lines, v.word+"\t"+help)
	}
	_, err := fmt.Fprintln(io.out, strings.Join(lines, "\n"))
	return err
}

// suggestion is a word that can come next.
type suggestion struct{ word, help string }

// complete returns what the last of the words can become: files, dirs, or values of
// which it is the beginning.
func complete(node *kong.Node, words []string) (kind string, values []suggestion) {
	typed := ""
	if len(words) > 0 {
		typed, words = words[len(words)-1], words[:len(words)-1]
	}
	at := position{node: node}
	for _, word := range words {
		at.pass(word)
	}
	kind, values = at.next(typed)
	values = slices.DeleteFunc(values, func(s suggestion) bool { return !strings.HasPrefix(s.word, typed) })
	return kind, values
}

// position is how far a command line has come.
type position struct {
	node  *kong.Node
	args  int        // arguments of node that were passed
	flag  *kong.Flag // what the next word is the value of
	given []string   // flags that were given
	plain bool       // there was a --: no flags from here on
}

// pass goes past a word that is complete.
func (p *position) pass(word string) {
	switch {
	case p.flag != nil:
		p.flag = nil
	case p.plain:
		p.args++
	case word == "--":
		p.plain = true
	case strings.HasPrefix(word, "-") && word != "-":
		name, _, whole := strings.Cut(word, "=")
		if f := p.find(name); f != nil {
			p.given = append(p.given, f.Name)
			if !whole && !f.IsBool() && !f.IsCounter() {
				p.flag = f
			}
		}
	default:
		for _, child := range p.node.Children {
			if child.Name == word || slices.Contains(child.Aliases, word) {
				p.node, p.args = child, 0
				return
			}
		}
		p.args++
	}
}

// next returns what can come here, whatever was typed of it.
func (p *position) next(typed string) (kind string, values []suggestion) {
	if p.flag != nil {
		return valuesOf(p.flag.Value, p.flag.PlaceHolder, "")
	}
	if !p.plain && strings.HasPrefix(typed, "-") {
		if name, _, whole := strings.Cut(typed, "="); whole {
			if f := p.find(name); f != nil {
				return valuesOf(f.Value, f.PlaceHolder, name+"=")
			}
			return "values", nil
		}
		for _, f := range p.flags() {
			if !f.Hidden && (f.IsCumulative() || !slices.Contains(p.given, f.Name)) {
				values = append(values, suggestion{"--" + f.Name, f.Help})
			}
		}
		return "values", values
	}
	if p.args == 0 && !p.plain {
		for _, child := range p.node.Children {
			if !child.Hidden {
				values = append(values, suggestion{child.Name, child.Help})
			}
		}
	}
	if n := len(p.node.Positional); len(values) == 0 && n > 0 {
		last := p.node.Positional[n-1]
		switch {
		case p.args < n:
			return valuesOf(p.node.Positional[p.args], "", "")
		case last.IsCumulative():
			return valuesOf(last, "", "")
		}
	}
	return "values", values
}

// flags are those that a verb takes: its own, those of the verbs above it, and those
// of the verb that it stands for.
func (p *position) flags() (all []*kong.Flag) {
	for _, group := range p.node.AllFlags(false) {
		all = append(all, group...)
	}
	if p.node.DefaultCmd != nil {
		all = append(all, p.node.DefaultCmd.Flags...)
	}
	return all
}

// find returns the flag that is called --NAME or -N; nil when there is none.
func (p *position) find(word string) *kong.Flag {
	for _, f := range p.flags() {
		if word == "--"+f.Name || f.Short != 0 && word == "-"+string(f.Short) {
			return f
		}
	}
	return nil
}

// valuesOf returns what a value may be. Whether it names a file is said by its placeholder or its name.
func valuesOf(v *kong.Value, placeHolder, prefix string) (kind string, values []suggestion) {
	switch {
	case v.Enum != "":
		for _, word := range v.EnumSlice() {
			values = append(values, suggestion{prefix + word, ""})
		}
	case placeHolder == "DIR":
		return "dirs", nil
	case placeHolder == "FILE", v.Flag == nil && (v.Name == "file" || v.Name == "files"):
		return "files", nil
	}
	return "values", values
}
