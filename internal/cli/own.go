package cli

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/feature/ec2/imds"

	"parley.example/parley/api/restjson"
	"parley.example/parley/internal/auth"
	"parley.example/parley/internal/auth/keystore"
)

// signing are the flags of verbs that call a server's APIs of Parley's own: what they sign with.
type signing struct {
	KeyFile string `help:"File with the access key to call the server with, such as first-key.env. Default: the key of AWS_ACCESS_KEY_ID, AWS_PROFILE and so on." placeholder:"FILE" type:"existingfile" name:"key-file"`
	Region  string `help:"Region to sign for (${default})." default:"us-east-1" placeholder:"REGION" env:"AWS_REGION,AWS_DEFAULT_REGION"`
}

// errNoKey says that there is nothing to sign with.
var errNoKey = errors.New("there is no access key")

// credentials returns the key to sign with: that of the file, else that of the environment or the
// profile. Where there is none the error is errNoKey.
func (s *signing) credentials(ctx context.Context) (aws.Credentials, error) {
	if s.KeyFile != "" {
		id, secret, err := keystore.ReadKeyFile(s.KeyFile)
		if err != nil {
			return aws.Credentials{}, usage{fmt.Errorf("key-file: %w", err)}
		}
		return aws.Credentials{AccessKeyID: id, SecretAccessKey: secret}, nil
	}
	cfg, err := config.LoadDefaultConfig(ctx, config.WithRegion(s.Region), config.WithEC2IMDSClientEnableState(imds.ClientDisabled))
	if err != nil {
		return aws.Credentials{}, err
	}
	cred, err := cfg.Credentials.Retrieve(ctx)
	switch {
	case err == nil:
		return cred, nil
	case os.Getenv("AWS_PROFILE") == "":
		return aws.Credentials{}, errNoKey
	}
	return aws.Credentials{}, usage{err}
}

// address cuts the slash at the end of a server's URL, which the named flag has, and says if it is none.
func address(flag string, at *string) error {
	*at = strings.TrimSuffix(*at, "/")
	if u, err := url.Parse(*at); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return usage{fmt.Errorf("%s %q is not a URL like https://chat.example.com", flag, *at)}
	}
	return nil
}

// reach returns how to call the server at a URL, which the named flag has; it cuts the slash at the
// end of it. Calls are signed. Without a key they are not, or with must it is an error.
func (s *signing) reach(ctx context.Context, flag string, at *string, must bool) (restjson.ClientConfig, error) {
	if err := address(flag, at); err != nil {
		return restjson.ClientConfig{}, err
	}
	c := restjson.ClientConfig{
		Endpoint: *at, UserAgent: "parley/" + version,
		HTTPClient: &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
	}
	cred, err := s.credentials(ctx)
	switch {
	case !errors.Is(err, errNoKey):
	case must:
		return c, usage{fmt.Errorf("%w to call %s with: name a file with --key-file (a first start writes first-key.env into the data directory), or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY. Without a key, use --data DIR while the server is stopped", err, *at)}
	default:
		return c, nil
	}
	c.Sign = func(r *http.Request, body []byte) error {
		sum := sha256.Sum256(body)
		hash := hex.EncodeToString(sum[:])
		r.Header.Set("X-Amz-Content-Sha256", hash)
		return v4.NewSigner().SignHTTP(r.Context(), cred, r, hash, "connect", s.Region, time.Now())
	}
	return c, err
}

// explain says of an error of the server at a URL what can be done about it: what is what it was
// asked to do, and find is how to name a server that answers.
func explain(err error, at, what, find string) error {
	if errors.Is(err, syscall.ECONNREFUSED) {
		return fmt.Errorf("no server answers at %s: %s", at, find)
	}
	e, ok := errors.AsType[restjson.Coded](err)
	if !ok {
		return err
	}
	switch message := e.ErrorMessage(); {
	case e.ErrorCode() == auth.UnrecognizedClient:
		return fmt.Errorf("%s does not know the access key, or it is disabled", at)
	case e.ErrorCode() == auth.InvalidSignature:
		return fmt.Errorf("%s refuses the signature: %s", at, message)
	case e.HTTPStatus() == http.StatusNotFound && e.ErrorCode() != "ResourceNotFoundException":
		return fmt.Errorf("%s does not manage %s: is it a Parley server, and not an older one?", at, what)
	case message != "":
		return errors.New(message)
	}
	return err
}
