package restjson

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"strings"
	"unicode"
)

// maxResponse bounds what a client reads of a response.
const maxResponse = 64 << 20

// ClientConfig says how to reach an API.
type ClientConfig struct {
	// Endpoint is the URL in front of every path, as in http://127.0.0.1:8080 or https://h/base.
	Endpoint string

	// HTTPClient does the calls; nil means http.DefaultClient. See also [InProcess].
	HTTPClient *http.Client

	// Sign is called last on each request, with its body. It may set headers and the query.
	Sign func(r *http.Request, body []byte) error

	// UserAgent is sent where it is not empty.
	UserAgent string

	// NewToken makes idempotency tokens; nil means random UUIDs.
	NewToken func() string
}

// Client calls an API. Generated clients hold one.
type Client struct {
	API    *API
	Config ClientConfig
}

// Called is implemented by the inputs whose types have code of their own.
type Called interface{ CallHTTP(*Outgoing) }

// Token returns a fresh idempotency token.
func (c *Client) Token() string {
	if c.Config.NewToken != nil {
		return c.Config.NewToken()
	}
	return newUUID()
}

// Do implements [Caller]: it sends one request and reads its answer. It does not retry. The error is
// an exception of the model, an [*APIError], or what kept the call from being made or answered.
func (c *Client) Do(ctx context.Context, op *Operation, in, out any) error {
	r, err := op.Request(in)
	if err != nil {
		return fmt.Errorf("%s: %w", op.Name, err)
	}
	url := strings.TrimSuffix(c.Config.Endpoint, "/") + r.Path
	if r.Query != "" {
		url += "?" + r.Query
	}
	req, err := http.NewRequestWithContext(ctx, r.Method, url, bytes.NewReader(r.Body))
	if err != nil {
		return fmt.Errorf("%s: %w", op.Name, err)
	}
	req.Header = r.Header
	if c.Config.UserAgent != "" {
		req.Header.Set("User-Agent", c.Config.UserAgent)
	}
	if c.Config.Sign != nil {
		if err := c.Config.Sign(req, r.Body); err != nil {
			return fmt.Errorf("%s: sign: %w", op.Name, err)
		}
	}
	client := c.Config.HTTPClient
	if client == nil {
		client = http.DefaultClient
	}
	res, err := client.Do(req)
	if err != nil {
		return fmt.Errorf("%s: %w", op.Name, err)
	}
	defer func() { _ = res.Body.Close() }() // read to its end or given up
	body, err := io.ReadAll(io.LimitReader(res.Body, maxResponse+1))
	if err != nil {
		return fmt.Errorf("%s: read the response: %w", op.Name, err)
	}
	if len(body) > maxResponse {
		return fmt.Errorf("%s: the response is larger than %d bytes", op.Name, maxResponse)
	}
	if res.StatusCode < 200 || res.StatusCode > 299 {
		return c.API.parseError(res.StatusCode, res.Header, body)
	}
	if err := Unmarshal(body, out); err != nil {
		return fmt.Errorf("%s: read the response: %w", op.Name, err)
	}
	return nil
}

// parseError reads an error response, looking for the code where the SDKs do and in their order: the
// header, then code and __type of the body; without any it is the status.
func (a *API) parseError(status int, header http.Header, body []byte) error {
	var e errorBody
	if Unmarshal(body, &e) != nil {
		e, body = errorBody{message: plainText(body)}, nil // of a proxy, or of a server for something else
	}
	meta := ResponseMetadata{RequestID: header.Get("X-Amzn-Requestid"), StatusCode: status}
	for _, code := range []string{header.Get("X-Amzn-Errortype"), e.code, e.kind, fmt.Sprint(status)} {
		if _, after, ok := strings.Cut(code, "#"); ok {
			code = after
		}
		if i := strings.IndexAny(code, ":,"); i >= 0 {
			code = code[:i]
		}
		code = strings.TrimSpace(code)
		if code == "" {
			continue
		}
		if make := a.Exceptions[code]; make != nil {
			x := make()
			if Unmarshal(body, x) == nil {
				x.SetResponse(meta)
				return x
			}
		}
		return &APIError{Code: code, Message: e.message, Status: status, ResponseMetadata: meta}
	}
	return nil // not reached: the status is never empty
}

// plainText returns a body that is one short line to be read by people, and
// "" for any other: "Client sent an HTTP request to an HTTPS server." is one, a page of HTML or half an answer is not.
func plainText(body []byte) string {
	line := strings.TrimSpace(string(body))
	if line == "" || len(line) > 200 || strings.ContainsRune("<{[", rune(line[0])) || strings.ContainsFunc(line, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return ""
	}
	return line
}

// errorBody is the part of an error body that all errors share.
type errorBody struct{ code, kind, message string }

func (e *errorBody) DecodeJSON(d *Decoder) {
	if !d.Object() {
		return
	}
	for d.Next() {
		switch string(d.Key()) {
		case "code", "Code":
			e.code = looseString(d)
		case "__type":
			e.kind = looseString(d)
		case "message", "Message", "errorMessage":
			e.message = looseString(d)
		default:
			d.Skip()
		}
	}
}

// looseString reads a string and passes over anything else.
func looseString(d *Decoder) string {
	if d.peek() == '"' {
		return d.String()
	}
	d.Skip()
	return ""
}

// newUUID returns a random UUID, version 4.
func newUUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails: the runtime ends the program instead
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	var s [36]byte
	hex.Encode(s[:8], b[:4])
	hex.Encode(s[9:13], b[4:6])
	hex.Encode(s[14:18], b[6:8])
	hex.Encode(s[19:23], b[8:10])
	hex.Encode(s[24:], b[10:])
	s[8], s[13], s[18], s[23] = '-', '-', '-', '-'
	return string(s[:])
}
