package ui

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"html/template"
	"net/http"
)

//go:embed assets/home.css
var homeStyle string

// Home is the page at / of a server outside development mode: it says what this
// address is. It has its style in itself, since nothing else is served there.
type Home struct{}

// homePage is written once; the package's test finds one that does not parse.
var homePage = func() []byte {
	var b bytes.Buffer
	page := template.Must(template.ParseFS(files, "assets/home.html"))
	if err := page.Execute(&b, template.CSS(homeStyle)); err != nil {
		panic(err) // a mistake in the program
	}
	return b.Bytes()
}()

// homePolicy allows that style and nothing else.
var homePolicy = func() string {
	sum := sha256.Sum256([]byte(homeStyle))
	return "default-src 'none'; img-src data:; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
}()

func (Home) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", homePolicy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Content-Type", "text/html; charset=utf-8")
	w.Write(homePage) // if the client is gone there is nobody to report an error to
}
