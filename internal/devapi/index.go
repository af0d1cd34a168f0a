package devapi

import (
	"encoding/json"
	"net/http"
	"strings"
)

// Endpoint is one thing that the developer API can be asked.
type Endpoint struct {
	Method, Path string
	Help         string // in a line
}

// Index lists the endpoints at /dev, for people to read: JSON, an endpoint a line. A
// path below it that nothing answers is answered with the list too, as 404.
type Index []Endpoint

func (x Index) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var b strings.Builder
	b.WriteString("[\n")
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	for i, e := range x {
		if i > 0 {
			b.WriteString(",")
		}
		if err := encoder.Encode(e); err != nil {
			return // strings always encode
		}
	}
	b.WriteString("]\n")
	w.Header().Set("Content-Type", "application/json")
	if strings.TrimSuffix(r.URL.Path, "/") != "/dev" {
		w.WriteHeader(http.StatusNotFound)
	}
	w.Write([]byte(b.String())) // if the client is gone there is nobody to report an error to
}
