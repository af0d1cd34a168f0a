package integration

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"parley.example/parley/internal/awsconf"
)

// AWS is how Amazon's services, or substitutes for them, are reached: the
// configuration of the AWS SDKs. A nil *AWS reaches none.
type AWS struct {
	Region      string // of services whose resource does not name one
	Credentials aws.CredentialsProvider
	// Endpoints are the base URLs of services that are not Amazon's own, by their
	// ids in the SDKs ("Lambda", "Lex Runtime V2").
	Endpoints map[string]string
	// Now is the wall clock, whatever else the server's time is: signatures are
	// refused when they are minutes off.
	Now func() time.Time
}

// awsService is a service that can be called, with its names.
type awsService struct {
	id      string // in the SDKs' configuration: AWS_ENDPOINT_URL_<ID>
	host    string // first label of its host name
	signing string // in the scope of signatures
}

var (
	lambdaService      = awsService{"Lambda", "lambda", "lambda"}
	lexService         = awsService{"Lex Runtime V2", "runtime-v2-lex", "lex"}
	eventBridgeService = awsService{"EventBridge", "events", "events"}
	kinesisService     = awsService{"Kinesis", "kinesis", "kinesis"}
	firehoseService    = awsService{"Firehose", "firehose", "firehose"}
	s3Service          = awsService{"S3", "s3", "s3"}
)

// LoadAWS reads the configuration of AWS SDKs: see package awsconf. region is
// used where it names none.
func LoadAWS(ctx context.Context, region string, now func() time.Time) (*AWS, error) {
	cfg, err := awsconf.Load(ctx, region)
	if err != nil {
		return nil, err
	}
	a := &AWS{Region: cfg.Region, Credentials: cfg.Credentials, Endpoints: map[string]string{}, Now: now}
	for _, s := range []awsService{lambdaService, lexService, eventBridgeService, kinesisService, firehoseService, s3Service} {
		if a.Endpoints[s.id], err = awsconf.Endpoint(ctx, cfg, s.id); err != nil {
			return nil, err
		}
	}
	return a, nil
}

// Check returns what is wrong with the configuration.
func (a *AWS) Check() error {
	if a == nil {
		return nil
	}
	if a.Region == "" || strings.Trim(a.Region, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
		return fmt.Errorf("the AWS region %q is not a name like us-east-1", a.Region)
	}
	for id, to := range a.Endpoints {
		if to == "" {
			continue
		}
		if err := checkURL(to); err != nil {
			return fmt.Errorf("the AWS endpoint of %s %w", id, err)
		}
	}
	return nil
}

// url returns the base URL of a service in a region.
func (a *AWS) url(s awsService, region string) string {
	if to := a.Endpoints[s.id]; to != "" {
		return to
	}
	return "https://" + s.host + "." + region + "." + awsconf.Domain(region)
}

// region returns the region of a resource: the one its ARN names, else the
// configured one. An ARN whose region could not be part of a host name counts as
// having none.
func (a *AWS) region(arn string) string {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) == 6 && parts[0] == "arn" && parts[3] != "" && len(parts[3]) <= 32 &&
		strings.Trim(parts[3], "abcdefghijklmnopqrstuvwxyz0123456789-") == "" {
		return parts[3]
	}
	return a.Region
}

// sign signs a request with Signature Version 4. It may look up credentials,
// for which it takes as long as ctx lets it.
func (a *AWS) sign(ctx context.Context, r *http.Request, body []byte, s awsService, region string) error {
	if a.Credentials == nil {
		return errors.New("there are no AWS credentials")
	}
	keys, err := a.Credentials.Retrieve(ctx)
	if err != nil {
		return fmt.Errorf("get AWS credentials: %w", err)
	}
	sum := sha256.Sum256(body)
	if s == s3Service { // which wants the hash in a header, and the path as it is
		r.Header.Set("X-Amz-Content-Sha256", hex.EncodeToString(sum[:]))
		return v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true }).
			SignHTTP(ctx, keys, r, hex.EncodeToString(sum[:]), s.signing, region, a.Now())
	}
	return v4.NewSigner().SignHTTP(ctx, keys, r, hex.EncodeToString(sum[:]), s.signing, region, a.Now())
}
