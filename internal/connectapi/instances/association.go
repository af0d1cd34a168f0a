package instances

import (
	"context"

	"parley.example/parley/api/connect"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/catalog/setup"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/connectapi/query"
	"parley.example/parley/internal/connectapi/wire"
)

// associations is how many items a page of these lists has unless MaxResults says otherwise.
const associations = 25

// AssociateLambdaFunction lets flows of an instance call a function.
// FunctionArn is the ARN of a function, perhaps with a version or an alias
// behind it; without one its versions and aliases are allowed as well. Outside
// development mode flows can call no other. A second time it is a
// ResourceConflictException, unless the ClientToken is the same.
func (s *Instances) AssociateLambdaFunction(ctx context.Context, in *connect.AssociateLambdaFunctionRequest) (*connect.AssociateLambdaFunctionResponse, error) {
	return &connect.AssociateLambdaFunctionResponse{}, s.associate(ctx, in.InstanceId, catalog.Association{Type: catalog.Functions, Value: in.FunctionArn, Token: wire.Text(in.ClientToken)})
}

// DisassociateLambdaFunction takes that back.
func (s *Instances) DisassociateLambdaFunction(ctx context.Context, in *connect.DisassociateLambdaFunctionRequest) (*connect.DisassociateLambdaFunctionResponse, error) {
	return &connect.DisassociateLambdaFunctionResponse{}, s.disassociate(ctx, in.InstanceId, catalog.Association{Type: catalog.Functions, Value: in.FunctionArn})
}

// ListLambdaFunctions lists the ARNs of the functions of an instance, 25 to a page.
func (s *Instances) ListLambdaFunctions(ctx context.Context, in *connect.ListLambdaFunctionsRequest) (*connect.ListLambdaFunctionsResponse, error) {
	list, next, err := associated(ctx, s, in.InstanceId, catalog.Functions, in.NextToken, in.MaxResults, valueOf)
	return &connect.ListLambdaFunctionsResponse{LambdaFunctions: list, NextToken: next}, err
}

// associate lets an instance use something, and disassociate ends that.
func (s *Instances) associate(ctx context.Context, instance string, a catalog.Association) error {
	return query.In(ctx, s.Catalog, instance, func(snap *catalog.Snapshot) error { return setup.Associate(ctx, s.Catalog, snap.ID(), a) })
}

func (s *Instances) disassociate(ctx context.Context, instance string, a catalog.Association) error {
	return query.In(ctx, s.Catalog, instance, func(snap *catalog.Snapshot) error { return setup.Disassociate(ctx, s.Catalog, snap.ID(), a) })
}

// associated gives one page of what an instance may use of a type.
func associated[O any](ctx context.Context, s *Instances, instance, typ string, token *string, most *int32, show func(a *catalog.Association) O) ([]O, *string, error) {
	snap, err := query.Instance(ctx, s.Catalog, instance)
	if err != nil {
		return nil, nil, err
	}
	page := query.Page{List: "associations", Token: token, Max: most, Size: associations, Request: []any{typ}}
	return query.Within(page, string(snap.ID()), snap.Associations(typ), query.Position, show)
}

func valueOf(a *catalog.Association) string { return a.Value }

// AssociateApprovedOrigin lets pages of an origin embed the agent's desk.
// Origin is a scheme, a host and perhaps a port. It is listed as it was given, and compared in the
// form in which browsers send it: HTTPS://Example.com:443 approves https://example.com.
func (s *Instances) AssociateApprovedOrigin(ctx context.Context, in *connect.AssociateApprovedOriginRequest) (*connect.AssociateApprovedOriginResponse, error) {
	return &connect.AssociateApprovedOriginResponse{}, s.associate(ctx, in.InstanceId, catalog.Association{Type: catalog.Origins, Value: in.Origin, Token: wire.Text(in.ClientToken)})
}

// DisassociateApprovedOrigin takes that back.
func (s *Instances) DisassociateApprovedOrigin(ctx context.Context, in *connect.DisassociateApprovedOriginRequest) (*connect.DisassociateApprovedOriginResponse, error) {
	return &connect.DisassociateApprovedOriginResponse{}, s.disassociate(ctx, in.InstanceId, catalog.Association{Type: catalog.Origins, Value: in.Origin})
}

