package erasure

import (
	"context"
	"net/http"
	"time"

	"parley.example/parley/api/restjson"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/edge"
	"parley.example/parley/internal/store"
)

// Path is where erasures are asked for (POST) and listed (GET); Path/ID is one of them.
const Path = edge.OwnPath + "erasures"

// The names of the operations, which are what a key's policy must allow on the ARN of the instance:
// parley:Erase, also for previews, and parley:ListErasures, also for one receipt.
const (
	OpErase = "Erase"
	OpList  = "ListErasures"
)

// API is what can be asked: the server implements it by [Service], and programs call it by [Client].
// Errors of the server are [restjson.Coded].
type API interface {
	// Erase erases chats, and returns the receipt as it stands. When it returns the chats do not exist
	// any more. Errors: ResourceNotFoundException; ResourceConflictException when chats have not
	// ended, and nothing is erased then; LimitExceededException for more than 10,000 chats.
	Erase(context.Context, *EraseRequest) (*Receipt, error)
	// PreviewErasure says what Erase would erase, and erases nothing: it is Erase with DryRun.
	PreviewErasure(context.Context, *EraseRequest) (*Preview, error)
	// ListErasures returns receipts of the instances on which the caller's policy allows it, newest
	// first, 100 at a time.
	ListErasures(context.Context, *ListErasuresRequest) (*ListErasuresResponse, error)
	// GetErasure returns one receipt. Error: ResourceNotFoundException.
	GetErasure(context.Context, *GetErasureRequest) (*Receipt, error)
}

// EraseRequest says what is to be erased. Exactly one of ContactId, CustomerId and Attribute is needed.
// What is not a member is refused: a misspelt DryRun must not erase.
type EraseRequest struct {
	_          struct{} `closed:"true"`
	InstanceId string   `required:"true" len:"1:1000"` // its id or its ARN
	ContactId  string   // the whole chat that the contact is of
	CustomerId string   // as StartChatContact was given it
	Attribute  *Attribute
	EndActive  bool // end chats that have not ended; without it they are a conflict (409)
	DryRun     bool // answer with a Preview and erase nothing; the methods of [API] set it
}

// Attribute is a user-defined attribute with its value.
type Attribute struct {
	_     struct{} `closed:"true"`
	Name  string   `required:"true" len:"1:"`
	Value string
}

// Preview says what would be erased.
type Preview struct {
	Counts           map[string]int64   `required:"true"` // chats, contacts, items, attachments
	ContactIds       []center.ContactID `required:"true"`
	ActiveContactIds []center.ContactID `required:"true"` // the chats among them that have not ended
}

// Receipt says what was erased. It has no personal data.
type Receipt struct {
	ErasureId   string             `required:"true"`
	InstanceId  center.InstanceID  `required:"true"`
	SelectedBy  store.ErasedBy     `required:"true"`
	AccessKeyId string             `required:"true"` // that asked; "" in development mode, which takes unsigned requests
	AskedAt     time.Time          `required:"true" time:"date-time"`
	FinishedAt  *time.Time         `time:"date-time"` // when nothing of it was left in any file; nil until then
	Waiting     *int64             // chats that are still there; nil for none
	Counts      map[string]int64   `required:"true"`
	ContactIds  []center.ContactID // in the answer for one erasure; not of a deleted instance
}

// ListErasuresRequest says where to go on.
type ListErasuresRequest struct {
	Before string `query:"before"` // NextBefore of the answer before; "" for the newest
}

// ListErasuresResponse has receipts without their ContactIds.
type ListErasuresResponse struct {
	Erasures   []Receipt `required:"true"`
	NextBefore *string   // nil when there are no more
}

// GetErasureRequest names an erasure.
type GetErasureRequest struct {
	ErasureId string `required:"true" label:"0"`
}

// exceptions are those of the operations, as the Connect API calls them.
var exceptions = []string{"InvalidRequestException", "ResourceNotFoundException", "ResourceConflictException", "LimitExceededException", "ThrottlingException", "InternalServiceException"}

// The operations.
var (
	erase        = edge.OwnOperation(OpErase, http.MethodPost, "erasures", exceptions...)
	listErasures = edge.OwnOperation(OpList, http.MethodGet, "erasures", exceptions...)
	getErasure   = edge.OwnOperation("GetErasure", http.MethodGet, "erasures/{ErasureId}", exceptions...)
)

// NewHandler answers the API's requests.
func NewHandler(svc API, opts restjson.HandlerOptions) http.Handler {
	return restjson.NewHandler(edge.Own, opts, []restjson.Route{
		restjson.Handle(erase, func(ctx context.Context, in *EraseRequest) (any, error) {
			if in.DryRun {
				return svc.PreviewErasure(ctx, in)
			}
			return svc.Erase(ctx, in)
		}),
		restjson.Handle(listErasures, svc.ListErasures),
		restjson.Handle(getErasure, svc.GetErasure),
	})
}

// Client calls a server. Config.Sign has to sign for the service connect.
type Client struct{ c restjson.Client }

var _ API = (*Client)(nil)

// NewClient returns a client for the server at c.Endpoint.
func NewClient(c restjson.ClientConfig) *Client {
	return &Client{restjson.Client{API: edge.Own, Config: c}}
}

// Erase implements [API].
func (c *Client) Erase(ctx context.Context, in *EraseRequest) (*Receipt, error) {
	asked := *in
	asked.DryRun = false
	return restjson.Call[Receipt](ctx, &c.c, erase, &asked)
}

// PreviewErasure implements [API].
func (c *Client) PreviewErasure(ctx context.Context, in *EraseRequest) (*Preview, error) {
	asked := *in
	asked.DryRun = true
	return restjson.Call[Preview](ctx, &c.c, erase, &asked)
}

// ListErasures implements [API].
func (c *Client) ListErasures(ctx context.Context, in *ListErasuresRequest) (*ListErasuresResponse, error) {
	return restjson.Call[ListErasuresResponse](ctx, &c.c, listErasures, in)
}

// GetErasure implements [API].
func (c *Client) GetErasure(ctx context.Context, in *GetErasureRequest) (*Receipt, error) {
	return restjson.Call[Receipt](ctx, &c.c, getErasure, in)
}
