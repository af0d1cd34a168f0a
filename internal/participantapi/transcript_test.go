package participantapi_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"parley.example/parley/api/participant"
	"parley.example/parley/internal/bus"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
	"parley.example/parley/internal/engine/enginetest"
)

const (
	backward   = participant.ScanDirectionBACKWARD
	forward    = participant.ScanDirectionFORWARD
	ascending  = participant.SortKeyASCENDING
	descending = participant.SortKeyDESCENDING
)

// talk begins a chat of n messages "1", "2" … behind the customer's joining
// and the flow's hello.
func (r *chatFixture) talk(n int, change ...func(*contact.Start)) person {
	r.Helper()
	p := r.join(change...)
	for i := range n {
		r.say(p, fmt.Sprint(i+1))
	}
	return p
}

// read calls GetTranscript and returns the page in words.
func (r *chatFixture) read(p person, in participant.GetTranscriptRequest) (words []string, next *string) {
	r.Helper()
	in.ConnectionToken = p.bearer
	out, err := r.GetTranscript(r.Context(), &in)
	if err != nil {
		r.Fatalf("GetTranscript(%+v): %v", in, err)
	}
	if *out.InitialContactId != string(p.chat) || out.Transcript == nil {
		r.Fatalf("GetTranscript = %+v; want the chat's InitialContactId and a list", out)
	}
	for _, it := range out.Transcript {
		switch {
		case it.Content != nil:
			words = append(words, *it.Content)
		case it.ContentType != nil:
			words = append(words, (*it.ContentType)[len("application/vnd.amazonaws.connect.event."):])
		default:
			words = append(words, "["+*it.Attachments[0].AttachmentName+"]")
		}
	}
	return words, out.NextToken
}

// numbers are the words "from" to "to", falling when from is the greater.
func numbers(from, to int) (words []string) {
	step := 1
	if to < from {
		step = -1
	}
	for i := from; i != to+step; i += step {
		words = append(words, fmt.Sprint(i))
	}
	return words
}

func (r *chatFixture) wantPage(p person, in participant.GetTranscriptRequest, more bool, want ...string) {
	r.Helper()
	got, next := r.read(p, in)
	if !slices.Equal(got, want) || (next != nil) != more {
		r.Errorf("GetTranscript(%+v) = %q, more %v; want %q, more %v", in, got, next != nil, want, more)
	}
}

func TestPagesAsChatJSReadsThem(t *testing.T) {
	newChatFixture(t, func(r *chatFixture) {
		p := r.talk(38) // 40 items
		in := participant.GetTranscriptRequest{MaxResults: new(int32(15)), ScanDirection: backward, SortOrder: ascending, StartPosition: &participant.StartPosition{}}
		var pages [][]string
		for {
			page, next := r.read(p, in)
			pages = append(pages, page)
			if next == nil {
				break
			}
			in.NextToken = next
		}
		want := [][]string{numbers(24, 38), numbers(9, 23), append([]string{"participant.joined", "Hello"}, numbers(1, 8)...)}
		if !slices.EqualFunc(pages, want, slices.Equal) {
			r.Errorf("the pages are %q; want %q", pages, want)
		}
	})
}

