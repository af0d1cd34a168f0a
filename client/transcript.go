package client

import (
	"context"
	"errors"
	"fmt"
	"time"

	"parley.example/parley/api/participant"
	"parley.example/parley/client/internal/window"
	"parley.example/parley/client/participantcall"
)

// reader delivers the items of a chat, each once and in order, whether they are pushed or read from
// the transcript. One goroutine uses it.
type reader struct {
	calls     participantcall.Calls
	caller    *caller
	ctx       context.Context   // of its calls
	hand      func(*Item) error // gives an item to the program
	history   int               // how many items from before the session are read; negative for none
	pastChats bool

	window window.Window
	last   *Item  // the latest item of the transcript
	anchor string // the id of the item after which the session starts
	after  bool   // the chat is over: reads must allow for that
}

const (
	pageLimit      = 30 * time.Second // for a page of the transcript, its retries included
	itemsPerPage   = 100              // of a transcript
	defaultHistory = 10_000           // items
)

func (r *reader) init(client *Client, caller *caller, cfg SessionConfig, hand func(*Item) error) {
	r.calls, r.caller, r.ctx, r.hand, r.history, r.pastChats = client.Participant, caller, caller.ctx, hand, cfg.History, cfg.PastChats
	if cfg.After != "" {
		r.last, r.anchor = &Item{}, cfg.After
		r.last.Id = new(cfg.After)
	}
}

// errChatOver says that the chat is over.
var errChatOver = errors.New("the chat is over")

// deliver delivers an item unless it was delivered before, and reports the chat's end.
func (r *reader) deliver(item *Item) error {
	if r.ctx.Err() != nil {
		return ErrClosed
	}
	if !r.window.First(item.ID(), item.Chunk, deref(item.AbsoluteTime)) {
		return nil
	}
	if item.Stored() {
		r.last = item
	}
	if err := r.hand(item); err != nil {
		return err
	}
	if item.Event() == EventEnded && item.RelatedContactId == nil { // not the end of a past chat
		return errChatOver
	}
	return nil
}

// catchUp reads from the transcript what the session has not delivered.
func (r *reader) catchUp() error {
	if r.last == nil {
		if r.history < 0 {
			return r.begin()
		}
		return r.readHistory()
	}
	call := r.calls.GetTranscript().MaxResults(itemsPerPage).
		ScanDirection(participant.ScanDirectionFORWARD).SortOrder(participant.SortKeyASCENDING)
	err := r.readOn(call.StartPosition(participant.StartPosition{Id: r.last.Id}))
	if e, ok := errors.AsType[*Error](err); ok && e.Status() == 400 && r.last.AbsoluteTime != nil {
		// The item cannot be found by its id any more; by its time it can.
		err = r.readOn(call.StartPosition(participant.StartPosition{AbsoluteTime: r.last.AbsoluteTime}))
	}
	return err
}

// begin finds the item after which the session starts. The socket is subscribed already, so new items
// are pushed meanwhile. From the next time on there is a history to read: that of the session.
func (r *reader) begin() error {
	out, err := r.page(r.calls.GetTranscript().MaxResults(1).
		ScanDirection(participant.ScanDirectionBACKWARD).SortOrder(participant.SortKeyDESCENDING))
	if err != nil {
		return err
	}
	r.history = defaultHistory
	if len(out.Transcript) > 0 {
		r.last = &Item{Item: out.Transcript[0]}
		r.anchor = r.last.ID()
	}
	return nil
}

// Transcript returns what is stored of the chat, the first item first and no more than SessionConfig.History items, for sessions
// that do not receive (SendOnly) as well. It is read anew each time, in pages of 100 items. After the chat's end
// Parley returns it as long as the session has not been closed; Amazon refuses.
func (s *Session) Transcript(ctx context.Context) (items []*Item, err error) {
	ctx, cancel := along(ctx, s.caller.calls)
	defer cancel()
	var r reader
	r.init(s.c, &s.caller, SessionConfig{History: max(s.cfg.History, 0), PastChats: s.cfg.PastChats}, func(i *Item) error {
		items = append(items, i)
		return nil
	})
	if r.ctx = ctx; r.history == 0 {
		r.history = defaultHistory
	}
	err = r.readHistory()
	if e := refusal(err); e != nil && e.Status() == 403 { // the chat may be over
		items, r.after = nil, true
		err = r.readHistory()
	}
	switch {
	case err == nil, errors.Is(err, errChatOver):
		return items, nil
	case s.caller.calls.Err() != nil:
		return nil, ErrClosed
	}
	return nil, err
}

