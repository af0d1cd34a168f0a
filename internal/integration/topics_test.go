package integration

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	receiver "parley.example/parley/client"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
	"parley.example/parley/internal/store"
)

var written = time.Date(2026, 1, 5, 6, 34, 54, 29e6, time.UTC)

func streamed() contact.Streamed {
	return contact.Streamed{
		Stream: contact.Stream{ID: "s1", Endpoint: "arn:aws:sns:us-east-1:123456789012:chat"},
		Item: center.Item{Chat: "initial", Contact: "current", ID: "i1", Time: written, Type: center.TypeMessage, ContentType: center.PlainText,
			Content: "Say \"hello\" & <wave>\nü", Participant: "p1", DisplayName: "Ada", Role: center.RoleCustomer},
	}
}

const streamedMessage = `{"AbsoluteTime":"2026-01-05T06:34:54.029Z","Content":"Say \"hello\" & <wave>\nü","ContentType":"text/plain",` +
	`"Id":"i1","Type":"MESSAGE","ParticipantId":"p1","DisplayName":"Ada","ParticipantRole":"CUSTOMER","InitialContactId":"initial","ContactId":"current"}`

func delivery() *store.Delivery {
	st := streamed()
	body := StreamMessage(center.Partition{Region: "us-east-1", Account: "123456789012"}, "instance", st)
	return &store.Delivery{ID: 7, Stream: "s1", Endpoint: st.Stream.Endpoint, Body: body, Created: written}
}

func TestStreamMessage(t *testing.T) {
	p := center.Partition{Region: "us-east-1", Account: "123456789012"}
	all := map[string]string{"AccountId": p.Account, "ContactId": "current", "ContentType": "text/plain", "InitialContactId": "initial",
		"InstanceId": "instance", "MessageVisibility": "ALL", "ParticipantRole": "CUSTOMER", "Type": "MESSAGE"}
	got, err := readMessage(&store.Delivery{Body: StreamMessage(p, "instance", streamed())})
	if err != nil || got.Message != streamedMessage || !reflect.DeepEqual(got.MessageAttributes, all) {
		t.Errorf("message = %+v, %v; want\n%s\n%v", got, err, streamedMessage, all)
	}

	ended := streamed()
	ended.Item = center.Item{Chat: "initial", Contact: "current", ID: "i2", Time: written, Type: center.TypeEvent, ContentType: center.EventEnded,
		Visibility: center.VisibleCustomer}
	got, err = readMessage(&store.Delivery{Body: StreamMessage(p, "instance", ended)})
	want := map[string]string{"AccountId": p.Account, "ContactId": "current", "ContentType": center.EventEnded, "InitialContactId": "initial",
		"InstanceId": "instance", "MessageVisibility": "CUSTOMER", "Type": "EVENT"}
	if err != nil || !reflect.DeepEqual(got.MessageAttributes, want) {
		t.Errorf("attributes of chat.ended = %v, %v; want %v", got.MessageAttributes, err, want)
	}

	receipt := streamed()
	receipt.Item.Type, receipt.Item.Content = center.TypeMetadata, ""
	receipt.Rcpt = &center.Receipt{Item: "i1", Recipient: "p2", Read: written}
	got, err = readMessage(&store.Delivery{Body: StreamMessage(p, "instance", receipt)})
	if err != nil || !strings.Contains(got.Message, `"ReadTimestamp"`) || got.MessageAttributes["Type"] != "MESSAGEMETADATA" {
		t.Errorf("receipt = %+v, %v", got, err)
	}
}

