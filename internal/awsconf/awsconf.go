// Package awsconf reads the configuration of AWS SDKs: the environment
// (AWS_REGION, AWS_PROFILE, AWS_ACCESS_KEY_ID, AWS_ENDPOINT_URL …) and the files
// ~/.aws/config and ~/.aws/credentials. It says where a service is and with what
// credentials it is called; the calls are made by whoever needs them, because the
// SDK's client of a service brings all its operations into the program.
package awsconf

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
)

// Load reads the configuration. region is used where it names none. Nothing is
// called: credentials are looked up, and renewed, when they are retrieved.
func Load(ctx context.Context, region string) (aws.Config, error) {
	cfg, err := config.LoadDefaultConfig(ctx, config.WithDefaultRegion(region))
	if err != nil {
		return aws.Config{}, fmt.Errorf("read the configuration of AWS: %w", err)
	}
	return cfg, nil
}

// Endpoint returns the base URL of a service by its id in the SDKs, such as
// "Lex Runtime V2": its own (AWS_ENDPOINT_URL_LEX_RUNTIME_V2), else the one of
// all (AWS_ENDPOINT_URL). It is "" when none is configured, or they are to be ignored.
func Endpoint(ctx context.Context, cfg aws.Config, service string) (string, error) {
	ignored, _, err := config.GetIgnoreConfiguredEndpoints(ctx, cfg.ConfigSources)
	if err != nil {
		return "", fmt.Errorf("read the configuration of AWS: %w", err)
	}
	if ignored {
		return "", nil
	}
	for _, source := range cfg.ConfigSources { // the environment before files
		p, ok := source.(interface {
			GetServiceBaseEndpoint(context.Context, string) (string, bool, error)
		})
		if !ok {
			continue
		}
		if to, found, err := p.GetServiceBaseEndpoint(ctx, service); err != nil {
			return "", fmt.Errorf("read the configuration of AWS: %w", err)
		} else if found {
			return to, nil
		}
	}
	return aws.ToString(cfg.BaseEndpoint), nil
}

// Domain is the name below which a region's services are found.
func Domain(region string) string {
	switch {
	case strings.HasPrefix(region, "cn-"):
		return "amazonaws.com.cn"
	case strings.HasPrefix(region, "us-iso-"):
		return "c2s.ic.gov"
	case strings.HasPrefix(region, "us-isob-"):
		return "sc2s.sgov.gov"
	}
	return "amazonaws.com"
}
