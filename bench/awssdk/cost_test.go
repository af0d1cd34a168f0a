// Package awssdk measures what a call costs beside the AWS SDK for Go. It is a module of its own, so
// that Parley does not depend on the SDK's service package.
package awssdk

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awsconnect "github.com/aws/aws-sdk-go-v2/service/connect"
	"github.com/aws/aws-sdk-go-v2/service/connect/types"

	"parley.example/parley/api/connect"
	"parley.example/parley/client"
)

// The same call for all: instance, flow, two attributes, a name and a first message.
const (
	instance = "10000000-0000-4000-8000-000000000001"
	flow     = "20000000-0000-4000-8000-000000000001"
	token    = "0f8fad5b-d9cb-469f-a165-70867728950e"
	body     = `{"InstanceId":"` + instance + `","ContactFlowId":"` + flow + `","Attributes":{"tier":"gold","lang":"en"},` +
		`"ParticipantDetails":{"DisplayName":"Ana"},"InitialMessage":{"ContentType":"text/plain","Content":"Hello"},"ClientToken":"` + token + `"}`
	answer = `{"ContactId":"c0ffee00-0000-4000-8000-000000000001","ParticipantId":"c0ffee00-0000-4000-8000-000000000002","ParticipantToken":"QVFJREFIaSt"}`
)

// transport answers without a network, so that what is measured is the client.
type transport struct{}

func (transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if _, err := io.Copy(io.Discard, r.Body); err != nil {
		return nil, err
	}
	return &http.Response{
		StatusCode: 200, ProtoMajor: 1, ProtoMinor: 1, Header: http.Header{"Content-Type": {"application/json"}, "X-Amzn-Requestid": {"1"}},
		Body: io.NopCloser(bytes.NewReader([]byte(answer))), ContentLength: int64(len(answer)), Request: r,
	}, nil
}

func bare(b testing.TB, rt http.RoundTripper, endpoint string) func() error {
	c := &http.Client{Transport: rt}
	return func() error {
		r, err := http.NewRequestWithContext(b.Context(), http.MethodPut, endpoint+"/contact/chat", bytes.NewReader([]byte(body)))
		if err != nil {
			return err
		}
		r.Header.Set("Content-Type", "application/json")
		res, err := c.Do(r)
		if err != nil {
			return err
		}
		defer res.Body.Close()
		_, err = io.ReadAll(res.Body)
		return err
	}
}

func parley(b testing.TB, rt http.RoundTripper, endpoint string) func() error {
	c, err := client.New(client.Config{
		Region: "eu-central-1", Endpoint: endpoint, Connector: rt,
		Credentials: aws.NewCredentialsCache(credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "wJalrXUtnFEMI", "")),
	})
	if err != nil {
		b.Fatal(err)
	}
	ctx := b.Context()
	return func() error {
		out, err := c.StartChatContact().
			InstanceID(instance).
			ContactFlowID(flow).
			SetAttributes(map[string]string{"tier": "gold", "lang": "en"}).
			ParticipantDetails(connect.ParticipantDetails{DisplayName: "Ana"}).
			InitialMessage(connect.ChatMessage{ContentType: "text/plain", Content: "Hello"}).
			ClientToken(token).
			Send(ctx)
		if err == nil && out.ContactId == nil {
			err = fmt.Errorf("no contact")
		}
		return err
	}
}

func sdk(b testing.TB, rt http.RoundTripper, endpoint string) func() error {
	c := awsconnect.NewFromConfig(aws.Config{
		Region: "eu-central-1", BaseEndpoint: &endpoint, HTTPClient: &http.Client{Transport: rt},
		Credentials: aws.NewCredentialsCache(credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "wJalrXUtnFEMI", "")),
	})
	ctx := b.Context()
	return func() error {
		out, err := c.StartChatContact(ctx, &awsconnect.StartChatContactInput{
			InstanceId: aws.String(instance), ContactFlowId: aws.String(flow), Attributes: map[string]string{"tier": "gold", "lang": "en"},
			ParticipantDetails: &types.ParticipantDetails{DisplayName: aws.String("Ana")},
			InitialMessage:     &types.ChatMessage{ContentType: aws.String("text/plain"), Content: aws.String("Hello")},
			ClientToken:        aws.String(token),
		})
		if err == nil && out.ContactId == nil {
			err = fmt.Errorf("no contact")
		}
		return err
	}
}

var contenders = []struct {
	name string
	call func(testing.TB, http.RoundTripper, string) func() error
}{{"http.Client", bare}, {"parley", parley}, {"aws-sdk-go-v2", sdk}}

// BenchmarkCall is the cost of the client alone.
func BenchmarkCall(b *testing.B) {
	for _, c := range contenders {
		b.Run(c.name, func(b *testing.B) {
			call := c.call(b, transport{}, "https://connect.eu-central-1.amazonaws.com")
			measure(b, call)
		})
	}
}

// BenchmarkLoopback is a whole round trip to a server on this machine.
func BenchmarkLoopback(b *testing.B) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, answer)
	}))
	defer srv.Close()
	for _, c := range contenders {
		b.Run(c.name, func(b *testing.B) {
			rt := client.NewConnector(client.ConnectorConfig{})
			defer rt.CloseIdleConnections()
			measure(b, c.call(b, rt, srv.URL))
		})
	}
}

func measure(b *testing.B, call func() error) {
	if err := call(); err != nil { // keys derived, connection open
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := call(); err != nil {
			b.Fatal(err)
		}
	}
}

// What a call may add to a bare round trip.
const (
	maxTime   = 15_000 // ns
	maxAllocs = 40
)

// TestCost holds a call to its budget, and below the SDK's cost, all measured in this run.
func TestCost(t *testing.T) {
	var got [3]testing.BenchmarkResult
	for i, c := range contenders {
		got[i] = testing.Benchmark(func(b *testing.B) { measure(b, c.call(b, transport{}, "https://connect.eu-central-1.amazonaws.com")) })
		t.Logf("%-14s %7d ns %6d B %4d allocations", c.name, got[i].NsPerOp(), got[i].AllocedBytesPerOp(), got[i].AllocsPerOp())
	}
	base, ours, theirs := got[0], got[1], got[2]
	if d := ours.NsPerOp() - base.NsPerOp(); d > maxTime {
		t.Errorf("a call adds %d ns; at most %d", d, maxTime)
	}
	if d := ours.AllocsPerOp() - base.AllocsPerOp(); d > maxAllocs {
		t.Errorf("a call adds %d allocations; at most %d", d, maxAllocs)
	}
	if ours.NsPerOp() >= theirs.NsPerOp() || ours.AllocsPerOp() >= theirs.AllocsPerOp() {
		t.Errorf("a call costs %v; the SDK's %v", ours, theirs)
	}
}
