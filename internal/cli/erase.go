package cli

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials"

	"parley.example/parley/api/restjson"
	"parley.example/parley/client"
	"parley.example/parley/internal/erasure"
)

// eraseCmd erases customers on a running server, and lists what was erased.
type eraseCmd struct {
	Endpoint string `help:"The server (${default})." aliases:"server" default:"http://127.0.0.1:8790" env:"PARLEY_ENDPOINT,AWS_ENDPOINT_URL_CONNECT,AWS_ENDPOINT_URL" placeholder:"URL"`
	signing
	Instance string `help:"Instance id. Default: the only instance that the server has." placeholder:"ID" env:"PARLEY_INSTANCE"`

	Customer  string `help:"Erase the chats with this CustomerId." placeholder:"ID" xor:"what"`
	Contact   string `help:"Erase the chat of this contact, with all contacts of its chain." placeholder:"ID" xor:"what"`
	Attribute string `help:"Erase the chats that have this attribute with this value." placeholder:"NAME=VALUE" xor:"what"`
	List      bool   `help:"List the receipts of all erasures." xor:"what"`
	Receipt   string `help:"Print the receipt of an erasure." placeholder:"ID" xor:"what"`

	End    bool `help:"End chats that have not ended. Without it nothing is erased while there are some."`
	DryRun bool `help:"Print what would be erased, and erase nothing." short:"n"`
	JSON   bool `help:"Print the server's answer as JSON." name:"json"`
}

// Help is shown below the flags.
func (eraseCmd) Help() string {
	return `Examples:
  parley erase --customer 4711 --dry-run
  parley erase --customer 4711
  parley erase --attribute email=ana@example.com --end
  parley erase --contact ID --endpoint https://chat.example.com --instance ID
  parley erase --list

What is erased is gone for good: transcripts, files, contact records, deliveries that wait,
lines of flow logs. The receipt, which the server keeps, says how much it was, and the ids of the contacts.
Requests are signed with the key of --key-file, or of AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or of a profile.
Its policy must allow parley:Erase on the ARN of the instance; --list and --receipt need parley:ListErasures.`
}

// Run erases and waits until nothing is left of what was erased.
func (c *eraseCmd) Run(ctx context.Context, std streams) error {
	config, err := c.reach(ctx, "endpoint", &c.Endpoint, false)
	if err != nil {
		return err
	}
	err = c.run(ctx, std.out, erasure.NewClient(config))
	return explain(err, c.Endpoint, "erasures", "name a running one with --endpoint")
}

func (c *eraseCmd) run(ctx context.Context, out io.Writer, api erasure.API) error {
	switch {
	case c.List:
		return c.list(ctx, out, api)
	case c.Receipt != "":
		r, err := api.GetErasure(ctx, &erasure.GetErasureRequest{ErasureId: c.Receipt})
		if err != nil {
			return err
		}
		return c.show(out, r, func(w io.Writer) { printReceipt(w, r) })
	}
	in := &erasure.EraseRequest{ContactId: c.Contact, CustomerId: c.Customer, EndActive: c.End}
	if c.Attribute != "" {
		name, value, ok := strings.Cut(c.Attribute, "=")
		if !ok || name == "" {
			return usage{fmt.Errorf("attribute: %q is not NAME=VALUE", c.Attribute)}
		}
		in.Attribute = &erasure.Attribute{Name: name, Value: value}
	}
	if in.ContactId == "" && in.CustomerId == "" && in.Attribute == nil {
		return usage{errors.New("say what to erase: --customer ID, --contact ID or --attribute NAME=VALUE; or --list what was erased")}
	}
	var err error
	if in.InstanceId, err = c.instance(ctx); err != nil {
		return err
	}
	if c.DryRun {
		p, err := api.PreviewErasure(ctx, in)
		if err != nil {
			return err
		}
		return c.show(out, p, func(w io.Writer) { printPreview(w, p, c.End) })
	}
	r, err := c.erase(ctx, api, in)
	if err != nil {
		return err
	}
	return c.show(out, r, func(w io.Writer) { printReceipt(w, r) })
}

// instance returns the instance that is meant: the only one, when none is named.
func (c *eraseCmd) instance(ctx context.Context) (string, error) {
	if c.Instance != "" {
		return c.Instance, nil
	}
	cfg := client.Config{Endpoint: c.Endpoint, Region: c.Region, UserAgent: "parley/" + version}
	switch key, err := c.credentials(ctx); {
	case err == nil:
		cfg.Credentials = credentials.StaticCredentialsProvider{Value: key}
	case !errors.Is(err, errNoKey): // a server in development mode takes unsigned calls
		return "", err
	}
	caller, err := client.New(cfg)
	if err != nil {
		return "", usage{err}
	}
	defer caller.CloseIdleConnections()
	out, err := caller.ListInstances().Send(ctx)
	if err != nil {
		return "", fmt.Errorf("find the instance, which --instance would name: %w", err)
	}
	if len(out.InstanceSummaryList) == 1 {
		return *out.InstanceSummaryList[0].Id, nil
	}
	var ids []string
	for i := range out.InstanceSummaryList {
		ids = append(ids, *out.InstanceSummaryList[i].Id)
	}
	return "", usage{fmt.Errorf("the server has %d instances: say which with --instance: %s", len(ids), strings.Join(ids, ", "))}
}

