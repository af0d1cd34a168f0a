package s3_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"

	"parley.example/parley/internal/blob/s3"
	"parley.example/parley/internal/blob/s3/s3test"
)

func TestParseURL(t *testing.T) {
	for url, want := range map[string]s3.Location{
		"s3://files":              {Bucket: "files"},
		"s3://files/":             {Bucket: "files"},
		"s3://my.files-1/a/b_c.d": {Bucket: "my.files-1", Prefix: "a/b_c.d/"},
		"s3://files/chats/":       {Bucket: "files", Prefix: "chats/"},
	} {
		got, err := s3.ParseURL(url)
		if err != nil || got != want {
			t.Errorf("ParseURL(%q) = %+v, %v; want %+v", url, got, err, want)
		}
		if text := got.String(); text != strings.TrimSuffix(url, "/") {
			t.Errorf("%q is written as %q", url, text)
		}
	}
	for _, url := range []string{"", "s3", "s3:", "s3://", "s3:///x", "files", "/var/files", "http://files", "S3://files", "s3://Files", "s3://a", "s3://a..b", "s3://-ab",
		"s3://key:secret@files", "s3://files/../x", "s3://files//x", "s3://files/a b", "s3://files/x?y", "s3://files/.x", "s3://" + strings.Repeat("x", 64)} {
		if got, err := s3.ParseURL(url); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("ParseURL(%q) = %+v, %v; want an error without a secret", url, got, err)
		}
	}
}

// TestOpenExplains refuses what cannot work at the start, in a sentence that
// says what to do and holds no secret.
func TestOpenExplains(t *testing.T) {
	denied := func(method string) s3test.Fault {
		return s3test.Fault{Method: method, Status: http.StatusForbidden, Code: "AccessDenied", Always: true}
	}
	for _, c := range []struct {
		name   string
		change func(t *testing.T, s *s3test.Server, o *s3.Options)
		want   []string
	}{
		{"no such bucket", func(_ *testing.T, _ *s3test.Server, o *s3.Options) { o.Bucket = "other" }, []string{"s3://other/chats", "does not exist; create it"}},
		{"may not write", func(_ *testing.T, s *s3test.Server, _ *s3.Options) { s.Inject(denied("PUT")) }, []string{"cannot write", "s3:PutObject"}},
		{"may not read", func(_ *testing.T, s *s3test.Server, _ *s3.Options) { s.Inject(denied("GET")) }, []string{"cannot read", "s3:GetObject"}},
		{"may not delete", func(_ *testing.T, s *s3test.Server, _ *s3.Options) { s.Inject(denied("DELETE")) }, []string{"cannot delete", "s3:DeleteObject"}},
		{"may not list", func(_ *testing.T, s *s3test.Server, _ *s3.Options) { s.HideMissing() }, []string{"cannot look up", "s3:ListBucket"}},
		{"unknown key", func(t *testing.T, _ *s3test.Server, _ *s3.Options) { t.Setenv("AWS_ACCESS_KEY_ID", "AKIDOTHER") }, []string{"does not know the access key"}},
		{"wrong secret", func(t *testing.T, _ *s3test.Server, _ *s3.Options) {
			t.Setenv("AWS_SECRET_ACCESS_KEY", "not-"+s3test.Secret)
		}, []string{"the secret does not fit"}},
		{"no credentials", func(t *testing.T, _ *s3test.Server, _ *s3.Options) { t.Setenv("AWS_ACCESS_KEY_ID", "") }, []string{"there are no credentials; set AWS_ACCESS_KEY_ID"}},
		{"no such profile", func(t *testing.T, _ *s3test.Server, _ *s3.Options) { t.Setenv("AWS_PROFILE", "nobody") }, []string{"configuration of AWS", "nobody"}},
		{"another region", func(_ *testing.T, s *s3test.Server, _ *s3.Options) {
			s.Inject(s3test.Fault{Status: http.StatusMovedPermanently, Code: "PermanentRedirect", Always: true})
		}, []string{"another region; set AWS_REGION"}},
		{"nobody listens", func(_ *testing.T, s *s3test.Server, _ *s3.Options) { s.Close() }, []string{"cannot be reached", "connection refused"}},
		{"something else", func(_ *testing.T, s *s3test.Server, _ *s3.Options) {
			s.Inject(s3test.Fault{Status: http.StatusTeapot, Code: "Teapot", Always: true})
		}, []string{"cannot write", "Teapot"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := s3test.Start(t, "files")
			o := options(s)
			c.change(t, s, &o)
			_, err := s3.Open(t.Context(), o)
			if err == nil {
				t.Fatal("Open has found nothing wrong")
			}
			for _, want := range append(c.want, "s3://") {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("Open: %v; want %q in it", err, want)
				}
			}
			if strings.Contains(err.Error(), s3test.Secret) || strings.Contains(err.Error(), "\n") {
				t.Errorf("Open: %v; it holds a secret, or is more than a sentence", err)
			}
		})
	}
}

func TestOpenLeavesNothing(t *testing.T) {
	s := s3test.Start(t, "files")
	if err := open(t, s).Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	if left := s.Keys(); len(left) != 0 {
		t.Errorf("Open has left %q", left)
	}
}

// TestWhereRequestsGo looks at what is dialled: an endpoint that is given, one
// of the configuration of AWS SDKs, Amazon's own.
func TestWhereRequestsGo(t *testing.T) {
	for _, c := range []struct {
		name     string
		endpoint string
		env      map[string]string
		want     string
	}{
		{"Amazon", "", nil, "files.s3.eu-central-1.amazonaws.com:443"},
		{"Amazon, by region", "", map[string]string{"AWS_REGION": "ap-southeast-2"}, "files.s3.ap-southeast-2.amazonaws.com:443"},
		{"the endpoint of S3", "", map[string]string{"AWS_ENDPOINT_URL_S3": "http://minio:9000", "AWS_ENDPOINT_URL": "http://all:4566"}, "minio:9000"},
		{"the endpoint of all", "", map[string]string{"AWS_ENDPOINT_URL": "http://all:4566"}, "all:4566"},
		{"a given endpoint", "http://ceph:7480", map[string]string{"AWS_ENDPOINT_URL_S3": "http://minio:9000"}, "ceph:7480"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s3test.Start(t, "files") // its environment
			for name, value := range c.env {
				t.Setenv(name, value)
			}
			var dialled []string
			_, err := s3.Open(t.Context(), s3.Options{
				Location: s3.Location{Bucket: "files"}, Endpoint: c.endpoint, Region: "eu-central-1",
				Dial: func(_ context.Context, _, address string) (net.Conn, error) {
					dialled = append(dialled, address)
					return nil, errors.New("not today")
				},
			})
			if err == nil || !slices.Contains(dialled, c.want) || len(slices.Compact(dialled)) != 1 {
				t.Errorf("dialled %q, %v; want %s", dialled, err, c.want)
			}
		})
	}
}
