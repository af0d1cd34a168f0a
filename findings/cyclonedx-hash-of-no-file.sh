#!/usr/bin/env bash
# github.com/CycloneDX/cyclonedx-gomod v1.10.0: the SHA-256 that a bill of materials gives for a Go module is the
# SHA-256 of no file that anybody has.
#
# CycloneDX lets a component carry the hashes of its file, and tools that check a bill of materials against an
# archive, or look a component up by hash, take them so. For Go modules the tool fills in the "h1:" sum
# of go.sum, turned from base64 to hexadecimal: the hash of a list of the hashes of the files in the
# module. It is labelled SHA-256 like any other, and matches neither the module's zip, nor what a
# mirror or a scanner computes from the same bytes: every Go module looks tampered with.
#
# What to do: check such a component against go.sum, in base64, and keep hash look-ups to the purl.
#
# Seen with Go 1.26, for github.com/google/uuid v1.6.0:
#   SHA-256 in the bill of materials: 348bda24330eb231c0f27d630212d2833ac0cf2d4782bfa136b6f9edefbde05d
#   SHA-256 of the module's zip:      d0f02f377217f42702e259684e06441edbf5140dddcc34ba9bea56038b38a6ed
#   h1 of go.sum, in hexadecimal:     348bda24330eb231c0f27d630212d2833ac0cf2d4782bfa136b6f9edefbde05d
# Fails when the first is no longer the third.
set -euo pipefail
dir=$(mktemp -d)
trap 'chmod -R u+w "$dir"; rm -rf "$dir"' EXIT
cd "$dir"
cat > go.mod <<'MOD'
module example.test/bill

go 1.26.0
MOD
cat > main.go <<'GO'
package main

import (
	"fmt"

	"github.com/google/uuid"
)

func main() { fmt.Println(uuid.Nil) }
GO
export CGO_ENABLED=0
GOFLAGS= GOBIN=$dir/bin timeout 400 go install -trimpath github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod@v1.10.0 >/dev/null 2>&1
export GOFLAGS=-mod=mod
timeout 180 go get github.com/google/uuid@v1.6.0 >/dev/null 2>&1
zip=$(sed -n 's/.*"Zip": "\(.*\)".*/\1/p' <<<"$(timeout 180 go mod download -json github.com/google/uuid@v1.6.0)")
stated=$(timeout 60 bin/cyclonedx-gomod mod -json . 2>/dev/null |
    sed -n '/"bom-ref": "pkg:golang\/github.com\/google\/uuid@/,/"purl"/s/.*"content": "\(.*\)".*/\1/p')
archive=$(sha256sum "$zip" | cut -d ' ' -f 1)
sum=$(sed -n 's/^github.com\/google\/uuid v1.6.0 h1://p' go.sum | base64 -d | od -An -v -tx1 | tr -d ' \n')
echo "SHA-256 in the bill of materials: $stated"
echo "SHA-256 of the module's zip:      $archive"
echo "h1 of go.sum, in hexadecimal:     $sum"
[ -n "$stated" ] && [ "$stated" = "$sum" ] && [ "$stated" != "$archive" ] || { echo "this has changed"; exit 1; }
