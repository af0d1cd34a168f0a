package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"

	"parley.example/parley/internal/backup"
	"parley.example/parley/internal/disk"
)

// restoreCmd brings a backup back, or checks that it could.
type restoreCmd struct {
	placeFlags
	filesFlags
	Data   string `help:"Data directory to make. It must be empty, or not there." placeholder:"DIR" env:"PARLEY_DATA"`
	Check  bool   `help:"Restore nothing: read all backups, compare every piece with its checksum, and examine the database of one of them."`
	Backup string `help:"The backup to restore, as parley backup list shows it. Default: the newest." placeholder:"ID" xor:"which"`
	At     string `help:"Restore the newest backup that is not newer than this time, such as 2026-11-30T09:30:00Z." placeholder:"TIME" xor:"which"`
}

// Help is shown below the usage.
func (restoreCmd) Help() string {
	return `Examples:
  parley restore --check /mnt/backup
  parley restore /mnt/backup --data /var/lib/parley
  parley restore s3://backups/parley --data /var/lib/parley --at '2026-11-30 09:30'

A check needs room for the database in the directory for temporary files (TMPDIR). Exit status: 0 when
all is well, 1 when something is wrong, which is printed, 2 for a wrong command line.`
}

// Run restores or checks.
func (c *restoreCmd) Run(ctx context.Context, io streams) error {
	choice := backup.Choice{ID: c.Backup}
	if c.At != "" {
		at, err := when(c.At)
		if err != nil {
			return usage{err}
		}
		choice.At = at
	}
	if !c.Check && c.Data == "" {
		return usage{errors.New("say where to restore to, with --data=DIR; or check the backups, with --check")}
	}
	return c.read(ctx, func(p *backup.Place) error {
		if c.Check {
			return c.check(ctx, io, p, choice)
		}
		return c.restore(ctx, io, p, choice)
	})
}

func (c *restoreCmd) check(ctx context.Context, io streams, p *backup.Place, choice backup.Choice) error {
	bar := newBar(io.err, c.JSON)
	found, err := p.Check(ctx, choice, bar.show)
	bar.clear()
	if err != nil {
		return err
	}
	if c.JSON {
		err = printJSON(io.out, checkedJSON(p, found))
	} else {
		printChecked(io.out, p, found)
	}
	if err == nil && len(found.Wrong) > 0 {
		err = silent{fmt.Errorf("%d things are wrong", len(found.Wrong))}
	}
	return err
}

func printChecked(out io.Writer, p *backup.Place, f *backup.Checked) {
	fmt.Fprintf(out, "Checked %s in %s: %s in %s of databases, %s in %s of attachments, in %s.\n", count(int64(len(f.Backups)), "backup"), p,
		disk.Size(f.Pieces.Bytes), count(f.Pieces.Count, "piece"), disk.Size(f.Contents.Bytes), count(f.Contents.Count, "file"), span(f.Took))
	if f.Backup != nil {
		fmt.Fprintf(out, "\nBackup %s\n", f.ID)
		printFacts(out, &f.Facts)
	}
	if len(f.Wrong) == 0 {
		fmt.Fprintln(out, "\nAll is well.")
		return
	}
	printWrong(out, f.Wrong)
	fmt.Fprintln(out, "\nWhat is damaged can be stored again while the server still has it: delete the file that is named\nfrom the place, and take a backup.")
}

func printFacts(out io.Writer, f *backup.Facts) {
	w := tabwriter.NewWriter(out, 0, 8, 2, ' ', tabwriter.AlignRight)
	for _, row := range []struct {
		n    int64
		what string
	}{{f.Chats, "chats"}, {f.Items, "items"}, {f.Contacts, "contacts"}, {f.Attachments, "attachments"}} {
		fmt.Fprintf(w, "\t%d\t %s\n", row.n, row.what)
	}
	_ = w.Flush() // a terminal that is gone gets nothing anyway
}

func printWrong(out io.Writer, wrong []string) {
	fmt.Fprintln(out, "\nWrong:")
	for _, line := range wrong {
		fmt.Fprintln(out, "  "+line)
	}
}

func (c *restoreCmd) restore(ctx context.Context, io streams, p *backup.Place, choice backup.Choice) error {
	b, err := p.Choose(ctx, choice)
	if err != nil {
		return err
	}
	store, err := c.filesFlags.open(ctx, c.Region)
	if err != nil {
		return err
	}
	bar := newBar(io.err, c.JSON)
	t := backup.Target{Data: c.Data, Progress: bar.show}
	if store != nil {
		defer store.Close()
		t.Files = store
	}
	done, err := p.Restore(ctx, b, t)
	bar.clear()
	if err != nil && ctx.Err() != nil {
		return fmt.Errorf("interrupted: delete what is in %s before you restore again", c.Data)
	}
	if err != nil {
		return fmt.Errorf("restore backup %s: %w", b.ID, err)
	}
	if c.JSON {
		err = printJSON(io.out, restoredJSON(c.Data, done))
	} else {
		printRestored(io.out, c.Data, done)
	}
	if err == nil && len(done.Wrong) > 0 {
		err = silent{fmt.Errorf("%d things are wrong", len(done.Wrong))}
	}
	return err
}

func printRestored(out io.Writer, data string, r *backup.Restored) {
	fmt.Fprintf(out, "Restored backup %s to %s: %s in %s.\n\n", r.ID, data, disk.Size(r.Database.Bytes), span(r.Took))
	printFacts(out, &r.Facts)
	if r.Backup.Files == nil {
		fmt.Fprintln(out, "\nThe backup has no attachments: they were left out.")
	}
	if r.SecretMissing {
		fmt.Fprintf(out, "\nparley.secret is missing: the secrets in the database are sealed by it, and the backup leaves it out.\nPut your copy into %s before you start the server.\n", data)
	}
	if len(r.Wrong) > 0 {
		printWrong(out, r.Wrong)
		fmt.Fprintln(out, "\nThe data was like that when the backup was taken. An earlier backup may be better (--at, --backup).")
		return
	}
	fmt.Fprintf(out, "\nStart the server with: parley serve --data %s\n", data)
}

// factsJSON is what was found in a database.
type factsJSON struct {
	Backup *backupJSON `json:"backup,omitempty"`
	backup.Facts
	Seconds float64 `json:"seconds"`
}

func checkedJSON(p *backup.Place, f *backup.Checked) any {
	out := struct {
		Place   string        `json:"place"`
		Backups int           `json:"backups"`
		Pieces  backup.Amount `json:"pieces"`
		Files   backup.Amount `json:"files"`
		factsJSON
	}{p.String(), len(f.Backups), f.Pieces, f.Contents, factsJSON{nil, f.Facts, f.Took.Seconds()}}
	if f.Backup != nil {
		out.Backup = new(describe(f.Backup))
	}
	return out
}

func restoredJSON(data string, r *backup.Restored) any {
	return struct {
		Data          string `json:"dataDirectory"`
		SecretMissing bool   `json:"secretMissing"`
		factsJSON
	}{data, r.SecretMissing, factsJSON{new(describe(r.Backup)), r.Facts, r.Took.Seconds()}}
}
