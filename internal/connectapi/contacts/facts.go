package contacts

import (
	"context"

	"parley.example/parley/api/connect"
	"parley.example/parley/internal/auth"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/connectapi/query"
)

// FactsOf returns what the conditions of policies can ask about a contact, an instance or
// something in one, by its ARN. Of what does not exist, or has no tags, nothing is known.
func (s *Contacts) FactsOf(ctx context.Context, arn string) (auth.Facts, error) {
	a, ok := center.ParseARN(arn)
	if !ok || a.Partition != s.Partition {
		return auth.Facts{}, nil
	}
	facts, err := s.factsOf(ctx, a, arn)
	switch center.ReasonOf(err) {
	case center.NotFound, center.Invalid:
		return auth.Facts{}, nil
	}
	return facts, err
}

func (s *Contacts) factsOf(ctx context.Context, a center.ARN, arn string) (auth.Facts, error) {
	if a.Kind == query.KindContact {
		_, c, err := s.chatOf(ctx, string(a.Instance), a.ID)
		if err != nil {
			return auth.Facts{}, err
		}
		return auth.Facts{Tags: c.Tags, Channel: string(connect.ChannelCHAT)}, nil
	}
	r, err := s.Catalog.Tagged(ctx, arn)
	if err != nil {
		return auth.Facts{}, err
	}
	facts := auth.Facts{Tags: r.About().Tags}
	if f, ok := r.(*catalog.Flow); ok {
		facts.FlowType = f.Type
	}
	return facts, nil
}
