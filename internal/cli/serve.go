package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/alecthomas/kong"

	"parley.example/parley/internal/disk"
	"parley.example/parley/internal/handover"
	"parley.example/parley/internal/process"
	"parley.example/parley/internal/server"
)

// serveCmd runs the server.
type serveCmd struct {
	Dev            bool     `help:"Development mode: accept any access key, set up a demo instance, explain refused requests, and serve /dev to control the clock." env:"PARLEY_DEV"`
	Listen         string   `help:"Address to listen on (${default})." default:"127.0.0.1:8790" placeholder:"HOST:PORT" env:"PARLEY_LISTEN"`
	AdminListen    string   `help:"Second address to listen on, for operators: it serves /metrics, which the main one then does not, and /healthz and /readyz, in plain HTTP." placeholder:"HOST:PORT" env:"PARLEY_ADMIN_LISTEN" name:"admin-listen"`
	Data           string   `help:"Data directory. Without it, development mode keeps everything in memory." placeholder:"DIR" env:"PARLEY_DATA"`
	Store          string   `help:"PostgreSQL database to keep chats in, as several nodes do that share it: postgres://USER:PASSWORD@HOST/DATABASE. Others on this machine see flags: use the variable, or PGPASSWORD. The data directory then has the rest: the secret, attachments, flow logs." placeholder:"URL" env:"PARLEY_STORE"`
	Bus            string   `help:"NATS server by which nodes with one --store hear of each other, or several with commas between: nats://HOST:4222, tls://USER:PASSWORD@HOST:4222. Others on this machine see flags: use the variable, or --bus-credentials. Without it there may be one node only." placeholder:"URL" env:"PARLEY_BUS"`
	BusCredentials string   `help:"File with the credentials for --bus (.creds)." placeholder:"FILE" env:"PARLEY_BUS_CREDENTIALS" name:"bus-credentials"`
	BusCA          string   `help:"File of certificates, one of which has signed those of --bus." placeholder:"FILE" env:"PARLEY_BUS_CA" name:"bus-ca"`
	BusCert        string   `help:"Certificate file with which this node proves to --bus who it is." placeholder:"FILE" env:"PARLEY_BUS_CERT" name:"bus-cert"`
	BusKey         string   `help:"Key file of that certificate." placeholder:"FILE" env:"PARLEY_BUS_KEY" name:"bus-key"`
	BusPrefix      string   `help:"What the subjects of this installation begin with, for those that share a NATS server (parley)." placeholder:"NAME" env:"PARLEY_BUS_PREFIX" name:"bus-prefix"`
	StoreRowLock   bool     `help:"Let nodes that start at the same time wait for each other by a row of --store, whose engine has no advisory locks." env:"PARLEY_STORE_ROW_LOCK" name:"store-row-lock"`
	New            bool     `help:"Begin with an empty database in a data directory whose database is missing or empty. Where there is one, the server refuses to start; a first start does not need it."`
	NoUpgradeCopy  bool     `help:"Make no copy of the data before it is upgraded to the format of a newer release. For those who have a backup." env:"PARLEY_NO_UPGRADE_COPY"`
	SecretFile     string   `help:"File under whose secret those of access keys and tokens are sealed in the database. It is made when it is missing; keep it apart from backups. Default: parley.secret in the data directory." placeholder:"FILE" env:"PARLEY_SECRET_FILE" name:"secret-file"`
	Files          string   `help:"Store attachments in S3, or a compatible service, instead of the data directory: s3://BUCKET/PREFIX." placeholder:"URL" env:"PARLEY_FILES"`
	FilesEndpoint  string   `help:"Base URL of the S3-compatible service for --files. Default: AWS_ENDPOINT_URL_S3, or Amazon S3." placeholder:"URL" env:"PARLEY_FILES_ENDPOINT" name:"files-endpoint"`
	PublicURL      string   `help:"URL under which clients reach the server behind a proxy, such as https://chat.example.com. Default: what each request asked for." placeholder:"URL" env:"PARLEY_PUBLIC_URL"`
	TrustedProxy   []string `help:"Address or network of a proxy, such as 10.0.0.0/8, whose X-Forwarded-For, -Host and -Proto (or Forwarded) say where requests come from; may be repeated. Default: none." placeholder:"CIDR" env:"PARLEY_TRUSTED_PROXIES" name:"trusted-proxy"`
	TLSCert        string   `help:"Certificate file, for https and wss." placeholder:"FILE" env:"PARLEY_TLS_CERT" name:"tls-cert"`
	TLSKey         string   `help:"Key file of the certificate." placeholder:"FILE" env:"PARLEY_TLS_KEY" name:"tls-key"`

	Account          string            `help:"Account number in ARNs (${default})." default:"123456789012" placeholder:"NUMBER" env:"PARLEY_ACCOUNT"`
	Region           string            `help:"Region in ARNs and signatures (${default})." default:"us-east-1" placeholder:"REGION" env:"PARLEY_REGION"`
	MaxActiveChats   *int64            `help:"Maximum number of concurrent chats per instance (500; in development mode 10000)." placeholder:"N" env:"PARLEY_MAX_ACTIVE_CHATS"`
	Quota            map[string]int    `help:"How many of a kind an instance may have; may be repeated. NAME is ${quotas}, or all for those not named. Default: as in the cloud, such as 100 flows; in development mode 10000 each." placeholder:"NAME=N" env:"PARLEY_QUOTA" mapsep:","`
	Rate             map[string]string `help:"How many requests one may make a second, and at once; may be repeated. NAME is participant, address or instance; PERSECOND:BURST may be off. Default: participant=20:100, address=200:1000, instance=4 a second for each chat of its quota; in development mode off." placeholder:"NAME=PERSECOND:BURST" env:"PARLEY_RATE" mapsep:","`
	MaxFileMB        int64             `help:"Largest attachment in MiB, 1 to 100 (${default})." default:"20" placeholder:"N" env:"PARLEY_MAX_FILE_MB" name:"max-file-mb"`
	MaxChatMB        int64             `help:"Longest transcript of a chat in MiB, each message with 128 bytes besides its text (${default}). Participants send no more then, and a flow that goes on ends the chat." default:"64" placeholder:"N" env:"PARLEY_MAX_CHAT_MB" name:"max-chat-mb"`
	CloudLimits      bool              `help:"Enforce the request rates of the cloud service, and in development mode its quotas: answer 429 above them." env:"PARLEY_CLOUD_LIMITS"`
	StrictText       bool              `help:"Limit the text of SendMessage to 1,024 characters, as Amazon's reference says." env:"PARLEY_STRICT_TEXT"`
	CheckReferences  bool              `help:"Publish a flow only if the queues, flows, functions and so on that it refers to by fixed values exist." env:"PARLEY_CHECK_REFERENCES"`
	OldSpellings     bool              `help:"Publish flows that spell action types as Amazon's reference does and the cloud refuses (UpdateRoutingCriteria, UnTagContact), and log a warning." env:"PARLEY_OLD_SPELLINGS"`
	Lambda           map[string]string `help:"Call the function with this ARN or name (or *) at a URL: an HTTP function, or a Lambda Invoke API." placeholder:"NAME=URL" env:"PARLEY_LAMBDA" mapsep:","`
	LambdaEndpoint   string            `help:"Base URL of a service with Lambda's Invoke API." placeholder:"URL" env:"PARLEY_LAMBDA_ENDPOINT"`
	Bot              map[string]string `help:"Ask the bot with this alias ARN, BOTID/ALIASID or BOTID, or the AI agent with this id or ARN (or *), at a URL: that of an HTTP bot, or lex+URL for a Lex runtime, which has no AI agents." placeholder:"ARN=URL" env:"PARLEY_BOT" mapsep:","`
	SignIn           map[string]string `help:"Sign in the customers of this Cognito user pool ARN (or *) at a base URL." placeholder:"ARN=URL" env:"PARLEY_SIGN_IN" mapsep:","`
	AWS              bool              `help:"Call all other functions and bots on AWS, with the configuration of the AWS SDKs: AWS_PROFILE, AWS_REGION, AWS_ENDPOINT_URL_LAMBDA and so on." env:"PARLEY_AWS" name:"aws"`
	Stream           map[string]string `help:"Deliver to this streaming endpoint ARN (or arn:aws:sns:*) by a webhook URL." placeholder:"ARN=URL" env:"PARLEY_STREAM" mapsep:","`
	StreamSecret     string            `help:"Secret for signing webhooks, at least 16 characters. Others on this machine see flags: use the variable, or --stream-secret-file." placeholder:"TEXT" env:"PARLEY_STREAM_SECRET"`
	StreamSecretFile string            `help:"File with the secret for signing webhooks." placeholder:"FILE" env:"PARLEY_STREAM_SECRET_FILE" type:"existingfile" name:"stream-secret-file"`
	SNSEndpoint      string            `help:"Base URL of an SNS-compatible service for other streaming endpoints." placeholder:"URL" env:"PARLEY_SNS_ENDPOINT" name:"sns-endpoint"`
	Record           map[string]string `help:"Write what happens to contacts and agents to a directory, or send it to a webhook URL, whose requests --stream-secret signs, or with --aws to EventBridge and what the instance's storage configurations name (aws); may be repeated. NAME is contact-events, contact-records, agent-events, chat-transcripts, or all. Default: nowhere." placeholder:"NAME=DIR|URL|aws" env:"PARLEY_RECORD" mapsep:","`
	RecordMB         int64             `help:"Maximum size of the files of one kind of --record, in MiB (${default}); the oldest go first. Transcripts are not bounded." default:"1024" placeholder:"N" env:"PARLEY_RECORD_MB" name:"record-mb"`
	Scan             string            `help:"Virus scanner that looks at attachments before they are shown: icap://HOST:1344/SERVICE, or https://… of a webhook, whose requests --stream-secret signs." placeholder:"URL" env:"PARLEY_SCAN"`
	ScanTime         time.Duration     `help:"Time without a verdict of the scanner after which an attachment is rejected (${default})." default:"60s" placeholder:"TIME" env:"PARLEY_SCAN_TIME"`
	Retain           string            `help:"How long after the end of a chat its transcript, attachments and contact records are kept: a time for all, such as 90d, or transcripts=90d,attachments=30d,contacts=2y. Instances and chats may say otherwise. Default: for ever." placeholder:"TIMES" env:"PARLEY_RETAIN"`
	Origin           []string          `help:"Browser origin that may open sockets; may be repeated. Default: all origins." placeholder:"ORIGIN" env:"PARLEY_ORIGIN"`
	Drain            time.Duration     `help:"Time for which a server that was told to stop goes on as before, but for /readyz, so that a balancer sends it nothing more when it closes (${default})." default:"0s" placeholder:"TIME" env:"PARLEY_DRAIN"`
	CloseSpan        time.Duration     `help:"Time over which a stopping server spreads the closing of its sockets (${default})." default:"5s" placeholder:"TIME" env:"PARLEY_CLOSE_SPAN"`

	AssistantSessions bool `help:"Let CreateWisdomSession succeed with a made-up session of the assistant, so that what follows it in a flow can be tried." env:"PARLEY_ASSISTANT_SESSIONS"`

	FlowLogs    string   `help:"Directory of flow logs, one file per instance (flow-logs in the data directory)." placeholder:"DIR" env:"PARLEY_FLOW_LOGS"`
	FlowLogMB   int64    `help:"Maximum size of the flow logs of an instance, in MiB (${default})." default:"64" placeholder:"N" env:"PARLEY_FLOW_LOG_MB" name:"flow-log-mb"`
	FlowLogHide []string `help:"Name of a parameter or attribute to redact in flow logs, in addition to password, token and the like; may be repeated." placeholder:"NAME" env:"PARLEY_FLOW_LOG_HIDE"`

	Pprof     string `help:"Loopback address to serve runtime profiles on." placeholder:"HOST:PORT" env:"PARLEY_PPROF" hidden:""`
	LogFormat string `help:"Log format, text or json (${default})." enum:"text,json" default:"text" placeholder:"FORMAT" env:"PARLEY_LOG_FORMAT"`
	LogLevel  string `help:"Log level, debug, info, warn or error (${default})." enum:"debug,info,warn,error" default:"info" placeholder:"LEVEL" env:"PARLEY_LOG_LEVEL"`
}

