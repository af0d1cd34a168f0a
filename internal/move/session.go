package move

import (
	"context"
	"strconv"
	"strings"

	"parley.example/parley/internal/store"
)

// session is one connection to the database of a store, with a transaction at a time.
type session interface {
	// begin starts a transaction: one that reads sees the database at one instant.
	begin(ctx context.Context) error
	end(ctx context.Context, commit bool) error
	// query calls each with every row, as values of the forms. They are valid until each returns. No other call may be made meanwhile.
	query(ctx context.Context, each func([]any) error, forms []form, sql string, args ...any) error
	// exec runs a statement, at the latest when something is asked or the transaction ends, and change at once: it returns how many rows it changed.
	exec(ctx context.Context, sql string, args ...any) error
	change(ctx context.Context, sql string, args ...any) (int64, error)
	close() error
}

// Texts that are not written as they are.
type (
	identText string
	docText   string
)

// Database is the database of a store, opened to be read ([OpenData], [OpenServer]) or to be written as well.
type Database struct {
	session
	dialect
	store  string // which store it is of
	format int64  // of its tables
	id     string // of the data
}

// numbered writes the parameters as PostgreSQL has them.
func numbered(sql string) string {
	var b strings.Builder
	n := 0
	for part := range strings.SplitSeq(sql, "?") {
		if n > 0 {
			b.WriteString("$" + strconv.Itoa(n))
		}
		b.WriteString(part)
		n++
	}
	return b.String()
}

// first returns the first row, nil when there is none.
func (d *Database) first(ctx context.Context, forms []form, sql string, args ...any) (row []any, err error) {
	err = d.query(ctx, func(v []any) error {
		if row == nil {
			row = append([]any{}, v...)
		}
		return nil
	}, forms, sql, args...)
	return row, err
}

// Close releases the connection.
func (d *Database) Close() error { return d.close() }

// reading returns the statement that reads a kind, and its arguments.
func (d *Database) reading(k *kind, s scope) (sql string, args []any, forms []form) {
	var columns []string
	for i := range k.members {
		columns, forms = append(columns, k.members[i].from), append(forms, k.members[i].form)
	}
	chats := "c.instance = {id}"
	if len(s.chats) > 0 {
		chats = "c.id IN ({list})"
	}
	sql = d.sql("SELECT " + strings.Join(columns, ", ") + " FROM " + k.from + " WHERE " + strings.NewReplacer("{chats}", chats, "{instance}", "a.instance = {id}").Replace(k.where) + " ORDER BY " + k.order)
	var b strings.Builder
	for {
		at := strings.IndexByte(sql, '{')
		if at < 0 {
			break
		}
		b.WriteString(sql[:at])
		if rest, ok := strings.CutPrefix(sql[at:], "{id}"); ok {
			b.WriteString("CAST(? AS text)")
			args, sql = append(args, string(s.instance)), rest
			continue
		}
		b.WriteString(strings.TrimSuffix(strings.Repeat("?, ", len(s.chats)), ", "))
		for _, id := range s.chats {
			args = append(args, id)
		}
		sql = strings.TrimPrefix(sql[at:], "{list}")
	}
	return b.String() + sql, args, forms
}

// writing writes lines to a database.
type writing struct {
	*Database
	instance string
	texts    map[string]string // of the statements of kinds
}

// put writes the row of a line, and what follows from it.
func (w *writing) put(ctx context.Context, k *kind, v []any) error {
	if k.into != "" {
		sql, ok := w.texts[k.name]
		if !ok {
			sql = w.inserting(k)
			w.texts[k.name] = sql
		}
		args := make([]any, 0, len(v)+2)
		var shard any
		for i := range k.members {
			m := &k.members[i]
			value := v[i]
			if m.name == k.shard {
				id, _ := value.(string)
				shard = int64(store.ShardOf(id))
			}
			if s, ok := value.(string); ok {
				switch m.form {
				case ident:
					value = identText(s)
				case doc:
					value = docText(s)
				}
			}
			args = append(args, value)
		}
		if k.inside {
			args = append(args, w.instance)
		}
		if w.pg && k.shard != "" {
			args = append(args, shard)
		}
		if err := w.exec(ctx, sql, args...); err != nil {
			return err
		}
	}
	if k.rule == nil {
		return nil
	}
	return k.rule(ctx, w, v)
}

func (w *writing) exec(ctx context.Context, sql string, args ...any) error {
	return w.session.exec(ctx, w.sql(sql), args...)
}

// inserting returns the statement that writes a row of a kind.
func (w *writing) inserting(k *kind) string {
	var columns, values []string
	add := func(column, value string) { columns, values = append(columns, column), append(values, value) }
	for i := range k.members {
		m := &k.members[i]
		value := "?"
		if m.with != "" {
			value = m.with
		}
		add(m.to, value)
	}
	if k.inside {
		add("instance", "?")
	}
	if w.pg && k.shard != "" {
		add("shard", "?")
	}
	if !w.pg && (k.into == "chats") {
		add("n", "(SELECT 1 + max(coalesce((SELECT max(n) FROM chats), 0), coalesce((SELECT max(number) FROM remains), 0), coalesce((SELECT max(upto) FROM erasures WHERE finished IS NULL), 0)))")
	}
	if w.pg && (k.into == "chats" || k.into == "agents") {
		add("n", "nextval('"+strings.TrimSuffix(k.into, "s")+"_numbers')")
	}
	return "INSERT INTO " + k.into + " (" + strings.Join(columns, ", ") + ") VALUES (" + strings.Join(values, ", ") + ")"
}
