package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"runtime/debug"
	"syscall"
	"time"

	"parley.example/parley/internal/server"
)

// serveCmd runs the server.
type serveCmd struct {
	Dev           bool   `help:"Development mode: any access key is accepted, a demo instance is there, refusals are explained, /dev moves the clock." env:"PARLEY_DEV"`
	Listen        string `help:"Address to listen on (${default})." default:"127.0.0.1:8790" placeholder:"HOST:PORT" env:"PARLEY_LISTEN"`
	Data          string `help:"Directory that keeps everything. Without it, development mode keeps everything in memory." placeholder:"DIR" env:"PARLEY_DATA"`
	Files         string `help:"Keep attachments in S3, or a service like it, instead of the data directory: s3://BUCKET/PREFIX." placeholder:"URL" env:"PARLEY_FILES"`
	FilesEndpoint string `help:"Base URL of the S3-compatible service for --files; else AWS_ENDPOINT_URL_S3, or Amazon." placeholder:"URL" env:"PARLEY_FILES_ENDPOINT" name:"files-endpoint"`
	PublicURL     string `help:"How clients reach the server when a proxy stands in front, as in https://chat.example.com." placeholder:"URL" env:"PARLEY_PUBLIC_URL"`
	TLSCert       string `help:"Certificate file, for https and wss." placeholder:"FILE" env:"PARLEY_TLS_CERT" name:"tls-cert"`
	TLSKey        string `help:"Key file of the certificate." placeholder:"FILE" env:"PARLEY_TLS_KEY" name:"tls-key"`

	Account         string            `help:"Account number in ARNs (${default})." default:"123456789012" placeholder:"NUMBER" env:"PARLEY_ACCOUNT"`
	Region          string            `help:"Region in ARNs and signatures (${default})." default:"us-east-1" placeholder:"REGION" env:"PARLEY_REGION"`
	MaxActiveChats  int64             `help:"Concurrent active chats of an instance (${default})." default:"500" placeholder:"N" env:"PARLEY_MAX_ACTIVE_CHATS"`
	MaxFileMB       int64             `help:"Largest attachment in MiB, 1 to 100 (${default})." default:"20" placeholder:"N" env:"PARLEY_MAX_FILE_MB" name:"max-file-mb"`
	CloudLimits     bool              `help:"Keep to the request rates of the cloud: 429 over them." env:"PARLEY_CLOUD_LIMITS"`
	StrictText      bool              `help:"Hold text messages to 1,024 characters, as Amazon's reference says." env:"PARLEY_STRICT_TEXT"`
	CheckReferences bool              `help:"Publish a flow only if the queues, flows, functions … that it names by fixed values exist." env:"PARLEY_CHECK_REFERENCES"`
	Lambda          map[string]string `help:"Function ARN or name (or *) to the URL of an HTTP function or an Invoke API." placeholder:"NAME=URL" env:"PARLEY_LAMBDA" mapsep:","`
	LambdaEndpoint  string            `help:"Base URL of a service that speaks Lambda's Invoke API." placeholder:"URL" env:"PARLEY_LAMBDA_ENDPOINT"`
	Bot             map[string]string `help:"Bot alias ARN, BOTID/ALIASID, BOTID or * to the URL of an HTTP bot, or lex+URL for a Lex runtime." placeholder:"ARN=URL" env:"PARLEY_BOT" mapsep:","`
	SignIn          map[string]string `help:"Cognito user pool ARN (or *) to the base URL where its customers sign in." placeholder:"ARN=URL" env:"PARLEY_SIGN_IN" mapsep:","`
	AWS             bool              `help:"Call functions and bots that are not named where the configuration of AWS SDKs says: AWS_PROFILE, AWS_REGION, AWS_ENDPOINT_URL_LAMBDA …" env:"PARLEY_AWS" name:"aws"`
	Stream          map[string]string `help:"Streaming endpoint ARN (or arn:aws:sns:*) to the URL of a webhook." placeholder:"ARN=URL" env:"PARLEY_STREAM" mapsep:","`
	StreamSecret    string            `help:"Secret that signs webhooks, 16 characters or more." placeholder:"TEXT" env:"PARLEY_STREAM_SECRET"`
	SNSEndpoint     string            `help:"Base URL of an SNS-compatible service for other streaming endpoints." placeholder:"URL" env:"PARLEY_SNS_ENDPOINT" name:"sns-endpoint"`
	Origin          []string          `help:"Browser origin that may open sockets; may be repeated. All may when none is given." placeholder:"ORIGIN" env:"PARLEY_ORIGIN"`
	CloseSpan       time.Duration     `help:"Time over which a stopping server closes its sockets (${default})." default:"5s" placeholder:"TIME" env:"PARLEY_CLOSE_SPAN"`

	FlowLogs    string   `help:"Directory of flow logs, a file per instance (flow-logs in the data directory)." placeholder:"DIR" env:"PARLEY_FLOW_LOGS"`
	FlowLogMB   int64    `help:"What the flow logs of an instance may take, in MiB (${default})." default:"64" placeholder:"N" env:"PARLEY_FLOW_LOG_MB" name:"flow-log-mb"`
	FlowLogHide []string `help:"Name of a parameter or attribute that flow logs hide, besides password, token and their like; may be repeated." placeholder:"NAME" env:"PARLEY_FLOW_LOG_HIDE"`

	Pprof     string `help:"Address of this machine to serve the runtime's profiles on." placeholder:"HOST:PORT" env:"PARLEY_PPROF" hidden:""`
	LogFormat string `help:"text or json (${default})." enum:"text,json" default:"text" placeholder:"FORMAT" env:"PARLEY_LOG_FORMAT"`
	LogLevel  string `help:"debug, info, warn or error (${default})." enum:"debug,info,warn,error" default:"info" placeholder:"LEVEL" env:"PARLEY_LOG_LEVEL"`
}

