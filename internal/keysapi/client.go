package keysapi

import (
	"context"

	"parley.example/parley/api/restjson"
	"parley.example/parley/internal/edge"
)

// Client calls a server. Config.Sign has to sign for the service connect.
type Client struct{ c restjson.Client }

var _ API = (*Client)(nil)

// NewClient returns a client for the server at c.Endpoint.
func NewClient(c restjson.ClientConfig) *Client {
	return &Client{restjson.Client{API: edge.Own, Config: c}}
}

// ListKeys implements [API].
func (c *Client) ListKeys(ctx context.Context, in *ListKeysRequest) (*ListKeysResponse, error) {
	return restjson.Call[ListKeysResponse](ctx, &c.c, listKeys, in)
}

// CreateKey implements [API].
func (c *Client) CreateKey(ctx context.Context, in *CreateKeyRequest) (*CreateKeyResponse, error) {
	return restjson.Call[CreateKeyResponse](ctx, &c.c, createKey, in)
}

// UpdateKey implements [API].
func (c *Client) UpdateKey(ctx context.Context, in *UpdateKeyRequest) (*UpdateKeyResponse, error) {
	return restjson.Call[UpdateKeyResponse](ctx, &c.c, updateKey, in)
}

// DeleteKey implements [API].
func (c *Client) DeleteKey(ctx context.Context, in *DeleteKeyRequest) (*DeleteKeyResponse, error) {
	return restjson.Call[DeleteKeyResponse](ctx, &c.c, deleteKey, in)
}

// ListTokenSecrets implements [API].
func (c *Client) ListTokenSecrets(ctx context.Context, in *ListTokenSecretsRequest) (*ListTokenSecretsResponse, error) {
	return restjson.Call[ListTokenSecretsResponse](ctx, &c.c, listTokenSecrets, in)
}

// RotateTokenSecret implements [API].
func (c *Client) RotateTokenSecret(ctx context.Context, in *RotateTokenSecretRequest) (*ListTokenSecretsResponse, error) {
	return restjson.Call[ListTokenSecretsResponse](ctx, &c.c, rotateTokenSecret, in)
}
