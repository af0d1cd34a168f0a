package integration

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"parley.example/parley/internal/store"
)

// Topics maps the endpoints of StartContactStreaming
// (ChatStreamingConfiguration.StreamingEndpointArn) to URLs. Webhooks take
// precedence over SNS.
type Topics struct {
	// Webhooks are looked up by the ARN, by its last part (the topic's name), or by
	// a pattern: a prefix of ARNs and "*". The longest pattern wins.
	Webhooks map[string]Webhook
	// SNS is the URL of an SNS-compatible endpoint, for all ARNs of SNS topics that have no webhook; "" for none.
	SNS    string
	Sign   func(*http.Request, []byte) error // signs calls of SNS (service "sns"); nil sends them unsigned
	Client *http.Client                      // nil for http.DefaultClient; see NewClient
	// Wall is the time that signatures of webhooks have, since whoever checks them has a
	// clock of their own; nil for that of the attempt.
	Wall func() time.Time
}

// Webhook is an HTTP endpoint that accepts messages in SNS's envelope; see [SignatureHeader].
type Webhook struct {
	URL    string
	Secret []byte // of the signature
}

// Check returns what is wrong with the configuration.
func (t *Topics) Check() error {
	for _, name := range slices.Sorted(maps.Keys(t.Webhooks)) {
		w := t.Webhooks[name]
		if err := checkURL(w.URL); err != nil {
			return fmt.Errorf("the webhook URL of %s %w", name, err)
		}
		if len(w.Secret) == 0 {
			return fmt.Errorf("the webhook of %s has no secret for signatures", name)
		}
		if i := strings.IndexByte(name, '*'); i >= 0 && i != len(name)-1 {
			return fmt.Errorf("the webhook name %s has a * that is not at its end", name)
		}
	}
	if t.SNS != "" {
		if err := checkURL(t.SNS); err != nil {
			return fmt.Errorf("the SNS endpoint %w", err)
		}
	}
	return nil
}

// Knows reports whether an endpoint has a destination. StartContactStreaming
// refuses those that have none.
func (t *Topics) Knows(arn string) bool { return t.Destination(arn) != "" }

// Destination returns the URL that messages for an endpoint go to, "" when
// none is configured. Endpoints with one destination fail and recover together.
func (t *Topics) Destination(arn string) string {
	if w, ok := t.webhook(arn); ok {
		return w.URL
	}
	if isTopic(arn) {
		return t.SNS
	}
	return ""
}

// Send makes one attempt to deliver.
func (t *Topics) Send(ctx context.Context, d *store.Delivery, now time.Time) error {
	m, err := readMessage(d)
	if err != nil {
		return err
	}
	var r *http.Request
	if w, ok := t.webhook(d.Endpoint); ok {
		if t.Wall != nil {
			now = t.Wall()
		}
		r, err = w.request(ctx, d, &m, now)
	} else if t.SNS != "" && isTopic(d.Endpoint) {
		r, err = t.publish(ctx, d, &m)
	} else {
		err = &answerError{"no destination is configured for this endpoint"} // any more: it was known when the streaming started
	}
	if err != nil {
		return err
	}
	return Deliver(t.Client, r)
}

// Deliver sends a request of a [Sender], and returns its error: nil when it was answered with success.
func Deliver(client *http.Client, r *http.Request) error {
	_, err := answered(client, r)
	return err
}

// answered sends a request, and returns the beginning of its answer, which is one of success.
func answered(client *http.Client, r *http.Request) ([]byte, error) {
	res, body, _, err := exchange(client, r, maxRemark)
	if err != nil {
		return nil, err
	}
	if res.StatusCode < 200 || res.StatusCode > 299 {
		return nil, &statusError{res.StatusCode, quote(body)}
	}
	return body, nil
}

// Refusal is the error of a [Sender] for a delivery that no destination can take.
func Refusal(why string) error { return &answerError{why} }

func (t *Topics) webhook(arn string) (Webhook, bool) {
	if w, ok := t.Webhooks[arn]; ok {
		return w, true
	}
	if w, ok := t.Webhooks[arn[strings.LastIndexByte(arn, ':')+1:]]; ok {
		return w, true
	}
	best, found := "", false
	for name := range t.Webhooks {
		prefix, pattern := strings.CutSuffix(name, "*")
		if pattern && strings.HasPrefix(arn, prefix) && (!found || len(name) > len(best)) {
			best, found = name, true
		}
	}
	return t.Webhooks[best], found
}

// isTopic reports whether arn names an SNS topic in any partition of AWS. FIFO
// topics are excluded: they require a group id with each message.
func isTopic(arn string) bool {
	p := strings.Split(arn, ":")
	return len(p) == 6 && p[0] == "arn" && strings.HasPrefix(p[1], "aws") && p[2] == "sns" && p[5] != "" && !strings.HasSuffix(p[5], ".fifo")
}
