package integration

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode"
)

const (
	maxProblem = 300      // bytes of another system's text that an error quotes
	maxRemark  = 4 << 10  // bytes read of an answer that matters only if it is an error
	maxHeader  = 64 << 10 // bytes of headers in an answer
)

// NewClient returns an HTTP client for outgoing calls: many connections to few
// hosts, each bounded in the time it may take to be made. Requests are bounded
// by their contexts.
func NewClient() *http.Client {
	dialer := net.Dialer{Timeout: 5 * time.Second, KeepAlive: 30 * time.Second}
	return &http.Client{Transport: &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            dialer.DialContext,
		TLSHandshakeTimeout:    5 * time.Second,
		ForceAttemptHTTP2:      true,
		MaxIdleConns:           256,
		MaxIdleConnsPerHost:    64,
		IdleConnTimeout:        90 * time.Second,
		MaxResponseHeaderBytes: maxHeader,
	}}
}

// statusError is an answer with a status other than success.
type statusError struct {
	status int
	said   string
}

func (e *statusError) Error() string {
	text := fmt.Sprintf("answered %d %s", e.status, http.StatusText(e.status))
	if e.said != "" {
		text += ": " + e.said
	}
	return text
}

// temporary reports whether the same request may succeed later: after
// throttling, a server error, or no answer at all.
func temporary(err error) bool {
	if e, ok := errors.AsType[*statusError](err); ok {
		return e.status == http.StatusTooManyRequests || e.status >= 500
	}
	_, answered := errors.AsType[*answerError](err)
	return !answered
}

// answerError is an answer that arrived but is unusable; a retry does not help.
type answerError struct{ text string }

func (e *answerError) Error() string { return e.text }

// exchange sends a request and reads at most limit bytes of the answer,
// whatever its status. more reports that there would have been more.
func exchange(client *http.Client, r *http.Request, limit int64) (res *http.Response, body []byte, more bool, err error) {
	if client == nil {
		client = http.DefaultClient
	}
	direct := *client
	direct.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	res, err = direct.Do(r)
	if err != nil {
		return nil, nil, false, bare(err)
	}
	from := res.Body
	defer func() { _ = from.Close() }() // read to the end, or abandoned
	body, err = io.ReadAll(io.LimitReader(from, limit+1))
	if err != nil {
		return nil, nil, false, fmt.Errorf("read the answer: %w", bare(err))
	}
	if int64(len(body)) > limit {
		return res, body[:limit], true, nil
	}
	return res, body, false, nil
}

// bare removes the URL from an error of net/http: it may contain a secret.
func bare(err error) error {
	if e, ok := errors.AsType[*url.Error](err); ok {
		return e.Err
	}
	return err
}

// quote makes another system's text safe for an error or a log: one line of
// printable characters, at most [maxProblem] bytes.
func quote[S string | []byte](s S) string {
	if len(s) > maxProblem {
		s = s[:maxProblem]
	}
	clean := strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, strings.ToValidUTF8(string(s), ""))
	return strings.Join(strings.Fields(clean), " ")
}

// checkURL refuses what is not an absolute http or https URL.
func checkURL(s string) error {
	u, err := url.Parse(s)
	switch {
	case err != nil:
		return errors.New("is not a URL")
	case u.Scheme != "http" && u.Scheme != "https":
		return errors.New("must begin with http:// or https://")
	case u.Host == "":
		return errors.New("has no host")
	}
	return nil
}
