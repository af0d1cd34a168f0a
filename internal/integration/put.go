package integration

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// PutEvent hands an event to EventBridge (PutEvents, on the bus "default"). An event that EventBridge does not take, although it answers, is a [Refusal].
func (a *AWS) PutEvent(ctx context.Context, client *http.Client, event any) error {
	answer, err := a.call(ctx, client, eventBridgeService, a.Region, "AWSEvents.PutEvents", map[string]any{"Entries": []any{event}})
	if err != nil {
		return err
	}
	var said struct {
		FailedEntryCount int
		Entries          []struct{ ErrorCode, ErrorMessage string }
	}
	if err := json.Unmarshal(answer, &said); err != nil {
		return &answerError{"EventBridge answered what is not JSON: " + quote(answer)}
	}
	if said.FailedEntryCount > 0 && len(said.Entries) > 0 {
		return &answerError{fmt.Sprintf("EventBridge does not take the event: %s %s", said.Entries[0].ErrorCode, quote(said.Entries[0].ErrorMessage))}
	}
	return nil
}

// PutRecord puts a record into the stream of Kinesis, or the delivery stream of Firehose, that an ARN names. Records with
// one key stay in order, as far as a stream has an order.
func (a *AWS) PutRecord(ctx context.Context, client *http.Client, arn, key string, data []byte) error {
	name := arn[strings.LastIndexByte(arn, '/')+1:]
	service, target := kinesisService, "Kinesis_20131202.PutRecord"
	body := map[string]any{"StreamARN": arn, "StreamName": name, "PartitionKey": key, "Data": data}
	if strings.Contains(arn, ":firehose:") {
		service, target = firehoseService, "Firehose_20150804.PutRecord"
		body = map[string]any{"DeliveryStreamName": name, "Record": map[string]any{"Data": data}}
	}
	_, err := a.call(ctx, client, service, a.region(arn), target, body)
	return err
}

// call calls an operation of a service that speaks AWS's JSON protocol 1.1, and returns its answer.
func (a *AWS) call(ctx context.Context, client *http.Client, s awsService, region, target string, in any) ([]byte, error) {
	body, err := json.Marshal(in)
	if err != nil {
		return nil, &answerError{"encode the request: " + err.Error()}
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimSuffix(a.url(s, region), "/")+"/", bytes.NewReader(body))
	if err != nil {
		return nil, &answerError{"the endpoint of " + s.id + " is not a URL"}
	}
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	r.Header.Set("X-Amz-Target", target)
	if err := a.sign(ctx, r, body, s, region); err != nil {
		return nil, err
	}
	return answered(client, r)
}

// PutObject puts an object into a bucket of S3 in the configured region, or of a service like it: the bucket is in the path.
func (a *AWS) PutObject(ctx context.Context, client *http.Client, bucket, key, contentType string, body []byte) error {
	var to strings.Builder
	to.WriteString(strings.TrimSuffix(a.url(s3Service, a.Region), "/") + "/" + label(bucket))
	for s := range strings.SplitSeq(key, "/") {
		to.WriteString("/" + label(s))
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPut, to.String(), bytes.NewReader(body))
	if err != nil {
		return &answerError{"the endpoint of S3 is not a URL"}
	}
	r.Header.Set("Content-Type", contentType)
	if err := a.sign(ctx, r, body, s3Service, a.Region); err != nil {
		return err
	}
	return Deliver(client, r)
}
