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

	"parley.example/parley/api/connect"
	"parley.example/parley/api/participant"
	"parley.example/parley/api/restjson"
	"parley.example/parley/client/connectcall"
	"parley.example/parley/client/participantcall"
)

// Connector sends one HTTP request, as an [http.RoundTripper] does; it need not follow redirects or
// keep cookies. Sockets of chats are opened through it as well, by a request that upgrades the
// connection, so that proxies, certificates and addresses are set in one place. [NewConnector] is
// the usual one. A Connector sees every attempt of a call.
type Connector = http.RoundTripper

// Call is a typed call as [Middleware] sees it.
type Call struct {
	Operation *restjson.Operation
	Input     any // as *connect.StartChatContactRequest; not to be changed in place
	Output    any // as *connect.StartChatContactResponse; empty before the call
}

// Handler makes a call and fills in its Output. Its error is an [*Error].
type Handler func(ctx context.Context, call *Call) error

// Middleware stands around every call, all attempts included: it may look, measure, change or
// replace Input, answer by itself, or call next again. It must be safe for concurrent use.
type Middleware func(next Handler) Handler

// Config says how to reach the services. The zero Config is for the credentials and region of
// nobody; [LoadConfig] fills one in the way every AWS tool does.
type Config struct {
	// Region is where the services are, as in eu-central-1. It makes their addresses, unless Endpoint
	// is set, and is part of signatures.
	Region string

	// Endpoint is the base address of both services where they are not Amazon's, as in
	// http://127.0.0.1:8790. A path in it stands in front of every operation's.
	Endpoint string

	// ParticipantEndpoint is the base address of the participant service where it is another.
	ParticipantEndpoint string

	// UseFIPS and UseDualStack choose among Amazon's addresses in a region: those whose cryptography
	// is validated by FIPS 140, and those that have IPv6. With an endpoint of one's own they are an error.
	UseFIPS, UseDualStack bool

	// Credentials sign the calls of the Connect API; nil sends them unsigned, which a Parley in
	// development mode allows. Participant calls are not signed: their token says who calls.
	Credentials aws.CredentialsProvider

	// Connector sends the requests; nil means [NewConnector].
	Connector Connector

	// Middleware stands around each call, the first one outermost.
	Middleware []Middleware

	// Retry decides about retries; nil means what RetryConfig says, one policy for each service, each
	// with a quota of its own unless RetryConfig.Quota is set.
	Retry       RetryPolicy
	RetryConfig RetryConfig

	// AttemptTimeout bounds each attempt of a call, Timeout the whole call with its waits. 0 is no
	// bound besides the context's and the Connector's.
	AttemptTimeout, Timeout time.Duration

	// UserAgent goes behind this package's own, as in myapp/1.2.
	UserAgent string

	// Now tells the time that signatures carry; nil means time.Now.
	Now func() time.Time

	// NewToken makes idempotency tokens; nil means random UUIDs.
	NewToken func() string
}

// Client calls the Amazon Connect API, by its own methods, and the Participant Service, by those of
// Participant. It is cheap to copy, has nothing to close but what its Connector keeps, and may be
// used by many goroutines at once.
type Client struct {
	connectcall.Calls
	Participant participantcall.Calls

	cfg     Config
	service [2]*service
}

// The places in Client.service.
const (
	connectService = iota
	participantService
)

// services are what is known of the two services.
var services = [...]struct {
	api    *restjson.API
	prefix string // of the host name
	sdkID  string // in the names of endpoint settings
}{
	connectService:     {connect.API, "connect", "Connect"},
	participantService: {participant.API, "participant.connect", "ConnectParticipant"},
}

// New returns a client. It fails when an endpoint is no address, or when nothing says where a
// service is, neither an endpoint nor a region. It does not connect.
func New(cfg Config) (*Client, error) { return newClient(cfg, [2]RetryPolicy{cfg.Retry, cfg.Retry}) }

func newClient(cfg Config, retry [2]RetryPolicy) (*Client, error) {
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
	return c, nil
}

// With returns a client with another configuration, which shares this one's connections and, unless
// change sets Retry or RetryConfig anew, its retry quotas.
func (c *Client) With(change func(*Config)) (*Client, error) {
	cfg := c.cfg
	before := cfg.RetryConfig
	change(&cfg)
	retry := [2]RetryPolicy{cfg.Retry, cfg.Retry}
	same := before.Mode == cfg.RetryConfig.Mode && before.MaxAttempts == cfg.RetryConfig.MaxAttempts && before.InitialBackoff == cfg.RetryConfig.InitialBackoff &&
		before.MaxBackoff == cfg.RetryConfig.MaxBackoff && before.Quota == cfg.RetryConfig.Quota
	if cfg.Retry == nil && c.cfg.Retry == nil && same {
		retry = [2]RetryPolicy{c.service[0].retry, c.service[1].retry}
	}
	return newClient(cfg, retry)
}

// CloseIdleConnections closes the connections that the Connector keeps for later, where it can.
func (c *Client) CloseIdleConnections() {
	if k, ok := c.cfg.Connector.(interface{ CloseIdleConnections() }); ok {
		k.CloseIdleConnections()
	}
}

// ConnectorConfig sets up [NewConnector].
type ConnectorConfig struct {
	// ConnectTimeout bounds the opening of a connection, the lookup of its host included; 0 means
	// 3.1 s.
	ConnectTimeout time.Duration

	// ReadTimeout bounds the wait for the first byte of a response; 0 is no bound.
	ReadTimeout time.Duration

	// IdleConnections are how many connections are kept for later; 0 means 64.
	IdleConnections int
}

// NewConnector returns a Connector that keeps connections and heeds HTTPS_PROXY and its siblings.
// Change it before its first use.
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

// address settles where a service is.
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
		return nil, fmt.Errorf("the endpoint %q is one's own: Amazon's for FIPS and for dual-stack cannot be used with it", text)
	}
	u, err := url.Parse(strings.TrimRight(text, "/"))
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.RawQuery != "" || u.Fragment != "" {
		return nil, fmt.Errorf("the endpoint %q is not an address like https://chat.example.com", text)
	}
	return u, nil
}

// amazons is where Amazon has a service in a region, by the endpoint rules of its SDKs.
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
