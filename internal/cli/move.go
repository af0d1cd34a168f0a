package cli

import (
	"context"
	"errors"

	"parley.example/parley/internal/backup"
	"parley.example/parley/internal/cli/moving"
	"parley.example/parley/internal/move"
)

// exportCmd writes an instance, or contacts, to a file; importCmd reads it into another database, or what is set up in Amazon Connect.
type (
	exportCmd struct{ moving.Export }
	importCmd struct{ moving.Import }
)

// Run exports.
func (c *exportCmd) Run(ctx context.Context, io streams) error {
	return moved(c.Export.Run(ctx, mover(io)))
}

// Run imports.
func (c *importCmd) Run(ctx context.Context, io streams) error {
	if c.FromConnect == "" {
		return moved(c.Import.Run(ctx, mover(io)))
	}
	key := signing{KeyFile: c.KeyFile, Region: c.Region}
	to, err := key.reach(ctx, "to", &c.To, false)
	if err != nil {
		return err
	}
	return explain(moved(c.Copy(ctx, mover(io), c.Region, to)), c.To, "instances", "name a running one with --to")
}

func mover(io streams) moving.Terminal {
	bar := newBar(io.err, false)
	return moving.Terminal{Out: io.out, Err: io.err, Release: version, Clear: bar.clear, Show: func(p move.Progress) {
		bar.show(backup.Progress{Doing: p.Doing, Done: p.Done, Total: p.Total})
	}}
}

// moved gives errors of the verbs that move the meaning that they have here.
func moved(err error) error {
	switch {
	case errors.As(err, new(moving.Usage)):
		return usage{err}
	case errors.As(err, new(moving.Silent)):
		return silent{err}
	}
	return err
}
