package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/google/licenseclassifier/v2/assets"
)

const (
	consoleTag   = "-tags=console" // has Go embed what the build of the console wrote
	consoleDir   = "web/console"
	consoleBuilt = "internal/ui/console/dist"

	oldestNode = 20
)

// buildTools leave code of their own in what they build: they have notices, and are no components.
var buildTools = []string{"rolldown", "vite"}

// needNode says whether the console can be built here: a release without it is none.
func (r *release) needNode(ctx context.Context) error {
	version, err := r.run(ctx, ".", nil, "node", "--print", "process.versions.node")
	if err == nil {
		_, err = exec.LookPath("npm")
	}
	if err == nil {
		major, _, _ := strings.Cut(version, ".")
		if n, e := strconv.Atoi(major); e != nil || n < oldestNode {
			err = fmt.Errorf("this is Node %s", strings.TrimSpace(version))
		}
	}
	if err != nil {
		return fmt.Errorf("a release has the console in it, which is built with Node %d or newer, and npm: %w", oldestNode, err)
	}
	return nil
}

// buildConsole builds the console in the clone, once for all systems, of the packages that its lock names by their sums. What it writes
// Git ignores, so that the clone stays as it was committed.
func (r *release) buildConsole(ctx context.Context) error {
	dir := filepath.Join(r.src, filepath.FromSlash(consoleDir))
	// Nothing of the machine's own settings changes what is built: NODE_ENV may say that tools are not wanted, or that React is to be slow.
	env := []string{"NODE_ENV=production"}
	if _, err := r.run(ctx, dir, env, "npm", "ci", "--include=dev", "--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund", "--loglevel=error"); err != nil {
		return err
	}
	if _, err := r.run(ctx, dir, env, "npm", "run", "--silent", "build", "--", "--logLevel", "warn"); err != nil {
		return err
	}
	var err error
	r.console, err = consoleNotices(r.src)
	return err
}

// consoleNotices reads the licences of the packages whose modules are in the console, as its build lists them, and of the tools that
// built it. It is an error when one has none, or one that is not allowed, or is not in the lock.
func consoleNotices(src string) ([]notice, error) {
	var bundled []struct{ Name, Version string }
	if err := readJSON(filepath.Join(src, filepath.FromSlash(consoleBuilt), "licenses.json"), &bundled); err != nil {
		return nil, err
	}
	var lock struct {
		Packages map[string]struct{ Version, Integrity string } // by their directories
	}
	if err := readJSON(filepath.Join(src, filepath.FromSlash(consoleDir), "package-lock.json"), &lock); err != nil {
		return nil, err
	}
	known, err := assets.DefaultClassifier()
	if err != nil {
		return nil, err
	}
	var all []notice
	var problems []error
	add := func(n notice, from string) {
		dir := filepath.Join(src, filepath.FromSlash(consoleDir), filepath.FromSlash(from))
		problems = append(problems, n.read(dir, []string{dir}, known))
		all = append(all, n)
	}
	for _, b := range bundled {
		at := ""
		for _, dir := range sorted(lock.Packages) {
			if strings.HasSuffix("/"+dir, "/node_modules/"+b.Name) && lock.Packages[dir].Version == b.Version {
				at = dir
				break
			}
		}
		if at == "" {
			problems = append(problems, fmt.Errorf("%s %s is in the console, and not in its lock", b.Name, b.Version))
			continue
		}
		add(notice{module: b.Name, version: b.Version, integrity: lock.Packages[at].Integrity}, at)
	}
	for _, tool := range buildTools {
		at := "node_modules/" + tool
		add(notice{module: tool, version: lock.Packages[at].Version}, at)
	}
	return all, errors.Join(problems...)
}

func readJSON(name string, into any) error {
	text, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, into); err != nil {
		return fmt.Errorf("%s: %w", filepath.Base(name), err)
	}
	return nil
}
