package main

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	classifier "github.com/google/licenseclassifier/v2"
	"github.com/google/licenseclassifier/v2/assets"
)

// allowed are the licences of what may be in the program, by their SPDX names: those that ask
// for no more than that their text, and notices, come with it.
var allowed = []string{"0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT", "blessing", "CC0-1.0", "Unlicense"}

// judged are files that the classifier cannot judge, and a person has read: by module
// and name, with the sum of what was read. None of them adds a licence.
var judged = map[string]string{
	"modernc.org/sqlite LICENSE-SQLITE": "8438c9c89b849131ead81d5435cb97fcf052df5b0b286dda8a2d4c29e6cb3fd0", // public domain
	// Where the logo of the repository is from; the module has no logo.
	"modernc.org/memory LICENSE-LOGO": "5ae5bee3072a841376451b48d8cfcec7188e10543926d5870828d36c8a750dc5",
	// All that the module's tests and tools rest on, too: what is MPL-2.0 among it is not linked, as the file says. What is
	// linked is in modules of their own, and in the other files of this one.
	"modernc.org/sqlite LICENSE-3RD-PARTY.md": "b4366b9c27a9364633e015011a231913ed19bf1228f335bf617e50a6f7b168a6",
	// Of a font and of normalize.css, which are in style sheets of the package: the console has none of those, only its script.
	"@cloudscape-design/global-styles THIRD-PARTY-LICENSES.txt": "dbcc8dda951937ec338f1676477186a32fc0477eb1b8f2c2ad77e8134c3b2c5a",
}

// otherwise are licences whose SPDX name is not the classifier's.
var otherwise = map[string]string{"BSD-0-Clause": "0BSD"}

// notice is what a module of the binary, or a package of npm in the console, asks to be told with it.
type notice struct {
	module, version string
	integrity       string   // the sum of a package of npm, as locks have it: sha512-…; nothing else has one
	licences        []string // SPDX, sorted
	texts           []noticeText
}

// noticeText is a file of a licence or a notice.
type noticeText struct{ name, text string }

var (
	licenceFile = regexp.MustCompile(`(?i)^(licen[cs]e|copying|unlicense|third-party-licen[cs]es?)([-._].*)?$`)
	noticeFile  = regexp.MustCompile(`(?i)^(notice|patents|copyright)([-._].*)?$`)
)

// linked is a package of the program.
type linked struct {
	ImportPath, Dir string
	Standard        bool
	Module          *struct {
		Path, Version, Dir string
		Main               bool
	}
}

// findNotices reads the licences of the modules whose packages are linked for a system, and of Go:
// in the directories of those packages, and in the ones above. It is an error when a
// module has none, or one that is not allowed.
func (r *release) findNotices(ctx context.Context, goos, goarch string) ([]notice, error) {
	out, err := r.run(ctx, r.src, target(goos, goarch), "go", "list", consoleTag, "-deps", "-json=ImportPath,Dir,Standard,Module", "./cmd/parley")
	if err != nil {
		return nil, err
	}
	root, err := r.run(ctx, r.src, nil, "go", "env", "GOROOT")
	if err != nil {
		return nil, err
	}
	goes := notice{module: "Go", version: r.facts.goes}
	dirs := map[string][]string{"Go": {strings.TrimSpace(root)}} // of each module
	modules := map[string]*notice{"Go": &goes}
	roots := map[string]string{"Go": strings.TrimSpace(root)}
	for dec := json.NewDecoder(strings.NewReader(out)); ; {
		var p linked
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, err
		}
		if p.Standard || p.Module == nil || p.Module.Main {
			continue
		}
		if modules[p.Module.Path] == nil {
			modules[p.Module.Path] = &notice{module: p.Module.Path, version: p.Module.Version}
			roots[p.Module.Path] = p.Module.Dir
		}
		for dir := p.Dir; ; dir = filepath.Dir(dir) {
			if !slices.Contains(dirs[p.Module.Path], dir) {
				dirs[p.Module.Path] = append(dirs[p.Module.Path], dir)
			}
			if dir == p.Module.Dir || len(dir) < len(p.Module.Dir) {
				break
			}
		}
	}
	known, err := assets.DefaultClassifier()
	if err != nil {
		return nil, err
	}
	var all []notice
	var problems []error
	for _, path := range sorted(modules) {
		n := modules[path]
		slices.Sort(dirs[path])
		problems = append(problems, n.read(roots[path], dirs[path], known))
		all = append(all, *n)
	}
	return all, errors.Join(problems...)
}

// read reads the files of a module, and says what licences it has.
func (n *notice) read(root string, dirs []string, known *classifier.Classifier) error {
	for _, dir := range dirs {
		entries, err := os.ReadDir(dir)
		if err != nil {
			return err
		}
		for _, e := range entries {
			isLicence := licenceFile.MatchString(e.Name())
			if !e.Type().IsRegular() || !isLicence && !noticeFile.MatchString(e.Name()) || filepath.Ext(e.Name()) == ".go" {
				continue
			}
			text, err := os.ReadFile(filepath.Join(dir, e.Name()))
			if err != nil {
				return err
			}
			name, err := filepath.Rel(root, filepath.Join(dir, e.Name()))
			if err != nil {
				return err
			}
			name = filepath.ToSlash(name)
			if isLicence {
				if err := n.judge(name, text, known); err != nil {
					return err
				}
			}
			n.texts = append(n.texts, noticeText{name, string(bytes.TrimSpace(text))})
		}
	}
	if len(n.licences) == 0 {
		return fmt.Errorf("%s %s has no licence", n.module, n.version)
	}
	slices.Sort(n.licences)
	n.licences = slices.Compact(n.licences)
	return nil
}

// judge says which licences a file has.
func (n *notice) judge(name string, text []byte, known *classifier.Classifier) error {
	if judged[n.module+" "+name] == fmt.Sprintf("%x", sha256.Sum256(text)) {
		return nil
	}
	found := false
	for _, m := range known.Match(known.Normalize(text)).Matches {
		if m.MatchType != "License" {
			continue
		}
		found = true
		licence := cmp.Or(otherwise[m.Name], m.Name)
		if !slices.Contains(allowed, licence) {
			return fmt.Errorf("%s %s: %s has the licence %s, which is not one of %s", n.module, n.version, name, licence, strings.Join(allowed, ", "))
		}
		n.licences = append(n.licences, licence)
	}
	if !found {
		return fmt.Errorf("%s %s: the licence in %s is not known: read it, and add it to judged if it asks for nothing more, with the sum %x", n.module, n.version, name, sha256.Sum256(text))
	}
	return nil
}

// noticesText is the file that comes with the program.
func noticesText(all []notice) []byte {
	var b bytes.Buffer
	b.WriteString("Parley contains the software below, under the licences below.\n\n")
	for _, n := range all {
		fmt.Fprintf(&b, "* %s %s: %s\n", n.module, n.version, strings.Join(n.licences, ", "))
	}
	for _, n := range all {
		for _, t := range n.texts {
			fmt.Fprintf(&b, "\n%s\n%s %s: %s\n%s\n\n%s\n", strings.Repeat("=", 80), n.module, n.version, t.name, strings.Repeat("=", 80), t.text)
		}
	}
	return b.Bytes()
}