// Help is shown below the flags' list.
func (serveCmd) Help() string {
	return `Examples:
  parley serve --dev                             in memory, with a demo instance, on http://127.0.0.1:8790
  parley serve --dev --data ./chats              the same, stored in a directory
  parley serve --data /var/lib/parley --public-url https://chat.example.com
  PARLEY_LISTEN=127.0.0.1:9000 parley serve --dev
  kill -HUP PID                                  to read settings and certificate again
  kill -USR2 PID                                 to go on as a newer program, refusing nobody`
}

func (s *serveCmd) config(log *slog.Logger) server.Config {
	return server.Config{
		Version: version, Command: startedAs(os.Args[0]), Dev: s.Dev, Listen: s.Listen, AdminListen: s.AdminListen,
		Data: s.Data, Store: s.Store, StoreRowLock: s.StoreRowLock, Drain: s.Drain, Bus: s.Bus, BusCredentials: s.BusCredentials, BusCA: s.BusCA, BusCert: s.BusCert, BusKey: s.BusKey, BusPrefix: s.BusPrefix, New: s.New, NoUpgradeCopy: s.NoUpgradeCopy, SecretFile: s.SecretFile, Files: s.Files, FilesEndpoint: s.FilesEndpoint,
		PublicURL: s.PublicURL, TrustedProxies: s.TrustedProxy, TLSCert: s.TLSCert, TLSKey: s.TLSKey,
		Account: s.Account, Region: s.Region, MaxActiveChats: orZero(s.MaxActiveChats), Quotas: s.Quota, Rates: s.Rate, MaxFileMB: s.MaxFileMB, MaxChatMB: s.MaxChatMB,
		CloudLimits: s.CloudLimits, StrictText: s.StrictText, CheckReferences: s.CheckReferences, OldSpellings: s.OldSpellings,
		Lambda: s.Lambda, LambdaEndpoint: s.LambdaEndpoint, Bots: s.Bot, SignIns: s.SignIn, AWS: s.AWS,
		AssistantSessions: s.AssistantSessions,

		FlowLogs: s.FlowLogs, FlowLogMB: s.FlowLogMB, FlowLogHide: s.FlowLogHide,
		Records: s.Record, RecordMB: s.RecordMB, Streams: s.Stream, StreamSecret: s.StreamSecret, Scan: s.Scan, ScanTime: s.ScanTime, SNSEndpoint: s.SNSEndpoint,
		Retain: s.Retain, Origins: s.Origin, CloseSpan: s.CloseSpan, Pprof: s.Pprof, Log: log,
	}
}

