#!/usr/bin/env bash
# github.com/nyaruka/phonenumbers v1.8.1: the national form of an Argentine mobile number has lost its area
# code, and read back it is another number. libphonenumber-js 1.13.16 formats the same numbers rightly.
#
# Numbers are formatted by a pattern of groups, and the national prefix goes before the group that the
# pattern names first. For nearly every country that is the first group; for Argentine mobiles it is
# the second, since +54 9 11 … becomes 011 15-…: the 9 goes and 15 comes in. The Go port puts in the text
# "0$1" as it stands, which means the first group again: "09", whatever the area code was. The
# library's examples of fixed, mobile and toll-free numbers of all other regions survive the way to the
# national form and back, so tests with a handful of countries show nothing. A desk that shows callers in
# national form shows numbers that reach nobody, and one that stores that form has lost the customer.
#
# What to do: keep E.164 and nothing else, and show INTERNATIONAL, which is right.
#
# Seen with Go 1.26 and Node.js 20:
#   Go:         +5491123456789 is 09 15-2345-6789, read back +5491523456789
#   Go:         +5493512345678 is 09 15-234-5678, read back +549152345678
#   JavaScript: +5491123456789 is 011 15-2345-6789, read back +5491123456789
#   JavaScript: +5493512345678 is 0351 15-234-5678, read back +5493512345678
# Fails when the Go port keeps the area code.
set -euo pipefail
dir=$(mktemp -d)
trap 'chmod -R u+w "$dir"; rm -rf "$dir"' EXIT
cd "$dir"
cat > go.mod <<'MOD'
module example.test/phone

go 1.26.0
MOD
cat > main.go <<'GO'
package main

import (
	"fmt"
	"os"

	"github.com/nyaruka/phonenumbers"
)

func main() {
	for _, e164 := range os.Args[1:] {
		number, err := phonenumbers.Parse(e164, "")
		if err != nil || !phonenumbers.IsValidNumber(number) {
			fmt.Println(e164, "is not valid:", err)
			os.Exit(1)
		}
		national := phonenumbers.Format(number, phonenumbers.NATIONAL)
		back, err := phonenumbers.Parse(national, "AR")
		if err != nil {
			fmt.Println(national, "is not read:", err)
			os.Exit(1)
		}
		fmt.Printf("%s is %s, read back %s\n", e164, national, phonenumbers.Format(back, phonenumbers.E164))
	}
}
GO
cat > main.mjs <<'JS'
import { parsePhoneNumber } from 'libphonenumber-js/max'
for (const e164 of process.argv.slice(2)) {
  const national = parsePhoneNumber(e164).formatNational()
  console.log(`${e164} is ${national}, read back ${parsePhoneNumber(national, 'AR').number}`)
}
JS
export CGO_ENABLED=0 GOFLAGS=-mod=mod
timeout 180 go get github.com/nyaruka/phonenumbers@v1.8.1 >/dev/null 2>&1
go mod tidy >/dev/null 2>&1
echo '{"private":true}' > package.json
timeout 180 npm install --no-audit --no-fund --ignore-scripts --loglevel=error libphonenumber-js@1.13.16 >/dev/null 2>&1
numbers=(+5491123456789 +5493512345678)
ingo=$(go run . "${numbers[@]}")
injs=$(timeout 30 node main.mjs "${numbers[@]}")
sed 's/^/Go:         /' <<<"$ingo"
sed 's/^/JavaScript: /' <<<"$injs"
[ "$ingo" = '+5491123456789 is 09 15-2345-6789, read back +5491523456789
+5493512345678 is 09 15-234-5678, read back +549152345678' ] &&
[ "$injs" = '+5491123456789 is 011 15-2345-6789, read back +5491123456789
+5493512345678 is 0351 15-234-5678, read back +5493512345678' ] || { echo "this has changed"; exit 1; }
