package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"golang.org/x/term"

	"parley.example/parley/internal/backup"
	"parley.example/parley/internal/blob/s3"
	"parley.example/parley/internal/disk"
)

// backupCmd copies the data of a server that runs, or is stopped.
type backupCmd struct {
	Run   backupRun   `cmd:"" help:"Take a backup." default:"withargs"`
	List  backupList  `cmd:"" help:"List the backups of a place."`
	Prune backupPrune `cmd:"" help:"Delete old backups."`
}

// Help is shown below the list of verbs.
func (backupCmd) Help() string {
	return `Examples:
  parley backup /mnt/backup --data /var/lib/parley
  parley backup list /mnt/backup

The verb run may be left out. parley restore brings a backup back.`
}

// placeFlags say where backups are.
type placeFlags struct {
	Place    string `arg:"" help:"Where backups are kept: a directory, or s3://BUCKET/PREFIX." placeholder:"DIR|s3://BUCKET/PREFIX"`
	Endpoint string `help:"Base URL of the S3-compatible service for PLACE. Default: AWS_ENDPOINT_URL_S3, or Amazon S3." placeholder:"URL" env:"PARLEY_BACKUP_ENDPOINT"`
	Region   string `help:"Region of buckets, where the configuration of AWS SDKs names none (${default})." default:"us-east-1" placeholder:"REGION" env:"PARLEY_REGION"`
	JSON     bool   `help:"Print JSON." name:"json"`
}

// Validate refuses a URL that is none.
func (f *placeFlags) Validate() error {
	if f.Place == "" {
		return errors.New("the place of backups is empty: name a directory, or s3://BUCKET/PREFIX")
	}
	if !strings.HasPrefix(f.Place, "s3:") {
		return nil
	}
	_, err := s3.ParseURL(f.Place)
	return err
}

func (f *placeFlags) where() backup.Where {
	return backup.Where{URL: f.Place, Endpoint: f.Endpoint, Region: f.Region}
}

// write opens the place to write, calls do and closes it.
func (f *placeFlags) write(ctx context.Context, do func(context.Context, *backup.Place) error) error {
	p, ctx, err := backup.OpenToWrite(ctx, f.where())
	if err != nil {
		return err
	}
	err = do(ctx, p)
	if cause := context.Cause(ctx); err != nil && cause != nil {
		if err = cause; errors.Is(cause, context.Canceled) {
			err = errors.New("interrupted; the backups that were complete are as they were")
		}
	}
	return errors.Join(err, p.Close())
}

// read opens the place to read, calls do and closes it.
func (f *placeFlags) read(ctx context.Context, do func(*backup.Place) error) error {
	p, err := backup.Open(ctx, f.where())
	if err != nil {
		return err
	}
	return errors.Join(do(p), p.Close())
}

// filesFlags say where the server keeps attachments: they are flags of serve too.
type filesFlags struct {
	Files         string `help:"Where the server keeps attachments, when that is not the data directory: s3://BUCKET/PREFIX, as in parley serve --files." placeholder:"URL" env:"PARLEY_FILES"`
	FilesEndpoint string `help:"Base URL of the S3-compatible service for --files." placeholder:"URL" env:"PARLEY_FILES_ENDPOINT" name:"files-endpoint"`
}

// open returns the store of attachments, nil when it is in the data directory.
func (f *filesFlags) open(ctx context.Context, region string) (*s3.Store, error) {
	if f.Files == "" {
		return nil, nil
	}
	at, err := s3.ParseURL(f.Files)
	if err != nil {
		return nil, usage{fmt.Errorf("files: %w", err)}
	}
	store, err := s3.Open(ctx, s3.Options{Location: at, Endpoint: f.FilesEndpoint, Region: region})
	if err != nil {
		return nil, fmt.Errorf("files: %w", err)
	}
	return store, nil
}

type backupRun struct {
	placeFlags
	filesFlags
	Data       string `help:"The server's data directory." required:"" placeholder:"DIR" env:"PARLEY_DATA"`
	Keep       int    `help:"Afterwards, delete all backups but the newest N." placeholder:"N" env:"PARLEY_BACKUP_KEEP"`
	SecretFile string `help:"The server's secret file. Default: parley.secret in the data directory." placeholder:"FILE" env:"PARLEY_SECRET_FILE" name:"secret-file"`
	WithSecret bool   `help:"Include parley.secret, which opens the secrets in the database. Whoever can read the backup can then use them." name:"with-secret"`
}

