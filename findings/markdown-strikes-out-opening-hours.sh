#!/usr/bin/env bash
# marked 18.2.1 and github.com/yuin/goldmark v1.8.7 (with its GFM extension) strike out opening hours that are
# written with tildes; markdown-it 15.0.3 shows them as they were typed.
#
# "9:00~12:00, 13:00~18:00" is how hours and ranges are written in Korea, Japan and China. GitHub's flavour
# of Markdown strikes out what stands between single tildes too, and both do so inside of words and
# numbers: the customer reads that the shop is closed from noon. markdown-it knows double tildes
# only, as did goldmark v1.4.13 here. The same text/markdown message therefore says one thing in the
# agent's page and another in the customer's, and a message with a single range in it looks right
# in all of them.
#
# What to do: where the text is ours, write ranges with an en dash or escape the tilde (\~, which all three
# show as a tilde); in a page that uses marked, replace its "del" tokenizer by one for double tildes.
#
# Seen with Node.js 20 and Go 1.26:
#   marked:      <p>9:00<del>12:00, 13:00</del>18:00</p>
#   goldmark:    <p>9:00<del>12:00, 13:00</del>18:00</p>
#   markdown-it: <p>9:00~12:00, 13:00~18:00</p>
#   with the tildes escaped, all three: <p>9:00~12:00, 13:00~18:00</p>
# Fails when one of them does otherwise.
set -euo pipefail
dir=$(mktemp -d)
trap 'chmod -R u+w "$dir"; rm -rf "$dir"' EXIT
cd "$dir"
cat > go.mod <<'MOD'
module example.test/markdown

go 1.26.0
MOD
cat > main.go <<'GO'
package main

import (
	"fmt"
	"os"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
)

func main() {
	if err := goldmark.New(goldmark.WithExtensions(extension.GFM)).Convert([]byte(os.Args[1]), os.Stdout); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}
GO
cat > main.mjs <<'JS'
import { marked } from 'marked'
import MarkdownIt from 'markdown-it'
const [, , renderer, text] = process.argv
process.stdout.write(renderer === 'marked' ? marked.parse(text) : new MarkdownIt().render(text))
JS
export CGO_ENABLED=0 GOFLAGS=-mod=mod
timeout 180 go get github.com/yuin/goldmark@v1.8.7 >/dev/null 2>&1
go mod tidy >/dev/null 2>&1
go build -o goldmark .
echo '{"private":true}' > package.json
timeout 180 npm install --no-audit --no-fund --ignore-scripts --loglevel=error marked@18.2.1 markdown-it@15.0.3 >/dev/null 2>&1
hours='9:00~12:00, 13:00~18:00' changed=
show() { # show NAME TEXT EXPECTED COMMAND…
    local name=$1 text=$2 expected=$3 html
    shift 3
    html=$("$@" "$text")
    echo "$name $html"
    [ "$html" = "$expected" ] || changed=1
}
plain="<p>$hours</p>" struck='<p>9:00<del>12:00, 13:00</del>18:00</p>'
show 'marked:     ' "$hours" "$struck" node main.mjs marked
show 'goldmark:   ' "$hours" "$struck" ./goldmark
show 'markdown-it:' "$hours" "$plain" node main.mjs markdown-it
echo 'with the tildes escaped:'
escaped=${hours//\~/\\~}
show 'marked:     ' "$escaped" "$plain" node main.mjs marked
show 'goldmark:   ' "$escaped" "$plain" ./goldmark
show 'markdown-it:' "$escaped" "$plain" node main.mjs markdown-it
[ -z "$changed" ] || { echo "this has changed"; exit 1; }
