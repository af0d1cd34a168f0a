package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"parley.example/parley/bench/gauge"
	"parley.example/parley/bench/target"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/store"
	"parley.example/parley/internal/store/sqlite"
)

// pastItems is how many messages a chat of the past has.
const pastItems = 20

// backups measures backups of a server with a past, full and incremental, beside messages at
// the first of the set rates: how long they take and store, and what they cost the messages.
func (b *bench) backups(ctx context.Context) error {
	b.report.scenario = "backup"
	first, _, _ := strings.Cut(b.rates, ",")
	rate, err := strconv.Atoi(strings.TrimSpace(first))
	if err != nil || rate < 1 {
		return fmt.Errorf("-rates: %q is not a rate", first)
	}
	s, _, chats, err := b.chatting(ctx, "backed-up")
	if err != nil {
		return err
	}
	defer func() { s.Kill() }() // the last one
	if err := s.Stop(); err != nil {
		return err
	}
	if err := b.fillPast(ctx, s.Data); err != nil {
		return err
	}
	if s, err = b.startServer(ctx, s.Data); err != nil {
		return err
	}
	c, err := target.Reach(s, b.sender, nil)
	if err != nil {
		return err
	}
	a, err := assemble(ctx, c, chats)
	if err != nil {
		return err
	}
	defer a.leave()
	place := filepath.Join(b.dir, "place")
	alone, _, err := b.steadily(ctx, a, 1, rate)
	if err != nil {
		return err
	}
	for load, what := range []string{"full", "next"} {
		if err := b.backup(ctx, s, a, load+2, rate, what, place); err != nil {
			return err
		}
	}
	b.report.add("  answer p99 without a backup", gauge.Milliseconds(alone.Answers.P99()), "ms")
	return s.Stop()
}

// taken is what parley backup --json prints.
type taken struct {
	DatabaseBytes  int64
	NewPieces      struct{ Bytes int64 }
	Stored         struct{ Bytes int64 }
	LockedSeconds  float64
	Seconds        float64
	NewAttachments struct{ Count int64 }
}

// backup takes a backup and sends messages meanwhile.
func (b *bench) backup(ctx context.Context, s *target.Server, a *audience, load, rate int, what, place string) error {
	cmd := exec.CommandContext(ctx, b.server, "backup", place, "--data", s.Data, "--json")
	log := &gauge.Tail{}
	cmd.Stderr = log
	var out []byte
	ended := make(chan error, 1)
	go func() {
		var err error
		out, err = cmd.Output()
		ended <- err
	}()
	r, _, err := b.steadily(ctx, a, load, rate)
	if failed := <-ended; failed != nil {
		return fmt.Errorf("parley backup: %w: %s", failed, log.Text())
	}
	if err != nil {
		return err
	}
	var t taken
	if err := json.Unmarshal(out, &t); err != nil {
		return err
	}
	b.report.add(fmt.Sprintf("%s backup, beside %d/s", what, rate), t.Seconds, "s")
	b.report.add("  database", float64(t.DatabaseBytes)/1e6, "MB")
	b.report.add("  new", float64(t.NewPieces.Bytes)/1e6, "MB")
	b.report.add("  stored", float64(t.Stored.Bytes)/1e6, "MB")
	b.report.add("  in one transaction", t.LockedSeconds, "s")
	b.report.add("  answer p99 beside it", gauge.Milliseconds(r.Answers.P99()), "ms")
	return nil
}

// fillPast writes chats of 20 messages to a database whose server is stopped: through the
// APIs it would take an hour.
func (b *bench) fillPast(ctx context.Context, data string) error {
	s, err := sqlite.Open(ctx, sqlite.Options{Dir: data})
	if err != nil {
		return err
	}
	defer s.Close()
	const ahead = 512
	began := time.Now().Add(-30 * 24 * time.Hour)
	done := make(chan error, ahead)
	for i := range b.past + ahead {
		if i >= ahead {
			if err := <-done; err != nil {
				return err
			}
		}
		if i < b.past {
			s.Submit(pastChat(i, began.Add(time.Duration(i)*time.Second)), func(err error) { done <- err })
		}
	}
	return nil
}

func pastChat(i int, at time.Time) *store.Change {
	id := center.NewContactID(at)
	text := strings.Repeat(fmt.Sprintf("What was said in chat %d, and answered: %s. ", i, id), 3)
	c := &store.Change{
		Chat: id, State: &store.Head{Instance: "past", State: []byte(strings.Repeat(string(id), 40))},
		Contacts: []center.Contact{{ID: id, Chat: id, Instance: "past", InitiationMethod: center.MethodAPI, Initiated: at}},
	}
	for seq := int64(1); seq <= pastItems; seq++ {
		now := at.Add(time.Duration(seq) * time.Second)
		c.Items = append(c.Items, center.Item{
			Chat: id, Seq: seq, ID: center.NewItemID(now, seq, uint64(i)), Contact: id, Time: now, Type: center.TypeMessage,
			ContentType: center.PlainText, Content: text, Participant: "99999999-2222-4333-8444-555555555555", DisplayName: "Jane", Role: center.RoleCustomer,
		})
	}
	return c
}
