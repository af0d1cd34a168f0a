// Package keysapi is the API by which access keys, and the secrets that seal tokens, are
// managed on a running server: [API], which the server implements by [Service], and programs call
// by [Client].
//
// It is an API of Parley's own ([edge.Own]). Amazon's for the same purpose, IAM's, has users
// with policies attached to them, and keys without a name; keys here have a name and a policy of their own, and IAM's
// form-encoded requests would need another codec. So it is JSON over HTTP, in the form
// of the Connect API.
//
// # Who may call
//
// Keys whose policy allows the action on "*": parley:ListKeys, parley:CreateKey, parley:UpdateKey,
// parley:DeleteKey, parley:ListTokenSecrets, parley:RotateTokenSecret. Who may make keys can make one that may do
// everything. Signatures are verified in development mode too: everything else there takes a
// caller's word, but what any page may send must not make keys. [edge.RefuseOwn] keeps browsers out.
//
// # Time and blocking
//
// Calls block as long as the store does. What is changed counts at once on the server that
// answers, and on others of the same database within [auth.KeyTTL].
package keysapi

import (
	"context"
	"net/http"
	"time"

	"parley.example/parley/api/restjson"
	"parley.example/parley/internal/edge"
)

// API is what can be asked. Errors of the server are [restjson.APIError], those of [Service] as it says.
type API interface {
	// ListKeys returns all keys, oldest first, without their secrets.
	ListKeys(context.Context, *ListKeysRequest) (*ListKeysResponse, error)
	// CreateKey makes a key. Its secret is in the answer, and nowhere else.
	CreateKey(context.Context, *CreateKeyRequest) (*CreateKeyResponse, error)
	// UpdateKey disables a key, or enables it again.
	UpdateKey(context.Context, *UpdateKeyRequest) (*UpdateKeyResponse, error)
	// DeleteKey deletes a key.
	DeleteKey(context.Context, *DeleteKeyRequest) (*DeleteKeyResponse, error)
	// ListTokenSecrets returns which secrets seal tokens, the current one first.
	ListTokenSecrets(context.Context, *ListTokenSecretsRequest) (*ListTokenSecretsResponse, error)
	// RotateTokenSecret begins with a new secret, and returns which there are then.
	RotateTokenSecret(context.Context, *RotateTokenSecretRequest) (*ListTokenSecretsResponse, error)
}

// The states of a key.
const (
	Active   = "Active"
	Disabled = "Disabled"
)

// Key is what may be known of a key.
type Key struct {
	AccessKeyId string     `required:"true"`
	Name        string     `required:"true"`
	State       string     `required:"true"` // Active or Disabled
	Created     *time.Time `time:"date-time"`
	LastUsed    *LastUse   // nil when it never was
	Policy      string     // JSON in the shape of an IAM policy
}

// LastUse is the last call with a key, as exact as a minute.
type LastUse struct {
	Time      *time.Time `time:"date-time"`
	Address   string     // of the connection: a proxy's, when one stands in front
	Operation string
}

// ListKeysRequest asks for nothing.
type ListKeysRequest struct{}

// ListKeysResponse has all keys.
type ListKeysResponse struct{ Keys []Key }

// CreateKeyRequest describes a key.
type CreateKeyRequest struct {
	Name   string `required:"true" len:"1:64"`   // letters, digits and _+=,.@-
	Policy string `required:"true" len:"1:6144"` // as in Key. There is none to fall back to: a misspelt member must not give full access
}

// CreateKeyResponse has the key with its secret.
type CreateKeyResponse struct {
	Key             *Key   `required:"true"`
	SecretAccessKey string `required:"true"`
}

// UpdateKeyRequest says which state a key is to have.
type UpdateKeyRequest struct {
	AccessKeyId string `required:"true" label:"0" len:"1:128"`
	State       string `required:"true"` // Active or Disabled
	Force       *bool  // disable it even if it is the last one that may manage keys
}

// UpdateKeyResponse has the key as it is now.
type UpdateKeyResponse struct {
	Key *Key `required:"true"`
}

// DeleteKeyRequest names a key.
type DeleteKeyRequest struct {
	AccessKeyId string `required:"true" label:"0" len:"1:128"`
	Force       *bool  `query:"force"` // delete it even if it is the last one that may manage keys
}

// DeleteKeyResponse has the key as it was.
type DeleteKeyResponse struct {
	Key *Key `required:"true"`
}

// ListTokenSecretsRequest asks for nothing.
type ListTokenSecretsRequest struct{}

// ListTokenSecretsResponse has the secrets, the one that seals tokens first.
type ListTokenSecretsResponse struct{ TokenSecrets []TokenSecret }

// TokenSecret is what may be known of a secret.
type TokenSecret struct {
	Id    int32      `required:"true"`
	Made  *time.Time `time:"date-time"`
	Until *time.Time `time:"date-time"` // when the tokens of a former one end
}

// RotateTokenSecretRequest says for how long tokens of the former secrets are good yet.
type RotateTokenSecretRequest struct {
	OverlapSeconds *int64 `range:"0:"` // auth.LongestToken without it; 0 ends them at once
}

// The operations.
var (
	listKeys          = op("ListKeys", http.MethodGet, "keys")
	createKey         = op("CreateKey", http.MethodPost, "keys")
	updateKey         = op("UpdateKey", http.MethodPut, "keys/{AccessKeyId}")
	deleteKey         = op("DeleteKey", http.MethodDelete, "keys/{AccessKeyId}")
	listTokenSecrets  = op("ListTokenSecrets", http.MethodGet, "token-secrets")
	rotateTokenSecret = op("RotateTokenSecret", http.MethodPost, "token-secrets")
)

// Operations are all operations; the actions of policies have their names.
var Operations = []*restjson.Operation{listKeys, createKey, updateKey, deleteKey, listTokenSecrets, rotateTokenSecret}

func op(name, method, path string) *restjson.Operation {
	return edge.OwnOperation(name, method, path, validation, notFound, inUse, conflict, limitExceeded)
}

// NewHandler answers the API's requests.
func NewHandler(svc API, opts restjson.HandlerOptions) http.Handler {
	return restjson.NewHandler(edge.Own, opts, []restjson.Route{
		restjson.Handle(listKeys, svc.ListKeys),
		restjson.Handle(createKey, svc.CreateKey),
		restjson.Handle(updateKey, svc.UpdateKey),
		restjson.Handle(deleteKey, svc.DeleteKey),
		restjson.Handle(listTokenSecrets, svc.ListTokenSecrets),
		restjson.Handle(rotateTokenSecret, svc.RotateTokenSecret),
	})
}
