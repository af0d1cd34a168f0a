package module_test

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"parley.example/parley/internal/server/servertest"
)

const version = "v0.0.0"

// TestClientFromOutside builds a program of another module against this one as
// a module proxy would serve it, and has it chat with a server. The other
// modules come from the module cache, and from the network only when it lacks them.
func TestClientFromOutside(t *testing.T) {
	proxy, program := t.TempDir(), t.TempDir()
	module := path(t)
	publish(t, proxy, module)

	write(t, filepath.Join(program, "main.go"), read(t, "testdata/outside/main.go"), 0o600)
	write(t, filepath.Join(program, "go.mod"), []byte("module outside.example/chat\n\ngo 1.26.0\n\nrequire "+module+" "+version+"\n"), 0o600)
	write(t, filepath.Join(program, "go.sum"), read(t, filepath.Join(root, "go.sum")), 0o600)
	known := strings.Split(strings.TrimSpace(run(t, root, nil, "go", "env", "GOMODCACHE", "GOPROXY")), "\n")
	env := []string{
		litter,
		"GOPROXY=file://" + filepath.ToSlash(proxy) + ",file://" + filepath.ToSlash(filepath.Join(known[0], "cache", "download")) + "," + known[1],
		"CGO_ENABLED=0", // make build has compiled the standard library so
		"GONOSUMDB=" + module, "GOPRIVATE=", "GONOPROXY=none", "GOWORK=off",
		"GOMODCACHE=" + t.TempDir(),                                 // the version is another content each time
		"GOFLAGS=" + os.Getenv("GOFLAGS") + " -mod=mod -modcacherw", // the flags of this run, whose results are there
	}
	run(t, program, env, "go", "build", quickly(module), "-o", "chat", ".")
	if listed := run(t, program, env, "go", "list", "-m", "-f", "{{.Path}} {{.Version}}{{with .Replace}} replaced{{end}}", module); strings.TrimSpace(listed) != module+" "+version {
		t.Errorf("the program was built with %q; want %s %s", listed, module, version)
	}

	s := servertest.Start(t)
	in := s.Request(t)
	out := run(t, program, nil, "./chat", s.URL, in.InstanceId, in.ContactFlowId)
	if want := "SYSTEM_MESSAGE: Hello\nAna: Good morning\n"; out != want {
		t.Errorf("the program prints %q; want %q", out, want)
	}
}

// publish writes the module as it is now into the directory of a module proxy.
func publish(t *testing.T, proxy, module string) {
	t.Helper()
	dir := filepath.Join(proxy, filepath.FromSlash(module), "@v")
	info, err := json.Marshal(struct {
		Version string
		Time    time.Time
	}{version, time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)})
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "list"), []byte(version+"\n"), 0o600)
	write(t, filepath.Join(dir, version+".info"), info, 0o600)
	write(t, filepath.Join(dir, version+".mod"), read(t, filepath.Join(root, "go.mod")), 0o600)
	write(t, filepath.Join(dir, version+".zip"), pack(t, module), 0o600)
}

// pack returns the zip file of the module: all files but those of modules below it.
func pack(t *testing.T, module string) []byte {
	t.Helper()
	files := tree(t)
	var below []string
	for _, file := range files {
		if dir, ok := strings.CutSuffix(file, "/go.mod"); ok {
			below = append(below, dir+"/")
		}
	}
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, file := range files {
		if slices.ContainsFunc(below, func(dir string) bool { return strings.HasPrefix(file, dir) }) {
			continue
		}
		w, err := z.Create(module + "@" + version + "/" + file)
		if err == nil {
			_, err = w.Write(read(t, filepath.Join(root, file)))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
