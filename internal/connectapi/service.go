// Package connectapi answers the Amazon Connect API: it turns requests into
// questions and commands of the rooms below, and what they say into responses.
//
// There are no rules here beyond those of the API itself: names of members,
// paging tokens, and which exception stands for which error. What is not
// overridden answers 501 through [connect.Unimplemented].
//
// Members that name an instance or a resource of one take an id or an ARN
// everywhere. Start reading at [Service] and [MapError].
package connectapi

import (
	"time"

	"parley.example/parley/api/connect"
	"parley.example/parley/internal/auth"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/engine"
	"parley.example/parley/internal/store"
)

// Service implements [connect.Service]. All members are needed. Its errors are
// exceptions of the API or *center.Error, which [MapError] understands.
type Service struct {
	connect.Unimplemented

	Catalog   *catalog.Catalog
	Engine    *engine.Engine
	Store     store.Store
	Sealer    *auth.Sealer // makes participant tokens
	Partition center.Partition
	Now       func() time.Time

	// KnowsStream reports whether messages of a chat can be streamed to an
	// endpoint (StartContactStreaming, StreamingEndpointArn).
	KnowsStream func(arn string) bool

	// SignIns finds out who signed in (UpdateParticipantAuthentication).
	SignIns SignIns
}

var _ connect.Service = (*Service)(nil)

// region is LastModifiedRegion of everything: an instance lives in one region.
func (s *Service) region() *string { return new(s.Partition.Region) }
