package move

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"

	"github.com/jackc/pgx/v5"

	"parley.example/parley/internal/store/postgres"
	"parley.example/parley/internal/store/postgres/schema"
)

// together is how many statements go to a server of PostgreSQL at once.
const together = 500

// server is a session with PostgreSQL.
type server struct {
	conn   *pgx.Conn
	tx     pgx.Tx
	writes bool
	batch  *pgx.Batch
}

// OpenServer opens a database of PostgreSQL to be read. Servers may be running on it.
func OpenServer(ctx context.Context, url string) (*Database, error) { return dial(ctx, url, false) }

// OpenServerToWrite opens a database of PostgreSQL to be written, and makes the tables when they are not there. Servers may be running on it.
func OpenServerToWrite(ctx context.Context, url string, log *slog.Logger) (*Database, error) {
	s, err := postgres.Open(ctx, postgres.Options{URL: url, Log: log})
	if err == nil {
		err = s.Close()
	}
	if err != nil {
		return nil, err
	}
	return dial(ctx, url, true)
}

func dial(ctx context.Context, url string, writes bool) (*Database, error) {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, err
	}
	// A long read is what this is for, and whoever reads its output may be slow.
	maps.Copy(config.RuntimeParams, map[string]string{
		"application_name": "parley move", "jit": "off",

		"statement_timeout": "0", "idle_in_transaction_session_timeout": "0",
	})
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, err
	}
	d := &Database{session: &server{conn: conn, writes: writes, batch: &pgx.Batch{}}, dialect: dialect{pg: true}, store: "postgres"}
	err = conn.QueryRow(ctx, "SELECT (SELECT format FROM parley_format WHERE one = 1), (SELECT id FROM identity)").Scan(&d.format, &d.id)
	switch newest := schema.Format(); {
	case err != nil:
		err = fmt.Errorf("the database %s at %s has no tables of Parley: %w", config.Database, config.Host, err)
	case d.format != newest:
		err = fmt.Errorf("the database %s at %s has format %d and this release works with format %d: use the release whose servers run on it, or start the newer one on it first", config.Database, config.Host, d.format, newest)
	default:
		return d, nil
	}
	return nil, errors.Join(err, d.close())
}

func (s *server) close() error { return s.conn.Close(context.Background()) }

func (s *server) begin(ctx context.Context) (err error) {
	o := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	if s.writes {
		o = pgx.TxOptions{IsoLevel: pgx.ReadCommitted}
	}
	s.tx, err = s.conn.BeginTx(ctx, o)
	return err
}

func (s *server) end(ctx context.Context, commit bool) error {
	ctx = context.WithoutCancel(ctx)
	if s.tx == nil { // it could not begin
		return nil
	}
	if !commit {
		s.batch = &pgx.Batch{}
		return s.tx.Rollback(ctx)
	}
	if err := s.flush(ctx); err != nil {
		return errors.Join(err, s.tx.Rollback(ctx))
	}
	return s.tx.Commit(ctx)
}

func (s *server) flush(ctx context.Context) error {
	if s.batch.Len() == 0 {
		return nil
	}
	b := s.batch
	s.batch = &pgx.Batch{}
	return s.tx.SendBatch(ctx, b).Close()
}

func (s *server) query(ctx context.Context, each func([]any) error, forms []form, sql string, args ...any) error {
	if err := s.flush(ctx); err != nil {
		return err
	}
	rows, err := s.tx.Query(ctx, numbered(sql), packed(args)...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		values, err := rows.Values()
		if err != nil {
			return err
		}
		for i, form := range forms {
			switch v := values[i].(type) {
			case string:
				if values[i] = postgres.UnpackText(v); form == doc {
					values[i] = string(postgres.UnpackJSON(v))
				}
			case int32: // a constant of a statement
				values[i] = int64(v)
			}
		}
		if err := each(values); err != nil {
			return err
		}
	}
	return rows.Err()
}

func (s *server) exec(ctx context.Context, sql string, args ...any) error {
	s.batch.Queue(numbered(sql), packed(args)...)
	if s.batch.Len() < together {
		return nil
	}
	return s.flush(ctx)
}

func (s *server) change(ctx context.Context, sql string, args ...any) (int64, error) {
	if err := s.flush(ctx); err != nil {
		return 0, err
	}
	tag, err := s.tx.Exec(ctx, numbered(sql), packed(args)...)
	return tag.RowsAffected(), err
}

// packed makes values what PostgreSQL can hold.
func packed(args []any) []any {
	out := make([]any, len(args))
	for i, a := range args {
		switch a := a.(type) {
		case string:
			out[i] = postgres.PackText(a)
		case identText:
			out[i] = postgres.PackText(string(a))
		case docText:
			out[i] = postgres.PackJSON([]byte(a))
		default:
			out[i] = a
		}
	}
	return out
}