// readOn delivers the items of a transcript from a position on.
func (r *reader) readOn(call participantcall.GetTranscript) error {
	for {
		out, err := r.page(call)
		if err != nil {
			return err
		}
		for i := range out.Transcript {
			item := &Item{Item: out.Transcript[i], InitialContactID: deref(out.InitialContactId)}
			if id := item.ID(); id != "" && id == r.anchor {
				continue
			}
			if err := r.deliver(item); err != nil {
				return err
			}
		}
		if !another(call, out.NextToken) {
			return nil
		}
		call = call.NextToken(*out.NextToken)
	}
}

// readHistory delivers the chat from its beginning. It is read backwards, as far as wanted: there is no
// other way to find its beginning.
func (r *reader) readHistory() error {
	call := r.calls.GetTranscript().MaxResults(itemsPerPage).
		ScanDirection(participant.ScanDirectionBACKWARD).SortOrder(participant.SortKeyDESCENDING)
	var items []*Item // the latest first
	for len(items) < r.history {
		out, err := r.page(call)
		if err != nil {
			return err
		}
		for i := range out.Transcript {
			item := &Item{Item: out.Transcript[i], InitialContactID: deref(out.InitialContactId)}
			if item.RelatedContactId != nil && !r.pastChats {
				out.NextToken = nil
				break
			}
			if items = append(items, item); len(items) == r.history {
				break
			}
		}
		if !another(call, out.NextToken) {
			break
		}
		call = call.NextToken(*out.NextToken)
	}
	for i := len(items) - 1; i >= 0; i-- {
		if err := r.deliver(items[i]); err != nil {
			return err
		}
	}
	return nil
}

// another reports whether a page's token leads to a different page.
func another(call participantcall.GetTranscript, next *string) bool {
	return deref(next) != "" && deref(next) != deref(call.Input().NextToken)
}

// afterEnd asks Parley for the transcript of a chat that has ended, which it refuses otherwise. Amazon
// ignores it and refuses.
var afterEnd = header{"X-Parley-After-End", []string{"read"}}

// readEnd ends a chat that ended while there was no connection. What was missed is read if the service
// allows it, within giveUp; otherwise it delivers an end without an id.
func (r *reader) readEnd(giveUp time.Duration) error {
	if ended, err := r.lastItems(giveUp); ended || err != nil {
		return err
	}
	item := &Item{}
	item.ContentType, item.Type = new(eventPrefix+EventEnded), "EVENT"
	if err := r.deliver(item); err != nil && !errors.Is(err, errChatOver) {
		return err
	}
	return nil
}

// lastItems delivers the items between the loss of the connection and the end of the chat, the end
// included, if the service returns them. It reports whether the end was among them.
func (r *reader) lastItems(giveUp time.Duration) (ended bool, err error) {
	r.after = true
	if r.last == nil && r.history < 0 {
		return false, nil // no item after which to start
	}
	refused, began := 0, time.Now()
	for n := 0; ; n++ {
		err := r.catchUp()
		e, failed := errors.AsType[*Error](err)
		switch {
		case errors.Is(err, errChatOver):
			return true, nil
		case r.caller.ctx.Err() != nil:
			return false, ErrClosed
		case !failed: // the whole transcript, of a participant that had left before the end
			return false, err
		case refusal(err) == nil:
		case e.Status() == 403: // in the name of the service, perhaps by a proxy in between
			refused++
		default:
			return false, nil
		}
		if refused == refusalsMeant || time.Since(began) > giveUp {
			return false, nil
		}
		if !sleep(r.caller.ctx, backoff(n)) {
			return false, ErrClosed
		}
	}
}

var errSlowPage = fmt.Errorf("no page of the transcript within %v", pageLimit)

// page reads one page, with a fresh token if the old one is refused. After the end of the chat there
// are no fresh tokens.
func (r *reader) page(call participantcall.GetTranscript) (*participant.GetTranscriptResponse, error) {
	ctx, cancel := context.WithTimeoutCause(r.ctx, pageLimit, errSlowPage)
	defer cancel()
	var out *participant.GetTranscriptResponse
	if r.after {
		return call.ConnectionToken(r.caller.current()).Send(context.WithValue(ctx, headerKey{}, afterEnd))
	}
	err := r.caller.withToken(ctx, func(token string) (err error) {
		out, err = call.ConnectionToken(token).Send(ctx)
		return err
	})
	return out, err
}
