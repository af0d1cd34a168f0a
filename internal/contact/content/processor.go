package content

import (
	"encoding/json"

	"parley.example/parley/internal/center"
)

// ProcessorEvent returns the event that a message processor is called with for a message of a contact, whose ARN is given: the
// service's event for custom message processors.
func ProcessorEvent(instance center.InstanceID, arn string, it *center.Item) []byte {
	type content struct {
		AbsoluteTime     string               `json:"absoluteTime"`
		Content          string               `json:"content"`
		ContentType      string               `json:"contentType"`
		ID               center.ItemID        `json:"id"`
		ParticipantID    center.ParticipantID `json:"participantId"`
		DisplayName      string               `json:"displayName"`
		ParticipantRole  center.Role          `json:"participantRole"`
		InitialContactID center.ContactID     `json:"initialContactId"`
		ContactID        center.ContactID     `json:"contactId"`
	}
	b, err := json.Marshal(struct {
		Version  string            `json:"version"`
		Instance center.InstanceID `json:"instanceId"`
		Resource string            `json:"associatedResourceArn"`
		Content  content           `json:"chatContent"`
	}{"1.0", instance, arn, content{
		it.Time.UTC().Format(center.TimeLayout), it.Content, it.ContentType, it.ID,
		it.Participant, it.DisplayName, it.Role, it.Chat, it.Contact,
	}})
	if err != nil {
		panic("content: a processor's event does not encode: " + err.Error()) // only strings
	}
	return b
}

// Answer is what a message processor has made of a message. The zero Answer leaves it as it is.
type Answer struct {
	Rejected  bool
	Processed *Replacement
}

// Replacement is what a message becomes; without a type that stays.
type Replacement struct {
	Content     string `json:"content"`
	ContentType string `json:"contentType"`
}

// ReadAnswer reads the answer of a message processor. problem says what is wrong with it, "" for nothing.
func ReadAnswer(text []byte) (a Answer, problem string) {
	var answer struct {
		Status string `json:"status"`
		Result struct {
			Content *Replacement `json:"processedChatContent"`
		} `json:"result"`
	}
	if err := json.Unmarshal(text, &answer); err != nil {
		return a, "the answer is not an object with a status and a result"
	}
	switch answer.Status {
	case "APPROVED":
	case "REJECTED":
		a.Rejected = true
	case "FAILED":
		return a, "the function answered FAILED"
	case "PROCESSED":
		if a.Processed = answer.Result.Content; a.Processed == nil {
			return a, "the answer is PROCESSED but has no result.processedChatContent"
		}
	default:
		return a, "the status of the answer is not one of PROCESSED, APPROVED, REJECTED and FAILED"
	}
	return a, ""
}
