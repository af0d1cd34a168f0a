#!/usr/bin/env bash
# sigs.k8s.io/yaml v1.6.0: UnmarshalStrict takes `containerport` for `containerPort` without a word. A cluster does not:
# the API server reads with sigs.k8s.io/json, which tells cases apart, and with strict field validation refuses
# the very manifest that the "strict" function of the sister package has let through.
#
# UnmarshalStrict turns the text into JSON and hands it to encoding/json with DisallowUnknownFields, which
# matches names whatever their case. So a check of manifests in Go that rests on it (and most do: it is what
# examples show) finds misspelt members, but not those that are misspelt in case alone.
#
# What to do: YAMLToJSON, then json.UnmarshalStrict of sigs.k8s.io/json, and look at the strict errors that it returns.
#
# Seen with Go 1.26:
#   sigs.k8s.io/yaml, strict: port 8790, error: <nil>
#   sigs.k8s.io/json, strict: port 0, complaints: [unknown field "containerport"]
# Fails when this changes.
set -euo pipefail
dir=$(mktemp -d)
trap 'chmod -R u+w "$dir"; rm -rf "$dir"' EXIT
cd "$dir"
cat > go.mod <<'MOD'
module example.test/manifest

go 1.26.0
MOD
cat > main.go <<'GO'
package main

import (
	"fmt"
	"os"

	"sigs.k8s.io/json"
	"sigs.k8s.io/yaml"
)

type port struct {
	ContainerPort int `json:"containerPort"`
}

func main() {
	manifest := []byte("containerport: 8790\n")
	changed := false
	say := func(got, want string) {
		fmt.Println(got)
		changed = changed || got != want
	}
	var lax, strict port
	err := yaml.UnmarshalStrict(manifest, &lax)
	say(fmt.Sprintf("sigs.k8s.io/yaml, strict: port %d, error: %v", lax.ContainerPort, err), "sigs.k8s.io/yaml, strict: port 8790, error: <nil>")
	text, err := yaml.YAMLToJSON(manifest)
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	complaints, err := json.UnmarshalStrict(text, &strict)
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	say(fmt.Sprintf("sigs.k8s.io/json, strict: port %d, complaints: %v", strict.ContainerPort, complaints),
		`sigs.k8s.io/json, strict: port 0, complaints: [unknown field "containerport"]`)
	if changed {
		fmt.Println("this has changed")
		os.Exit(1)
	}
}
GO
export CGO_ENABLED=0 GOFLAGS=-mod=mod
timeout 180 go get sigs.k8s.io/yaml@v1.6.0 sigs.k8s.io/json@v0.0.0-20250730193827-2d320260d730 >/dev/null 2>&1
go run .