func TestStartPositionsAndSortOrder(t *testing.T) {
	newChatFixture(t, func(r *chatFixture) {
		p := r.talk(20)
		items := r.engine.Items(p.chat)
		id := func(word int) *participant.StartPosition { // of the message "word"
			return &participant.StartPosition{Id: new(string(items[word+1].ID))}
		}
		at := func(word int, d time.Duration) *participant.StartPosition {
			return &participant.StartPosition{AbsoluteTime: new(items[word+1].Time.Add(d).Format(time.RFC3339Nano))}
		}
		recent := func(n int32) *participant.StartPosition { return &participant.StartPosition{MostRecent: &n} }
		five := new(int32(5))
		type request = participant.GetTranscriptRequest
		for _, c := range []struct {
			in   request
			more bool
			want []string
		}{
			{request{}, true, numbers(20, 11)},
			{request{StartPosition: &participant.StartPosition{}}, true, numbers(20, 11)},
			{request{ScanDirection: backward, MaxResults: five}, true, numbers(20, 16)},
			{request{SortOrder: ascending, MaxResults: five}, true, numbers(16, 20)},
			{request{SortOrder: descending, MaxResults: five}, true, numbers(20, 16)},
			// With a start position the scan goes forward, and the page falls unless the request says otherwise.
			{request{StartPosition: id(7), MaxResults: five}, true, numbers(11, 7)},
			{request{StartPosition: id(7), MaxResults: five, SortOrder: ascending}, true, numbers(7, 11)},
			{request{StartPosition: id(7), MaxResults: five, ScanDirection: backward}, true, numbers(7, 3)},
			{request{StartPosition: id(18), MaxResults: five, ScanDirection: forward, SortOrder: ascending}, false, numbers(18, 20)},
			{request{StartPosition: id(2), ScanDirection: backward}, false, []string{"2", "1", "Hello", "participant.joined"}},
			{request{StartPosition: at(7, 0), MaxResults: five, SortOrder: ascending}, true, numbers(7, 11)},
			{request{StartPosition: at(7, time.Microsecond), MaxResults: five, SortOrder: ascending}, true, numbers(8, 12)},
			{request{StartPosition: at(7, 0), MaxResults: five, ScanDirection: backward}, true, numbers(7, 3)},
			{request{StartPosition: at(7, -time.Microsecond), MaxResults: five, ScanDirection: backward}, true, numbers(6, 2)},
			{request{StartPosition: at(20, time.Hour)}, false, nil},
			{request{StartPosition: at(20, time.Hour), ScanDirection: backward, MaxResults: five}, true, numbers(20, 16)},
			{request{StartPosition: at(1, -time.Hour), ScanDirection: backward}, false, nil},
			{request{StartPosition: recent(5), SortOrder: ascending}, false, numbers(16, 20)},
			{request{StartPosition: recent(5), ScanDirection: backward, MaxResults: five}, true, numbers(16, 12)},
			{request{StartPosition: recent(100), MaxResults: new(int32(3)), SortOrder: ascending}, true, []string{"participant.joined", "Hello", "1"}},
			{request{StartPosition: recent(0)}, false, nil},
			{request{StartPosition: recent(0), ScanDirection: backward, MaxResults: five}, true, numbers(20, 16)},
			{request{MaxResults: new(int32(0))}, true, nil},
			{request{MaxResults: new(int32(22))}, false, append(numbers(20, 1), "Hello", "participant.joined")},
			{request{ContactId: new(string(p.chat)), MaxResults: five}, true, numbers(20, 16)},
			{request{ContactId: new(center.NewUUID()), MaxResults: five}, false, nil},
			{request{ContactId: new("nonsense")}, false, nil},
		} {
			r.wantPage(p, c.in, c.more, c.want...)
		}
	})
}

// TestForwardRequiresAStartPosition: the two notes of the reference differ; the
// observed answer is 400.
func TestForwardRequiresAStartPosition(t *testing.T) {
	newChatFixture(t, func(r *chatFixture) {
		p := r.talk(2)
		foreign := r.talk(1)
		for what, in := range map[string]*participant.GetTranscriptRequest{
			"FORWARD without a start":       {ScanDirection: forward},
			"FORWARD with an empty start":   {ScanDirection: forward, StartPosition: &participant.StartPosition{}},
			"an Id of another chat":         {StartPosition: &participant.StartPosition{Id: new(string(r.engine.Items(foreign.chat)[2].ID))}},
			"an Id that is none":            {StartPosition: &participant.StartPosition{Id: new("x")}},
			"a time that is none":           {StartPosition: &participant.StartPosition{AbsoluteTime: new("yesterday")}},
			"two positions":                 {StartPosition: &participant.StartPosition{Id: new("x"), MostRecent: new(int32(1))}},
			"MostRecent over its range":     {StartPosition: &participant.StartPosition{MostRecent: new(int32(101))}},
			"MaxResults over its range":     {MaxResults: new(int32(101))},
			"a token that is none":          {NextToken: new("abc")},
			"a ScanDirection that is none":  {ScanDirection: "SIDEWAYS"},
			"a connection token for a page": {NextToken: &p.bearer},
		} {
			in.ConnectionToken = p.bearer
			_, err := r.GetTranscript(r.Context(), in)
			r.invalid("GetTranscript with "+what, err)
		}
	})
}

