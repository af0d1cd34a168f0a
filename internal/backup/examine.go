package backup

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"parley.example/parley/internal/center"
)

// Facts say what is in a database, and what is wrong with it.
type Facts struct {
	Chats       int64    `json:"chats"`
	Items       int64    `json:"items"`
	Contacts    int64    `json:"contacts"`
	Attachments int64    `json:"attachments"`
	Wrong       []string `json:"wrong"` // at most maxWrong, then how many more
}

const maxWrong = 50

// notes collects what is wrong, with a bound.
type notes struct {
	lines []string
	more  int
}

func (n *notes) add(format string, args ...any) {
	if len(n.lines) < maxWrong {
		n.lines = append(n.lines, fmt.Sprintf(format, args...))
	} else {
		n.more++
	}
}

func (n *notes) all() []string {
	if n.more > 0 {
		return append(n.lines, fmt.Sprintf("and %d more", n.more))
	}
	return n.lines
}

// examine looks at every page of a database file that nobody uses, and at what its tables
// say of each other: transcripts have no gaps, and attachments have their files. sizes are those of the files by key;
// nil when files are kept elsewhere. Nothing is written, not beside the file either.
func examine(ctx context.Context, path string, sizes map[string]int64) (_ *Facts, err error) {
	db, err := sql.Open("sqlite", uri(path, "mode=ro&immutable=1&_pragma=cache_size(-16000)"))
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	defer func() { err = errors.Join(err, db.Close()) }()
	var bad notes
	facts := &Facts{}
	if err := each(ctx, db, "PRAGMA integrity_check(20)", func(r *sql.Rows) error {
		var line string
		if err := r.Scan(&line); err != nil || line == "ok" {
			return err
		}
		bad.add("the database is damaged: %s", line)
		return nil
	}); err != nil {
		bad.add("the database is damaged: %v", err)
	}
	if len(bad.lines) > 0 { // what such a database says means little
		facts.Wrong = bad.all()
		return facts, ctx.Err()
	}
	for sql, to := range map[string]*int64{
		"SELECT count(*) FROM chats": &facts.Chats, "SELECT count(*) FROM items": &facts.Items, "SELECT count(*) FROM contacts": &facts.Contacts,
	} {
		if err := db.QueryRowContext(ctx, sql).Scan(to); err != nil {
			return nil, err
		}
	}
	if err := transcripts(ctx, db, &bad); err != nil {
		return nil, err
	}
	if err := attached(ctx, db, facts, sizes, &bad); err != nil {
		return nil, err
	}
	if err := agents(ctx, db, &bad); err != nil {
		return nil, err
	}
	facts.Wrong = bad.all()
	return facts, nil
}

// transcripts finds items without a chat, and chats whose items are not numbered 1, 2, 3 …
func transcripts(ctx context.Context, db *sql.DB, bad *notes) error {
	return each(ctx, db, `SELECT coalesce(c.id, 'number ' || g.chat || ', which does not exist'), g.n, g.low, g.high
		FROM (SELECT chat, count(*) AS n, min(seq) AS low, max(seq) AS high FROM items GROUP BY chat) AS g
		LEFT JOIN chats AS c ON c.n = g.chat WHERE c.id IS NULL OR g.low <> 1 OR g.high <> g.n`, func(r *sql.Rows) error {
		var chat string
		var n, low, high int64
		if err := r.Scan(&chat, &n, &low, &high); err != nil {
			return err
		}
		bad.add("the transcript of chat %s has %d items, numbered %d to %d", chat, n, low, high)
		return nil
	})
}

// attached counts the attachments in transcripts and finds those without their file.
func attached(ctx context.Context, db *sql.DB, facts *Facts, sizes map[string]int64, bad *notes) error {
	// Of some chats the files have been erased, as a retention wanted it: their state says so.
	return each(ctx, db, fmt.Sprintf(`SELECT c.id, i.attachment ->> '$.id', i.attachment ->> '$.size'
		FROM items AS i JOIN chats AS c ON c.n = i.chat WHERE i.attachment IS NOT NULL
		AND NOT coalesce(iif(json_valid(CAST(c.state AS TEXT)), CAST(c.state AS TEXT) ->> '$.gone', 0), 0) & %d`, center.PartAttachments), func(r *sql.Rows) error {
		var chat, id string
		var size int64
		if err := r.Scan(&chat, &id, &size); err != nil {
			return err
		}
		facts.Attachments++
		got, there := sizes["attachments/"+chat+"/"+id]
		switch {
		case sizes == nil:
		case !there:
			bad.add("attachment %s of chat %s has no file. If the server keeps attachments in S3, back up with --files", id, chat)
		case got != size:
			bad.add("attachment %s of chat %s has a file of %d bytes instead of %d", id, chat, got, size)
		}
		return nil
	})
}

// agents finds chats that somebody has on their hands, or should have, which do not go together, and
// counters of agents that are negative. A database of a format before there were agents has none.
func agents(ctx context.Context, db *sql.DB, bad *notes) error {
	var there bool
	if err := db.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema WHERE name = 'holdings'").Scan(&there); err != nil || !there {
		return err
	}
	return each(ctx, db, `SELECT 'user ' || h.user || ' has a chat on their hands that does not exist: number ' || h.chat
			FROM holdings AS h LEFT JOIN chats AS c ON c.n = h.chat WHERE c.id IS NULL
		UNION ALL SELECT 'chat ' || c.id || iif(c.held, ' is said to be on somebody''s hands, and is on nobody''s', ' is on somebody''s hands, and said to be on nobody''s')
			FROM chats AS c WHERE ifnull(c.held, 0) <> EXISTS (SELECT 1 FROM holdings WHERE chat = c.n)
		UNION ALL SELECT 'the counter ' || name || ' is ' || value FROM counters WHERE value < 0 AND (name LIKE 'slots/%' OR name LIKE 'barred/%')`, func(r *sql.Rows) error {
		var line string
		if err := r.Scan(&line); err != nil {
			return err
		}
		bad.add("%s", line)
		return nil
	})
}

// each calls f with every row of a query.
func each(ctx context.Context, db *sql.DB, query string, f func(*sql.Rows) error) error {
	rows, err := db.QueryContext(ctx, query)
	if err != nil {
		return err
	}
	for rows.Next() {
		if err := f(rows); err != nil {
			return errors.Join(err, rows.Close())
		}
	}
	return errors.Join(rows.Err(), rows.Close())
}
