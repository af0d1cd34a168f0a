package sqlite

import (
	"context"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/store"
)

// The first item with a token is the one that counts: a later row is ignored.
const (
	rememberSQL = "INSERT OR IGNORE INTO tokens (chat, token, participant, file, seq) VALUES (?, ?, ?, ?, ?)"
	// rememberAllSQL is for all items of a chat.
	rememberAllSQL = `INSERT OR IGNORE INTO tokens (chat, token, participant, file, seq)
		SELECT chat, client_token, participant, type = 'ATTACHMENT', seq FROM items
		WHERE chat = ? AND client_token IS NOT NULL AND participant IS NOT NULL ORDER BY seq`
)

// writeTokens keeps the ClientTokens of the items of a change, which are
// written, where [Store.Sent] finds them. Of a chat that is short nothing is
// kept; when it has become long, those of all its items are. An index on all
// items would do the same, at a tenth of what a message costs.
func (w *writer) writeTokens(items []center.Item, ch chat) error {
	if len(items) == 0 || ch.last <= store.RecentItems {
		return nil
	}
	if items[0].Seq <= store.RecentItems+1 {
		_, err := w.conn.exec(rememberAllSQL, ch.n)
		return err
	}
	for i := range items {
		it := &items[i]
		if it.ClientToken == "" || it.Participant == "" {
			continue
		}
		if _, err := w.conn.exec(rememberSQL, ch.n, packID(it.ClientToken), packID(it.Participant), flag(it.Type == center.TypeAttachment), it.Seq); err != nil {
			return err
		}
	}
	return nil
}

// Sent implements [store.Store].
func (s *Store) Sent(ctx context.Context, chat center.ContactID, q store.SentQuery) (sent store.SentItem, err error) {
	err = s.read(ctx, string(chat), func(c *conn) error {
		r, err := c.first(`SELECT items.id, items.time FROM chats
			CROSS JOIN tokens ON tokens.chat = chats.n AND token = ? AND tokens.participant = ? AND file = ?
			CROSS JOIN items ON items.chat = tokens.chat AND items.seq = tokens.seq WHERE chats.id = ?`,
			packID(q.ClientToken), packID(q.Participant), flag(q.Attachment), string(chat))
		if err != nil {
			return err
		}
		if r == nil {
			return missing("item", q.ClientToken)
		}
		sent = store.SentItem{ID: center.ItemID(r.id(0)), Time: r.time(1)}
		return nil
	})
	return sent, err
}
