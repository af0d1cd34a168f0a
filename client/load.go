package client

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
)

// LoadConfig reads credentials, region, endpoints and retries the way every AWS tool does: from the
// environment, then from the profile in the shared files, with SSO, roles and container or instance
// credentials behind it. options are those of config.LoadDefaultConfig.
//
// Endpoints come from AWS_ENDPOINT_URL_CONNECT, AWS_ENDPOINT_URL_CONNECTPARTICIPANT, AWS_ENDPOINT_URL
// and the endpoint_url of the profile and its services, unless AWS_IGNORE_CONFIGURED_ENDPOINT_URLS.
// AWS_USE_FIPS_ENDPOINT, AWS_USE_DUALSTACK_ENDPOINT and their like in the profile choose among Amazon's.
// Retries come from AWS_MAX_ATTEMPTS and AWS_RETRY_MODE, then max_attempts and retry_mode, each by
// itself. What is returned may be changed before it goes to [New].
func LoadConfig(ctx context.Context, options ...func(*config.LoadOptions) error) (Config, error) {
	if os.Getenv("AWS_MAX_ATTEMPTS") == "0" {
		return Config{}, fmt.Errorf("client: AWS_MAX_ATTEMPTS is 0; the first attempt counts, so 1 means no retries")
	}
	if mode := RetryMode(os.Getenv("AWS_RETRY_MODE")); mode != "" {
		if _, err := newRetry(RetryConfig{Mode: mode}); err != nil {
			return Config{}, fmt.Errorf("client: AWS_RETRY_MODE: %w", err)
		}
	}
	loaded, err := config.LoadDefaultConfig(ctx, options...)
	switch {
	case err == nil:
	case strings.Contains(err.Error(), "retry_mode"): // the SDK does not say what is allowed, and has no type for it
		return Config{}, fmt.Errorf("client: %w; the modes are %s and %s", err, RetryStandard, RetryAdaptive)
	default:
		return Config{}, fmt.Errorf("client: %w", err)
	}
	return FromAWS(ctx, loaded)
}

// FromAWS turns a configuration of aws-sdk-go-v2 into one of this package. Its HTTP client and
// retryer are left behind.
func FromAWS(ctx context.Context, loaded aws.Config) (Config, error) {
	cfg := Config{
		Region:      loaded.Region,
		Credentials: loaded.Credentials,
		RetryConfig: RetryConfig{Mode: RetryMode(loaded.RetryMode), MaxAttempts: loaded.RetryMaxAttempts},
	}
	if loaded.BaseEndpoint != nil {
		cfg.Endpoint = *loaded.BaseEndpoint
	}
	if loaded.AppID != "" {
		cfg.UserAgent = "app/" + loaded.AppID
	}
	var err error
	if cfg.UseFIPS, cfg.UseDualStack, err = variants(ctx, loaded.ConfigSources); err != nil {
		return Config{}, fmt.Errorf("client: %w", err)
	}
	both := cfg.Endpoint
	for i, endpoint := range []*string{connectService: &cfg.Endpoint, participantService: &cfg.ParticipantEndpoint} {
		own, err := serviceEndpoint(ctx, services[i].sdkID, loaded.ConfigSources)
		if err != nil {
			return Config{}, fmt.Errorf("client: endpoint of %s: %w", services[i].sdkID, err)
		}
		if own != "" {
			*endpoint = own
		}
	}
	if cfg.ParticipantEndpoint == "" && cfg.Endpoint != both {
		cfg.ParticipantEndpoint = both // Endpoint is that of the Connect API alone
		if both == "" && cfg.Region != "" {
			cfg.ParticipantEndpoint = amazons(services[participantService].prefix, &cfg)
		}
	}
	return cfg, nil
}

// variants reads which of Amazon's endpoints are wanted: the first source that says so decides for each.
func variants(ctx context.Context, sources []any) (fips, dual bool, err error) {
	var knowsFIPS, knowsDual bool
	for _, source := range sources {
		if s, ok := source.(interface {
			GetUseFIPSEndpoint(context.Context) (aws.FIPSEndpointState, bool, error)
		}); ok && !knowsFIPS {
			var state aws.FIPSEndpointState
			if state, knowsFIPS, err = s.GetUseFIPSEndpoint(ctx); err != nil {
				return false, false, err
			}
			fips = state == aws.FIPSEndpointStateEnabled
		}
		if s, ok := source.(interface {
			GetUseDualStackEndpoint(context.Context) (aws.DualStackEndpointState, bool, error)
		}); ok && !knowsDual {
			var state aws.DualStackEndpointState
			if state, knowsDual, err = s.GetUseDualStackEndpoint(ctx); err != nil {
				return false, false, err
			}
			dual = state == aws.DualStackEndpointStateEnabled
		}
	}
	return fips, dual, nil
}

// serviceEndpoint looks for the endpoint of one service in the environment and the profile. Each
// source decides for those behind it: what the environment says of all services counts for more
// than what the profile says of one.
func serviceEndpoint(ctx context.Context, sdkID string, sources []any) (string, error) {
	for _, source := range sources {
		if s, ok := source.(interface {
			GetIgnoreConfiguredEndpoints(context.Context) (bool, bool, error)
		}); ok {
			ignore, found, err := s.GetIgnoreConfiguredEndpoints(ctx)
			if err != nil || ignore {
				return "", err
			}
			if found {
				break
			}
		}
	}
	for _, source := range sources {
		if s, ok := source.(interface {
			GetServiceBaseEndpoint(context.Context, string) (string, bool, error)
		}); ok {
			if url, found, err := s.GetServiceBaseEndpoint(ctx, sdkID); err != nil || found {
				return url, err
			}
		}
		if env, ok := source.(config.EnvConfig); ok && env.BaseEndpoint != "" {
			return "", nil
		}
	}
	return "", nil
}
