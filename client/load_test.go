package client_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/config"

	"parley.example/parley/client"
)

// TestLoadConfig reads settings from the places every AWS tool reads them from.
func TestLoadConfig(t *testing.T) {
	files := func(t *testing.T, profile string) {
		path := filepath.Join(t.TempDir(), "config")
		if err := os.WriteFile(path, []byte(profile), 0o600); err != nil {
			t.Fatal(err)
		}
		t.Setenv("AWS_CONFIG_FILE", path)
	}
	for name, c := range map[string]struct {
		env     map[string]string
		profile string
		want    client.Config
		where   [2]string // the endpoints that a client then calls
		fails   string
	}{
		"the environment": {
			env:   map[string]string{"AWS_REGION": "eu-west-2", "AWS_MAX_ATTEMPTS": "7"},
			want:  client.Config{Region: "eu-west-2", RetryConfig: client.RetryConfig{MaxAttempts: 7}},
			where: [2]string{"https://connect.eu-west-2.amazonaws.com", "https://participant.connect.eu-west-2.amazonaws.com"},
		},
		"one endpoint": {
			env:  map[string]string{"AWS_REGION": "eu-west-2", "AWS_ENDPOINT_URL": "http://127.0.0.1:8790"},
			want: client.Config{Region: "eu-west-2", Endpoint: "http://127.0.0.1:8790"},
		},
		"an endpoint each": {
			env:  map[string]string{"AWS_REGION": "r-1", "AWS_ENDPOINT_URL": "http://x", "AWS_ENDPOINT_URL_CONNECT": "http://a", "AWS_ENDPOINT_URL_CONNECTPARTICIPANT": "http://b"},
			want: client.Config{Region: "r-1", Endpoint: "http://a", ParticipantEndpoint: "http://b"},
		},
		"an endpoint for one": {
			env:   map[string]string{"AWS_REGION": "r-1", "AWS_ENDPOINT_URL_CONNECT": "http://a"},
			want:  client.Config{Region: "r-1", Endpoint: "http://a", ParticipantEndpoint: "https://participant.connect.r-1.amazonaws.com"},
			where: [2]string{"http://a", "https://participant.connect.r-1.amazonaws.com"},
		},
		"an endpoint for the other": {
			env:   map[string]string{"AWS_REGION": "r-1", "AWS_ENDPOINT_URL_CONNECTPARTICIPANT": "http://b"},
			want:  client.Config{Region: "r-1", ParticipantEndpoint: "http://b"},
			where: [2]string{"https://connect.r-1.amazonaws.com", "http://b"},
		},
		"endpoints ignored": {
			env:  map[string]string{"AWS_REGION": "r-1", "AWS_ENDPOINT_URL_CONNECT": "http://a", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"},
			want: client.Config{Region: "r-1"},
		},
		"endpoints ignored by a profile": {
			profile: "[default]\nregion = r-1\nendpoint_url = http://x\nignore_configured_endpoint_urls = true\nservices = mine\n\n[services mine]\nconnect =\n  endpoint_url = http://a\n",
			want:    client.Config{Region: "r-1"},
		},
		"ignored by a profile, not by the environment": {
			env:     map[string]string{"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "false"},
			profile: "[default]\nregion = r-1\nendpoint_url = http://x\nignore_configured_endpoint_urls = true\n",
			want:    client.Config{Region: "r-1", Endpoint: "http://x"},
		},
		"an endpoint of a profile": {
			profile: "[default]\nregion = r-1\nendpoint_url = http://x\n",
			want:    client.Config{Region: "r-1", Endpoint: "http://x"},
		},
		"a profile's endpoints behind the environment's": {
			env:     map[string]string{"AWS_ENDPOINT_URL": "http://e"},
			profile: "[default]\nregion = r-1\nendpoint_url = http://x\nservices = mine\n\n[services mine]\nconnect =\n  endpoint_url = http://a\nconnectparticipant =\n  endpoint_url = http://b\n",
			want:    client.Config{Region: "r-1", Endpoint: "http://e"},
		},
		"one service's endpoint of the environment before all others": {
			env:     map[string]string{"AWS_ENDPOINT_URL": "http://e", "AWS_ENDPOINT_URL_CONNECTPARTICIPANT": "http://p"},
			profile: "[default]\nregion = r-1\nservices = mine\n\n[services mine]\nconnect =\n  endpoint_url = http://a\nconnectparticipant =\n  endpoint_url = http://b\n",
			want:    client.Config{Region: "r-1", Endpoint: "http://e", ParticipantEndpoint: "http://p"},
		},
		"a profile": {
			profile: "[default]\nregion = eu-north-1\nmax_attempts = 4\nretry_mode = standard\nservices = mine\nsdk_ua_app_id = desk\n\n[services mine]\nconnect =\n  endpoint_url = http://a\nconnectparticipant =\n  endpoint_url = http://b\n",
			want:    client.Config{Region: "eu-north-1", Endpoint: "http://a", ParticipantEndpoint: "http://b", UserAgent: "app/desk", RetryConfig: client.RetryConfig{MaxAttempts: 4}},
		},
		"the environment before a profile": {
			env:     map[string]string{"AWS_MAX_ATTEMPTS": "2"},
			profile: "[default]\nregion = eu-north-1\nmax_attempts = 4\n",
			want:    client.Config{Region: "eu-north-1", RetryConfig: client.RetryConfig{MaxAttempts: 2}},
		},
		"endpoints for FIPS": {
			env:   map[string]string{"AWS_REGION": "us-east-1", "AWS_USE_FIPS_ENDPOINT": "true"},
			want:  client.Config{Region: "us-east-1", UseFIPS: true},
			where: [2]string{"https://connect-fips.us-east-1.amazonaws.com", "https://participant.connect-fips.us-east-1.amazonaws.com"},
		},
		"dual-stack endpoints of a profile, FIPS not by the environment": {
			env:     map[string]string{"AWS_USE_FIPS_ENDPOINT": "false"},
			profile: "[default]\nregion = us-east-1\nuse_dualstack_endpoint = true\nuse_fips_endpoint = true\n",
			want:    client.Config{Region: "us-east-1", UseDualStack: true},
		},
		"no attempts": {env: map[string]string{"AWS_MAX_ATTEMPTS": "0"}, fails: "AWS_MAX_ATTEMPTS is 0"},
		"the adaptive mode": {
			env:     map[string]string{"AWS_RETRY_MODE": "adaptive"},
			profile: "[default]\nregion = eu-north-1\nmax_attempts = 4\nretry_mode = standard\n", // each value by itself
			want:    client.Config{Region: "eu-north-1", RetryConfig: client.RetryConfig{Mode: client.RetryAdaptive, MaxAttempts: 4}},
		},
		"the adaptive mode of a profile": {
			profile: "[default]\nregion = eu-north-1\nretry_mode = adaptive\n",
			want:    client.Config{Region: "eu-north-1", RetryConfig: client.RetryConfig{Mode: client.RetryAdaptive}},
		},
		"no such mode":              {env: map[string]string{"AWS_RETRY_MODE": "hasty"}, fails: `unknown mode "hasty"; the modes are standard and adaptive`},
		"no such mode in a profile": {profile: "[default]\nregion = eu-north-1\nretry_mode = hasty\n", fails: "the modes are standard and adaptive"},
	} {
		t.Run(name, func(t *testing.T) {
			files(t, c.profile)
			t.Setenv("AWS_SHARED_CREDENTIALS_FILE", filepath.Join(t.TempDir(), "none"))
			t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
			for _, name := range []string{"AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_CONNECT", "AWS_ENDPOINT_URL_CONNECTPARTICIPANT", "AWS_MAX_ATTEMPTS", "AWS_RETRY_MODE", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT"} {
				t.Setenv(name, "")
			}
			t.Setenv("AWS_ACCESS_KEY_ID", "AK")
			t.Setenv("AWS_SECRET_ACCESS_KEY", "SK")
			for name, value := range c.env {
				t.Setenv(name, value)
			}
			cfg, err := client.LoadConfig(t.Context())
			if c.fails != "" {
				if err == nil || !strings.Contains(err.Error(), c.fails) {
					t.Fatalf("LoadConfig = %v; want an error about %s", err, c.fails)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			keys, err := cfg.Credentials.Retrieve(t.Context())
			if err != nil || keys.AccessKeyID != "AK" {
				t.Errorf("credentials %+v, %v", keys.AccessKeyID, err)
			}
			if cfg.Region != c.want.Region || cfg.Endpoint != c.want.Endpoint || cfg.ParticipantEndpoint != c.want.ParticipantEndpoint ||
				cfg.UseFIPS != c.want.UseFIPS || cfg.UseDualStack != c.want.UseDualStack ||
				cfg.UserAgent != c.want.UserAgent || c.want.RetryConfig.Mode != "" && cfg.RetryConfig.Mode != c.want.RetryConfig.Mode || cfg.RetryConfig.MaxAttempts != c.want.RetryConfig.MaxAttempts {
				t.Errorf("got %+v\nwant %+v", cfg, c.want)
			}
			connector := &script{answers: []answer{{status: 200, body: "{}"}}}
			cfg.Connector = connector
			api, err := client.New(cfg)
			if err != nil {
				t.Fatalf("New = %v", err)
			}
			if c.where[0] == "" {
				return
			}
			if _, err := api.ListInstances().Send(t.Context()); err != nil {
				t.Error(err)
			}
			if _, err := api.Participant.SendMessage().ConnectionToken("t").ContentType("text/plain").Content("Hi").Send(t.Context()); err != nil {
				t.Error(err)
			}
			for i, want := range c.where {
				if got := connector.sent[i].URL; got.Scheme+"://"+got.Host != want {
					t.Errorf("sent to %s; want %s", got, want)
				}
			}
		})
	}
}

// TestLoadOptions hands options on.
func TestLoadOptions(t *testing.T) {
	t.Setenv("AWS_CONFIG_FILE", filepath.Join(t.TempDir(), "none"))
	cfg, err := client.LoadConfig(t.Context(), config.WithRegion("mars-1"), config.WithBaseEndpoint("http://h.test"))
	if err != nil || cfg.Region != "mars-1" || cfg.Endpoint != "http://h.test" {
		t.Errorf("%+v, %v", cfg, err)
	}
}

// TestVariantsWithACustomEndpoint: an endpoint that is set is not Amazon's, which somebody who asked for FIPS has to know.
func TestVariantsWithACustomEndpoint(t *testing.T) {
	for _, cfg := range []client.Config{{UseFIPS: true}, {UseDualStack: true}} {
		cfg.Region, cfg.ParticipantEndpoint = "us-east-1", "https://h.test"
		if _, err := client.New(cfg); err == nil || !strings.Contains(err.Error(), `"https://h.test" cannot be used with FIPS or dual-stack`) {
			t.Errorf("New = %v; want it refused", err)
		}
	}
}
