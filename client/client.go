package client

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"parley.example/parley/api/agent"
	"parley.example/parley/api/connect"
	"parley.example/parley/api/participant"
	"parley.example/parley/api/restjson"
	"parley.example/parley/client/agentcall"
	"parley.example/parley/client/connectcall"
	"parley.example/parley/client/participantcall"
)

// Connector sends one HTTP request, as an [http.RoundTripper] does; it need not follow redirects or
// keep cookies. Sockets of chats are opened through it as well, by a request that upgrades the
// connection, so that proxies, certificates and addresses are set in one place. [NewConnector] is
// the default. A Connector gets every attempt of a call.
type Connector = http.RoundTripper

// Call is a typed call as [Middleware] sees it.
type Call struct {
	Operation *restjson.Operation
	Input     any // as *connect.StartChatContactRequest; not to be changed in place
	Output    any // as *connect.StartChatContactResponse; empty before the call
}

// Handler makes a call and fills in its Output. Its error is an [*Error].
type Handler func(ctx context.Context, call *Call) error

// Middleware wraps every call, all attempts included: it may inspect, measure, change or replace
// Input, answer itself, or call next again. It must be safe for concurrent use.
type Middleware func(next Handler) Handler

// Config says how to reach the services. The zero Config has no credentials and no region;
// [LoadConfig] fills one in like every AWS tool does.
type Config struct {
	// Region is where the services are, such as eu-central-1. It determines their addresses, unless
	// Endpoint is set, and is part of signatures.
	Region string

	// Endpoint is the base URL of all services if they are not Amazon's, such as
	// http://127.0.0.1:8790. Its path is a prefix of every operation's.
	Endpoint string

	// ParticipantEndpoint is the base URL of the participant service if it is different.
	ParticipantEndpoint string

	// UseFIPS and UseDualStack choose among Amazon's addresses in a region: those whose cryptography
	// is validated by FIPS 140, and those that have IPv6. With a custom endpoint they are an error.
	UseFIPS, UseDualStack bool

	// Credentials sign the calls of the Connect API; nil sends them unsigned, which a Parley in
	// development mode allows. Participant calls are not signed: they carry a token.
	Credentials aws.CredentialsProvider

	// Connector sends the requests; nil means [NewConnector].
	Connector Connector

	// Middleware wraps each call, the first one outermost.
	Middleware []Middleware

	// Retry decides about retries; nil means the policy of RetryConfig, one for each service, each
	// with a quota of its own unless RetryConfig.Quota is set.
	Retry       RetryPolicy
	RetryConfig RetryConfig

	// AttemptTimeout bounds each attempt of a call, Timeout the whole call with its waits. 0 is no
	// bound besides the context's and the Connector's.
	AttemptTimeout, Timeout time.Duration

	// UserAgent is appended to this package's own, such as myapp/1.2.
	UserAgent string

	// Now is the time for signatures; nil means time.Now.
	Now func() time.Time

	// NewToken makes idempotency tokens; nil means random UUIDs.
	NewToken func() string
}

// Client calls the Amazon Connect API, by its own methods, the Participant Service, by those of
// Participant, and Parley's API of agents, by those of Agents. It is cheap to copy, has nothing to close but its
// Connector's idle connections, and may be used by many goroutines at once.
type Client struct {
	connectcall.Calls
	Participant participantcall.Calls

	// Agents calls the API of agents at their desks, which is at Config.Endpoint: Amazon has none. [Client.SignIn] is the
	// whole of an agent's work.
	Agents agentcall.Calls

	cfg     Config
	service [serviceCount]*service // that of agents is nil without an endpoint
}

// The places in Client.service.
const (
	connectService = iota
	participantService
	agentService
	serviceCount
)

// services describes the services.
var services = [serviceCount]struct {
	api    *restjson.API
	prefix string // of the host name
	sdkID  string // in the names of endpoint settings
}{
	connectService:     {connect.API, "connect", "Connect"},
	participantService: {participant.API, "participant.connect", "ConnectParticipant"},
	agentService:       {api: agent.API},
}

// policies are the retries of each service.
type policies [serviceCount]RetryPolicy

// New returns a client. It fails if an endpoint is not a valid URL, or if neither an endpoint nor a
// region is set. It does not connect.
func New(cfg Config) (*Client, error) {
	return newClient(cfg, policies{cfg.Retry, cfg.Retry, cfg.Retry})
}