// Help is shown below the usage.
func (backupRun) Help() string {
	return `Examples:
  parley backup /mnt/backup --data /var/lib/parley
  parley backup s3://backups/parley --data /var/lib/parley --keep 48
  parley backup list /mnt/backup
  parley restore --check /mnt/backup
  parley restore /mnt/backup --data /var/lib/parley-restored

The server may be running: run this on the same machine, as the user of the server. A second
backup to the same place stores only what has changed. Exit status: 0 when the backup is
complete, 1 when it is not (earlier backups are as they were), 2 for a wrong command line.`
}

// Run takes a backup.
func (c *backupRun) Run(ctx context.Context, io streams) error {
	if c.Keep < 0 {
		return usage{errors.New("keep must not be negative; 0 keeps all")}
	}
	store, err := c.filesFlags.open(ctx, c.Region)
	if err != nil {
		return err
	}
	o := backup.Options{Data: c.Data, WithSecret: c.WithSecret, SecretFile: c.SecretFile, Version: version, Now: time.Now}
	if store != nil {
		defer store.Close()
		o.Files = store
	}
	return c.write(ctx, func(ctx context.Context, p *backup.Place) error {
		bar := newBar(io.err, c.JSON)
		o.Progress = bar.show
		saved, err := p.Save(ctx, o)
		bar.clear()
		if err != nil {
			return err
		}
		var pruned *backup.Pruned
		if c.Keep > 0 {
			if pruned, err = p.Prune(ctx, c.Keep); err != nil {
				return fmt.Errorf("backup %s is complete, but old ones could not be deleted: %w", saved.ID, err)
			}
		}
		if c.JSON {
			return printJSON(io.out, savedJSON(p, saved, pruned))
		}
		printSaved(io.out, p, saved, pruned)
		return nil
	})
}

func printSaved(out io.Writer, p *backup.Place, s *backup.Saved, pruned *backup.Pruned) {
	fmt.Fprintf(out, "Backup %s is complete.\n\n", s.ID)
	w := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	fmt.Fprintf(w, "  database\t%s\tof which %s new\n", disk.Size(s.Database.Bytes), disk.Size(s.NewPieces.Bytes))
	fmt.Fprintf(w, "  attachments\t%s in %s\tof which %s new in %s\n", disk.Size(s.Files.Bytes), count(s.Files.Count, "file"), disk.Size(s.NewFiles.Bytes), count(s.NewFiles.Count, "file"))
	fmt.Fprintf(w, "  stored\t%s\tin %s\n", disk.Size(s.Added.Bytes), p)
	fmt.Fprintf(w, "  took\t%s\tof which %s in one transaction\n", span(s.Took), span(s.Locked))
	if pruned != nil {
		fmt.Fprintf(w, "  kept\t%s\t%d deleted, %s freed\n", count(int64(pruned.Kept), "backup"), len(pruned.Removed), disk.Size(pruned.Freed.Bytes))
	}
	_ = w.Flush() // a terminal that is gone gets nothing anyway
	switch {
	case len(s.Secret) > 0:
		fmt.Fprintln(out, "\nThe backup includes parley.secret: whoever can read it can use the secrets in the database.")
	case s.Sealed:
		fmt.Fprintln(out, "\nparley.secret is not part of the backup. Keep a copy of it elsewhere: without it, the secrets in\nthe database cannot be used. It changes only with parley keys reset. (--with-secret includes it.)")
	}
}

type backupList struct{ placeFlags }

// Help is shown below the usage.
func (backupList) Help() string {
	return `Examples:
  parley backup list /mnt/backup
  parley backup list s3://backups/parley --json`
}

// Run lists the backups, the oldest first.
func (c *backupList) Run(ctx context.Context, io streams) error {
	return c.read(ctx, func(p *backup.Place) error {
		list, unreadable := p.List(ctx)
		if c.JSON {
			out := []backupJSON{}
			for _, b := range list {
				out = append(out, describe(b))
			}
			return errors.Join(printJSON(io.out, out), unreadable)
		}
		if len(list) == 0 && unreadable == nil {
			fmt.Fprintf(io.out, "There are no backups in %s.\n", p)
			return nil
		}
		w := tabwriter.NewWriter(io.out, 0, 8, 2, ' ', 0)
		fmt.Fprintln(w, "BACKUP\tDATABASE\tATTACHMENTS\tSTORED\tPARLEY")
		for _, b := range list {
			attached := "left out"
			if b.Files != nil {
				attached = disk.Size(b.Files.Bytes) + " in " + count(b.Files.Count, "file")
			}
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", b.ID, disk.Size(b.Database.Bytes), attached, disk.Size(b.Added.Bytes), b.Parley)
		}
		return errors.Join(w.Flush(), unreadable)
	})
}

type backupPrune struct {
	placeFlags
	Keep int `help:"How many backups to keep, the newest." required:"" placeholder:"N" env:"PARLEY_BACKUP_KEEP"`
}

