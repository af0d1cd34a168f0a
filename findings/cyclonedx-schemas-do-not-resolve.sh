#!/usr/bin/env bash
# github.com/CycloneDX/cyclonedx-go v0.12.0: the JSON schemas of CycloneDX that the module ships refer to files that
# are not beside them.
#
# The module has the schemas of all versions in its directory schema, with those that they refer to, so that
# a program can check its bill of materials without a network. But the schema of signatures lies there
# as jsf-0.82.schemax.json, while all of 1.4 to 1.7 ask for jsf-0.82.schema.json; and what 1.7 says of
# algorithms moved to cryptography-defs.schema.json, which is missing. A validator that is given the
# directory fetches both from the project's web site, also for a bill with neither a signature nor
# cryptography in it, and fails where there is no network.
#
# What to do: give the validator the file of signatures under the name that it asks for, and write 1.6.
#
# Seen: bom-1.6.schema.json lacks jsf-0.82.schema.json
#       bom-1.7.schema.json lacks cryptography-defs.schema.json jsf-0.82.schema.json
#       there is jsf-0.82.schemax.json
# Fails when that changes.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
module=$(GOFLAGS=-mod=mod timeout 180 go mod download -json github.com/CycloneDX/cyclonedx-go@v0.12.0 | sed -n 's/.*"Dir": "\(.*\)".*/\1/p')
lacks() {
    local missing=
    for name in $(grep -o '"\$ref": *"[^#"][^"]*"' "$module/schema/$1" | sed 's/.*: *"//; s/"$//; s/#.*//; s|.*/||' | sort -u); do
        [ -e "$module/schema/$name" ] || missing+=" $name"
    done
    echo "$1 lacks${missing:- nothing}"
}
seen=$(lacks bom-1.6.schema.json; lacks bom-1.7.schema.json; cd "$module/schema"; ls jsf* | sed 's/^/there is /')
echo "$seen"
[ "$seen" = "bom-1.6.schema.json lacks jsf-0.82.schema.json
bom-1.7.schema.json lacks cryptography-defs.schema.json jsf-0.82.schema.json
there is jsf-0.82.schemax.json" ] || { echo "this has changed"; exit 1; }