// Help is shown below the flags' list.
func (serveCmd) Help() string {
	return `Examples:
  parley serve --dev                             everything in memory, demo instance, http://127.0.0.1:8790
  parley serve --dev --data ./chats              the same, kept in a directory
  parley serve --data /var/lib/parley --public-url https://chat.example.com
  PARLEY_LISTEN=127.0.0.1:9000 parley serve --dev`
}

func (s *serveCmd) config(log *slog.Logger) server.Config {
	return server.Config{
		Dev: s.Dev, Listen: s.Listen, Data: s.Data, Files: s.Files, FilesEndpoint: s.FilesEndpoint, PublicURL: s.PublicURL,
		TLSCert: s.TLSCert, TLSKey: s.TLSKey,
		Account: s.Account, Region: s.Region, MaxActiveChats: s.MaxActiveChats, MaxFileMB: s.MaxFileMB,
		CloudLimits: s.CloudLimits, StrictText: s.StrictText, CheckReferences: s.CheckReferences,
		Lambda: s.Lambda, LambdaEndpoint: s.LambdaEndpoint, Bots: s.Bot, SignIns: s.SignIn, AWS: s.AWS,
		FlowLogs: s.FlowLogs, FlowLogMB: s.FlowLogMB, FlowLogHide: s.FlowLogHide,
		Streams: s.Stream, StreamSecret: s.StreamSecret, SNSEndpoint: s.SNSEndpoint,
		Origins: s.Origin, CloseSpan: s.CloseSpan, Pprof: s.Pprof, Log: log,
	}
}

// gcPercent lets the heap grow to three times what lives in it under load,
// which halves the collector's tenth of a busy server's time. A quiet one gives
// the memory back.
const gcPercent = 200

// Run serves until the process is told to stop.
func (s *serveCmd) Run(ctx context.Context, io streams) error {
	var level slog.Level
	if err := level.UnmarshalText([]byte(s.LogLevel)); err != nil {
		return usage{err}
	}
	options := &slog.HandlerOptions{Level: level}
	var handler slog.Handler = slog.NewTextHandler(io.err, options)
	if s.LogFormat == "json" {
		handler = slog.NewJSONHandler(io.err, options)
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	// A configuration's zeros stand for its defaults; who writes 0 means it.
	for name, n := range map[string]int64{"max-active-chats": s.MaxActiveChats, "max-file-mb": s.MaxFileMB, "flow-log-mb": s.FlowLogMB} {
		if n == 0 {
			return usage{fmt.Errorf("%s 0: want 1 or more", name)}
		}
	}
	cfg := s.config(slog.New(handler))
	if cfg.CloseSpan == 0 {
		cfg.CloseSpan = time.Millisecond
	}
	if err := cfg.Check(); err != nil {
		return usage{err}
	}
	srv, err := server.New(ctx, cfg)
	if err != nil {
		return err
	}
	err = srv.Serve(ctx, func(url string) { fmt.Fprint(io.out, srv.Welcome(url)) })
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("%w (is another Parley running? --listen takes another port, 127.0.0.1:0 any free one)", err)
	}
	return err
}
