package integration

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"parley/internal/center"
	"parley/internal/store"
)

// SignatureHeader carries the signature of a webhook's request:
//
//	X-Parley-Signature: t=1767594894,v1=<hex of HMAC-SHA256(secret, t + "." + body)>
const SignatureHeader = "X-Parley-Signature"

// signatureWindow is how far the time of a signature may be from now.
const signatureWindow = 5 * time.Minute

// envelope is the body of a webhook's request, in the shape that SNS gives to
// HTTP endpoints. Signature and its certificate are SNS's own; here the
// request itself is signed instead.
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
		return nil, &answerError{"the delivery cannot be written: " + err.Error()}
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, w.URL, bytes.NewReader(body))
	if err != nil {
		return nil, &answerError{"the configured webhook is not a URL"}
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-Amz-Sns-Message-Type", e.Type)
	r.Header.Set("X-Amz-Sns-Message-Id", e.MessageId)
	r.Header.Set("X-Amz-Sns-Topic-Arn", e.TopicArn)
	t := strconv.FormatInt(now.Unix(), 10)
	r.Header.Set(SignatureHeader, "t="+t+",v1="+hex.EncodeToString(sign(w.Secret, t, body)))
	return r, nil
}

func sign(secret []byte, t string, body []byte) []byte {
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(t))
	mac.Write([]byte{'.'})
	mac.Write(body)
	return mac.Sum(nil)
}

// VerifySignature tells a receiver whether a webhook's request is genuine:
// header is the value of [SignatureHeader], body the bytes as they arrived. It
// returns an error when no v1 signature fits, or when the signature was made
// more than five minutes from now, which is how a receiver refuses a request
// that somebody else recorded. Several v1 values are allowed; parts with other
// names are ignored.
func VerifySignature(secret []byte, header string, body []byte, now time.Time) error {
	var t string
	var given [][]byte
	for part := range strings.SplitSeq(header, ",") {
		switch name, value, _ := strings.Cut(strings.TrimSpace(part), "="); name {
		case "t":
			t = value
		case "v1":
			if mac, err := hex.DecodeString(value); err == nil {
				given = append(given, mac)
			}
		}
	}
	seconds, err := strconv.ParseInt(t, 10, 64)
	if err != nil || len(given) == 0 {
		return errors.New("the signature has not the form t=…,v1=…")
	}
	want, genuine := sign(secret, t, body), false
	for _, mac := range given {
		genuine = hmac.Equal(mac, want) || genuine
	}
	if !genuine {
		return errors.New("the signature does not fit the body and the secret")
	}
	if age := now.Sub(time.Unix(seconds, 0)).Abs(); age > signatureWindow {
		return errors.New("the signature was made too long ago")
	}
	return nil
}