func newClient(cfg Config, retry policies) (*Client, error) {
	if cfg.Connector == nil {
		cfg.Connector = NewConnector(ConnectorConfig{})
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.AttemptTimeout < 0 || cfg.Timeout < 0 {
		return nil, errors.New("client: time limits must not be negative")
	}
	if cfg.RetryConfig.Now == nil {
		cfg.RetryConfig.Now = cfg.Now
	}
	c := &Client{cfg: cfg}
	for i := range services {
		if i == agentService && cfg.Endpoint == "" {
			continue
		}
		if retry[i] == nil {
			policy, err := newRetry(cfg.RetryConfig)
			if err != nil {
				return nil, fmt.Errorf("client: %w", err)
			}
			retry[i] = policy
		}
		s, err := newService(i, &c.cfg, retry[i])
		if err != nil {
			return nil, fmt.Errorf("client: %w", err)
		}
		c.service[i] = s
	}
	c.Calls = connectcall.New(c.service[connectService])
	c.Participant = participantcall.New(c.service[participantService])
	if s := c.service[agentService]; s != nil {
		c.Agents = agentcall.New(s)
	} else {
		c.Agents = agentcall.New(nowhere{})
	}
	return c, nil
}

// With returns a client with a changed configuration, which shares this one's connections and, unless
// change sets Retry or RetryConfig, its retry quotas.
func (c *Client) With(change func(*Config)) (*Client, error) {
	cfg := c.cfg
	before := cfg.RetryConfig
	change(&cfg)
	retry := policies{cfg.Retry, cfg.Retry, cfg.Retry}
	same := before.Mode == cfg.RetryConfig.Mode && before.Behavior == cfg.RetryConfig.Behavior && before.MaxAttempts == cfg.RetryConfig.MaxAttempts && before.InitialBackoff == cfg.RetryConfig.InitialBackoff &&
		before.MaxBackoff == cfg.RetryConfig.MaxBackoff && before.Quota == cfg.RetryConfig.Quota
	if cfg.Retry == nil && c.cfg.Retry == nil && same {
		for i, s := range c.service {
			if s != nil {
				retry[i] = s.retry
			}
		}
	}
	return newClient(cfg, retry)
}

// nowhere refuses the calls of a service that is nowhere.
type nowhere struct{}

var errNowhere = errors.New("the API of agents is Parley's own: set the Endpoint of a Parley")

// Do implements [restjson.Caller].
func (nowhere) Do(_ context.Context, op *restjson.Operation, _, _ any) error {
	return &Error{Operation: op, Kind: ConstructionFailure, Err: errNowhere}
}

// Token implements [restjson.Caller].
func (nowhere) Token() string { return newUUID() }

// CloseIdleConnections closes the Connector's idle connections, if it can.
func (c *Client) CloseIdleConnections() {
	if k, ok := c.cfg.Connector.(interface{ CloseIdleConnections() }); ok {
		k.CloseIdleConnections()
	}
}

// ConnectorConfig sets up [NewConnector].
type ConnectorConfig struct {
	// ConnectTimeout bounds the opening of a connection, including the lookup of its host; 0 means
	// 3.1 s.
	ConnectTimeout time.Duration

	// ReadTimeout bounds the wait for the first byte of a response; 0 is no bound.
	ReadTimeout time.Duration

	// IdleConnections are how many connections are kept for later; 0 means 64.
	IdleConnections int
}

// NewConnector returns a Connector that reuses connections and respects HTTPS_PROXY and the like.
// Change it before its first use only.
func NewConnector(cfg ConnectorConfig) *http.Transport {
	if cfg.ConnectTimeout == 0 {
		cfg.ConnectTimeout = 3100 * time.Millisecond
	}
	if cfg.IdleConnections == 0 {
		cfg.IdleConnections = 64
	}
	return &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: cfg.ConnectTimeout, KeepAlive: 30 * time.Second}).DialContext,
		TLSHandshakeTimeout:   10 * time.Second,
		ResponseHeaderTimeout: cfg.ReadTimeout,
		MaxIdleConns:          cfg.IdleConnections,
		MaxIdleConnsPerHost:   cfg.IdleConnections,
		IdleConnTimeout:       90 * time.Second,
		ForceAttemptHTTP2:     true,
		DisableCompression:    true, // the services do not compress
	}
}

// address determines where a service is.
func address(i int, cfg *Config) (*url.URL, error) {
	text := cfg.Endpoint
	if i == participantService && cfg.ParticipantEndpoint != "" {
		text = cfg.ParticipantEndpoint
	}
	if text == "" {
		if cfg.Region == "" {
			return nil, errors.New("neither an endpoint nor a region is set")
		}
		text = amazons(services[i].prefix, cfg)
	} else if cfg.UseFIPS || cfg.UseDualStack {
		return nil, fmt.Errorf("the endpoint %q cannot be used with FIPS or dual-stack, which choose among Amazon's endpoints", text)
	}
	u, err := url.Parse(strings.TrimRight(text, "/"))
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.RawQuery != "" || u.Fragment != "" {
		return nil, fmt.Errorf("the endpoint %q is not a URL like https://chat.example.com", text)
	}
	return u, nil
}

// amazons returns where Amazon has a service in a region, by the endpoint rules of its SDKs.
func amazons(prefix string, cfg *Config) string {
	china, gov := strings.HasPrefix(cfg.Region, "cn-"), strings.HasPrefix(cfg.Region, "us-gov-")
	if cfg.UseFIPS && (!gov || cfg.UseDualStack) { // in us-gov the usual ones are
		prefix += "-fips"
	}
	domain := "amazonaws.com"
	switch {
	case china && cfg.UseDualStack:
		domain = "api.amazonwebservices.com.cn"
	case china:
		domain += ".cn"
	case cfg.UseDualStack:
		domain = "api.aws"
	}
	return "https://" + prefix + "." + cfg.Region + "." + domain
}

// userAgent names this package, and the Go that built it.
func userAgent(cfg *Config) string {
	version := "devel"
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Path == "parley" && info.Main.Version != "" {
		version = strings.Trim(info.Main.Version, "()")
	}
	text := "parley-client/" + version + " lang/go#" + strings.TrimPrefix(runtime.Version(), "go") + " os/" + runtime.GOOS
	if cfg.UserAgent != "" {
		text += " " + cfg.UserAgent
	}
	return text
}
