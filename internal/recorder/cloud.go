package recorder

import (
	"context"
	"encoding/json"
	"net/http"

	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/integration"
	"parley.example/parley/internal/record"
)

// inCloud is what an operator says for AWS's services as a destination.
const inCloud = "aws"

// cloud sends to where Amazon Connect does: contact events to EventBridge, what an instance has a storage configuration
// for to its stream of Kinesis or Firehose, or its bucket. What it has none for goes nowhere.
type cloud struct {
	aws    *integration.AWS
	client *http.Client
	kind   record.Kind
}

func (c *cloud) name() string { return inCloud + " " + string(c.kind) }

// storageTypes are the InstanceStorageResourceTypes of kinds.
var storageTypes = map[record.Kind]string{
	record.ContactRecords: "CONTACT_TRACE_RECORDS", record.AgentEvents: "AGENT_EVENTS", record.Transcripts: "CHAT_TRANSCRIPTS",
}

// storageOf returns an instance's storage configuration for a kind; nil for none.
func storageOf(snap *catalog.Snapshot, kind record.Kind) *catalog.StorageConfig {
	for _, config := range catalog.All[*catalog.StorageConfig](snap) {
		if config.Name == storageTypes[kind] {
			return config
		}
	}
	return nil
}

func (c *cloud) send(ctx context.Context, p *parcel) error {
	switch {
	case p.fact.Kind == record.ContactEvents:
		var e struct {
			DetailType string `json:"detail-type"`
			Source     string
			Resources  []string
			Detail     json.RawMessage
		}
		if err := json.Unmarshal(p.body, &e); err != nil {
			return integration.Refusal(err.Error())
		}
		return c.aws.PutEvent(ctx, c.client, map[string]any{
			"Source": e.Source, "DetailType": e.DetailType, "Resources": e.Resources, "Detail": string(e.Detail), "Time": p.fact.At.Unix(),
		})
	case p.storage == nil:
		return nil
	case p.fact.Kind == record.Transcripts:
		if p.place == nil {
			return nil
		}
		return c.aws.PutObject(ctx, c.client, p.place.Bucket, p.place.Key, "application/json", p.body)
	}
	to := p.storage.Stream
	if to == "" {
		to = p.storage.Firehose
	}
	return c.aws.PutRecord(ctx, c.client, to, p.fact.Subject(), p.body)
}