func TestNextTokenIsBoundToItsRequest(t *testing.T) {
	newChatFixture(t, func(r *chatFixture) {
		p := r.talk(20)
		bot := r.bot(p.chat)
		other := r.talk(20)
		start := &participant.StartPosition{MostRecent: new(int32(15))}
		_, token := r.read(p, participant.GetTranscriptRequest{StartPosition: start, MaxResults: new(int32(3)), ContactId: new(string(p.chat))})
		for what, in := range map[string]*participant.GetTranscriptRequest{
			"another direction": {ConnectionToken: p.bearer, ScanDirection: backward},
			"another contact":   {ConnectionToken: p.bearer, ContactId: new(center.NewUUID())},
			"another position":  {ConnectionToken: p.bearer, StartPosition: &participant.StartPosition{MostRecent: new(int32(14))}},
			"another caller":    {ConnectionToken: bot.bearer},
			"another chat":      {ConnectionToken: other.bearer},
		} {
			in.NextToken = token
			_, err := r.GetTranscript(r.Context(), in)
			r.invalid("a token used with "+what, err)
		}
		// What was said before may be said again, left out, or, where it makes no
		// other page of it, be something else. The joining of the bot came last: 23 items.
		want := append(numbers(10, 11), "12", "13")
		for _, in := range []participant.GetTranscriptRequest{
			{StartPosition: start, ContactId: new(string(p.chat)), ScanDirection: forward, SortOrder: ascending, MaxResults: new(int32(4))},
			{SortOrder: ascending, MaxResults: new(int32(4))},
		} {
			in.NextToken = token
			r.wantPage(p, in, true, want...)
		}
	})
}

// TestPagingReturnsEveryItemOnce walks with pages of random sizes, both ways.
func TestPagingReturnsEveryItemOnce(t *testing.T) {
	newChatFixture(t, func(r *chatFixture) {
		p := r.talk(57)
		all := append([]string{"participant.joined", "Hello"}, numbers(1, 57)...)
		random := rand.New(rand.NewPCG(3, 4))
		for range 10 {
			for _, direction := range []participant.ScanDirection{forward, backward} {
				in := participant.GetTranscriptRequest{ScanDirection: direction, SortOrder: ascending}
				if direction == forward {
					in.StartPosition = &participant.StartPosition{MostRecent: new(int32(100))}
				}
				var seen []string
				for turns := 0; ; turns++ {
					in.MaxResults = new(random.Int32N(12))
					page, next := r.read(p, in)
					if direction == forward {
						seen = append(seen, page...)
					} else {
						seen = append(page, seen...)
					}
					if in.NextToken = next; next == nil {
						break
					}
					if turns > 500 {
						r.Fatalf("the walk %s does not end", direction)
					}
				}
				if !slices.Equal(seen, all) {
					r.Fatalf("the walk %s saw %q; want %q", direction, seen, all)
				}
			}
		}
	})
}

