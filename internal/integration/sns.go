package integration

import (
	"bytes"
	"context"
	"net/http"
	"net/url"
	"strconv"

	"parley.example/parley/internal/store"
)

// publish makes the request for SNS's Publish: the Query API of version
// 2010-03-31, a form in the body, which SNS itself and its emulators accept.
func (t *Topics) publish(ctx context.Context, d *store.Delivery, m *message) (*http.Request, error) {
	form := url.Values{
		"Action":   {"Publish"},
		"Version":  {"2010-03-31"},
		"TopicArn": {d.Endpoint},
		"Message":  {m.Message},
	}
	for i, name := range m.names() {
		entry := "MessageAttributes.entry." + strconv.Itoa(i+1)
		form.Set(entry+".Name", name)
		form.Set(entry+".Value.DataType", "String")
		form.Set(entry+".Value.StringValue", m.MessageAttributes[name])
	}
	body := []byte(form.Encode())
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, t.SNS, bytes.NewReader(body))
	if err != nil {
		return nil, &answerError{"the configured SNS endpoint is not a URL"}
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	if t.Sign != nil {
		if err := t.Sign(r, body); err != nil {
			return nil, &answerError{"sign the request: " + err.Error()}
		}
	}
	return r, nil
}
