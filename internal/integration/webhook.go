package integration

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/store"
)

// SignatureHeader carries the signature of a webhook's request:
//
//	X-Parley-Signature: t=1767594894,v1=<hex of HMAC-SHA256(secret, t + "." + body)>
//
// A receiver verifies it with client.VerifyWebhook.
const SignatureHeader = "X-Parley-Signature"

// envelope is the body of a webhook's request, in the format that SNS sends to
// HTTP endpoints, except for SNS's signature and certificate: here the request
// itself is signed.
type envelope struct {
	Type              string
	MessageId         string
	TopicArn          string
	Timestamp         string
	Message           string
	MessageAttributes map[string]attribute
}

type attribute struct{ Type, Value string }

// request makes the POST of one message. The message id is the same at each
// attempt, Timestamp is when the item was written, t in the signature when the
// attempt was made.
func (w Webhook) request(ctx context.Context, d *store.Delivery, m *message, now time.Time) (*http.Request, error) {
	e := envelope{
		Type:              "Notification",
		MessageId:         messageID(d),
		TopicArn:          d.Endpoint,
		Timestamp:         d.Created.UTC().Format(center.TimeLayout),
		Message:           m.Message,
		MessageAttributes: make(map[string]attribute, len(m.MessageAttributes)),
	}
	for name, value := range m.MessageAttributes {
		e.MessageAttributes[name] = attribute{"String", value}
	}
	body, err := json.Marshal(e)
	if err != nil {
		return nil, &answerError{"the delivery cannot be encoded: " + err.Error()}
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, w.URL, bytes.NewReader(body))
	if err != nil {
		return nil, &answerError{"the configured webhook is not a URL"}
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-Amz-Sns-Message-Type", e.Type)
	r.Header.Set("X-Amz-Sns-Message-Id", e.MessageId)
	r.Header.Set("X-Amz-Sns-Topic-Arn", e.TopicArn)
	signature, err := Sign(w.Secret, now, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set(SignatureHeader, signature)
	return r, nil
}

// Sign returns the value of [SignatureHeader] for a body, which it reads to the end. An error
// is one of reading.
func Sign(secret []byte, now time.Time, body io.Reader) (string, error) {
	t := strconv.FormatInt(now.Unix(), 10)
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(t + "."))
	if _, err := io.Copy(mac, body); err != nil {
		return "", err
	}
	return "t=" + t + ",v1=" + hex.EncodeToString(mac.Sum(nil)), nil
}
