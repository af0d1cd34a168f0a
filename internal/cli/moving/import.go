package moving

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"parley.example/parley/internal/move"
)

// Import reads a file of an export into a database, or what is set up in Amazon Connect.
type Import struct {
	Places
	Connect
	File    string `arg:"" optional:"" help:"A file of parley export." placeholder:"FILE" type:"existingfile"`
	Discard bool   `help:"Import nothing: delete what an import of the file has left that was not completed." xor:"instead"`
	Check   bool   `help:"Import nothing: compare the database with the file. That is of use until the instance is worked on." xor:"instead"`
}

// Help is shown below the usage.
func (Import) Help() string {
	return `Examples:
  parley import centre.jsonl --data /var/lib/parley
  parley import centre.jsonl --store postgres://parley@db/parley --files s3://bucket/parley
  parley import --check centre.jsonl --data /var/lib/parley
  parley import --from-connect arn:aws:connect:eu-west-2:123456789012:instance/ID \
    --profile amazon --to https://chat.example.com --key-file first-key.env

The first two make an instance that is not there. What was interrupted goes on when the same command is run again.
The last one reads hours, queues, profiles, users, flows, modules, views and so on of an instance of Amazon
Connect, and makes or changes them on a server that runs; it prints what Parley does not have. Exit status: 0 when all is well, 1 when it is not, 2 for a wrong command line.`
}

// Run imports.
func (c *Import) Run(ctx context.Context, t Terminal) (err error) {
	if err := c.where(); err != nil {
		return err
	}
	file, err := os.Open(c.File)
	if err != nil {
		return err
	}
	defer file.Close()
	files, err := c.attachments(ctx)
	if err != nil {
		return err
	}
	if files != nil {
		defer files.Close()
	}
	target := move.Target{Files: files, Progress: t.Show}
	if c.Check {
		return c.compare(ctx, t, file, target)
	}
	d, err := c.write(ctx, t)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	if c.Discard {
		h, err := move.Discard(ctx, d, file, target)
		if err == nil {
			fmt.Fprintf(t.Out, "What was imported of instance %s is deleted.\n", h.Instance)
		}
		return err
	}
	done, err := move.Import(ctx, d, file, target)
	t.Clear()
	switch {
	case err != nil && ctx.Err() != nil:
		return fmt.Errorf("interrupted: the same command goes on where this one was")
	case err != nil:
		return fmt.Errorf("import %s: %w", c.File, err)
	case done.Already:
		fmt.Fprintf(t.Out, "Instance %s was imported from this file before: there is nothing to do.\n", done.Header.Instance)
		return nil
	}
	fmt.Fprintf(t.Out, "Imported instance %s, and compared it: %s.\n", done.Header.Instance, Count(done.Trailer.Lines, "line"))
	printKinds(t.Out, done.Trailer.Kinds)
	switch {
	case done.Header.Secrets:
		fmt.Fprintln(t.Out, "\nAccess keys and the secrets of tokens are among it, sealed: the server needs the parley.secret of the old one.")
	case len(done.Header.Contacts) == 0:
		fmt.Fprintln(t.Out, "\nAccess keys, and the secrets that seal tokens, are not among it: make keys with parley keys create. Customers and\nagents who are connected have to begin anew, unless the export is made with --with-secrets.")
	}
	return nil
}

func (c *Import) compare(ctx context.Context, t Terminal, file *os.File, target move.Target) (err error) {
	d, err := c.read(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	found, wrong, err := move.Verify(ctx, d, file, target)
	t.Clear()
	if err != nil {
		return fmt.Errorf("check %s: %w", c.File, err)
	}
	if len(wrong) > 0 {
		fmt.Fprintf(t.Out, "The database is not what the file says:\n  %s\n", strings.Join(wrong, "\n  "))
		return Silent{fmt.Errorf("%d things are wrong", len(wrong))}
	}
	fmt.Fprintf(t.Out, "Instance %s is what the file says: %s.\n", found.Header.Instance, Count(found.Trailer.Lines, "line"))
	return nil
}
