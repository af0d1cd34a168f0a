// Package outboxapi is the API by which dead letters are managed on a running server: deliveries to
// streaming endpoints, and records of contacts and agents, that were given up. [Service] is the server's side, and programs call by [Client].
//
// It is an API of Parley's own ([edge.Own]), as package keysapi is. A key may call whose policy allows the action on "*":
// parley:ListDeadLetters, parley:ReplayDeadLetters, parley:DropDeadLetters. What was to be delivered is not shown: it is customers' words.
//
// Calls block as long as the store does. A call that fails half way has done what it has done; repeated, it does the rest.
package outboxapi

import (
	"context"
	"net/http"
	"time"

	"parley.example/parley/api/restjson"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/edge"
	"parley.example/parley/internal/store"
)

// Path is below what the API is: it is the list of dead letters.
const Path = edge.OwnPath + "dead-letters"

// DeadLetter is a delivery that was given up.
type DeadLetter struct {
	Id               int64             `required:"true"`
	Stream           string            `required:"true"` // whose order it belongs to
	Endpoint         string            `required:"true"` // the ARN of a streaming endpoint, or parley:NAME for a kind of record
	InstanceId       center.InstanceID `required:"true"`
	InitialContactId center.ContactID  // "" for what is an agent's
	CreatedAt        *time.Time        `time:"date-time"`
	Attempts         int32             `required:"true"`
	Error            string            // of the last attempt
}

// ListRequest says which dead letters are wanted.
type ListRequest struct {
	Endpoint string `query:"endpoint"` // only its; "" for all
	After    *int64 `query:"after"`    // NextAfter of the answer before
}

// ListResponse has dead letters, oldest first, 100 at a time.
type ListResponse struct {
	DeadLetters []DeadLetter `required:"true"`
	NextAfter   *int64       // nil when there are no more
}

// SelectRequest says which dead letters are meant: exactly one of Ids, Endpoint and All is needed. What is not a member is refused.
type SelectRequest struct {
	_        struct{} `closed:"true"`
	Ids      []int64  `len:"0:1000"`
	Endpoint string
	All      bool
}

// SelectResponse says of how many that was done.
type SelectResponse struct {
	Count int64 `required:"true"`
}

// API is what can be asked. Errors of the server are [restjson.Coded].
type API interface {
	// ListDeadLetters returns dead letters.
	ListDeadLetters(context.Context, *ListRequest) (*ListResponse, error)
	// ReplayDeadLetters puts dead letters back into the outbox, in their order: they are delivered as if they were new. What
	// was delivered of their streams meanwhile is not delivered again. Those of a chat that is being erased stay. Error: InvalidRequestException.
	ReplayDeadLetters(context.Context, *SelectRequest) (*SelectResponse, error)
	// DropDeadLetters deletes dead letters for good. Error: InvalidRequestException.
	DropDeadLetters(context.Context, *SelectRequest) (*SelectResponse, error)
}

// exceptions are those of the operations, as the Connect API calls them.
var exceptions = []string{"InvalidRequestException", "ThrottlingException", "InternalServiceException"}

// The operations.
var (
	listDeadLetters   = edge.OwnOperation("ListDeadLetters", http.MethodGet, "dead-letters", exceptions...)
	replayDeadLetters = edge.OwnOperation("ReplayDeadLetters", http.MethodPost, "dead-letters/replay", exceptions...)
	dropDeadLetters   = edge.OwnOperation("DropDeadLetters", http.MethodPost, "dead-letters/drop", exceptions...)
)

// Operations are all operations; the actions of policies have their names.
var Operations = []*restjson.Operation{listDeadLetters, replayDeadLetters, dropDeadLetters}

// NewHandler answers the API's requests.
func NewHandler(svc API, opts restjson.HandlerOptions) http.Handler {
	return restjson.NewHandler(edge.Own, opts, []restjson.Route{
		restjson.Handle(listDeadLetters, svc.ListDeadLetters),
		restjson.Handle(replayDeadLetters, svc.ReplayDeadLetters),
		restjson.Handle(dropDeadLetters, svc.DropDeadLetters),
	})
}

// Client calls a server. Config.Sign has to sign for the service connect.
type Client struct{ c restjson.Client }

var _ API = (*Client)(nil)

// NewClient returns a client for the server at c.Endpoint.
func NewClient(c restjson.ClientConfig) *Client {
	return &Client{restjson.Client{API: edge.Own, Config: c}}
}

