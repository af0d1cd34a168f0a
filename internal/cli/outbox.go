package cli

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"text/tabwriter"
	"time"

	"parley.example/parley/api/restjson"
	"parley.example/parley/internal/outboxapi"
)

// outboxCmd manages the dead letters of a running server.
type outboxCmd struct {
	Endpoint string `help:"The server (${default})." aliases:"server" default:"http://127.0.0.1:8790" env:"PARLEY_ENDPOINT,AWS_ENDPOINT_URL_CONNECT,AWS_ENDPOINT_URL" placeholder:"URL"`
	signing

	List   outboxList   `cmd:"" help:"List the dead letters, oldest first." default:"withargs"`
	Replay outboxReplay `cmd:"" help:"Deliver dead letters again."`
	Drop   outboxDrop   `cmd:"" help:"Delete dead letters for good."`
}

// Help is shown below the list of verbs.
func (outboxCmd) Help() string {
	return `Examples:
  parley outbox --key-file /var/lib/parley/first-key.env
  parley outbox replay --to parley:contact-records
  parley outbox replay 4711 4712
  parley outbox drop --all

Deliveries to streaming endpoints, and records of contacts and agents, are given up when their endpoint has failed for an hour, and
kept as dead letters. Requests are signed; the policy of the key must allow parley:ListDeadLetters, parley:ReplayDeadLetters
or parley:DropDeadLetters.`
}

// with calls f with the API of the server.
func (o *outboxCmd) with(ctx context.Context, f func(outboxapi.API) error) error {
	config, err := o.reach(ctx, "endpoint", &o.Endpoint, false)
	if err != nil {
		return err
	}
	return explain(f(outboxapi.NewClient(config)), o.Endpoint, "dead letters", "name a running one with --endpoint")
}

type outboxList struct {
	To   string `help:"Only those for this endpoint: the ARN of a streaming endpoint, or parley:NAME for a kind of record." placeholder:"ENDPOINT"`
	JSON bool   `help:"Print JSON." name:"json"`
}

// Help is shown below the flags.
func (outboxList) Help() string {
	return `Examples:
  parley outbox list --to parley:contact-events
  parley outbox list --json`
}

// Run lists the dead letters.
func (l *outboxList) Run(ctx context.Context, std streams, k *command) error {
	all := outboxapi.ListResponse{DeadLetters: []outboxapi.DeadLetter{}}
	err := k.Outbox.with(ctx, func(api outboxapi.API) error {
		for in := (outboxapi.ListRequest{Endpoint: l.To}); ; {
			page, err := api.ListDeadLetters(ctx, &in)
			if err != nil {
				return err
			}
			all.DeadLetters = append(all.DeadLetters, page.DeadLetters...)
			if in.After = page.NextAfter; in.After == nil {
				return nil
			}
		}
	})
	if err != nil {
		return err
	}
	var b bytes.Buffer
	switch {
	case l.JSON:
		if err := json.Indent(&b, restjson.Marshal(&all), "", "  "); err != nil {
			return err
		}
		b.WriteByte('\n')
	case len(all.DeadLetters) == 0:
		b.WriteString("There are no dead letters.\n")
	default:
		t := tabwriter.NewWriter(&b, 0, 8, 2, ' ', 0)
		fmt.Fprintln(t, "ID\tMADE\tCHAT\tENDPOINT\tATTEMPTS\tERROR")
		for i := range all.DeadLetters {
			d, made := &all.DeadLetters[i], "-"
			if d.CreatedAt != nil {
				made = d.CreatedAt.Format(time.DateTime)
			}
			fmt.Fprintf(t, "%d\t%s\t%s\t%s\t%d\t%s\n", d.Id, made, cmp.Or(string(d.InitialContactId), "-"), d.Endpoint, d.Attempts, d.Error)
		}
		t.Flush()
	}
	_, err = b.WriteTo(std.out)
	return err
}

// which are the flags that say which dead letters are meant.
type which struct {
	Ids []int64 `arg:"" optional:"" help:"Their ids."`
	To  string  `help:"Those for this endpoint." placeholder:"ENDPOINT"`
	All bool    `help:"All of them."`
}

func (w *which) request() (*outboxapi.SelectRequest, error) {
	if len(w.Ids) == 0 && w.To == "" && !w.All {
		return nil, usage{errors.New("say which dead letters are meant: by their ids, with --to ENDPOINT or with --all")}
	}
	return &outboxapi.SelectRequest{Ids: w.Ids, Endpoint: w.To, All: w.All}, nil
}

type outboxReplay struct{ which }

// Help is shown below the flags.
func (outboxReplay) Help() string {
	return `Examples:
  parley outbox replay 4711 4712
  parley outbox replay --to parley:contact-records
  parley outbox replay --all

They are delivered in their order. What was delivered after them meanwhile is not delivered again, so readers see them late.`
}

// Run has dead letters delivered again.
func (r *outboxReplay) Run(ctx context.Context, std streams, k *command) error {
	return k.Outbox.handle(ctx, std, &r.which, "put back into the outbox", outboxapi.API.ReplayDeadLetters)
}

type outboxDrop struct{ which }

// Help is shown below the flags.
func (outboxDrop) Help() string {
	return `Examples:
  parley outbox drop 4711
  parley outbox drop --all`
}

// Run deletes dead letters.
func (d *outboxDrop) Run(ctx context.Context, std streams, k *command) error {
	return k.Outbox.handle(ctx, std, &d.which, "deleted", outboxapi.API.DropDeadLetters)
}

func (o *outboxCmd) handle(ctx context.Context, std streams, w *which, done string, call func(outboxapi.API, context.Context, *outboxapi.SelectRequest) (*outboxapi.SelectResponse, error)) error {
	in, err := w.request()
	if err != nil {
		return err
	}
	return o.with(ctx, func(api outboxapi.API) error {
		out, err := call(api, ctx, in)
		if err == nil {
			_, err = fmt.Fprintf(std.out, "Dead letters %s: %d\n", done, out.Count)
		}
		return err
	})
}
