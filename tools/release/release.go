package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// allTargets are the systems that a release is for.
var allTargets = []string{"linux/amd64", "linux/arm64", "darwin/amd64", "darwin/arm64", "windows/amd64", "windows/arm64"}

// release is what is made of a commit.
type release struct {
	repo, commit string   // which commit of which repository
	out          string   // the directory to write to
	url          string   // where the repository is published; empty when that is not known
	targets      []string // GOOS/GOARCH
	log          func(string)

	src     string   // the clone of the commit
	console []notice // of what is in the console
	facts   facts
	sums    map[string]string // of the files that were written
}

// make writes the release.
func (r *release) make(ctx context.Context) (err error) {
	for _, target := range r.targets {
		if !slices.Contains(allTargets, target) {
			return fmt.Errorf("target %q is not one of %s", target, strings.Join(allTargets, ", "))
		}
	}
	if u, err := url.Parse(r.url); r.url != "" && (err != nil || u.Scheme != "https" || u.Host == "" || strings.HasSuffix(r.url, "/")) {
		return fmt.Errorf("the URL of the repository %q is not like https://github.com/you/parley", r.url)
	}
	if err := r.needNode(ctx); err != nil {
		return err
	}
	if r.out, err = filepath.Abs(r.out); err != nil {
		return err
	}
	if err := makeRoom(r.out); err != nil {
		return err
	}
	r.sums = map[string]string{}
	work, err := os.MkdirTemp("", "release-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	if err := r.checkOut(ctx, filepath.Join(work, "src")); err != nil {
		return err
	}
	r.log("building the console")
	if err := r.buildConsole(ctx); err != nil {
		return err
	}
	r.log("building for this machine")
	papers, err := r.papers(ctx, filepath.Join(work, "host"))
	if err != nil {
		return err
	}
	var images []built
	for _, target := range r.targets {
		r.log("building for " + target)
		b, err := r.build(ctx, target, filepath.Join(work, strings.ReplaceAll(target, "/", "_")))
		if err != nil {
			return fmt.Errorf("%s: %w", target, err)
		}
		if err := r.pack(b, papers); err != nil {
			return fmt.Errorf("%s: %w", target, err)
		}
		if b.os == "linux" {
			images = append(images, b)
		}
	}
	if err := r.together(images); err != nil {
		return err
	}
	return r.writeSums()
}

// pack writes what is made of one binary.
func (r *release) pack(b built, papers files) error {
	if err := r.writeSBOM(b); err != nil {
		return err
	}
	if err := r.writeArchive(b, papers); err != nil {
		return err
	}
	if b.os != "linux" {
		return nil
	}
	return r.writePackages(b, papers)
}

// together writes what is made of all binaries, or of none.
func (r *release) together(images []built) error {
	if len(images) > 0 {
		if err := r.writeImage(images); err != nil {
			return err
		}
	}
	if err := r.writeChart(); err != nil {
		return err
	}
	if err := r.writeNotes(); err != nil {
		return err
	}
	return r.writeFormula()
}

// name is the name of a file of the release.
func (r *release) name(b built, suffix string) string {
	return fmt.Sprintf("parley_%s_%s_%s%s", r.facts.version, b.os, b.arch, suffix)
}

// write writes a file of the release.
func (r *release) write(name string, text []byte) error {
	if err := os.WriteFile(filepath.Join(r.out, name), text, 0o644); err != nil {
		return err
	}
	r.sums[name] = fmt.Sprintf("%x", sha256.Sum256(text))
	return nil
}

// sumsName is the file with the sums of the others, as sha256sum -c reads it.
const sumsName = "SHA256SUMS"

func (r *release) writeSums() error {
	var text strings.Builder
	for _, name := range sorted(r.sums) {
		fmt.Fprintf(&text, "%s  %s\n", r.sums[name], name)
	}
	return os.WriteFile(filepath.Join(r.out, sumsName), []byte(text.String()), 0o644)
}

// makeRoom makes the directory and removes what a former run wrote there. Anything else is left,
// and is an error: it would be published by whoever publishes the directory.
func makeRoom(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	former, err := os.ReadFile(filepath.Join(dir, sumsName))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, e := range entries {
		if e.Name() != sumsName && !strings.HasPrefix(e.Name(), "parley") && !strings.Contains(string(former), "  "+e.Name()+"\n") {
			return fmt.Errorf("%s is in the way: no release wrote it", filepath.Join(dir, e.Name()))
		}
		if err := os.RemoveAll(filepath.Join(dir, e.Name())); err != nil {
			return err
		}
	}
	return nil
}
