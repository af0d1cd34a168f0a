package server

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"parley.example/parley/internal/auth"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
	"parley.example/parley/internal/edge"
	"parley.example/parley/internal/integration"
	"parley.example/parley/internal/integration/scan"
	"parley.example/parley/internal/process"
	"parley.example/parley/internal/ratelimit"
	"parley.example/parley/internal/recorder"
	"parley.example/parley/internal/store/postgres"
)

// DefaultListen is the address a server listens on unless it is configured otherwise.
const DefaultListen = "127.0.0.1:8790"

// Config is what an operator may set. The zero value of a member means its default.
type Config struct {
	Version string // of the program, for the log
	Command string // by which the program was started, for what it tells developers to run; parley
	Dev     bool   // development mode: any access key, demo instance, developer API, explained refusals
	Listen  string // host:port; DefaultListen
	// AdminListen is host:port of a second listener, for operators: it serves /metrics, which
	// Listen then does not, and the health of the server, in plain HTTP. None when empty.
	AdminListen string
	Data        string // the data directory; empty keeps everything in memory, in development mode only
	// Store is the PostgreSQL database that several servers work on, as libpq writes it: postgres://user:password@host/database. When
	// it is empty, the database is in Data, and nobody else's. With it, Data has what is not in a database: the secret, the
	// first key, attachments unless Files says otherwise, flow logs. It may be shared by nodes.
	Store string `json:"-"`
	// StoreRowLock has nodes that start wait for each other by a row: see postgres.Options.
	StoreRowLock bool
	// Bus is the NATS server, or several with commas between, by which nodes with one Store hear of each other's changes: see nats.Options.
	// Without it there is one node.
	Bus            string `json:"-"`
	BusCredentials string
	BusCA          string
	BusCert        string
	BusKey         string
	BusPrefix      string
	// Drain is for how long a server that was told to stop answers as before, but for /readyz, so that balancers send
	// nothing to it when it closes its listener; 0.
	Drain time.Duration
	New   bool // make an empty database in Data where one was lost, and refuse where one is: see sqlite.Options
	// NoUpgradeCopy upgrades data of an older format without a copy of it: see sqlite.Options.
	NoUpgradeCopy bool
	// SecretFile has the secret under which those in the database are sealed; parley.secret in Data.
	SecretFile string
	// Files is where attachments are stored if not in Data: s3://BUCKET/PREFIX. The
	// service is at FilesEndpoint, or according to the AWS SDK configuration.
	Files         string
	FilesEndpoint string
	// PublicURL is how clients reach the server behind a proxy: https://chat.example.com. When
	// it is empty, what a client is handed out has the host that it asked.
	PublicURL string
	// TrustedProxies are the addresses and networks of proxies whose word on the client's
	// address, host and scheme is taken: see [edge.Edge.Trust]. None when empty.
	TrustedProxies []string
	TLSCert        string // files of a certificate and its key; both or neither
	TLSKey         string

	Account string // 12 digits; 123456789012
	Region  string // us-east-1

	MaxActiveChats int64 // concurrent active chats of an instance; 500, in development mode 10,000
	// Quotas are how many of a kind an instance may have, by [QuotaNames] or the
	// names of Amazon's Service Quotas; "all" sets the others. Those not set are the
	// cloud's, in development mode 10,000 each.
	Quotas map[string]int
	// Rates are how many requests one may make: participant, address or instance, with
	// PERSECOND:BURST or off; all=off for none. Those not set are [usualParticipant] and
	// so on; in development mode there are none.
	Rates       map[string]string
	CloudLimits bool // enforce the request rates of the cloud, in development mode its quotas as well
	StrictText  bool // limit the text of SendMessage to 1,024 characters
	// CheckReferences refuses to publish a flow with a fixed reference to something
	// that its instance does not have: see catalog.Config.
	CheckReferences bool
	OldSpellings    bool  // publish flows that spell action types as Amazon's reference has, and warn
	MaxFileMB       int64 // the largest attachment, in MiB; 20
	MaxChatMB       int64 // the longest transcript of a chat, in MiB; 64

	// Lambda maps functions to URLs: by ARN or name, or "*".
	Lambda map[string]string
	// LambdaEndpoint is the base URL of a service with Lambda's Invoke API.
	LambdaEndpoint string
	// Bots maps bots to URLs: by the ARN of a bot alias, BOTID/ALIASID, BOTID or "*"
	// (for Lex V1 NAME:ALIAS or NAME), and AI agents (StartAssistantContact) by UUID or
	// UUID:QUALIFIER or an ARN that ends so, or "*". A URL is that of an HTTP endpoint that answers
	// like RecognizeText, or lex+URL for a Lex runtime.
	Bots map[string]string
	// SignIns maps Cognito user pools, by ARN or "*", to where their customers sign
	// in: the base URL of the pool's domain, or of an OpenID provider with the same paths.
	SignIns map[string]string
	// AWS calls all other functions and bots according to the AWS SDK
	// configuration: region, profile, credentials, AWS_ENDPOINT_URL….
	AWS bool
	// Streams maps streaming endpoint ARNs ("arn:aws:sns:*" for all) to webhook URLs.
	Streams map[string]string
	// StreamSecret signs webhooks.
	StreamSecret string `json:"-"`
	// Scan is the virus scanner that looks at attachments before they are shown: see
	// scan.Scanner. None when empty.
	Scan string
	// ScanTime is how long it may take until a file is rejected; 60 s, as in the cloud.
	ScanTime time.Duration
	// SNSEndpoint is the base URL of an SNS-compatible service for ARNs that have no webhook.
	SNSEndpoint string

	// Records says where contact events, contact records, agent events and transcripts go, by
	// their names or all: a directory, a webhook's URL, or aws for AWS's services. See recorder.ParseTargets. Nowhere when empty.
	Records map[string]string
	// RecordMB is the maximum size of the files of one kind of record, in MiB; 1,024. Of transcripts there is no bound.
	RecordMB int64

	// AssistantSessions lets CreateWisdomSession succeed with a made-up session: see catalog.Config.
	AssistantSessions bool

	// FlowLogs is the directory of flow logs, one file per instance. Default: the
	// directory flow-logs in Data; no files without Data.
	FlowLogs    string
	FlowLogMB   int64    // the maximum size of an instance's logs, in MiB; 64
	FlowLogHide []string // names of further parameters and attributes that are secret

	// Retain says for how long after its end what a chat leaves is kept, unless its
	// instance or the chat says otherwise, as center.ParseRetention reads it. Default: for ever.
	Retain string

	// Origins are the browser origins that may open sockets; none means all.
	Origins []string

	// Pprof is a loopback address to serve runtime profiles on; none when empty.
	Pprof string

	// Listener and AdminListener are sockets to serve on, where there are any, in place of opening Listen and AdminListen.
	Listener, AdminListener net.Listener
	// Kept says that somebody holds Listener for the server that comes next, so that new connections wait from the end of this one on.
	// It closes its sockets at once then, CloseSpan or not: to spread their return would put it off. A node of several does not: clients go to others.
	Kept bool

	// CloseSpan is the time over which a stopping server spreads the closing of its sockets; 5 s.
	CloseSpan time.Duration
	Log       *slog.Logger // slog.Default when nil

	quotas  catalog.Limits            // of Quotas, once checked
	proxies []netip.Prefix            // of TrustedProxies, once checked
	rates   map[string]ratelimit.Rate // of Rates, once checked
	retain  center.Retention          // of Retain, once checked
	targets recorder.Targets          // of Records, once checked
}