// readStreamSecret takes the secret for webhooks from its file, if one is named.
func (s *serveCmd) readStreamSecret() error {
	if s.StreamSecretFile == "" {
		return nil
	}
	if s.StreamSecret != "" {
		return errors.New("stream-secret and stream-secret-file must not both be given")
	}
	text, err := disk.ReadFile(s.StreamSecretFile, maxSmallFile)
	s.StreamSecret = strings.TrimSpace(string(text))
	return err
}

// startedAs returns how to start the program again: go run has it in a directory that is
// gone afterwards.
func startedAs(program string) string {
	if strings.Contains(filepath.ToSlash(program), "/go-build") {
		return "go run ./cmd/parley"
	}
	return program
}

// orZero is what a flag says that need not be given.
func orZero(n *int64) int64 {
	if n == nil {
		return 0
	}
	return *n
}

// gcPercent lets the heap grow to three times the live data under load, which
// halves the collector's share of a busy server's time, about a tenth. An idle
// server returns the memory.
const gcPercent = 200

// Run serves until the process is told to stop.
func (s *serveCmd) Run(ctx context.Context, io streams, read reader, k *kong.Context) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var level slog.LevelVar
	hangups := &reloads{read: read, level: &level, inForce: settings(k), stop: stop, attached: s.Dev && onTerminal()}
	hangups.catch()
	defer hangups.release()
	turn, err := succeed()
	if err != nil {
		return err
	}
	defer turn.release()
	if err := level.UnmarshalText([]byte(s.LogLevel)); err != nil {
		return usage{err}
	}
	options := &slog.HandlerOptions{Level: &level}
	var handler slog.Handler = slog.NewTextHandler(io.err, options)
	if s.LogFormat == "json" {
		handler = slog.NewJSONHandler(io.err, options)
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	process.KeepToGroup()
	// In server.Config zero means the default; an explicit 0 on the command line is a mistake.
	for name, n := range map[string]*int64{"max-active-chats": s.MaxActiveChats, "max-file-mb": &s.MaxFileMB, "max-chat-mb": &s.MaxChatMB, "flow-log-mb": &s.FlowLogMB, "record-mb": &s.RecordMB} {
		if n != nil && *n == 0 {
			return usage{fmt.Errorf("%s must be at least 1", name)}
		}
	}
	if err := s.readStreamSecret(); err != nil {
		return usage{err}
	}
	hangups.log = slog.New(handler)
	turn.log = hangups.log
	cfg := s.config(hangups.log)
	if cfg.CloseSpan == 0 {
		cfg.CloseSpan = time.Millisecond
	}
	turn.configure(&cfg)
	if err := cfg.Check(); err != nil {
		return usage{err}
	}
	if err := cfg.CheckCertificate(); err != nil {
		return err
	}
	if err := turn.Follow(ctx); err != nil {
		return nil // stopped before it was its turn
	}
	srv, err := server.New(ctx, cfg)
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return nil // stopped before it was there, as asked
	}
	if err != nil {
		return err
	}
	var watching sync.WaitGroup
	watching.Go(func() { hangups.watch(ctx, srv) })
	context.AfterFunc(ctx, func() { turn.tell(handover.Stopping()) })
	err = srv.Serve(ctx, func(url string) {
		fmt.Fprint(io.out, srv.Welcome(url))
		turn.tell(turn.Ready())
		watching.Go(func() { turn.watch(ctx, srv) })
	})
	stop()
	watching.Wait()
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("%w (is another Parley running? Choose another port with --listen, or --admin-listen; 127.0.0.1:0 picks a free one)", err)
	}
	return err
}
