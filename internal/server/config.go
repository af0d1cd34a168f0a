package server

import (
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"strings"
	"time"

	"parley/internal/contact"
)

// DefaultListen is the address a server listens on unless told otherwise.
const DefaultListen = "127.0.0.1:8790"

// Config is what an operator may set. The zero value of a member means its default.
type Config struct {
	Dev       bool   // development mode: any access key, demo instance, developer API, explained refusals
	Listen    string // host:port; DefaultListen
	Data      string // the data directory; empty keeps everything in memory, in development mode only
	PublicURL string // how clients reach the server, when a proxy stands in front: https://chat.example.com
	TLSCert   string // files of a certificate and its key; both or none
	TLSKey    string

	Account string // 12 digits; 123456789012
	Region  string // us-east-1

	MaxActiveChats int64 // concurrent active chats of an instance; 500
	CloudLimits    bool  // keep to the request rates of the cloud
	StrictText     bool  // hold text messages to 1,024 characters
	MaxFileMB      int64 // the largest attachment, in MiB; 20

	// Lambda names functions: the ARN or name of a function, or "*", to a URL.
	Lambda map[string]string
	// LambdaEndpoint is the base URL of a service that speaks Lambda's Invoke API.
	LambdaEndpoint string
	// Streams maps streaming endpoint ARNs ("arn:aws:sns:*" for all) to webhook URLs.
	Streams map[string]string
	// StreamSecret signs webhooks.
	StreamSecret string
	// SNSEndpoint is the base URL of an SNS-compatible service for ARNs that have no webhook.
	SNSEndpoint string

	// Origins are the browser origins that may open sockets; none means all.
	Origins []string

	// CloseSpan is the time over which a stopping server closes its sockets; 5 s.
	CloseSpan time.Duration
	Log       *slog.Logger // slog.Default when nil
}

// Check fills in defaults and refuses what cannot work, in one line that says
// which setting is wrong and what it may be.
func (c *Config) Check() error {
	def := func(s *string, v string) {
		if *s == "" {
			*s = v
		}
	}
	def(&c.Listen, DefaultListen)
	def(&c.Account, "123456789012")
	def(&c.Region, "us-east-1")
	if c.MaxActiveChats == 0 {
		c.MaxActiveChats = 500
	}
	if c.MaxFileMB == 0 {
		c.MaxFileMB = 20
	}
	if c.CloseSpan == 0 {
		c.CloseSpan = 5 * time.Second
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	if _, _, err := net.SplitHostPort(c.Listen); err != nil {
		return fmt.Errorf("listen %q: want host:port, for example %s", c.Listen, DefaultListen)
	}
	if len(c.Account) != 12 || strings.Trim(c.Account, "0123456789") != "" {
		return fmt.Errorf("account %q: want 12 digits", c.Account)
	}
	if !c.Dev && c.Data == "" {
		return fmt.Errorf("data: a directory is needed outside development mode (--data DIR, or --dev to keep everything in memory)")
	}
	if (c.TLSCert == "") != (c.TLSKey == "") {
		return fmt.Errorf("tls-cert and tls-key: give both or none")
	}
	if c.MaxActiveChats < 0 || c.MaxFileMB < 1 || c.MaxFileMB > 100 {
		return fmt.Errorf("max-active-chats must not be negative, max-file-mb must be from 1 to 100")
	}
	for name, u := range map[string]string{"public-url": c.PublicURL, "lambda-endpoint": c.LambdaEndpoint, "sns-endpoint": c.SNSEndpoint} {
		if err := checkURL(u); err != nil {
			return fmt.Errorf("%s %q: %w", name, u, err)
		}
	}
	if (len(c.Streams) > 0) && len(c.StreamSecret) < 16 {
		return fmt.Errorf("stream-secret: webhooks need a secret of at least 16 characters to be signed with")
	}
	return nil
}

func checkURL(s string) error {
	if s == "" {
		return nil
	}
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return fmt.Errorf("want a URL as in https://chat.example.com")
	}
	return nil
}

// limits are the bounds that rules keep to.
func (c *Config) limits() contact.Limits {
	return contact.Limits{StrictText: c.StrictText, FileBytes: c.MaxFileMB << 20}
}