// ListApprovedOrigins lists the approved origins of an instance, 25 to a page.
func (s *Instances) ListApprovedOrigins(ctx context.Context, in *connect.ListApprovedOriginsRequest) (*connect.ListApprovedOriginsResponse, error) {
	list, next, err := associated(ctx, s, in.InstanceId, catalog.Origins, in.NextToken, in.MaxResults, valueOf)
	return &connect.ListApprovedOriginsResponse{Origins: list, NextToken: next}, err
}

// AssociateBot lets flows of an instance ask a bot: one of Lex V1, by name and
// region, or an alias of one of Lex V2, by ARN. Outside development mode flows
// can ask no other.
func (s *Instances) AssociateBot(ctx context.Context, in *connect.AssociateBotRequest) (*connect.AssociateBotResponse, error) {
	a, err := bot(in.LexBot, in.LexV2Bot, in.ClientToken)
	if err != nil {
		return nil, err
	}
	return &connect.AssociateBotResponse{}, s.associate(ctx, in.InstanceId, a)
}

// bot is the association with a bot; exactly one of the two is to be given.
func bot(v1 *connect.LexBot, v2 *connect.LexV2Bot, token *string) (catalog.Association, error) {
	switch {
	case v1 != nil && v2 == nil:
		return catalog.Association{Type: catalog.BotsV1, Value: v1.Name, Place: v1.LexRegion, Token: wire.Text(token)}, nil
	case v2 != nil && v1 == nil:
		return catalog.Association{Type: catalog.BotsV2, Value: wire.Text(v2.AliasArn), Token: wire.Text(token)}, nil
	}
	return catalog.Association{}, center.Errorf(center.BadRequest, "exactly one of LexBot and LexV2Bot is required")
}

// DisassociateBot takes that back.
func (s *Instances) DisassociateBot(ctx context.Context, in *connect.DisassociateBotRequest) (*connect.DisassociateBotResponse, error) {
	a, err := bot(in.LexBot, in.LexV2Bot, nil)
	if err != nil {
		return nil, err
	}
	return &connect.DisassociateBotResponse{}, s.disassociate(ctx, in.InstanceId, a)
}

// ListBots lists the bots of an instance and a version of Lex, 25 to a page.
func (s *Instances) ListBots(ctx context.Context, in *connect.ListBotsRequest) (*connect.ListBotsResponse, error) {
	typ := catalog.BotsV2
	if in.LexVersion == connect.LexVersionV1 {
		typ = catalog.BotsV1
	}
	list, next, err := associated(ctx, s, in.InstanceId, typ, in.NextToken, in.MaxResults, func(a *catalog.Association) connect.LexBotConfig {
		if a.Type == catalog.BotsV1 {
			return connect.LexBotConfig{LexBot: new(lexBot(a))}
		}
		return connect.LexBotConfig{LexV2Bot: &connect.LexV2Bot{AliasArn: &a.Value}}
	})
	return &connect.ListBotsResponse{LexBots: list, NextToken: next}, err
}

func lexBot(a *catalog.Association) connect.LexBot {
	return connect.LexBot{Name: a.Value, LexRegion: a.Place}
}

// AssociateLexBot is AssociateBot for bots of Lex V1.
func (s *Instances) AssociateLexBot(ctx context.Context, in *connect.AssociateLexBotRequest) (*connect.AssociateLexBotResponse, error) {
	a, err := bot(in.LexBot, nil, in.ClientToken)
	if err != nil {
		return nil, err
	}
	return &connect.AssociateLexBotResponse{}, s.associate(ctx, in.InstanceId, a)
}

// DisassociateLexBot is DisassociateBot for bots of Lex V1.
func (s *Instances) DisassociateLexBot(ctx context.Context, in *connect.DisassociateLexBotRequest) (*connect.DisassociateLexBotResponse, error) {
	return &connect.DisassociateLexBotResponse{}, s.disassociate(ctx, in.InstanceId, catalog.Association{Type: catalog.BotsV1, Value: in.BotName, Place: in.LexRegion})
}

// ListLexBots is ListBots for bots of Lex V1.
func (s *Instances) ListLexBots(ctx context.Context, in *connect.ListLexBotsRequest) (*connect.ListLexBotsResponse, error) {
	list, next, err := associated(ctx, s, in.InstanceId, catalog.BotsV1, in.NextToken, in.MaxResults, lexBot)
	return &connect.ListLexBotsResponse{LexBots: list, NextToken: next}, err
}