func TestWebhook(t *testing.T) {
	secret := []byte("0123456789abcdef")
	var header http.Header
	var body []byte
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != "POST" || r.URL.Path != "/hook" {
			t.Errorf("%s %s; want POST /hook", r.Method, r.URL.Path)
		}
		header = r.Header
		body, _ = io.ReadAll(r.Body)
		w.WriteHeader(http.StatusNoContent)
	}))
	defer srv.Close()
	topics := Topics{Webhooks: map[string]Webhook{"chat": {srv.URL + "/hook", secret}}, Client: srv.Client()}
	d, now := delivery(), written.Add(time.Hour)
	if err := topics.Send(t.Context(), d, now); err != nil {
		t.Fatalf("Send = %v", err)
	}

	var got map[string]any
	if err := json.Unmarshal(body, &got); err != nil {
		t.Fatalf("the body is not JSON: %v", err)
	}
	attributes := map[string]any{}
	for name, value := range map[string]string{"AccountId": "123456789012", "ContactId": "current", "ContentType": "text/plain",
		"InitialContactId": "initial", "InstanceId": "instance", "MessageVisibility": "ALL", "ParticipantRole": "CUSTOMER", "Type": "MESSAGE"} {
		attributes[name] = map[string]any{"Type": "String", "Value": value}
	}
	want := map[string]any{"Type": "Notification", "MessageId": messageID(d), "TopicArn": d.Endpoint,
		"Timestamp": "2026-01-05T06:34:54.029Z", "Message": streamedMessage, "MessageAttributes": attributes}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("body\n%v; want\n%v", got, want)
	}
	for name, want := range map[string]string{"Content-Type": "application/json", "X-Amz-Sns-Message-Type": "Notification",
		"X-Amz-Sns-Message-Id": messageID(d), "X-Amz-Sns-Topic-Arn": d.Endpoint} {
		if got := header.Get(name); got != want {
			t.Errorf("%s: %q; want %q", name, got, want)
		}
	}
	if err := receiver.VerifyWebhook(secret, header.Get(SignatureHeader), body, now); err != nil {
		t.Errorf("VerifyWebhook(%s) = %v", header.Get(SignatureHeader), err)
	}

	wall := now.Add(-time.Hour) // was set back: the receiver's clock shows it too
	topics.Wall = func() time.Time { return wall }
	if err := topics.Send(t.Context(), d, now); err != nil {
		t.Fatalf("Send = %v", err)
	}
	if err := receiver.VerifyWebhook(secret, header.Get(SignatureHeader), body, wall); err != nil {
		t.Errorf("by the wall clock: VerifyWebhook(%s) = %v", header.Get(SignatureHeader), err)
	}
}

func TestPublish(t *testing.T) {
	var got url.Values
	var signature string
	topics := Topics{SNS: "http://sns.test:4566/", Sign: func(r *http.Request, body []byte) error {
		r.Header.Set("Authorization", "signed "+string(body[:6]))
		return nil
	}, Client: client(func(r *http.Request) (*http.Response, error) {
		if r.Method != "POST" || r.URL.String() != "http://sns.test:4566/" || !strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
			t.Errorf("%s %s %s", r.Method, r.URL, r.Header)
		}
		body, _ := io.ReadAll(r.Body)
		got, _ = url.ParseQuery(string(body))
		signature = r.Header.Get("Authorization")
		return answer(200, "<PublishResponse/>"), nil
	})}
	if err := topics.Send(t.Context(), delivery(), written); err != nil {
		t.Fatalf("Send = %v", err)
	}
	want := url.Values{"Action": {"Publish"}, "Version": {"2010-03-31"}, "TopicArn": {"arn:aws:sns:us-east-1:123456789012:chat"}, "Message": {streamedMessage}}
	for i, a := range [][2]string{{"AccountId", "123456789012"}, {"ContactId", "current"}, {"ContentType", "text/plain"}, {"InitialContactId", "initial"},
		{"InstanceId", "instance"}, {"MessageVisibility", "ALL"}, {"ParticipantRole", "CUSTOMER"}, {"Type", "MESSAGE"}} {
		entry := "MessageAttributes.entry." + string(rune('1'+i))
		want[entry+".Name"], want[entry+".Value.DataType"], want[entry+".Value.StringValue"] = []string{a[0]}, []string{"String"}, []string{a[1]}
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("form\n%v; want\n%v", got, want)
	}
	if signature != "signed Action" {
		t.Errorf("Authorization %q; want it signed with the body", signature)
	}
}

