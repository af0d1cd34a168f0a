package server_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"parley.example/parley/api/connect"
	"parley.example/parley/internal/server"
	"parley.example/parley/internal/server/servertest"
)

// put is a request to a service of AWS: what it put, and where.
type put struct{ to, data string }

// newCloud is EventBridge, Kinesis, Firehose and S3, as far as records go there.
func newCloud(t *testing.T) (endpoint string, puts chan put) {
	puts = make(chan put, 1000)
	h := func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return // the server has stopped
		}
		service, p := "", put{}
		switch target := r.Header.Get("X-Amz-Target"); target {
		case "AWSEvents.PutEvents":
			var in struct {
				Entries []struct {
					Source, DetailType, Detail string
					Resources                  []string
					Time                       int64
				}
			}
			if json.Unmarshal(body, &in) != nil || len(in.Entries) != 1 || in.Entries[0].Source != "aws.connect" || in.Entries[0].DetailType != "Amazon Connect Contact Event" ||
				len(in.Entries[0].Resources) != 2 || in.Entries[0].Time == 0 {
				t.Errorf("PutEvents %s", body)
				return
			}
			service, p = "events", put{"events", in.Entries[0].Detail}
			defer io.WriteString(w, `{"FailedEntryCount":0,"Entries":[{"EventId":"e"}]}`)
		case "Kinesis_20131202.PutRecord":
			var in struct {
				StreamARN, StreamName, PartitionKey string
				Data                                []byte
			}
			if json.Unmarshal(body, &in) != nil || in.PartitionKey == "" || !strings.HasSuffix(in.StreamARN, "/"+in.StreamName) {
				t.Errorf("PutRecord %s", body)
			}
			service, p = "kinesis", put{in.StreamName, string(in.Data)}
			defer io.WriteString(w, `{}`)
		case "Firehose_20150804.PutRecord":
			var in struct {
				DeliveryStreamName string
				Record             struct{ Data []byte }
			}
			if json.Unmarshal(body, &in) != nil {
				t.Errorf("PutRecord %s", body)
			}
			service, p = "firehose", put{in.DeliveryStreamName, string(in.Record.Data)}
			defer io.WriteString(w, `{}`)
		default:
			if r.Method != http.MethodPut || target != "" {
				t.Errorf("%s %s %s", r.Method, r.URL, target)
			}
			service, p = "s3", put{strings.TrimPrefix(r.URL.Path, "/"), string(body)}
		}
		if a := r.Header.Get("Authorization"); !strings.Contains(a, "/us-east-1/"+service+"/aws4_request") || !strings.Contains(a, "Signature=") {
			t.Errorf("%s is signed as %q", service, a)
		}
		puts <- p
	}
	s := httptest.NewServer(http.HandlerFunc(h))
	t.Cleanup(s.Close)
	return s.URL, puts
}

// TestRecordsToAWS sends all kinds of records to where the instance's storage configurations say.
func TestRecordsToAWS(t *testing.T) {
	for name, storage := range map[string]*connect.InstanceStorageConfig{
		"Kinesis":  {StorageType: "KINESIS_STREAM", KinesisStreamConfig: &connect.KinesisStreamConfig{StreamArn: "arn:aws:kinesis:us-east-1:123456789012:stream/records"}},
		"Firehose": {StorageType: "KINESIS_FIREHOSE", KinesisFirehoseConfig: &connect.KinesisFirehoseConfig{FirehoseArn: "arn:aws:firehose:us-east-1:123456789012:deliverystream/records"}},
	} {
		t.Run(name, func(t *testing.T) { recordsToAWS(t, storage) })
	}
}

func recordsToAWS(t *testing.T, storage *connect.InstanceStorageConfig) {
	endpoint, puts := newCloud(t)
	t.Setenv("AWS_ENDPOINT_URL", endpoint)
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	s := servertest.Start(t, servertest.Quietly(t), func(c *server.Config) { c.AWS, c.Records = true, map[string]string{"all": "aws"} })
	for kind, config := range map[connect.InstanceStorageResourceType]*connect.InstanceStorageConfig{
		"CHAT_TRANSCRIPTS":      {StorageType: "S3", S3Config: &connect.S3Config{BucketName: "archive", BucketPrefix: "connect/demo/ChatTranscripts"}},
		"CONTACT_TRACE_RECORDS": storage,
	} {
		if _, err := s.Connect.AssociateInstanceStorageConfig(t.Context(), &connect.AssociateInstanceStorageConfigRequest{InstanceId: s.Instance(t), ResourceType: kind, StorageConfig: config}); err != nil {
			t.Fatal(err)
		}
	}
	ana := s.Chat(t)
	ana.Stop()
	seen := map[string]string{}
	for len(seen) < 3 || !strings.Contains(seen["events"], "COMPLETED") {
		select {
		case p := <-puts:
			where, _, _ := strings.Cut(p.to, "/")
			seen[where] = p.data
			if where != "archive" {
				continue
			}
			var v struct{ ContactId string }
			if err := json.Unmarshal([]byte(p.data), &v); err != nil || v.ContactId != ana.Contact || !strings.HasPrefix(p.to, "archive/connect/demo/ChatTranscripts/") {
				t.Errorf("the transcript %s at %s, %v", p.data, p.to, err)
			}
			seen["key"] = p.to
		case <-t.Context().Done():
			t.Fatalf("there is no more than %v", seen)
		}
	}
	for seen["records"] == "" || seen["key"] == "" {
		p := <-puts
		where, _, _ := strings.Cut(p.to, "/")
		if seen[where] = p.data; where == "archive" {
			seen["key"] = p.to
		}
	}
	var r struct {
		ContactId string
		Recording struct{ Location string }
	}
	if err := json.Unmarshal([]byte(seen["records"]), &r); err != nil || r.ContactId != ana.Contact || r.Recording.Location != seen["key"] {
		t.Errorf("the record %s, %v; the transcript is at %s", seen["records"], err, seen["key"])
	}
}

// TestRecordsNeedAWS refuses to start with a destination that cannot be reached.
func TestRecordsNeedAWS(t *testing.T) {
	c := server.Config{Dev: true, Records: map[string]string{"all": "aws"}}
	if err := c.Check(); err == nil || !strings.Contains(err.Error(), "requires the setting aws") {
		t.Errorf("Check = %v", err)
	}
}