// String returns the settings without the secret ones.
func (c Config) String() string {
	type plain Config // without this method
	if c.StreamSecret != "" {
		c.StreamSecret = "(hidden)"
	}
	if c.Bus != "" {
		c.Bus = "(hidden)"
	}
	if c.Store != "" {
		c.Store = postgres.Name(c.Store)
	}
	return fmt.Sprintf("%+v", plain(c))
}

// GoString hides what String does.
func (c Config) GoString() string { return c.String() }

// LogValue implements [slog.LogValuer]; it hides what String does.
func (c Config) LogValue() slog.Value { return slog.StringValue(c.String()) }

// Check fills in defaults and refuses invalid settings, in one line that names
// the setting and says what it may be.
func (c *Config) Check() error {
	def := func(s *string, v string) {
		if *s == "" {
			*s = v
		}
	}
	def(&c.Command, "parley")
	def(&c.Listen, DefaultListen)
	def(&c.Account, "123456789012")
	def(&c.Region, "us-east-1")
	if c.MaxFileMB == 0 {
		c.MaxFileMB = 20
	}
	if c.MaxChatMB == 0 {
		c.MaxChatMB = 64
	}
	if c.FlowLogMB == 0 {
		c.FlowLogMB = 64
	}
	if c.RecordMB == 0 {
		c.RecordMB = 1024
	}
	if c.CloseSpan == 0 {
		c.CloseSpan = 5 * time.Second
	}
	if c.Listener != nil {
		c.Listen = c.Listener.Addr().String()
	}
	if c.AdminListener != nil {
		c.AdminListen = c.AdminListener.Addr().String()
	}
	c.Kept = c.Kept && c.Store == ""
	if c.Kept {
		c.CloseSpan = time.Millisecond
	}
	if c.ScanTime == 0 {
		c.ScanTime = time.Minute
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	var err error
	if c.retain, err = center.ParseRetention(c.Retain); err != nil {
		return fmt.Errorf("retain: %w", err)
	}
	for _, check := range []func(*Config) error{(*Config).checkAddress, (*Config).checkFiles, (*Config).checkBounds, (*Config).checkQuotas, (*Config).checkRates, (*Config).checkOutgoing} {
		if err := check(c); err != nil {
			return err
		}
	}
	return nil
}

// maxPublicURL leaves a socket's path and token their place in its URL.
const maxPublicURL = auth.MaxURL - 200

// checkAddress checks where the server listens and how it is identified.
func (c *Config) checkAddress() error {
	if !isHostPort(c.Listen) {
		return fmt.Errorf("listen %q is not host:port; for example %s", c.Listen, DefaultListen)
	}
	if c.AdminListen != "" && !isHostPort(c.AdminListen) {
		return fmt.Errorf("admin-listen %q is not host:port; for example 127.0.0.1:9790", c.AdminListen)
	}
	if c.Pprof != "" {
		if err := process.CheckLoopback(c.Pprof); err != nil {
			return err
		}
	}
	if len(c.Account) != 12 || strings.Trim(c.Account, "0123456789") != "" {
		return fmt.Errorf("account %q must have 12 digits", c.Account)
	}
	if len(c.Region) > 32 || strings.Trim(c.Region, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
		return fmt.Errorf("region %q is not a region name like us-east-1", c.Region)
	}
	if c.Bus != "" && c.Store == "" {
		return errors.New("bus: is for nodes on one database; name it with --store postgres://…")
	}
	if c.Store != "" {
		if err := postgres.CheckURL(c.Store); err != nil {
			return fmt.Errorf("store: %w", err)
		}
		if c.Data == "" {
			return errors.New("data: with the setting store a directory is required for what is not in a database: the secret, attachments, flow logs (--data DIR)")
		}
		if c.New || c.NoUpgradeCopy {
			return errors.New("new and no-upgrade-copy are for a database in the data directory, not for one that store names")
		}
	}
	if !c.Dev && c.Data == "" {
		return errors.New("data: a directory is required outside development mode (use --data DIR, or --dev to keep everything in memory)")
	}
	if c.New && c.Data == "" {
		return errors.New("new: begins afresh in a data directory; name it with --data DIR")
	}
	if (c.TLSCert == "") != (c.TLSKey == "") {
		return errors.New("tls-cert and tls-key must be given together")
	}
	if c.TLSCert != "" {
		if _, err := tls.LoadX509KeyPair(c.TLSCert, c.TLSKey); err != nil {
			return fmt.Errorf("tls-cert, tls-key: %w", err)
		}
	}
	if u, err := url.Parse(c.PublicURL); c.PublicURL != "" &&
		(err != nil || !isHTTP(u) || u.RawQuery != "" || u.Fragment != "" || u.User != nil) {
		return fmt.Errorf("public-url %q is not a URL like https://chat.example.com", c.PublicURL)
	}
	if n := len(c.PublicURL); n > maxPublicURL {
		return fmt.Errorf("public-url has %d characters; it may have %d, so that the URLs of sockets have at most %d", n, maxPublicURL, auth.MaxURL)
	}
	var err error
	if c.proxies, err = edge.ParseProxies(c.TrustedProxies); err != nil {
		return fmt.Errorf("trusted-proxy %w", err)
	}
	for _, origin := range c.Origins {
		if u, err := url.Parse(origin); err != nil || u.Host == "" || u.Scheme+"://"+u.Host != origin {
			return fmt.Errorf("origin %q is not an origin as browsers send it: like https://www.example.com, without a trailing slash", origin)
		}
	}
	return nil
}

func isHostPort(addr string) bool {
	_, port, err := net.SplitHostPort(addr)
	n, perr := strconv.ParseUint(port, 10, 16)
	return err == nil && perr == nil && strconv.FormatUint(n, 10) == port
}

func isHTTP(u *url.URL) bool { return (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" }

func (c *Config) checkBounds() error {
	switch {
	case c.MaxActiveChats < 0:
		return fmt.Errorf("max-active-chats %d must not be negative", c.MaxActiveChats)
	case c.MaxFileMB < 1 || c.MaxFileMB > 100:
		return fmt.Errorf("max-file-mb %d must be from 1 to 100", c.MaxFileMB)
	case c.MaxChatMB < 1 || c.MaxChatMB > 1<<20:
		return fmt.Errorf("max-chat-mb %d must be from 1 to %d", c.MaxChatMB, 1<<20)
	case c.FlowLogMB < 1 || c.FlowLogMB > 1<<20:
		return fmt.Errorf("flow-log-mb %d must be from 1 to %d", c.FlowLogMB, 1<<20)
	case c.RecordMB < 1 || c.RecordMB > 1<<20:
		return fmt.Errorf("record-mb %d must be from 1 to %d", c.RecordMB, 1<<20)
	case c.Drain < 0 || c.Drain > time.Hour:
		return fmt.Errorf("drain %s must be from 0 to 1h", c.Drain)
	case c.CloseSpan < 0 || c.CloseSpan > time.Hour:
		return fmt.Errorf("close-span %s must be from 0 to 1h", c.CloseSpan)
	case c.ScanTime < time.Second || c.ScanTime > time.Hour:
		return fmt.Errorf("scan-time %s must be from 1s to 1h", c.ScanTime)
	}
	return nil
}

// checkOutgoing checks the services that the server calls.
func (c *Config) checkOutgoing() error {
	if err := c.functions(nil, nil).Check(); err != nil {
		return fmt.Errorf("lambda: %w", err)
	}
	if _, err := integration.NewBots(c.Bots, nil, nil, nil); err != nil {
		return fmt.Errorf("bot: %w", err)
	}
	if err := (&integration.SignIns{Named: c.SignIns}).Check(); err != nil {
		return fmt.Errorf("sign-in: %w", err)
	}
	if len(c.Streams) > 0 && len(c.StreamSecret) < 16 {
		return errors.New("stream-secret: signing webhooks requires a secret of at least 16 characters")
	}
	if err := c.streaming(nil).Check(); err != nil {
		return fmt.Errorf("stream: %w", err)
	}
	var err error
	if c.targets, err = recorder.ParseTargets(c.Records, c.StreamSecret, c.RecordMB<<20, integration.NewClient()); err != nil {
		return fmt.Errorf("record: %w", err)
	}
	if c.targets.NeedAWS() && !c.AWS {
		return errors.New("record: aws as a destination requires the setting aws")
	}
	if s := c.scanner(nil); s != nil {
		if err := s.Check(); err != nil {
			return fmt.Errorf("scan: %w", err)
		}
	}
	return nil
}

// functions returns where functions are.
func (c *Config) functions(aws *integration.AWS, client *http.Client) *integration.Lambda {
	return &integration.Lambda{Functions: c.Lambda, Endpoint: c.LambdaEndpoint, AWS: aws, Client: client, Log: c.Log}
}

// aws returns how Amazon's services are reached; nil when they are not.
func (c *Config) aws(ctx context.Context) (*integration.AWS, error) {
	if !c.AWS {
		return nil, nil
	}
	// Signatures use the wall clock, even if a developer has moved the server's.
	a, err := integration.LoadAWS(ctx, c.Region, time.Now)
	if err == nil {
		err = a.Check()
	}
	if err != nil {
		return nil, fmt.Errorf("aws: %w", err)
	}
	return a, nil
}

// streaming returns where streaming endpoints are.
func (c *Config) streaming(client *http.Client) *integration.Topics {
	t := &integration.Topics{Webhooks: map[string]integration.Webhook{}, SNS: c.SNSEndpoint, Client: client}
	for arn, url := range c.Streams {
		t.Webhooks[arn] = integration.Webhook{URL: url, Secret: []byte(c.StreamSecret)}
	}
	return t
}

// scanner returns the scanner of attachments, without their bytes; nil when there is none.
func (c *Config) scanner(client *http.Client) *scan.Scanner {
	if c.Scan == "" {
		return nil
	}
	// Signatures use the wall clock, even if a developer has moved the server's.
	return &scan.Scanner{URL: c.Scan, Secret: []byte(c.StreamSecret), Client: client, Now: time.Now, Log: c.Log}
}

// flowLogDir returns where flow logs are written: as configured, else in the data
// directory; "" when everything is kept in memory.
func (c *Config) flowLogDir() string {
	if c.FlowLogs != "" || c.Data == "" {
		return c.FlowLogs
	}
	return filepath.Join(c.Data, "flow-logs")
}

// limits are the bounds for the rules of chats.
func (c *Config) limits() contact.Limits {
	l := contact.Limits{StrictText: c.StrictText, FileBytes: c.MaxFileMB << 20, ChatBytes: c.MaxChatMB << 20}
	if c.Scan != "" {
		l.ScanTime = c.ScanTime
	}
	return l
}
