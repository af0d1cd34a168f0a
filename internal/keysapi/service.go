package keysapi

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"parley.example/parley/api/restjson"
	"parley.example/parley/internal/auth"
	"parley.example/parley/internal/auth/keystore"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/store"
)

// Service answers from a store. Its errors are [center.Error]. It serves a server, and a command
// that has the data directory of a stopped one.
type Service struct {
	Keys   *auth.Keys
	Tokens *keystore.Tokens
	Wall   func() time.Time // the time by which requests are signed
	Now    func() time.Time // the time by which chats live
}

var _ API = (*Service)(nil)

// ListKeys implements [API].
func (s *Service) ListKeys(ctx context.Context, _ *ListKeysRequest) (*ListKeysResponse, error) {
	list, err := s.Keys.List(ctx)
	if err != nil {
		return nil, err
	}
	uses, err := s.Keys.Uses(ctx)
	if err != nil {
		return nil, err
	}
	out := &ListKeysResponse{Keys: make([]Key, len(list))}
	for i, k := range list {
		shown, err := show(k)
		if err != nil {
			return nil, err
		}
		if use, ok := uses[k.ID]; ok {
			shown.LastUsed = &LastUse{Time: new(use.At.UTC().Truncate(time.Second)), Operation: use.Operation}
			if use.From.IsValid() {
				shown.LastUsed.Address = use.From.String()
			}
		}
		out.Keys[i] = *shown
	}
	return out, nil
}

func show(k auth.Key) (*Key, error) {
	policy, err := json.Marshal(k.Policy)
	if err != nil {
		return nil, err
	}
	shown := &Key{AccessKeyId: k.ID, Name: k.Name, State: Active, Created: new(k.Created.UTC().Truncate(time.Second)), Policy: string(policy)}
	if k.Disabled {
		shown.State = Disabled
	}
	return shown, nil
}

// CreateKey implements [API].
func (s *Service) CreateKey(ctx context.Context, in *CreateKeyRequest) (*CreateKeyResponse, error) {
	policy, err := auth.ParsePolicy([]byte(in.Policy))
	if err != nil {
		return nil, err
	}
	key, err := s.Keys.Create(ctx, in.Name, policy, s.Wall())
	if err != nil {
		return nil, err
	}
	shown, err := show(key)
	return &CreateKeyResponse{Key: shown, SecretAccessKey: key.Secret}, err
}

// UpdateKey implements [API].
func (s *Service) UpdateKey(ctx context.Context, in *UpdateKeyRequest) (*UpdateKeyResponse, error) {
	if in.State != Active && in.State != Disabled {
		return nil, center.Errorf(center.Invalid, "State is %q; it must be %s or %s", in.State, Active, Disabled)
	}
	key, err := s.Keys.SetDisabled(ctx, in.AccessKeyId, in.State == Disabled, in.Force != nil && *in.Force, s.Now())
	if err != nil {
		return nil, err
	}
	shown, err := show(key)
	return &UpdateKeyResponse{Key: shown}, err
}

// DeleteKey implements [API].
func (s *Service) DeleteKey(ctx context.Context, in *DeleteKeyRequest) (*DeleteKeyResponse, error) {
	key, err := s.Keys.Delete(ctx, in.AccessKeyId, in.Force != nil && *in.Force, s.Now())
	if err != nil {
		return nil, err
	}
	shown, err := show(key)
	return &DeleteKeyResponse{Key: shown}, err
}

// ListTokenSecrets implements [API].
func (s *Service) ListTokenSecrets(ctx context.Context, _ *ListTokenSecretsRequest) (*ListTokenSecretsResponse, error) {
	list, err := s.Tokens.List(ctx)
	if err != nil {
		return nil, err
	}
	out := &ListTokenSecretsResponse{TokenSecrets: make([]TokenSecret, len(list))}
	for i, t := range list {
		out.TokenSecrets[i] = TokenSecret{Id: int32(t.ID), Made: new(t.Made.Truncate(time.Second))}
		if !t.Until.IsZero() {
			out.TokenSecrets[i].Until = new(t.Until.Truncate(time.Second))
		}
	}
	return out, nil
}

// RotateTokenSecret implements [API].
func (s *Service) RotateTokenSecret(ctx context.Context, in *RotateTokenSecretRequest) (*ListTokenSecretsResponse, error) {
	overlap := auth.LongestToken
	if in.OverlapSeconds != nil {
		overlap = time.Duration(min(*in.OverlapSeconds, int64(auth.LongestToken/time.Second)+1)) * time.Second // one more is refused
	}
	if err := s.Tokens.Rotate(ctx, overlap, s.Now()); err != nil {
		return nil, err
	}
	return s.ListTokenSecrets(ctx, nil)
}

// The exceptions of the API.
const (
	validation    = "ValidationException"
	notFound      = "ResourceNotFoundException"
	inUse         = "ResourceInUseException"
	conflict      = "ConflictException"
	limitExceeded = "LimitExceededException"
	unavailable   = "ServiceUnavailableException"
)

// exceptions are those that stand for reasons, with their status.
var exceptions = map[center.Reason]restjson.APIError{
	center.Invalid:       {Code: validation, Status: http.StatusBadRequest},
	center.NotFound:      {Code: notFound, Status: http.StatusNotFound},
	center.InUse:         {Code: inUse, Status: http.StatusConflict},
	center.Conflict:      {Code: conflict, Status: http.StatusConflict},
	center.Duplicate:     {Code: conflict, Status: http.StatusConflict},
	center.LimitExceeded: {Code: limitExceeded, Status: http.StatusTooManyRequests},
}

// MapError turns an error of the domain into an exception. What it leaves is answered
// as an internal failure.
func MapError(_ *restjson.Operation, err error) error {
	if errors.Is(err, store.ErrClosed) {
		return &restjson.APIError{Code: unavailable, Message: "the server is shutting down; try again", Status: http.StatusServiceUnavailable}
	}
	if e, ok := errors.AsType[*center.Error](err); ok {
		if x, ok := exceptions[e.Reason]; ok {
			x.Message = e.Message
			return &x
		}
	}
	return err
}
