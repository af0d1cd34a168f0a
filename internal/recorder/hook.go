package recorder

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"parley.example/parley/internal/integration"
	"parley.example/parley/internal/record"
)

// The headers of a webhook's request, besides integration.SignatureHeader.
const (
	KindHeader = "X-Parley-Record" // the kind
	IDHeader   = "X-Parley-Id"     // of the fact: the same in each attempt
	KeyHeader  = "X-Parley-Key"    // of a transcript: BUCKET/KEY, the Location in its contact record, as in a URL
)

// hook is a webhook: one POST for each fact, whose body is the event or record itself.
type hook struct {
	url    string
	secret []byte
	client *http.Client
	wall   func() time.Time
}

func newHook(to, secret string, client *http.Client) (*hook, error) {
	u, err := url.Parse(to)
	if err != nil || u.Host == "" {
		return nil, errors.New("the webhook is not a URL with a host")
	}
	if len(secret) < 16 {
		return nil, errors.New("signing webhooks requires a stream-secret of at least 16 characters")
	}
	return &hook{url: to, secret: []byte(secret), client: client, wall: time.Now}, nil
}

func (h *hook) name() string { return h.url }

func (h *hook) send(ctx context.Context, p *parcel) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, h.url, bytes.NewReader(p.body))
	if err != nil {
		return integration.Refusal("the configured webhook is not a URL")
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set(KindHeader, string(p.fact.Kind))
	r.Header.Set(IDHeader, p.fact.ID)
	if p.fact.Kind == record.Transcripts && p.place != nil {
		r.Header.Set(KeyHeader, (&url.URL{Path: p.place.Bucket + "/" + p.place.Key}).EscapedPath())
	}
	signature, err := integration.Sign(h.secret, h.wall(), bytes.NewReader(p.body))
	if err != nil {
		return err
	}
	r.Header.Set(integration.SignatureHeader, signature)
	return integration.Deliver(h.client, r)
}