func TestSendRefused(t *testing.T) {
	for _, c := range []struct {
		name      string
		answer    any
		says      string
		temporary bool
	}{
		{"redirect", answer(307, "", "Location", "http://other/"), "answered 307", false},
		{"refusal", answer(400, "<Error>\n<Code>InvalidParameter</Code>"), "answered 400 Bad Request: <Error> <Code>InvalidParameter</Code>", false},
		{"throttled", answer(429, ""), "answered 429 Too Many Requests", true},
		{"broken", answer(503, ""), "answered 503 Service Unavailable", true},
		{"dead", errors.New("connection refused"), "connection refused", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			calls := 0
			topics := Topics{Webhooks: map[string]Webhook{"chat": {"http://hook.test/?token=hidden", []byte("secret")}},
				Client: client(func(*http.Request) (*http.Response, error) {
					calls++
					if err, ok := c.answer.(error); ok {
						return nil, err
					}
					return c.answer.(*http.Response), nil
				})}
			err := topics.Send(t.Context(), delivery(), written)
			if err == nil || !strings.Contains(err.Error(), c.says) || temporary(err) != c.temporary || calls != 1 {
				t.Errorf("Send = %v (temporary %v) after %d calls; want %q (%v) after 1", err, temporary(err), calls, c.says, c.temporary)
			}
			if err != nil && strings.Contains(err.Error(), "hidden") {
				t.Errorf("the error shows the URL: %v", err)
			}
		})
	}
	d := delivery()
	d.Body = []byte("{")
	if err := new(Topics).Send(t.Context(), d, written); err == nil || temporary(err) {
		t.Errorf("Send of a broken body = %v; want an error of the delivery", err)
	}
	if err := new(Topics).Send(t.Context(), delivery(), written); err == nil || temporary(err) {
		t.Errorf("Send with nothing configured = %v; want an error of the delivery", err)
	}
}

func TestKnows(t *testing.T) {
	hook := func(u string) Webhook { return Webhook{URL: "http://" + u, Secret: []byte("secret")} }
	topics := Topics{SNS: "http://sns", Webhooks: map[string]Webhook{
		"arn:aws:sns:us-east-1:1:exact": hook("exact"), "named": hook("named"),
		"arn:aws:sns:eu-west-1:*": hook("europe"), "arn:aws:sns:eu-west-1:2:*": hook("europe2"), "bot-*": hook("bots"),
	}}
	for arn, want := range map[string]string{
		"arn:aws:sns:us-east-1:1:exact":     "http://exact",
		"arn:aws:sns:us-east-1:2:exact":     "http://sns",
		"arn:aws:sns:us-east-1:2:named":     "http://named",
		"named":                             "http://named",
		"arn:aws:sns:eu-west-1:1:x":         "http://europe",
		"arn:aws:sns:eu-west-1:2:x":         "http://europe2",
		"arn:aws:sns:eu-west-1:2:named":     "http://named",
		"bot-7":                             "http://bots",
		"arn:aws-cn:sns:cn-north-1:1:x":     "http://sns",
		"arn:aws:sns:us-east-1:1:x.fifo":    "",
		"arn:aws:sns:us-east-1:1:":          "",
		"arn:aws:sqs:us-east-1:1:x":         "",
		"arn:aws:sns:us-east-1:1:x:subscr":  "",
		"http://169.254.169.254/latest":     "",
		"":                                  "",
		"arn:aws:kinesis:us-east-1:1:named": "http://named",
	} {
		if got := topics.Destination(arn); got != want || topics.Knows(arn) != (want != "") {
			t.Errorf("Destination(%q) = %q, Knows %v; want %q", arn, got, topics.Knows(arn), want)
		}
	}
	if new(Topics).Knows("arn:aws:sns:us-east-1:1:x") {
		t.Error("Knows with nothing configured = true")
	}
	if err := topics.Check(); err != nil {
		t.Errorf("Check = %v; want nil", err)
	}
	for name, bad := range map[string]Topics{
		"no URL":       {Webhooks: map[string]Webhook{"a": {"", []byte("s")}}},
		"file URL":     {Webhooks: map[string]Webhook{"a": {"file:///x", []byte("s")}}},
		"no secret":    {Webhooks: map[string]Webhook{"a": {"http://h", nil}}},
		"star inside":  {Webhooks: map[string]Webhook{"arn:*:x": hook("h")}},
		"SNS no a URL": {SNS: "sns"},
	} {
		if err := bad.Check(); err == nil {
			t.Errorf("%s: Check = nil; want an error", name)
		}
	}
}
