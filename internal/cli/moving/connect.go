package moving

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/feature/ec2/imds"

	"parley.example/parley/api/connect"
	"parley.example/parley/api/restjson"
	"parley.example/parley/internal/awsconf"
	"parley.example/parley/internal/move"
	"parley.example/parley/internal/move/amazon"
)

// Connect are the flags of an import of what is set up in Amazon Connect.
type Connect struct {
	FromConnect  string        `help:"Read the set-up of an instance of Amazon Connect, by its ARN or id, and make it on a server that runs." name:"from-connect" placeholder:"ARN"`
	Profile      string        `help:"Profile of AWS SDKs to read with. Default: AWS_PROFILE, AWS_ACCESS_KEY_ID and so on." placeholder:"NAME"`
	FromEndpoint string        `help:"Base URL of the service to read from. Default: that of Amazon Connect in the region." name:"from-endpoint" placeholder:"URL"`
	Pace         time.Duration `help:"How long after each other calls are made that read (${default})." default:"500ms" placeholder:"TIME"`
	To           string        `help:"The server to make it on (${default})." default:"http://127.0.0.1:8790" env:"PARLEY_ENDPOINT" placeholder:"URL"`
	Instance     string        `help:"The instance to make it in, by id or alias. Default: the only one that the server has." placeholder:"ID" env:"PARLEY_INSTANCE"`
	KeyFile      string        `help:"File with the access key to call the server with, such as first-key.env." placeholder:"FILE" type:"existingfile" name:"key-file"`
	PasswordFile string        `help:"File with the first password of users who are made. Without it they are not." placeholder:"FILE" type:"existingfile" name:"password-file"`
}

// Copy copies to a server that is called as told, and prints what came of it.
func (c *Connect) Copy(ctx context.Context, t Terminal, region string, to restjson.ClientConfig) error {
	from, err := c.source(ctx, t, region)
	if err != nil {
		return err
	}
	o := amazon.Options{From: connect.NewClient(from), To: connect.NewClient(to), Source: c.FromConnect, Pace: c.Pace,
		Progress: func(kind, _ string) { t.Show(move.Progress{Doing: kind}) }}
	if c.PasswordFile != "" {
		b, err := os.ReadFile(c.PasswordFile)
		if err != nil {
			return err
		}
		o.Password = strings.TrimRight(string(b), "\r\n")
	}
	if o.Instance, err = target(ctx, o.To, c.Instance); err != nil {
		return err
	}
	r, err := amazon.Copy(ctx, o)
	t.Clear()
	if err != nil {
		return fmt.Errorf("%v", err) // it says which side it is of: it is not to be taken for one of the server
	}
	printReport(t.Out, r)
	if len(r.Failed) > 0 {
		return Silent{fmt.Errorf("%d things failed", len(r.Failed))}
	}
	return nil
}

// source is how the service is called that is read from.
func (c *Connect) source(ctx context.Context, t Terminal, region string) (restjson.ClientConfig, error) {
	if parts := strings.Split(c.FromConnect, ":"); len(parts) > 3 && parts[0] == "arn" {
		region = parts[3]
	}
	options := []func(*config.LoadOptions) error{config.WithRegion(region), config.WithEC2IMDSClientEnableState(imds.ClientDisabled)}
	if c.Profile != "" {
		options = append(options, config.WithSharedConfigProfile(c.Profile))
	}
	cfg, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return restjson.ClientConfig{}, Usage{err}
	}
	if _, err := cfg.Credentials.Retrieve(ctx); err != nil {
		return restjson.ClientConfig{}, Usage{fmt.Errorf("there are no credentials to read with: name a --profile, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY: %w", err)}
	}
	at := strings.TrimSuffix(c.FromEndpoint, "/")
	if at == "" {
		if at, err = awsconf.Endpoint(ctx, cfg, "Connect"); err != nil {
			return restjson.ClientConfig{}, err
		}
	}
	if at == "" {
		at = "https://connect." + region + "." + awsconf.Domain(region)
	}
	return restjson.ClientConfig{Endpoint: at, UserAgent: "parley/" + t.Release, Sign: func(r *http.Request, body []byte) error {
		cred, err := cfg.Credentials.Retrieve(r.Context()) // renewed when that is due
		if err != nil {
			return err
		}
		sum := sha256.Sum256(body)
		return v4.NewSigner().SignHTTP(r.Context(), cred, r, hex.EncodeToString(sum[:]), "connect", region, time.Now())
	}}, nil
}

// target finds an instance of a server.
func target(ctx context.Context, api connect.Service, name string) (string, error) {
	var names []string
	in := &connect.ListInstancesRequest{}
	for {
		out, err := api.ListInstances(ctx, in)
		if err != nil {
			return "", err
		}
		for _, i := range out.InstanceSummaryList {
			alias := ""
			if i.InstanceAlias != nil {
				alias = *i.InstanceAlias
			}
			if name != "" && (name == *i.Id || name == *i.Arn || strings.EqualFold(name, alias)) {
				return *i.Id, nil
			}
			names = append(names, *i.Id)
		}
		if in.NextToken = out.NextToken; in.NextToken == nil {
			break
		}
	}
	switch {
	case name != "":
		return "", fmt.Errorf("the server has no instance %s", name)
	case len(names) != 1:
		return "", Usage{fmt.Errorf("the server has %s: say which with --instance", Count(int64(len(names)), "instance"))}
	}
	return names[0], nil
}

func printReport(out io.Writer, r *amazon.Report) {
	w := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, "KIND\tCREATED\tUPDATED\tSAME")
	for _, kind := range r.Kinds {
		n := r.Counts[kind]
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\n", kind, n.Created, n.Updated, n.Same)
	}
	_ = w.Flush() // a terminal that is gone gets nothing anyway
	for _, part := range []struct {
		title string
		lines []amazon.Line
	}{{"Not there as it is in the source:", r.Lacking}, {"Failed:", r.Failed}} {
		if len(part.lines) == 0 {
			continue
		}
		fmt.Fprintf(out, "\n%s\n", part.title)
		for _, l := range part.lines {
			fmt.Fprintf(out, "  %s: %s\n", strings.TrimSpace(l.Kind+" "+l.Name), l.Why)
		}
	}
}

// Validate refuses a command line that says neither or both.
func (c *Import) Validate() error {
	switch {
	case c.FromConnect != "" && c.File != "":
		return errors.New("import a file, or --from-connect, not both")
	case c.FromConnect == "" && c.File == "":
		return errors.New("say what to import: a file of parley export, or an instance of Amazon Connect with --from-connect=ARN")
	}
	return nil
}
