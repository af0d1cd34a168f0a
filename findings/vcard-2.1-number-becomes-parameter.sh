#!/usr/bin/env bash
# github.com/emersion/go-vcard v0.0.0-20260618161152-d854b7e0e2d3: of a contact in vCard 2.1, which phones still
# send, the telephone number becomes the value of a parameter, and the field is empty. No error.
#
# vCard 2.1 writes parameters without a name, "TEL;CELL:+1…"; later versions write TYPE=CELL. The decoder
# takes VERSION:2.1 as it takes any other, reads the last bare word as the name of a parameter, and
# what follows the colon as that parameter's value. "TEL;WORK;VOICE:" and "TEL;HOME:" go the same way, and a
# name in quoted-printable, which is how 2.1 writes letters with accents, is handed out encoded.
# Whoever takes the number from a contact that a customer has attached finds a contact without one.
#
# What to do: look at VERSION before the fields, and for 2.1 put "TYPE=" before bare parameters (and decode
# by ENCODING) before the decoder sees the lines.
#
# Seen with Go 1.26:
#   2.1: TEL "", parameters map[CELL:[+12065550100]]; N "M=C3=BCller;Ann;;;"
#   3.0: TEL "+12065550100", parameters map[TYPE:[CELL]]; N "Müller;Ann;;;"
# Fails when the decoder finds the number or refuses the version.
set -euo pipefail
dir=$(mktemp -d)
trap 'chmod -R u+w "$dir"; rm -rf "$dir"' EXIT
cd "$dir"
cat > go.mod <<'MOD'
module example.test/contact

go 1.26.0
MOD
cat > main.go <<'GO'
package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/emersion/go-vcard"
)

// read says what the decoder makes of a contact's number and name.
func read(lines ...string) string {
	card, err := vcard.NewDecoder(strings.NewReader(strings.Join(lines, "\r\n") + "\r\n")).Decode()
	if err != nil {
		return err.Error()
	}
	number := card.Get(vcard.FieldTelephone)
	return fmt.Sprintf("TEL %q, parameters %v; N %q", number.Value, number.Params, card.Value(vcard.FieldName))
}

func main() {
	old := read("BEGIN:VCARD", "VERSION:2.1", "N;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:M=C3=BCller;Ann;;;", "TEL;CELL:+12065550100", "END:VCARD")
	later := read("BEGIN:VCARD", "VERSION:3.0", "N:Müller;Ann;;;", "FN:Ann Müller", "TEL;TYPE=CELL:+12065550100", "END:VCARD")
	fmt.Println("2.1:", old)
	fmt.Println("3.0:", later)
	if old != `TEL "", parameters map[CELL:[+12065550100]]; N "M=C3=BCller;Ann;;;"` ||
		later != `TEL "+12065550100", parameters map[TYPE:[CELL]]; N "Müller;Ann;;;"` {
		fmt.Println("this has changed")
		os.Exit(1)
	}
}
GO
export CGO_ENABLED=0 GOFLAGS=-mod=mod
timeout 180 go get github.com/emersion/go-vcard@v0.0.0-20260618161152-d854b7e0e2d3 >/dev/null 2>&1
go run .