// pollEvery is how often the receipt of an erasure that goes on is asked for.
const pollEvery = 200 * time.Millisecond

// erase returns the receipt when nothing is left of what was erased.
func (c *eraseCmd) erase(ctx context.Context, api erasure.API, in *erasure.EraseRequest) (*erasure.Receipt, error) {
	r, err := api.Erase(ctx, in)
	for err == nil && r.FinishedAt == nil {
		select {
		case <-time.After(pollEvery):
		case <-ctx.Done():
			return nil, fmt.Errorf("erasure %s goes on at the server; parley erase --receipt %[1]s shows how far it is", r.ErasureId)
		}
		r, err = api.GetErasure(ctx, &erasure.GetErasureRequest{ErasureId: r.ErasureId})
	}
	return r, err
}

func (c *eraseCmd) list(ctx context.Context, out io.Writer, api erasure.API) error {
	var all erasure.ListErasuresResponse
	for in := (erasure.ListErasuresRequest{}); ; {
		page, err := api.ListErasures(ctx, &in)
		if err != nil {
			return err
		}
		all.Erasures = append(all.Erasures, page.Erasures...)
		if page.NextBefore == nil {
			break
		}
		in.Before = *page.NextBefore
	}
	return c.show(out, &all, func(w io.Writer) {
		if len(all.Erasures) == 0 {
			fmt.Fprintln(w, "Nothing was erased on request yet.")
			return
		}
		t := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
		fmt.Fprintln(t, "ERASURE\tASKED\tBY\tACCESS KEY\tCHATS\tSTATE")
		for i := range all.Erasures {
			r := &all.Erasures[i]
			fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%d\t%s\n", r.ErasureId, r.AskedAt.Format(time.DateTime), r.SelectedBy, cmp.Or(r.AccessKeyId, "-"), r.Counts["chats"], state(r))
		}
		t.Flush()
	})
}

// show writes an answer as the server writes it, or what says the same in words.
func (c *eraseCmd) show(out io.Writer, answer any, words func(io.Writer)) error {
	var b bytes.Buffer
	if !c.JSON {
		words(&b)
	} else if err := json.Indent(&b, restjson.Marshal(answer), "", "  "); err != nil {
		return err
	} else {
		b.WriteByte('\n')
	}
	_, err := b.WriteTo(out)
	return err
}

func state(r *erasure.Receipt) string {
	if r.FinishedAt == nil {
		return "under way"
	}
	return "finished " + r.FinishedAt.Format(time.DateTime)
}

func printPreview(w io.Writer, p *erasure.Preview, end bool) {
	fmt.Fprintf(w, "Would erase: %s\n", amounts(p.Counts))
	for _, id := range p.ContactIds {
		note := ""
		if slices.Contains(p.ActiveContactIds, id) {
			note = "  has not ended"
		}
		fmt.Fprintf(w, "  contact %s%s\n", id, note)
	}
	switch n := len(p.ActiveContactIds); {
	case n == 0:
	case end:
		fmt.Fprintf(w, "Chats among them that have not ended, and would be ended: %d.\n", n)
	default:
		fmt.Fprintf(w, "Chats among them that have not ended: %d. Erase them with --end, or end them first.\n", n)
	}
}

func printReceipt(w io.Writer, r *erasure.Receipt) {
	fmt.Fprintf(w, "Erasure %s, %s\n", r.ErasureId, state(r))
	fmt.Fprintf(w, "Asked for at %s with access key %s, by %s, in instance %s\n", r.AskedAt.Format(time.DateTime), cmp.Or(r.AccessKeyId, "(none)"), r.SelectedBy, r.InstanceId)
	fmt.Fprintf(w, "Erased: %s\n", amounts(r.Counts))
	if r.Waiting != nil {
		fmt.Fprintf(w, "Still to be taken: %d chats\n", *r.Waiting)
	}
	for _, id := range r.ContactIds {
		fmt.Fprintf(w, "  contact %s\n", id)
	}
}

// kinds is what receipts call something, where a reader would not.
var kinds = map[string]string{"requestAnswers": "answers to requests", "deadLetters": "dead letters", "flowLogLines": "lines of flow logs"}

// amounts writes counts as words: "2 chats, 14 items".
func amounts(counts map[string]int64) string {
	var words []string
	for _, kind := range slices.Sorted(maps.Keys(counts)) {
		if counts[kind] > 0 {
			words = append(words, fmt.Sprintf("%d %s", counts[kind], cmp.Or(kinds[kind], kind)))
		}
	}
	return cmp.Or(strings.Join(words, ", "), "nothing")
}
