#!/usr/bin/env bash
# helm.sh/helm/v3 v3.18.6: used as a Go library, or built by `go install`, Helm takes the cluster for Kubernetes 1.20, a
# version that was over in 2022. A chart with a kubeVersion of today is then refused as incompatible, and
# templates that ask .Capabilities.KubeVersion take the branch for a cluster of that age.
#
# The real version, that of the client libraries in its go.mod, gets in by -ldflags of Helm's own Makefile, and
# nowhere else: rendering without a cluster (lint, template, tests of charts in Go) rests on it.
#
# What to do: give the version (--kube-version, Capabilities.KubeVersion), or build Helm with
#   -ldflags '-X helm.sh/helm/v3/pkg/chartutil.k8sVersionMajor=1 -X helm.sh/helm/v3/pkg/chartutil.k8sVersionMinor=…'
#
# Seen with Go 1.26:
#   the cluster is said to be v1.20.0
#   kubeVersion ">=1.25.0-0" is compatible: false
#   the client libraries are of Kubernetes 1.33
# Fails when this changes.
set -euo pipefail
dir=$(mktemp -d)
trap 'chmod -R u+w "$dir"; rm -rf "$dir"' EXIT
cd "$dir"
cat > go.mod <<'MOD'
module example.test/chart

go 1.26.0
MOD
cat > main.go <<'GO'
package main

import (
	"fmt"
	"os"
	"runtime/debug"
	"strings"

	"helm.sh/helm/v3/pkg/chartutil"
)

func main() {
	changed := false
	say := func(got, want string) {
		fmt.Println(got)
		changed = changed || got != want
	}
	version := chartutil.DefaultCapabilities.KubeVersion
	say("the cluster is said to be "+version.String(), "the cluster is said to be v1.20.0")
	say(fmt.Sprintf("kubeVersion %q is compatible: %t", ">=1.25.0-0", chartutil.IsCompatibleRange(">=1.25.0-0", version.String())),
		`kubeVersion ">=1.25.0-0" is compatible: false`)
	info, _ := debug.ReadBuildInfo()
	for _, m := range info.Deps {
		if m.Path == "k8s.io/client-go" {
			minor, _, _ := strings.Cut(strings.TrimPrefix(m.Version, "v0."), ".")
			say("the client libraries are of Kubernetes 1."+minor, "the client libraries are of Kubernetes 1.33")
		}
	}
	if changed {
		fmt.Println("this has changed")
		os.Exit(1)
	}
}
GO
export CGO_ENABLED=0 GOFLAGS=-mod=mod
timeout 300 go get helm.sh/helm/v3@v3.18.6 >/dev/null 2>&1
go run .
