// Package ratelimit holds requests to rates. A [Limit] protects a server and those who
// use it from one of them: each participant, address or instance has a rate of
// its own. A [Limiter] has the request rates of the cloud, so that a client can be
// tested against them. Both decide at once, never block, and use bounded memory: a [Table]
// has as many slots as it is made with, a Limiter a bucket an operation.
//
// Start reading at [Limit] and [Table].
package ratelimit

import (
	"context"
	"net/http"
	"sync"
	"time"

	"parley.example/parley/api/restjson"
)

// rate is a token bucket's measure: requests a second, and how many at once.
type rate struct{ perSecond, burst float64 }

// cloudRates are the request rates of the cloud (Amazon Connect service
// quotas): those of service connect count by account and region, those of the
// participant service by instance, here by server.
var cloudRates = map[string]rate{
	"StartChatContact": {5, 8}, "StartContactStreaming": {5, 8}, "StopContactStreaming": {5, 8}, "CreateParticipant": {5, 8},
	"CreatePersistentContactAssociation": {5, 8}, "UpdateParticipantRoleConfig": {5, 8},
	"DescribeContact": {10, 15}, "GetContactAttributes": {10, 15}, "UpdateContactAttributes": {10, 15}, "UpdateContact": {10, 15},
	"StopContact": {10, 15}, "ListContactReferences": {10, 15}, "BatchPutContact": {10, 15},
	"TagContact": {20, 25}, "UntagContact": {20, 25}, "UpdateContactRoutingData": {20, 20}, "SendChatIntegrationEvent": {17, 26},
	"SearchContacts": {0.5, 1}, "GetMetricData": {5, 8}, "GetCurrentMetricData": {5, 8}, "GetMetricDataV2": {10, 10},
	"ListIntegrationAssociations": {25, 50},
	"CreateParticipantConnection": {6, 9}, "SendMessage": {10, 15}, "SendEvent": {10, 15}, "GetTranscript": {8, 12}, "GetAttachment": {8, 12},
	"DisconnectParticipant": {3, 5}, "StartAttachmentUpload": {2, 5}, "CompleteAttachmentUpload": {2, 5},
}

// otherRate is the rate of everything not listed.
var otherRate = rate{2, 5}

// Limiter holds requests to rates, one bucket an operation.
type Limiter struct {
	// Now is the time that buckets fill by.
	Now func() time.Time

	mu      sync.Mutex         // guards buckets
	buckets map[string]*bucket // by operation
}

type bucket struct {
	rate
	tokens float64
	at     time.Time
}

// Allow takes a token of the operation's bucket, or refuses the request when there
// is none, as [Refuse] does: the error knows when there is one. It may stand before an API.
func (l *Limiter) Allow(_ context.Context, op *restjson.Operation) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.Now()
	if l.buckets == nil {
		l.buckets = map[string]*bucket{}
	}
	b := l.buckets[op.Name]
	if b == nil {
		r, ok := cloudRates[op.Name]
		if !ok {
			r = otherRate
		}
		b = &bucket{rate: r, tokens: r.burst, at: now}
		l.buckets[op.Name] = b
	}
	passed := max(0, now.Sub(b.at)) // a machine's clock that is set back takes no tokens away
	b.tokens = min(b.burst, b.tokens+passed.Seconds()*b.perSecond)
	b.at = now
	if b.tokens >= 1 {
		b.tokens--
		return nil
	}
	return Refuse(op, "Rate exceeded", time.Duration((1-b.tokens)/b.perSecond*float64(time.Second)))
}

// Refuse returns the error of a request that may succeed after a wait (RetryAfter), status 429:
// ThrottlingException where the model lists it for the operation, else TooManyRequestsException.
func Refuse(op *restjson.Operation, message string, wait time.Duration) error {
	return &refusal{throttled(op, message), wait}
}

// throttled is the exception of a request over a rate. Without an operation it is that of the participant service.
func throttled(op *restjson.Operation, message string) *restjson.APIError {
	code := "ThrottlingException"
	if op != nil && !op.Declares(code) {
		code = "TooManyRequestsException"
	}
	return &restjson.APIError{Code: code, Status: http.StatusTooManyRequests, Message: message}
}

// refusal is the error of a request over its rate.
type refusal struct {
	*restjson.APIError
	wait time.Duration
}

// RetryAfter is how long it takes until the bucket has a token again.
func (r *refusal) RetryAfter() time.Duration { return r.wait }
