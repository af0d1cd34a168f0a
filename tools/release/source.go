package main

import (
	"bytes"
	"context"
	"debug/buildinfo"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"time"
)

// facts are what the release says of itself. Go took them from Git.
type facts struct {
	version string // without the v of the tag
	tagged  bool   // the commit has the tag of a version
	commit  string
	date    time.Time // of the commit
	goes    string    // the version of Go
}

// built is a binary of the release.
type built struct {
	os, arch string
	binary   []byte
	info     *debug.BuildInfo
	notices  []notice
}

// checkOut makes a clone of the commit. It shares the objects of the repository.
func (r *release) checkOut(ctx context.Context, dir string) error {
	commit, err := r.run(ctx, r.repo, nil, "git", "rev-parse", "--verify", r.commit+"^{commit}")
	if err != nil {
		return err
	}
	if _, err := r.run(ctx, r.repo, nil, "git", "clone", "--quiet", "--shared", "--no-checkout", ".", dir); err != nil {
		return err
	}
	if _, err := r.run(ctx, dir, nil, "git", "-c", "advice.detachedHead=false", "checkout", "--quiet", "--detach", strings.TrimSpace(commit)); err != nil {
		return err
	}
	r.src = dir
	return nil
}

// papers builds the program for this machine, learns the facts from it, and has it write
// its manual pages and completions. With them are the texts of the repository.
func (r *release) papers(ctx context.Context, dir string) (files, error) {
	host := filepath.Join(dir, "parley"+exe(runtime.GOOS))
	info, err := r.compile(ctx, runtime.GOOS, runtime.GOARCH, host)
	if err != nil {
		return nil, err
	}
	if r.facts, err = factsOf(info); err != nil {
		return nil, err
	}
	if _, err := r.run(ctx, dir, nil, host, "__manual", "man"); err != nil {
		return nil, err
	}
	papers, err := readDir(dir, "man")
	if err != nil {
		return nil, err
	}
	for shell, name := range map[string]string{"bash": "parley.bash", "zsh": "_parley", "fish": "parley.fish"} {
		script, err := r.run(ctx, dir, nil, host, "completion", shell)
		if err != nil {
			return nil, err
		}
		papers["completions/"+name] = file{text: []byte(script)}
	}
	for _, name := range []string{"LICENSE", "README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"} {
		text, err := os.ReadFile(filepath.Join(r.src, name))
		if err != nil {
			return nil, err
		}
		papers[name] = file{text: text}
	}
	for _, dir := range []string{"docs", "deploy", "examples"} { // to which the README leads
		files, err := readDir(r.src, dir)
		if err != nil {
			return nil, err
		}
		maps.Copy(papers, files)
	}
	return papers, nil
}

// build makes the binary for a target, and finds the licences of what is in it.
func (r *release) build(ctx context.Context, target, dir string) (built, error) {
	b := built{}
	b.os, b.arch, _ = strings.Cut(target, "/")
	path := filepath.Join(dir, "parley"+exe(b.os))
	var err error
	if b.info, err = r.compile(ctx, b.os, b.arch, path); err != nil {
		return b, err
	}
	if b.binary, err = os.ReadFile(path); err != nil {
		return b, err
	}
	b.notices, err = r.findNotices(ctx, b.os, b.arch)
	b.notices = append(b.notices, r.console...)
	return b, err
}

// compile builds the program.
func (r *release) compile(ctx context.Context, goos, goarch, path string) (*debug.BuildInfo, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, err
	}
	if _, err := r.run(ctx, r.src, target(goos, goarch), "go", "build", consoleTag, "-trimpath", "-buildvcs=true", "-ldflags=-s -w", "-o", path, "./cmd/parley"); err != nil {
		return nil, err
	}
	return buildinfo.ReadFile(path)
}

// target is the environment for a system: nothing of the machine's own settings changes what is built.
func target(goos, goarch string) []string {
	return []string{"GOOS=" + goos, "GOARCH=" + goarch, "CGO_ENABLED=0", "GOFLAGS=-trimpath", "GOWORK=off", "GOAMD64=v1", "GOARM64=v8.0", "GOEXPERIMENT=", "GOFIPS140=off", "GODEBUG="}
}

func exe(goos string) string {
	if goos == "windows" {
		return ".exe"
	}
	return ""
}

// factsOf reads what Go wrote into a binary.
func factsOf(info *debug.BuildInfo) (facts, error) {
	f := facts{version: strings.TrimPrefix(info.Main.Version, "v"), goes: strings.TrimPrefix(info.GoVersion, "go")}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			f.commit = s.Value
		case "vcs.modified":
			if s.Value != "false" {
				return f, fmt.Errorf("the clone has changes that are not committed")
			}
		case "vcs.time":
			var err error
			if f.date, err = time.Parse(time.RFC3339, s.Value); err != nil {
				return f, err
			}
		}
	}
	if f.commit == "" || f.date.IsZero() || f.version == "" || f.version == "(devel)" {
		return f, fmt.Errorf("no version was written into the binary, by Go from Git: %q", info.Main.Version)
	}
	f.tagged = !strings.Contains(f.version, f.commit[:12]) // as Go's pseudo-versions do
	return f, nil
}

// run runs a command and returns what it prints.
func (r *release) run(ctx context.Context, dir string, env []string, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s %s: %w\n%s", filepath.Base(name), strings.Join(args, " "), err, complaints.Bytes())
	}
	return string(out), nil
}
