package client

import (
	"context"
	"errors"
	"fmt"
	"time"

	"parley.example/parley/api/participant"
	"parley.example/parley/client/participantcall"
)

// catchUp reads from the transcript what the session has not delivered.
func (s *Session) catchUp() error {
	if s.last == nil {
		if s.cfg.History < 0 {
			return s.begin()
		}
		return s.readHistory()
	}
	call := s.c.Participant.GetTranscript().MaxResults(itemsPerPage).
		ScanDirection(participant.ScanDirectionFORWARD).SortOrder(participant.SortKeyASCENDING)
	err := s.readOn(call.StartPosition(participant.StartPosition{Id: s.last.Id}))
	if e, ok := errors.AsType[*Error](err); ok && e.Status() == 400 && s.last.AbsoluteTime != nil {
		// The item cannot be found by its id any more; by its time it can.
		err = s.readOn(call.StartPosition(participant.StartPosition{AbsoluteTime: s.last.AbsoluteTime}))
	}
	return err
}

// begin finds the item after which the session starts. The socket is subscribed already, so new items
// are pushed meanwhile. From the next time on there is a history to read: that of the session.
func (s *Session) begin() error {
	out, err := s.page(s.c.Participant.GetTranscript().MaxResults(1).
		ScanDirection(participant.ScanDirectionBACKWARD).SortOrder(participant.SortKeyDESCENDING))
	if err != nil {
		return err
	}
	s.cfg.History = defaultHistory
	if len(out.Transcript) > 0 {
		s.last = &Item{Item: out.Transcript[0]}
		s.anchor = s.last.ID()
	}
	return nil
}

// readOn delivers the items of a transcript from a position on.
func (s *Session) readOn(call participantcall.GetTranscript) error {
	for {
		out, err := s.page(call)
		if err != nil {
			return err
		}
		for i := range out.Transcript {
			item := &Item{Item: out.Transcript[i], InitialContactID: deref(out.InitialContactId)}
			if id := item.ID(); id != "" && id == s.anchor {
				continue
			}
			if err := s.deliver(item); err != nil {
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
func (s *Session) readHistory() error {
	call := s.c.Participant.GetTranscript().MaxResults(itemsPerPage).
		ScanDirection(participant.ScanDirectionBACKWARD).SortOrder(participant.SortKeyDESCENDING)
	var items []*Item // the latest first
	for len(items) < s.cfg.History {
		out, err := s.page(call)
		if err != nil {
			return err
		}
		for i := range out.Transcript {
			item := &Item{Item: out.Transcript[i], InitialContactID: deref(out.InitialContactId)}
			if item.RelatedContactId != nil && !s.cfg.PastChats {
				out.NextToken = nil
				break
			}
			if items = append(items, item); len(items) == s.cfg.History {
				break
			}
		}
		if !another(call, out.NextToken) {
			break
		}
		call = call.NextToken(*out.NextToken)
	}
	for i := len(items) - 1; i >= 0; i-- {
		if err := s.deliver(items[i]); err != nil {
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

// lastItems delivers the items between the loss of the connection and the end of the chat, the end
// included, if the service returns them. It reports whether the end was among them.
func (s *Session) lastItems() (ended bool, err error) {
	s.after = true
	if s.last == nil && s.cfg.History < 0 {
		return false, nil // no item after which to start
	}
	refused, began := 0, time.Now()
	for n := 0; ; n++ {
		err := s.catchUp()
		e, failed := errors.AsType[*Error](err)
		switch {
		case errors.Is(err, errChatOver):
			return true, nil
		case s.ctx.Err() != nil:
			return false, ErrClosed
		case !failed: // the whole transcript, of a participant that had left before the end
			return false, err
		case refusal(err) == nil:
		case e.Status() == 403: // in the name of the service, perhaps by a proxy in between
			refused++
		default:
			return false, nil
		}
		if refused == refusalsMeant || time.Since(began) > s.cfg.GiveUp {
			return false, nil
		}
		if !sleep(s.ctx, reconnectPause(n)) {
			return false, ErrClosed
		}
	}
}

var errSlowPage = fmt.Errorf("no page of the transcript within %v", pageLimit)

// page reads one page, with a fresh token if the old one is refused. After the end of the chat there
// are no fresh tokens.
func (s *Session) page(call participantcall.GetTranscript) (*participant.GetTranscriptResponse, error) {
	ctx, cancel := context.WithTimeoutCause(s.ctx, pageLimit, errSlowPage)
	defer cancel()
	var out *participant.GetTranscriptResponse
	if s.after {
		s.mu.Lock()
		token := s.token
		s.mu.Unlock()
		return call.ConnectionToken(token).Send(context.WithValue(ctx, headerKey{}, afterEnd))
	}
	err := s.withToken(ctx, func(token string) (err error) {
		out, err = call.ConnectionToken(token).Send(ctx)
		return err
	})
	return out, err
}
