package move

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// remnants delete what an import that was not completed has left, in this order. What is live was not written.
var remnants = []string{
	"DELETE FROM items WHERE chat IN (SELECT n FROM chats WHERE instance = ?)",
	"DELETE FROM receipts WHERE chat IN (SELECT n FROM chats WHERE instance = ?)",
	"DELETE FROM tokens WHERE chat IN (SELECT n FROM chats WHERE instance = ?)",
	"DELETE FROM once WHERE EXISTS (SELECT 1 FROM chats AS c WHERE c.instance = ? AND {answer})",
	"DELETE FROM said_due WHERE contact IN (SELECT n FROM contacts WHERE instance = ?)",
	"DELETE FROM contact_attributes WHERE instance = ?",
	"DELETE FROM contacts WHERE instance = ?",
	"DELETE FROM chats WHERE instance = ?",
	"DELETE FROM agents WHERE instance = ?",
	"DELETE FROM facts WHERE instance = ?",
	"DELETE FROM erased_contacts WHERE erasure IN (SELECT id FROM erasures WHERE instance = ?)",
	"DELETE FROM erased_counts WHERE erasure IN (SELECT id FROM erasures WHERE instance = ?)",
	"DELETE FROM erasures WHERE instance = ?",
	"DELETE FROM resources WHERE instance = ?",
}

// Discard deletes what an import of a file has left that was not completed, so that another can be made.
func Discard(ctx context.Context, d *Database, r io.Reader, t Target) (_ *Header, err error) {
	line, err := newSource(r).next()
	if err != nil {
		return nil, err
	}
	h, err := readHeader(line)
	if err != nil {
		return nil, fmt.Errorf("line 1 %w", err)
	}
	i := &importing{Target: t, writing: writing{Database: d, instance: h.Instance}, scope: scopeOf(&h)}
	wanted, err := newSpool()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, wanted.close()) }()
	if err := i.in(ctx, func(ctx context.Context) error { return i.discard(ctx, wanted) }); err != nil {
		return nil, err
	}
	if t.Files == nil {
		return &h, nil
	}
	return &h, wanted.each(func(chat string, name []byte) error {
		return t.Files.Delete(ctx, fileKey(chat, strings.TrimPrefix(string(name), unsure)))
	})
}

func (i *importing) discard(ctx context.Context, wanted *spool) error {
	there, err := i.first(ctx, oneText, "SELECT id FROM resources WHERE kind = 'instance' AND id = ?", i.instance)
	if err != nil {
		return err
	}
	row, err := i.first(ctx, []form{doc}, "SELECT body FROM resources WHERE kind = 'setting' AND id = ?", i.noteID())
	if err != nil {
		return err
	}
	if row != nil {
		body, _ := row[0].(string)
		if err := json.Unmarshal([]byte(body), &i.note); err != nil {
			return err
		}
	}
	if there != nil || row == nil || i.note.Done {
		return fmt.Errorf("no import of instance %s was begun that is not complete", i.instance)
	}
	if err := i.dump(ctx, kindOf("chat"), i.scope, wanted, func([]byte) error { return nil }); err != nil {
		return err
	}
	statements := remnants
	answer := "once.chat IN (unhex(replace(c.id, '-', '')), c.id)"
	if i.pg {
		answer = "once.chat = c.id"
		statements = append([]string{"DELETE FROM said_docs WHERE instance = ?"}, remnants...) // in the embedded store they go with their contacts
	}
	for _, sql := range statements {
		if err := i.exec(ctx, strings.ReplaceAll(sql, "{answer}", answer), i.instance); err != nil {
			return err
		}
	}
	return i.exec(ctx, "DELETE FROM resources WHERE kind = 'setting' AND id = ?", i.noteID())
}
