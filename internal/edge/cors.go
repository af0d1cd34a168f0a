package edge

import (
	"net/http"
	"strings"
)

// CORS says which pages a browser lets read an answer.
type CORS int

const (
	// SameOrigin leaves it to the browser: pages of the server itself.
	SameOrigin CORS = iota
	// AnyOrigin lets any page read the answer, good or bad: the participant API is
	// called from any site, and its credential is a header that no page has by itself.
	AnyOrigin
)

// What browsers are allowed to send and see. The list is explicit because "*"
// does not cover Authorization. Attachments ask for further headers, which
// preflight adds from what the browser names.
const (
	allowedHeaders = "authorization, content-type, x-amz-bearer, x-amz-content-sha256, x-amz-date, x-amz-user-agent, x-amz-security-token, x-amzn-trace-id, amz-sdk-invocation-id, amz-sdk-request, x-parley-after-end"
	exposedHeaders = "x-amzn-errortype, x-amzn-requestid, retry-after, x-amz-retry-after, etag, x-parley-debug-reason"
)

// allowOrigin lets any page read the answer.
func allowOrigin(h http.Header, r *http.Request) {
	if origin := r.Header.Get("Origin"); origin != "" {
		h["Access-Control-Allow-Origin"] = []string{"*"}
		h["Access-Control-Expose-Headers"] = []string{exposedHeaders}
	}
}

func preflight(h http.Header, r *http.Request) {
	var allowed strings.Builder
	allowed.WriteString(allowedHeaders)
	for name := range strings.SplitSeq(r.Header.Get("Access-Control-Request-Headers"), ",") {
		name = strings.ToLower(strings.TrimSpace(name))
		// Uploads carry what StartAttachmentUpload asked for.
		if strings.HasPrefix(name, "x-amz-meta-") || name == "x-amz-acl" || name == "content-disposition" {
			allowed.WriteString(", " + name)
		}
	}
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Access-Control-Allow-Methods", "GET, HEAD, POST, PUT, DELETE, OPTIONS")
	h.Set("Access-Control-Allow-Headers", allowed.String())
	h.Set("Access-Control-Max-Age", "7200")
}
