package keysapi

import (
	"context"

	"parley.example/parley/api/restjson"
)

// Client calls a server. Config.Sign has to sign for the service connect.
type Client struct{ c restjson.Client }

var _ API = (*Client)(nil)

// NewClient returns a client for the server at c.Endpoint.
func NewClient(c restjson.ClientConfig) *Client {
	return &Client{restjson.Client{API: description, Config: c}}
}

// call sends one request.
func call[O any](ctx context.Context, c *Client, op *restjson.Operation, in any) (*O, error) {
	out := new(O)
	if err := c.c.Do(ctx, op, in, out); err != nil {
		return nil, err
	}
	return out, nil
}

// ListKeys implements [API].
func (c *Client) ListKeys(ctx context.Context, in *ListKeysRequest) (*ListKeysResponse, error) {
	return call[ListKeysResponse](ctx, c, listKeys, in)
}

// CreateKey implements [API].
func (c *Client) CreateKey(ctx context.Context, in *CreateKeyRequest) (*CreateKeyResponse, error) {
	return call[CreateKeyResponse](ctx, c, createKey, in)
}

// UpdateKey implements [API].
func (c *Client) UpdateKey(ctx context.Context, in *UpdateKeyRequest) (*UpdateKeyResponse, error) {
	return call[UpdateKeyResponse](ctx, c, updateKey, in)
}

// DeleteKey implements [API].
func (c *Client) DeleteKey(ctx context.Context, in *DeleteKeyRequest) (*DeleteKeyResponse, error) {
	return call[DeleteKeyResponse](ctx, c, deleteKey, in)
}

// ListTokenSecrets implements [API].
func (c *Client) ListTokenSecrets(ctx context.Context, in *ListTokenSecretsRequest) (*ListTokenSecretsResponse, error) {
	return call[ListTokenSecretsResponse](ctx, c, listTokenSecrets, in)
}

// RotateTokenSecret implements [API].
func (c *Client) RotateTokenSecret(ctx context.Context, in *RotateTokenSecretRequest) (*ListTokenSecretsResponse, error) {
	return call[ListTokenSecretsResponse](ctx, c, rotateTokenSecret, in)
}
