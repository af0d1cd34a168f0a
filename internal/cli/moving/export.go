package moving

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"text/tabwriter"
	"time"

	"parley.example/parley/internal/disk"
	"parley.example/parley/internal/move"
)

// Export writes an instance, or contacts, to a file.
type Export struct {
	Places
	Instance string   `help:"The instance: its id or alias." placeholder:"ID"`
	Contact  []string `help:"Export contacts that are over, with their whole chats, instead of the instance. May be repeated." placeholder:"ID" sep:"none"`
	Output   string   `help:"The file to write. Default: standard output." short:"o" placeholder:"FILE"`
	Secrets  bool     `help:"Include access keys and the secrets of tokens, sealed as they are: they need a copy of parley.secret to be of use." name:"with-secrets"`
}

// Help is shown below the usage.
func (Export) Help() string {
	return `Examples:
  parley export --data /var/lib/parley --instance my-centre -o centre.jsonl
  parley import centre.jsonl --store postgres://parley@db/parley --files s3://bucket/parley
  parley export --data /var/lib/parley --contact 0194c2a4-7d1e-7a4f-8000-5f0c6b1d2e3f -o contact.jsonl

The server may be running: run this on the same machine, as the user of the server. docs/moving.md describes
the file. Exit status: 0 when the file is complete, 1 when there is none, 2 for a wrong command line.`
}

// Run exports.
func (c *Export) Run(ctx context.Context, t Terminal) (err error) {
	if err := c.where(); err != nil {
		return err
	}
	if c.Instance == "" && len(c.Contact) == 0 {
		return Usage{errors.New("say what to export: an instance with --instance=ID, or contacts with --contact=ID")}
	}
	files, err := c.attachments(ctx)
	if err != nil {
		return err
	}
	if files != nil {
		defer files.Close()
	}
	d, err := c.read(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	o := move.Options{Instance: c.Instance, Contacts: c.Contact, Files: files, Secrets: c.Secrets, Parley: t.Release, Now: time.Now(), Progress: t.Show}
	var out *move.Exported
	if err := c.to(t.Out, func(w io.Writer) error {
		out, err = move.Export(ctx, d, w, o)
		t.Clear()
		return err
	}); err != nil {
		if ctx.Err() != nil {
			err = errors.New("interrupted: there is no file")
		}
		return err
	}
	tell := t.Err
	if c.Output != "" {
		tell = t.Out
	}
	what := "instance " + out.Header.Instance
	if len(c.Contact) > 0 {
		what = Count(int64(len(out.Header.Contacts)), "chat") + " of " + what
	}
	fmt.Fprintf(tell, "Exported %s: %s, %s.\n", what, disk.Size(out.Bytes), Count(out.Trailer.Lines, "line"))
	printKinds(tell, out.Trailer.Kinds)
	for _, name := range out.Missing {
		fmt.Fprintf(t.Err, "parley: %s is not there, and left out\n", name)
	}
	return nil
}

// to writes the output: a file appears once it is complete.
func (c *Export) to(out io.Writer, write func(io.Writer) error) (err error) {
	if c.Output == "" {
		return write(out)
	}
	if _, err := os.Lstat(c.Output); err == nil {
		return fmt.Errorf("%s is there already", c.Output)
	}
	f, err := os.CreateTemp(filepath.Dir(c.Output), ".parley-export-*") // that its owner alone can read
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	if err := errors.Join(write(f), f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), c.Output); err != nil {
		return err
	}
	return disk.SyncDir(filepath.Dir(c.Output))
}

// printKinds prints how many lines there are of each kind.
func printKinds(out io.Writer, kinds map[string]move.Sum) {
	w := tabwriter.NewWriter(out, 0, 8, 2, ' ', tabwriter.AlignRight)
	for _, kind := range slices.Sorted(maps.Keys(kinds)) {
		fmt.Fprintf(w, "\t%d\t %s\n", kinds[kind].Lines, kind)
	}
	_ = w.Flush() // a terminal that is gone gets nothing anyway
}