func TestTranscriptHoldsStoredEventsOnly(t *testing.T) {
	newChatFixture(t, func(r *chatFixture) {
		ana := r.join()
		bot := r.bot(ana.chat)
		said := r.say(bot, "one")
		if err := r.acknowledge(ana, center.EventRead, *said.Id); err != nil {
			r.Fatal(err)
		}
		if _, err := r.SendEvent(r.Context(), &participant.SendEventRequest{ConnectionToken: bot.bearer, ContentType: center.EventTyping}); err != nil {
			r.Fatal(err)
		}
		if _, err := r.DisconnectParticipant(r.Context(), &participant.DisconnectParticipantRequest{ConnectionToken: bot.bearer}); err != nil {
			r.Fatal(err)
		}
		r.wantPage(ana, participant.GetTranscriptRequest{SortOrder: ascending}, false,
			"participant.joined", "Hello", "participant.joined", "one", "participant.left")
		out, err := r.GetTranscript(r.Context(), &participant.GetTranscriptRequest{ConnectionToken: ana.bearer, MaxResults: new(int32(1))})
		if err != nil {
			r.Fatal(err)
		}
		left := out.Transcript[0]
		if left.Type != participant.ChatItemTypeEVENT || *left.ParticipantId != string(bot.id) || *left.DisplayName != "Botto" ||
			left.ParticipantRole != participant.ParticipantRoleCUSTOM_BOT || *left.ContactId != string(ana.chat) || left.Content != nil || left.RelatedContactId != nil {
			r.Errorf("the last item is %+v; want the bot's leaving with its id, name, role and ContactId", left)
		}
	})
}

// end lets the customer leave.
func (r *chatFixture) end(p person) {
	r.Helper()
	if _, err := r.DisconnectParticipant(r.Context(), &participant.DisconnectParticipantRequest{ConnectionToken: p.bearer}); err != nil {
		r.Fatalf("DisconnectParticipant: %v", err)
	}
}

func TestPagingContinuesIntoPastChats(t *testing.T) {
	newChatFixture(t, func(r *chatFixture) {
		first := r.talk(2)
		r.end(first)
		empty := r.start() // nobody came: one item
		enginetest.Pass(6 * time.Minute)
		now := r.talk(3, func(c *contact.Start) {
			c.Related = empty.chat
			c.Past = []contact.Past{{Chat: empty.chat, Contact: empty.chat}, {Chat: first.chat, Contact: first.chat}}
		})
		if published := r.engine.Bus.Of(center.EventRehydrated); len(published) != 1 || published[0].Subject != bus.Chat(now.chat) {
			r.Errorf("chat.rehydrated was published as %+v; want once", published)
		}
		in := participant.GetTranscriptRequest{MaxResults: new(int32(4)), SortOrder: ascending}
		var pages [][]string
		for {
			page, next := r.read(now, in)
			pages = append(pages, page)
			if in.NextToken = next; next == nil {
				break
			}
		}
		want := [][]string{
			{"Hello", "1", "2", "3"}, {"participant.joined"}, // the chat's own come first, alone
			{"2", "participant.left", "chat.ended", "chat.ended"}, {"participant.joined", "Hello", "1"},
		}
		if !slices.EqualFunc(pages, want, slices.Equal) {
			r.Errorf("the pages are %q; want %q", pages, want)
		}
		// A page that ends with the chat still says that more follows, however large it is.
		_, token := r.read(now, participant.GetTranscriptRequest{MaxResults: new(int32(100))})
		out, err := r.GetTranscript(r.Context(), &participant.GetTranscriptRequest{ConnectionToken: now.bearer, NextToken: token, MaxResults: new(int32(1))})
		if err != nil || len(out.Transcript) != 1 {
			r.Fatalf("GetTranscript = %+v, %v; want one past item", out, err)
		}
		if it := out.Transcript[0]; it.ContactId != nil || *it.RelatedContactId != string(empty.chat) {
			r.Errorf("a past item is of contact %v, related %v; want RelatedContactId %s alone", it.ContactId, it.RelatedContactId, empty.chat)
		}
		// Neither a contact nor a position finds past items, nor does a scan forward.
		r.wantPage(now, participant.GetTranscriptRequest{ContactId: new(string(first.chat))}, false)
		r.wantPage(now, participant.GetTranscriptRequest{ContactId: new(string(now.chat)), MaxResults: new(int32(100))}, false, "3", "2", "1", "Hello", "participant.joined")
		r.wantPage(now, participant.GetTranscriptRequest{StartPosition: &participant.StartPosition{MostRecent: new(int32(1))}}, false, "3")
	})
}