// ListDeadLetters implements [API].
func (c *Client) ListDeadLetters(ctx context.Context, in *ListRequest) (*ListResponse, error) {
	return restjson.Call[ListResponse](ctx, &c.c, listDeadLetters, in)
}

// ReplayDeadLetters implements [API].
func (c *Client) ReplayDeadLetters(ctx context.Context, in *SelectRequest) (*SelectResponse, error) {
	return restjson.Call[SelectResponse](ctx, &c.c, replayDeadLetters, in)
}

// DropDeadLetters implements [API].
func (c *Client) DropDeadLetters(ctx context.Context, in *SelectRequest) (*SelectResponse, error) {
	return restjson.Call[SelectResponse](ctx, &c.c, dropDeadLetters, in)
}

// Store is what a [Service] needs.
type Store interface {
	DeadLetters(ctx context.Context, q store.DeadQuery) ([]store.Delivery, error)
	Keep(ctx context.Context, c *store.Chores) error
}

// Service answers from a store. Its errors are [center.Error].
type Service struct {
	Store Store
	Now   func() time.Time // the server's time
	Wake  func()           // is called when something was put into the outbox
}

var _ API = (*Service)(nil)

// page is how many dead letters are listed, or dealt with, at a time.
const page = 100

// ListDeadLetters implements [API].
func (s *Service) ListDeadLetters(ctx context.Context, in *ListRequest) (*ListResponse, error) {
	q := store.DeadQuery{Endpoint: in.Endpoint, Limit: page + 1}
	if in.After != nil {
		q.After = *in.After
	}
	letters, err := s.Store.DeadLetters(ctx, q)
	if err != nil {
		return nil, err
	}
	out := &ListResponse{DeadLetters: []DeadLetter{}}
	if len(letters) > page {
		letters = letters[:page]
		out.NextAfter = &letters[page-1].ID
	}
	for i := range letters {
		d := &letters[i]
		letter := DeadLetter{Id: d.ID, Stream: d.Stream, Endpoint: d.Endpoint, InstanceId: d.Instance, InitialContactId: d.Chat, Attempts: int32(d.Attempts), Error: d.Error}
		if !d.Created.IsZero() {
			letter.CreatedAt = &d.Created
		}
		out.DeadLetters = append(out.DeadLetters, letter)
	}
	return out, nil
}

// ReplayDeadLetters implements [API].
func (s *Service) ReplayDeadLetters(ctx context.Context, in *SelectRequest) (*SelectResponse, error) {
	out, err := s.each(ctx, in, func(ids []int64) *store.Chores {
		now, c := s.Now(), &store.Chores{}
		for _, id := range ids {
			c.Replayed = append(c.Replayed, store.Delivery{ID: id, Created: now, Due: now})
		}
		return c
	})
	s.Wake()
	return out, err
}

// DropDeadLetters implements [API].
func (s *Service) DropDeadLetters(ctx context.Context, in *SelectRequest) (*SelectResponse, error) {
	return s.each(ctx, in, func(ids []int64) *store.Chores { return &store.Chores{Dropped: ids} })
}

// each does something with those that are meant and are there now, a page at a time.
func (s *Service) each(ctx context.Context, in *SelectRequest, chores func(ids []int64) *store.Chores) (*SelectResponse, error) {
	given := 0
	for _, is := range []bool{len(in.Ids) > 0, in.Endpoint != "", in.All} {
		if is {
			given++
		}
	}
	if given != 1 {
		return nil, center.Errorf(center.BadRequest, "say which dead letters are meant: give exactly one of Ids, Endpoint and All")
	}
	out := &SelectResponse{}
	do := func(ids []int64) error {
		if err := s.Store.Keep(ctx, chores(ids)); err != nil {
			return err
		}
		out.Count += int64(len(ids))
		return nil
	}
	if len(in.Ids) > 0 {
		var there []int64
		for _, id := range in.Ids {
			found, err := s.Store.DeadLetters(ctx, store.DeadQuery{After: id - 1, Limit: 1})
			if err != nil {
				return nil, err
			}
			if len(found) == 1 && found[0].ID == id {
				there = append(there, id)
			}
		}
		return out, do(there)
	}
	for q := (store.DeadQuery{Endpoint: in.Endpoint, Limit: page}); ; {
		letters, err := s.Store.DeadLetters(ctx, q)
		if err != nil || len(letters) == 0 {
			return out, err
		}
		ids := make([]int64, len(letters))
		for i := range letters {
			ids[i] = letters[i].ID
		}
		if err := do(ids); err != nil {
			return nil, err
		}
		q.After = ids[len(ids)-1]
	}
}
