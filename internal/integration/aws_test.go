package integration

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"parley.example/parley/internal/auth"
	"parley.example/parley/internal/flow/machine"
)

var testTime = time.Date(2026, 8, 1, 12, 0, 0, 0, time.UTC)

func testAWS() *AWS {
	return &AWS{Region: "us-east-1", Credentials: credentials.NewStaticCredentialsProvider("AKIATEST", "secret", ""),
		Now: func() time.Time { return testTime }}
}

// scope is the credential of a signature.
func scope(r *http.Request) string {
	_, rest, _ := strings.Cut(r.Header.Get("Authorization"), "Credential=")
	scope, _, _ := strings.Cut(rest, ",")
	return scope
}

// clearAWS gives the test an environment and a home without settings of AWS.
func clearAWS(t *testing.T) (home string) {
	t.Helper()
	for _, kv := range os.Environ() {
		if name, value, _ := strings.Cut(kv, "="); strings.HasPrefix(name, "AWS_") {
			t.Setenv(name, value) // so that it comes back
			os.Unsetenv(name)
		}
	}
	home = t.TempDir()
	t.Setenv("AWS_CONFIG_FILE", filepath.Join(home, "config"))
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", filepath.Join(home, "credentials"))
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	return home
}

func TestLoadAWS(t *testing.T) {
	const profile = "[default]\nregion = eu-west-1\n[profile local]\nregion = eu-north-1\nservices = mine\nendpoint_url = http://all:4566\n" +
		"[services mine]\nlex_runtime_v2 =\n  endpoint_url = http://lex:1\n"
	const lambdaARN, lexARN = "arn:aws:lambda:ap-southeast-2:123456789012:function:f", "arn:aws:lex:us-west-2:123456789012:bot-alias/B/A"
	for _, c := range []struct {
		name, file          string
		env                 map[string]string
		region, lambda, lex string
	}{
		{"nothing", "", nil, "us-east-1", "https://lambda.ap-southeast-2.amazonaws.com", "https://runtime-v2-lex.us-west-2.amazonaws.com"},
		{"environment", "", map[string]string{"AWS_REGION": "eu-central-1", "AWS_ENDPOINT_URL": "http://local:4566"}, "eu-central-1", "http://local:4566", "http://local:4566"},
		{"one service", "", map[string]string{"AWS_ENDPOINT_URL_LAMBDA": "http://rie:8080"}, "us-east-1", "http://rie:8080", "https://runtime-v2-lex.us-west-2.amazonaws.com"},
		{"profile", profile, map[string]string{"AWS_PROFILE": "local"}, "eu-north-1", "http://all:4566", "http://lex:1"},
		{"default profile", profile, nil, "eu-west-1", "https://lambda.ap-southeast-2.amazonaws.com", "https://runtime-v2-lex.us-west-2.amazonaws.com"},
		{"endpoints ignored", profile, map[string]string{"AWS_PROFILE": "local", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"}, "eu-north-1",
			"https://lambda.ap-southeast-2.amazonaws.com", "https://runtime-v2-lex.us-west-2.amazonaws.com"},
	} {
		t.Run(c.name, func(t *testing.T) {
			home := clearAWS(t)
			if err := os.WriteFile(filepath.Join(home, "config"), []byte(c.file), 0o600); err != nil {
				t.Fatal(err)
			}
			for name, value := range c.env {
				t.Setenv(name, value)
			}
			a, err := LoadAWS(t.Context(), "us-east-1", time.Now)
			if err != nil {
				t.Fatal(err)
			}
			if err := a.Check(); err != nil {
				t.Errorf("Check: %v", err)
			}
			if a.Region != c.region {
				t.Errorf("region %q; want %q", a.Region, c.region)
			}
			if got := a.url(lambdaService, a.region(lambdaARN)); got != c.lambda {
				t.Errorf("Lambda at %q; want %q", got, c.lambda)
			}
			if got := a.url(lexService, a.region(lexARN)); got != c.lex {
				t.Errorf("Lex at %q; want %q", got, c.lex)
			}
		})
	}
	t.Run("broken file", func(t *testing.T) {
		clearAWS(t)
		t.Setenv("AWS_PROFILE", "nobody")
		if _, err := LoadAWS(t.Context(), "us-east-1", time.Now); err == nil {
			t.Error("a profile that does not exist was taken")
		}
	})
}

func TestAWSRegions(t *testing.T) {
	a := testAWS()
	for arn, want := range map[string]string{
		"greet": "us-east-1", "123456789012:function:greet": "us-east-1", "arn:aws:lambda::1:function:x": "us-east-1",
		"arn:aws:lambda:evil.example/:1:function:x": "us-east-1", "arn:aws-cn:lambda:cn-north-1:1:function:x": "cn-north-1",
	} {
		if got := a.region(arn); got != want {
			t.Errorf("region(%q) = %q; want %q", arn, got, want)
		}
	}
	for region, want := range map[string]string{
		"cn-north-1": "https://lambda.cn-north-1.amazonaws.com.cn", "us-gov-west-1": "https://lambda.us-gov-west-1.amazonaws.com",
		"us-iso-east-1": "https://lambda.us-iso-east-1.c2s.ic.gov", "us-isob-east-1": "https://lambda.us-isob-east-1.sc2s.sgov.gov",
	} {
		if got := a.url(lambdaService, region); got != want {
			t.Errorf("Lambda of %s at %q; want %q", region, got, want)
		}
	}
}

func TestAWSCheck(t *testing.T) {
	if err := (*AWS)(nil).Check(); err != nil {
		t.Errorf("Check of none = %v", err)
	}
	for _, bad := range []AWS{{}, {Region: "us east"}, {Region: "us-east-1", Endpoints: map[string]string{"Lambda": "localhost:4566"}},
		{Region: "us-east-1", Endpoints: map[string]string{"Lambda": "ftp://x"}}} {
		if err := bad.Check(); err == nil {
			t.Errorf("Check of %+v = nil; want an error", bad)
		}
	}
}

// keyring is one access key.
type keyring struct{ key auth.Key }

func (k keyring) Key(_ context.Context, id string, _ time.Time) (auth.Key, bool, error) {
	return k.key, id == k.key.ID, nil
}

// verified reports what an independent verifier says of a signature that the
// library made for region and service.
func verified(r *http.Request, body []byte, region, service string) error {
	key := auth.Key{ID: "AKIATEST", Secret: "secret"}
	v := auth.Verifier{Keys: keyring{key}, Region: region, Service: service}
	in := r.Clone(r.Context())
	in.Host = r.URL.Host
	in.RequestURI = r.URL.RequestURI()
	_, err := v.Verify(in, body, testTime)
	return err
}

// TestInvokeIsSigned holds a signature to a verifier that was written apart
// from the library that made it. The path of Invoke is the hard part: the ARN
// in it is escaped once in the URL and twice in what is signed.
func TestInvokeIsSigned(t *testing.T) {
	var seen *http.Request
	var body []byte
	l := Lambda{AWS: testAWS(), Client: client(func(r *http.Request) (*http.Response, error) {
		seen = r
		body, _ = io.ReadAll(r.Body)
		return answer(200, "{}"), nil
	})}
	call := machine.Invoke{ID: "e", Function: "arn:aws:lambda:eu-west-1:123456789012:function:greet:live"}
	if _, err := l.Invoke(t.Context(), call, []byte(`{"a":1}`)); err != nil {
		t.Fatal(err)
	}
	if err := verified(seen, body, "eu-west-1", "lambda"); err != nil {
		t.Errorf("the signature %s is refused: %v", seen.Header.Get("Authorization"), err)
	}
	if err := verified(seen, []byte("{}"), "eu-west-1", "lambda"); err == nil {
		t.Error("the signature does not cover the body")
	}

	t.Run("with a session token", func(t *testing.T) {
		l.AWS.Credentials = credentials.NewStaticCredentialsProvider("AKIATEST", "secret", "temporary")
		if _, err := l.Invoke(t.Context(), call, nil); err != nil {
			t.Fatal(err)
		}
		if token := seen.Header.Get("X-Amz-Security-Token"); token != "temporary" || !strings.Contains(seen.Header.Get("Authorization"), "x-amz-security-token") {
			t.Errorf("the session token %q is not sent or not signed", token)
		}
	})
}

// TestCredentialsFail: a source of credentials that hangs is cut off with the call.
func TestCredentialsFail(t *testing.T) {
	a := testAWS()
	a.Credentials = aws.CredentialsProviderFunc(func(ctx context.Context) (aws.Credentials, error) {
		<-ctx.Done()
		return aws.Credentials{}, ctx.Err()
	})
	l := Lambda{AWS: a}
	_, err := l.Invoke(t.Context(), machine.Invoke{Function: "f", TimeLimit: 20 * time.Millisecond}, nil)
	if err == nil || !strings.Contains(err.Error(), "credentials") && !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v; want that there were no credentials in time", err)
	}
}
