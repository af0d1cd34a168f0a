package main

import (
	"bytes"
	"encoding/pem"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"golang.org/x/crypto/x509roots/fallback/bundle"
)

// nobody is the user of the image: with a number that no system gives to a person.
const (
	nobody     = 65532
	nobodyName = "65532:65532"
)

// imageConfig is how a container of the image runs. packaging/Dockerfile says the same;
// a test compares them.
var imageConfig = v1.Config{
	User:         nobodyName,
	Env:          []string{"PATH=/usr/bin", "PARLEY_DATA=/var/lib/parley", "PARLEY_LISTEN=0.0.0.0:8790"},
	Entrypoint:   []string{"/usr/bin/parley"},
	Cmd:          []string{"serve"},
	WorkingDir:   "/var/lib/parley",
	Volumes:      map[string]struct{}{"/var/lib/parley": {}},
	ExposedPorts: map[string]struct{}{"8790/tcp": {}},
	Healthcheck: &v1.HealthConfig{
		Test: []string{"CMD", "/usr/bin/parley", "health"}, Interval: 10 * time.Second, Timeout: 6 * time.Second, StartPeriod: 30 * time.Second, Retries: 3,
	},
}

// writeImage writes one image for all systems, as a tar file of an OCI layout.
func (r *release) writeImage(images []built) error {
	index := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	for _, b := range images {
		image, err := r.image(b)
		if err != nil {
			return err
		}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{
			Add:        image,
			Descriptor: v1.Descriptor{MediaType: types.OCIManifestSchema1, Platform: &v1.Platform{OS: b.os, Architecture: b.arch}},
		})
	}
	index = mutate.Annotations(index, r.annotations()).(v1.ImageIndex)
	dir, err := os.MkdirTemp("", "image-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	// The layout's own index names the image by its version, as tools that read layouts expect.
	path, err := layout.Write(dir, empty.Index)
	if err != nil {
		return err
	}
	if err := path.AppendIndex(index, layout.WithAnnotations(map[string]string{"org.opencontainers.image.ref.name": r.facts.version})); err != nil {
		return err
	}
	all, err := readDir(dir, ".")
	if err != nil {
		return err
	}
	text, err := tarred(all, r.facts.date)
	if err != nil {
		return err
	}
	return r.write("parley_"+r.facts.version+"_image.tar", text)
}

func (r *release) annotations() map[string]string {
	a := map[string]string{
		"org.opencontainers.image.title":    "Parley",
		"org.opencontainers.image.version":  r.facts.version,
		"org.opencontainers.image.revision": r.facts.commit,
		"org.opencontainers.image.created":  r.facts.date.UTC().Format(time.RFC3339),
		"org.opencontainers.image.licenses": "Apache-2.0",
	}
	if r.url != "" {
		a["org.opencontainers.image.source"] = r.url
	}
	return a
}

// image is the image of a binary: one layer.
func (r *release) image(b built) (v1.Image, error) {
	text, err := tarred(rootFiles(b), r.facts.date)
	if err != nil {
		return nil, err
	}
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(text)), nil }, tarball.WithMediaType(types.OCILayer))
	if err != nil {
		return nil, err
	}
	image := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	image, err = mutate.Append(image, mutate.Addendum{Layer: layer, History: v1.History{Created: v1.Time{Time: r.facts.date}, CreatedBy: "make release"}})
	if err != nil {
		return nil, err
	}
	config, err := image.ConfigFile()
	if err != nil {
		return nil, err
	}
	config = config.DeepCopy()
	config.OS, config.Architecture, config.Created, config.Config = b.os, b.arch, v1.Time{Time: r.facts.date}, *imageConfig.DeepCopy()
	config.Config.Labels = r.annotations()
	return mutate.ConfigFile(image, config)
}

// rootFiles are the files of the image.
func rootFiles(b built) files {
	dir := file{mode: fs.ModeDir | 0o755}
	all := files{
		"usr/bin/parley":                    {text: b.binary, mode: 0o755},
		"usr/share/doc/parley/NOTICES.txt":  {text: noticesText(b.notices)},
		"etc/passwd":                        {text: []byte("parley:x:65532:65532:Parley:/var/lib/parley:/sbin/nologin\n")},
		"etc/group":                         {text: []byte("parley:x:65532:\n")},
		"etc/ssl/certs/ca-certificates.crt": {text: certificates()},
		"var/lib/parley":                    {mode: fs.ModeDir | 0o700, uid: nobody},
		"tmp":                               {mode: fs.ModeDir | fs.ModeSticky | 0o777},
	}
	for name := range all {
		for up := filepath.Dir(name); up != "."; up = filepath.Dir(up) {
			if _, ok := all[up]; !ok {
				all[up] = dir
			}
		}
	}
	return all
}

// certificates are the roots that Mozilla trusts without constraints, for calls of the server to
// others. The file cannot say the constraints of the rest.
func certificates() []byte {
	var text bytes.Buffer
	for root := range bundle.Roots() {
		if root.Constraint == nil {
			_ = pem.Encode(&text, &pem.Block{Type: "CERTIFICATE", Bytes: root.Certificate}) // a buffer takes everything
		}
	}
	return text.Bytes()
}
