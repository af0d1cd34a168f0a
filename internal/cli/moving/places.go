// Package moving has the verbs of the command that move an instance: export writes one to a file, import reads it into another database.
// What they do is packages move; here are their flags and what they print.
package moving

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"strings"

	"parley.example/parley/internal/blob"
	"parley.example/parley/internal/blob/dir"
	"parley.example/parley/internal/blob/s3"
	"parley.example/parley/internal/move"
)

// Terminal is where verbs print, and the release that they belong to.
type Terminal struct {
	Out, Err io.Writer
	Release  string
	Show     func(move.Progress) // how far something has come
	Clear    func()              // takes that away again
}

// Usage is an error in how the command was called, Silent one that has been shown already.
type (
	Usage  struct{ error }
	Silent struct{ error }
)

// Count is a number and a noun.
func Count(n int64, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return fmt.Sprintf("%d %s", n, noun)
}

// Places say which database an export reads, or an import writes.
type Places struct {
	Files         string `help:"Where attachments are, when that is not the data directory: s3://BUCKET/PREFIX as in parley serve --files, or a directory." placeholder:"URL" env:"PARLEY_FILES"`
	FilesEndpoint string `help:"Base URL of the S3-compatible service for --files." placeholder:"URL" env:"PARLEY_FILES_ENDPOINT" name:"files-endpoint"`
	Data          string `help:"The data directory, of the embedded store." placeholder:"DIR" env:"PARLEY_DATA" xor:"store"`
	Store         string `help:"The database, of the store on PostgreSQL." placeholder:"postgres://…" env:"PARLEY_STORE" xor:"store"`
	Region        string `help:"Region of buckets, where the configuration of AWS SDKs names none (${default})." default:"us-east-1" placeholder:"REGION" env:"PARLEY_REGION"`
	NoFile        bool   `help:"Leave out the bytes of attachments: both servers keep them in one bucket, or you copy them." name:"without-files"`
}

// where checks that one database is named.
func (f *Places) where() error {
	if f.Data == "" && f.Store == "" {
		return Usage{errors.New("say where the data is: with --data=DIR, or with --store=postgres://…")}
	}
	if f.Store != "" && !strings.HasPrefix(f.Store, "postgres://") && !strings.HasPrefix(f.Store, "postgresql://") {
		return Usage{errors.New("store: want postgres://USER:PASSWORD@HOST/DATABASE")}
	}
	return nil
}

// attachments opens where attachments are, nil when they are left out.
func (f *Places) attachments(ctx context.Context) (blob.Store, error) {
	if f.NoFile {
		return nil, nil
	}
	if !strings.HasPrefix(f.Files, "s3:") {
		path := f.Files
		if path == "" && f.Data != "" {
			path = filepath.Join(f.Data, "files")
		}
		if path == "" {
			return nil, Usage{errors.New("say where attachments are, with --files=s3://BUCKET/PREFIX or --files=DIR; or leave them out, with --without-files")}
		}
		return dir.Open(path)
	}
	at, err := s3.ParseURL(f.Files)
	if err != nil {
		return nil, Usage{fmt.Errorf("files: %w", err)}
	}
	store, err := s3.Open(ctx, s3.Options{Location: at, Endpoint: f.FilesEndpoint, Region: f.Region})
	if err != nil {
		return nil, fmt.Errorf("files: %w", err)
	}
	return store, nil
}

func (f *Places) read(ctx context.Context) (*move.Database, error) {
	if f.Store != "" {
		return move.OpenServer(ctx, f.Store)
	}
	return move.OpenData(ctx, f.Data)
}

func (f *Places) write(ctx context.Context, t Terminal) (*move.Database, error) {
	log := slog.New(slog.NewTextHandler(t.Err, &slog.HandlerOptions{Level: slog.LevelWarn}))
	if f.Store != "" {
		return move.OpenServerToWrite(ctx, f.Store, log)
	}
	return move.OpenDataToWrite(ctx, f.Data, t.Release, log)
}
