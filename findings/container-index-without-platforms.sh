#!/usr/bin/env bash
# github.com/google/go-containerregistry v0.22.1: an index made of an arm64 and an amd64 image names
# neither platform, and a pull for amd64 then gets whichever image was added first.
#
# mutate.AppendManifests writes the descriptor's Platform only when the caller fills it in; it does
# not read the architecture that the image's own configuration holds. Everything is pushed without a
# complaint. On the other side remote.Image takes a descriptor without a platform for linux/amd64: who
# asks for amd64 is handed the arm64 image, and who asks for arm64 is told that there is none. What
# was built passes where the image that happens to be first is the right one.
#
# What to do: read each image's ConfigFile and set IndexAddendum.Descriptor.Platform from its Platform(),
# and after pushing pull every platform again and compare the configuration's architecture.
#
# Seen with Go 1.26, against the module's own registry on loopback:
#   arm64 added first, no platform: amd64 gets arm64, arm64 gets nothing
#   amd64 added first, no platform: amd64 gets amd64, arm64 gets nothing
#   arm64 added first, platform:    amd64 gets amd64, arm64 gets arm64
# Fails when this changes.
set -euo pipefail
dir=$(mktemp -d)
trap 'chmod -R u+w "$dir"; rm -rf "$dir"' EXIT
cd "$dir"
cat > go.mod <<'MOD'
module example.test/index

go 1.26.0
MOD
cat > main.go <<'GO'
package main

import (
	"fmt"
	"io"
	"log"
	"net/http/httptest"
	"os"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

func must[T any](v T, err error) T {
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	return v
}

// pulled pushes an index of images for the architectures, in that order, and says what each platform gets.
func pulled(tag name.Reference, withPlatform bool, architectures ...string) string {
	index := v1.ImageIndex(empty.Index)
	for _, architecture := range architectures {
		config := must(empty.Image.ConfigFile()).DeepCopy()
		config.OS, config.Architecture = "linux", architecture
		add := mutate.IndexAddendum{Add: must(mutate.ConfigFile(empty.Image, config))}
		if withPlatform {
			add.Platform = config.Platform()
		}
		index = mutate.AppendManifests(index, add)
	}
	must(0, remote.WriteIndex(tag, index))
	var got []string
	for _, architecture := range []string{"amd64", "arm64"} {
		found := "nothing"
		if image, err := remote.Image(tag, remote.WithPlatform(v1.Platform{OS: "linux", Architecture: architecture})); err == nil {
			found = must(image.ConfigFile()).Architecture
		}
		got = append(got, architecture+" gets "+found)
	}
	return strings.Join(got, ", ")
}

func main() {
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	defer server.Close()
	tag := must(name.ParseReference(strings.TrimPrefix(server.URL, "http://") + "/chat:1"))
	changed := false
	for _, test := range []struct{ what, got, want string }{
		{"arm64 added first, no platform:", pulled(tag, false, "arm64", "amd64"), "amd64 gets arm64, arm64 gets nothing"},
		{"amd64 added first, no platform:", pulled(tag, false, "amd64", "arm64"), "amd64 gets amd64, arm64 gets nothing"},
		{"arm64 added first, platform:   ", pulled(tag, true, "arm64", "amd64"), "amd64 gets amd64, arm64 gets arm64"},
	} {
		fmt.Println(test.what, test.got)
		changed = changed || test.got != test.want
	}
	if changed {
		fmt.Println("this has changed")
		os.Exit(1)
	}
}
GO
export CGO_ENABLED=0 GOFLAGS=-mod=mod
timeout 180 go get github.com/google/go-containerregistry@v0.22.1 >/dev/null 2>&1
go mod tidy >/dev/null 2>&1
go run .
