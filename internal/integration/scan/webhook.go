package scan

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/integration"
)

// maxAnswer is how many bytes of a webhook's answer are read.
const maxAnswer = 4 << 10

// askWebhook has an endpoint look at a file: a POST whose body are the bytes of the file, with
//
//	Content-Type         its media type, as its sender has said
//	X-Parley-File-Name   its name, percent-encoded
//	X-Parley-Attachment  its AttachmentId
//	X-Parley-Contact     the InitialContactId of its chat
//	X-Parley-Signature   see [integration.SignatureHeader]
//
// The answer is 200 with {"verdict": "APPROVED"} or {"verdict": "REJECTED", "reason": "…"}.
// Everything else is no verdict: a page of a proxy must not let a file pass.
func (s *Scanner) askWebhook(ctx context.Context, f *file) (verdict, error) {
	signed, err := f.open(ctx)
	if err != nil {
		return verdict{}, err
	}
	signature, err := integration.Sign(s.Secret, s.Now(), signed)
	if err := cmp.Or(err, signed.Close()); err != nil {
		return verdict{}, err
	}
	body, err := f.open(ctx) // again: the signature goes before the bytes
	if err != nil {
		return verdict{}, err
	}
	defer body.Close()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL, io.NopCloser(io.LimitReader(body, f.Size)))
	if err != nil {
		return verdict{}, err
	}
	r.ContentLength = f.Size
	r.Header.Set("Content-Type", f.mediaType())
	r.Header.Set("X-Parley-File-Name", url.PathEscape(f.Name))
	r.Header.Set("X-Parley-Attachment", f.ID)
	r.Header.Set("X-Parley-Contact", string(f.chat))
	r.Header.Set(integration.SignatureHeader, signature)
	client := *s.Client
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	res, err := client.Do(r)
	if err != nil {
		if e, ok := errors.AsType[*url.Error](err); ok {
			err = e.Err // without the URL, which may contain a secret
		}
		return verdict{}, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	switch {
	case err != nil:
		return verdict{}, fmt.Errorf("read the scanner's answer: %w", err)
	case res.StatusCode != http.StatusOK:
		return verdict{}, fmt.Errorf("the scanner answered %s", res.Status)
	case len(text) > maxAnswer:
		return verdict{}, fmt.Errorf("the scanner answered with more than %d bytes", maxAnswer)
	}
	var answer struct {
		Verdict center.AttachmentStatus `json:"verdict"`
		Reason  string                  `json:"reason"`
	}
	if err := json.Unmarshal(text, &answer); err != nil {
		return verdict{}, fmt.Errorf("the scanner answered what is not JSON: %.60q", text)
	}
	if bytes.Count(bytes.ToLower(text), []byte(`"verdict"`)) != 1 { // of two, one would be believed
		return verdict{}, fmt.Errorf("the scanner answered without one verdict: %.60q", text)
	}
	switch answer.Verdict {
	case center.AttachmentApproved:
		return verdict{clean: true}, nil
	case center.AttachmentRejected:
		return verdict{found: clip(answer.Reason)}, nil
	}
	return verdict{}, fmt.Errorf("the scanner answered with the verdict %.60q; want APPROVED or REJECTED", answer.Verdict)
}