// Help is shown below the usage.
func (backupPrune) Help() string {
	return `Examples:
  parley backup prune /mnt/backup --keep 48

Deletes all backups but the newest N, and then what no other backup needs, also what
interrupted backups have left behind.`
}

// Run deletes old backups.
func (c *backupPrune) Run(ctx context.Context, io streams) error {
	if c.Keep < 1 {
		return usage{errors.New("keep must be at least 1")}
	}
	return c.write(ctx, func(ctx context.Context, p *backup.Place) error {
		pruned, err := p.Prune(ctx, c.Keep)
		if err != nil {
			return err
		}
		if c.JSON {
			return printJSON(io.out, pruned)
		}
		fmt.Fprintf(io.out, "Deleted %s and kept %d: %s freed in %s.\n", count(int64(len(pruned.Removed)), "backup"), pruned.Kept, disk.Size(pruned.Freed.Bytes), p)
		return nil
	})
}

// backupJSON is a backup in JSON. It never has a secret.
type backupJSON struct {
	ID              string        `json:"id"`
	Taken           time.Time     `json:"taken"`
	Parley          string        `json:"parley"`
	Data            string        `json:"data"`
	DatabaseFormat  int64         `json:"databaseFormat"`
	DatabaseBytes   int64         `json:"databaseBytes"`
	Attachments     backup.Amount `json:"attachments"`
	Stored          backup.Amount `json:"stored"`
	SecretKeptApart bool          `json:"secretKeptApart"`
	SecretIncluded  bool          `json:"secretIncluded"`
}

func describe(b *backup.Backup) backupJSON {
	out := backupJSON{ID: b.ID, Taken: b.Taken, Parley: b.Parley, Data: b.Data, DatabaseFormat: b.Database.Format, DatabaseBytes: b.Database.Bytes,
		Stored: b.Added, SecretKeptApart: b.Sealed && len(b.Secret) == 0, SecretIncluded: len(b.Secret) > 0}
	if b.Files != nil {
		out.Attachments = b.Files.Amount
	}
	return out
}

func savedJSON(p *backup.Place, s *backup.Saved, pruned *backup.Pruned) any {
	return struct {
		backupJSON
		Place          string         `json:"place"`
		NewPieces      backup.Amount  `json:"newPieces"`
		NewAttachments backup.Amount  `json:"newAttachments"`
		LockedSeconds  float64        `json:"lockedSeconds"`
		Seconds        float64        `json:"seconds"`
		Pruned         *backup.Pruned `json:"pruned,omitempty"`
	}{describe(s.Backup), p.String(), s.NewPieces, s.NewFiles, s.Locked.Seconds(), s.Took.Seconds(), pruned}
}

func printJSON(out io.Writer, v any) error {
	e := json.NewEncoder(out)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// bar shows on a terminal how far something has come.
type bar struct {
	to   io.Writer // nil when nothing is shown
	last time.Time
}

func newBar(to io.Writer, quiet bool) *bar {
	if f, ok := to.(*os.File); ok && !quiet && term.IsTerminal(int(f.Fd())) {
		return &bar{to: to}
	}
	return &bar{}
}

func (b *bar) show(p backup.Progress) {
	if b.to == nil || time.Since(b.last) < 100*time.Millisecond {
		return
	}
	b.last = time.Now()
	switch {
	case p.Total > 0:
		fmt.Fprintf(b.to, "\r\x1b[K%s: %s of %s (%d %%)", p.Doing, disk.Size(p.Done), disk.Size(p.Total), 100*p.Done/p.Total)
	case p.Done > 0:
		fmt.Fprintf(b.to, "\r\x1b[K%s: %s", p.Doing, disk.Size(p.Done))
	default:
		fmt.Fprintf(b.to, "\r\x1b[K%s", p.Doing)
	}
}

func (b *bar) clear() {
	if b.to != nil {
		fmt.Fprint(b.to, "\r\x1b[K")
	}
}

func span(d time.Duration) string { return d.Round(10 * time.Millisecond).String() }

func count(n int64, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return fmt.Sprintf("%d %s", n, noun)
}

// when reads a time: RFC 3339, or a date with or without a time, in UTC.
func when(text string) (time.Time, error) {
	for _, layout := range []string{time.RFC3339, time.DateTime, "2006-01-02 15:04", "2006-01-02T15:04:05", "2006-01-02T15:04", time.DateOnly} {
		if t, err := time.Parse(layout, strings.TrimSpace(text)); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("at: %q is not a time; want 2026-11-30T09:30:00Z, or 2026-11-30 09:30 (UTC)", text)
}
