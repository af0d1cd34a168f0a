package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/validate"
)

// TestImage reads the image: whose each file is, and how a container of it runs.
func TestImage(t *testing.T) {
	r := theRelease(t)
	dir := t.TempDir()
	for name, e := range untar(t, r.text(t, "_image.tar")) {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, e.text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	named, err := layout.ImageIndexFromPath(dir)
	if err != nil {
		t.Fatal(err)
	}
	outer, err := named.IndexManifest()
	if err != nil || len(outer.Manifests) != 1 || outer.Manifests[0].Annotations["org.opencontainers.image.ref.name"] != r.facts.version {
		t.Fatalf("the layout names %+v, %v", outer, err)
	}
	index, err := named.ImageIndex(outer.Manifests[0].Digest)
	if err != nil {
		t.Fatal(err)
	}
	if err := validate.Index(index); err != nil {
		t.Error(err)
	}
	inner, err := index.IndexManifest()
	if err != nil || len(inner.Manifests) != 1 || !inner.Manifests[0].Platform.Equals(v1.Platform{OS: "linux", Architecture: "amd64"}) {
		t.Fatalf("the index has %+v, %v", inner, err)
	}
	image, err := index.Image(inner.Manifests[0].Digest)
	if err != nil {
		t.Fatal(err)
	}
	config, err := image.ConfigFile()
	if err != nil || config.OS != "linux" || config.Architecture != "amd64" || !config.Created.Equal(r.facts.date) || config.Config.User != nobodyName {
		t.Errorf("the configuration is %+v, %v", config, err)
	}
	layers, err := image.Layers()
	if err != nil || len(layers) != 1 {
		t.Fatalf("%d layers, %v", len(layers), err)
	}
	in, err := layers[0].Uncompressed()
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(in)
	if err != nil {
		t.Fatal(err)
	}
	all := untar(t, text)
	for name, want := range map[string]struct {
		mode int64
		uid  int
	}{"usr/bin/parley": {0o755, 0}, "etc/ssl/certs/ca-certificates.crt": {0o644, 0}, "var/lib/parley/": {0o700, nobody}, "tmp/": {0o1777, 0}, "usr/share/doc/parley/NOTICES.txt": {0o644, 0}} {
		if e, ok := all[name]; !ok || e.Mode != want.mode || e.Uid != want.uid || e.Gid != want.uid {
			t.Errorf("%s is there: %t, %d:%d %o; want %d %o", name, ok, e.Uid, e.Gid, e.Mode, want.uid, want.mode)
		}
	}
	if n := bytes.Count(all["etc/ssl/certs/ca-certificates.crt"].text, []byte("BEGIN CERTIFICATE")); n < 50 {
		t.Errorf("the image has %d certificates of authorities", n)
	}
}

// TestDockerfileIsTheImage holds the last stage of packaging/Dockerfile to the configuration of the image.
func TestDockerfileIsTheImage(t *testing.T) {
	text, err := os.ReadFile("../../packaging/Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	_, last, _ := strings.Cut(string(text), "\nFROM scratch\n")
	words := func(list []string) string { return `["` + strings.Join(list, `", "`) + `"]` }
	c := imageConfig
	want := []string{
		"COPY --from=build /rootfs/ /",
		"USER " + c.User, "WORKDIR " + c.WorkingDir, "VOLUME " + sorted(c.Volumes)[0], "EXPOSE " + sorted(c.ExposedPorts)[0],
		"HEALTHCHECK --interval=" + c.Healthcheck.Interval.String() + " --timeout=" + c.Healthcheck.Timeout.String() + " --start-period=" + c.Healthcheck.StartPeriod.String() + " --retries=3 CMD " + words(c.Healthcheck.Test[1:]),
		"ENTRYPOINT " + words(c.Entrypoint), "CMD " + words(c.Cmd),
	}
	for _, variable := range c.Env {
		want = append(want, "ENV "+variable)
	}
	got := regexp.MustCompile(`(?m)^[A-Z]+ .*$`).FindAllString(last, -1)
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("the Dockerfile says\n%s\nthe image\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
