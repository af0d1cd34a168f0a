package contact

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/flow"
	"parley.example/parley/internal/flow/machine"
)

// everythingCatalog has flows that use a little of everything, driven by
// functions, bots and customers.
func everythingCatalog(t *testing.T) testCatalog {
	const bot = `"LexV2Bot":{"AliasArn":"arn:aws:lex:us-east-1:123456789012:bot-alias/B/A"},"Text":"What now?","LexTimeoutSeconds":{"Text":"60"}`
	call := func(kind, next string) string {
		return step("InvokeLambdaFunction", `"LambdaFunctionARN":"f","InvocationType":"`+kind+`"`, next, "NoMatchingError>"+next)
	}
	o := catalogWithQueues(flows{
		"main": document(t,
			hooks("CustomerRemaining", "after", "1"), hooks("CustomerQueue", "waiting", "2"), hooks("AgentWhisper", "whisper", "3"),
			step("ConnectParticipantWithLexBot", bot, "3", "NoMatchingError>4", "NoMatchingCondition>4", "=Call>4", "=Queue>6", "=Show>8", "=Leave>9"),
			call("SYNCHRONOUS", "5"), processor("True", "3"),
			step("UpdateContactTargetQueue", `"QueueId":"sales"`, "7", "NoMatchingError>9"),
			step("TransferContactToQueue", "", "3", "QueueAtCapacity>3", "NoMatchingError>9"),
			step("ShowView", `"ViewResource":{"Id":"form"},"InvocationTimeLimitSeconds":"120"`, "3", "NoMatchingError>3", "NoMatchingCondition>3", "TimeLimitExceeded>3", "=Send>3"),
			disconnect).As("CONTACT_FLOW"),
		"waiting": document(t, says("Please wait", "1"), waits(45, "2"), processor("False", "3"), call("ASYNCHRONOUS", "4"), waits(30, "5"),
			step("DequeueContactAndTransferToQueue", `"QueueId":"support"`, "6", "QueueAtCapacity>6", "NoMatchingError>6"), ends()).As("CUSTOMER_QUEUE"),
		"whisper": document(t, says("for the agent", "1"), waits(5, "2"), ends()).As("AGENT_WHISPER"),
		"after": document(t, says("How was it?", "1"),
			step("Wait", `"TimeLimitSeconds":"90","Events":["CustomerReturned"]`, "2", "NoMatchingError>2", "=WaitCompleted>2", "=CustomerReturned>0"), disconnect).As("CONTACT_FLOW"),
	})
	addTransfers(t, &o)
	return o
}

// addTransfers adds the flows of quick connects.
func addTransfers(t *testing.T, o *testCatalog) {
	queue := step("TransferContactToQueue", "", "2", "QueueAtCapacity>2", "NoMatchingError>2")
	o.flows["transfer0"] = document(t, says("One moment", "1"), queue, disconnect).As("QUEUE_TRANSFER")
	o.flows["transfer1"] = document(t, waits(10, "1"), queue, disconnect).As("QUEUE_TRANSFER")
	o.flows["transfer2"] = document(t, step("InvokeLambdaFunction", `"LambdaFunctionARN":"f","InvocationType":"SYNCHRONOUS"`, "1", "NoMatchingError>2"), queue, disconnect).As("QUEUE_TRANSFER")
	o.flows["transfer3"] = document(t, waits(5, "1"), disconnect).As("QUEUE_TRANSFER")
}

// busyCatalog has flows that lead to agents, again and again.
func busyCatalog(t *testing.T) testCatalog {
	o := catalogWithQueues(flows{
		"main": document(t, hooks("CustomerRemaining", "main", "1"), hooks("CustomerQueue", "waiting", "2"), hooks("AgentWhisper", "whisper", "3"),
			step("UpdateContactTargetQueue", `"QueueId":"sales"`, "4", "NoMatchingError>5"),
			step("TransferContactToQueue", "", "5", "QueueAtCapacity>5", "NoMatchingError>5"), disconnect).As("CONTACT_FLOW"),
		"waiting": document(t, says("Please wait", "1"), waits(300, "2"),
			step("DequeueContactAndTransferToQueue", `"QueueId":"support"`, "3", "QueueAtCapacity>3", "NoMatchingError>3"), ends()).As("CUSTOMER_QUEUE"),
		"whisper": document(t, says("for the agent", "1"), waits(5, "2"), ends()).As("AGENT_WHISPER"),
	})
	addTransfers(t, &o)
	return o
}

// said identifies a message by its sender and ClientToken.
type said struct {
	who   center.ParticipantID
	token string
}

// watch checks the invariants after every command.
type watch struct {
	*chatTest
	acknowledged map[said]center.ItemID // messages whose senders were given an id
	ids          map[center.ItemID]int64
	active       int
	hands        map[center.UserID]Work // what the moves of work come to
	rings, ended int                    // offers, and those that have come to an end
	slots        map[center.UserID]int  // what the moves come to for the slots of agents
	transfers    int                    // that have begun, less those that have ended
	customer     center.ParticipantID
	queued       map[center.QueueID]int64
	answers      []string // ids of effects that were started, some of them done
	reached      map[string]bool
}

func (w *watch) command(cmd Command) (Reply, bool) {
	w.t.Helper()
	before, pushed := w.chat, len(w.pushes)
	seq, at := w.tail.Seq, w.tail.Time
	w.last = Change{}
	reply, err := w.try(cmd)
	if need, ok := errors.AsType[*Need](err); ok {
		w.t.Fatalf("%T needs to know %v, of which no flow asks", cmd, need)
	}
	if err != nil {
		if _, ok := errors.AsType[*center.Error](err); !ok {
			w.t.Fatalf("%T = %v; want a *center.Error", cmd, err)
		}
		return reply, false
	}
	for i, it := range w.last.Items {
		if it.Seq != seq+int64(i)+1 || !it.Time.After(at) || it.Chat != w.chat.ID || !w.chat.Has(it.Contact) {
			w.t.Fatalf("%T: item %d is %+v behind %d at %v", cmd, i, it, seq, at)
		}
		if n, ok := it.ID.Seq(); !ok || n != it.Seq || w.ids[it.ID] != 0 {
			w.t.Fatalf("%T: the id %s of item %d is not its own", cmd, it.ID, it.Seq)
		}
		at, w.ids[it.ID] = it.Time, it.Seq
	}
	if before.Over() && (len(w.last.Items) > 0 || len(w.last.Effects) > 0 || len(w.pushes) > pushed) {
		w.t.Fatalf("%T does something after the end: %+v", cmd, w.last)
	}
	w.active += w.last.Active
	if (w.active == 0) != w.chat.Ended {
		w.t.Fatalf("%T: ended %t, and %d chats are counted", cmd, w.chat.Ended, w.active)
	}
	for _, m := range w.last.Queues {
		w.queued[m.Queue] += m.Delta
	}
	for q, n := range w.queued {
		if here := w.chat.Queue != nil && w.chat.Queue.Queue == q; n != 0 && (n != 1 || !here) || n == 0 && here {
			w.t.Fatalf("%T: %d wait in %s; the chat waits there: %t", cmd, n, q, here)
		}
	}
	w.work(cmd)
	w.company(cmd, pushed)
	known := map[string]bool{}
	for _, e := range w.chat.Effects {
		if known[e.ID] {
			w.t.Fatalf("%T: the effect %s is there twice", cmd, e.ID)
		}
		known[e.ID] = true
	}
	for _, e := range w.last.Effects {
		if !known[e.ID] {
			w.t.Fatalf("%T starts the effect %s, which a restart would not find", cmd, e.ID)
		}
		w.answers = append(w.answers, e.ID)
	}
	for where, here := range map[string]bool{
		"queue": w.chat.Queue != nil, "agent": w.chat.Agent.ARN != "" && w.chat.Joining == "", "pending": len(w.chat.Pending) > 0, "ended with pending items": w.chat.Ended && !w.chat.Over(),
		"second contact": len(w.chat.Chain()) > 1, "view": w.chat.Run != nil && w.chat.Run.Wait.Kind == machine.WaitView,
		"ringing": w.chat.Ringing() != nil, "missed": holds(w.chat, WorkMissed), "rejected": holds(w.chat, WorkRejected), "after-contact work": holds(w.chat, WorkEnded),
		"transfer": w.chat.Transfer != nil, "transferred": w.chat.Latest.InitiationMethod == center.MethodTransfer,
		"transfer that failed": slices.ContainsFunc(w.chat.Aside, func(s Segment) bool { return s.Method == center.MethodTransfer }),
		"invitation":           w.chat.Ringing() != nil && w.chat.Ringing().Invited, "two agents": agentsOf(w.chat) > 1,
		"supervisor": len(watches(w.chat)) > 0, "barged supervisor": slices.ContainsFunc(watches(w.chat), func(w *Work) bool { return !w.Watch.Barged.IsZero() }),
		"withheld": len(w.last.Items) > 0 && w.last.Items[0].Processing != "",
	} {
		if here {
			w.reached[where] = true
		}
	}
	for i, item := range w.chat.Pending {
		if item.Item.Seq != w.tail.Seq+int64(i)+1 || i == 0 && item.Effect == "" || item.Effect != "" && !known[item.Effect] {
			w.t.Fatalf("%T: pending item %d is %+v after %d", cmd, i, item, w.tail.Seq)
		}
	}
	if ended := w.chat.Over() && !before.Over(); ended != (len(w.pushes) > pushed && w.pushes[len(w.pushes)-1].Last) {
		w.t.Fatalf("%T: over is %t, but the last push says otherwise", cmd, ended)
	}
	return reply, true
}

// holds reports whether an agent has work in a state.
func holds(c *Chat, state WorkState) bool {
	return slices.ContainsFunc(c.Work, func(w Work) bool { return w.State == state })
}

// plain is work without what it points to, for comparisons.
func plain(w *Work) Work {
	b := *w
	b.Who, b.Watch = nil, nil
	return b
}

// work compares what agents have in hand with what the moves come to. Each ring
// ends once, only a contact that waits rings, and it rings in one place.
func (w *watch) work(cmd Command) {
	w.t.Helper()
	for _, m := range w.last.Work {
		user := m.User()
		if had, ok := w.hands[user]; ok != (m.Was != nil) || ok && had != plain(m.Was) {
			w.t.Fatalf("%T: agent %s had %+v; the move says %+v", cmd, user, had, m.Was)
		}
		if m.Was == nil && m.Is.State != WorkConnecting && m.Is.Accepted.IsZero() {
			w.t.Fatalf("%T: work begins as %+v", cmd, m.Is)
		}
		switch {
		case m.Was == nil:
			w.rings++
			if !m.Watches() {
				w.slots[user]++
			}
		case m.Is == nil && !m.Watches():
			w.slots[user]--
		}
		rang, rings := m.Was == nil || m.Was.State == WorkConnecting, m.Is != nil && m.Is.State == WorkConnecting
		if rang && !rings {
			w.ended++
		} else if !rang && rings {
			w.t.Fatalf("%T: what was %s rings again", cmd, m.Was.State)
		}
		if delete(w.hands, user); m.Is != nil {
			w.hands[user] = plain(m.Is)
		}
	}
	ringing := 0
	for i := range w.chat.Work {
		k := &w.chat.Work[i]
		if w.hands[k.User] != plain(k) {
			w.t.Fatalf("%T: agent %s has %+v; the moves come to %+v", cmd, k.User, k, w.hands[k.User])
		}
		switch k.State {
		case WorkConnecting:
			ringing++
			if w.chat.Ended || (w.chat.Queue == nil) != k.Invited || k.Invited && !(&decision{chat: w.chat}).accompanied("") || w.chat.Joining != "" || k.Contact != w.chat.Latest.ID {
				w.t.Fatalf("%T: %+v rings; ended %t, waits %t, joining %q", cmd, k, w.chat.Ended, w.chat.Queue != nil, w.chat.Joining)
			}
		case WorkConnected:
			if p := w.chat.Participant(k.Participant); p == nil || !p.Left.IsZero() || p.User != k.User {
				w.t.Fatalf("%T: the participant of %+v is %+v", cmd, k, p)
			}
		}
	}
	if ringing > 1 || len(w.hands) != len(w.chat.Work) || w.rings-w.ended != ringing {
		w.t.Fatalf("%T: %d ring; %d agents have %d; %d of %d rings have ended", cmd, ringing, len(w.hands), len(w.chat.Work), w.ended, w.rings)
	}
	for i := range w.chat.Participants {
		if p := &w.chat.Participants[i]; (p.Role == center.RoleAgent || p.Role == center.RoleSupervisor) && p.Left.IsZero() && !w.chat.Ended {
			if k := w.chat.WorkOf(p.User); k == nil || k.State != WorkConnected || k.Participant != p.ID || (k.Watch != nil) != (p.Role == center.RoleSupervisor) {
				w.t.Fatalf("%T: %+v has %+v in hand", cmd, p, k)
			}
		}
	}
}

// agentsOf counts the agents who take part.
func agentsOf(c *Chat) int { return (&decision{chat: c}).agents() }

// company checks what holds of transfers, of several agents and of supervisors: slots are those of works that take
// one, nobody has a chat twice, six take part at most; a transfer is one at a time, its agent is connected, and
// he is told once what has become of it; the customer is always the same.
func (w *watch) company(cmd Command, pushed int) {
	w.t.Helper()
	taken, present := map[center.UserID]int{}, 0
	for i := range w.chat.Work {
		k := &w.chat.Work[i]
		if w.chat.WorkOf(k.User) != k {
			w.t.Fatalf("%T: %s has the chat twice", cmd, k.User)
		}
		if k.Watch == nil {
			taken[k.User]++
		} else if w.chat.Ended || w.chat.Queue != nil || k.Watch.Contact != w.chat.Latest.ID || w.chat.Participant(k.Participant).Present() != !k.Watch.Barged.IsZero() {
			w.t.Fatalf("%T: the supervisor has %+v; the chat is in contact %s", cmd, k, w.chat.Latest.ID)
		}
		if k.State == WorkConnecting {
			present++
		}
	}
	for user, n := range w.slots {
		if n != taken[user] {
			w.t.Fatalf("%T: %s has %d slots in use; the moves come to %d", cmd, user, taken[user], n)
		}
	}
	for i := range w.chat.Participants {
		if w.chat.Participants[i].Present() {
			present++
		}
	}
	if present > maxCompany {
		w.t.Fatalf("%T: %d take part", cmd, present)
	}
	if w.chat.Customer().ID != w.customer || w.chat.Customer().Role != center.RoleCustomer {
		w.t.Fatalf("%T: the customer is %+v", cmd, w.chat.Customer())
	}
	if _, ok := cmd.(Transfer); ok {
		w.transfers++
	}
	for _, p := range w.pushes[pushed:] {
		if p.Item.ContentType == center.EventTransferSucceeded || p.Item.ContentType == center.EventTransferFailed {
			if w.transfers--; p.Only == "" || p.Item.Seq != 0 {
				w.t.Fatalf("%T: everybody is told %+v", cmd, p)
			}
		}
	}
	under := 0
	if t := w.chat.Transfer; t != nil {
		under = 1
		k := w.chat.WorkOf(t.User)
		if k == nil || k.State != WorkConnected || w.chat.Queue != nil || w.chat.Ended || w.chat.Run == nil || t.Contact.Previous != w.chat.Latest.ID {
			w.t.Fatalf("%T: the transfer %+v is under way; the agent has %+v", cmd, t, k)
		}
	}
	if w.transfers != under || (w.chat.Run != nil && w.chat.Run.Kind == machine.KindTransfer) != (under == 1) {
		w.t.Fatalf("%T: %d transfers have not ended; under way: %d", cmd, w.transfers, under)
	}
	for _, s := range w.chat.Segments {
		if r := w.records[s.ID]; !r.Ended() || r.Next == "" {
			w.t.Fatalf("%T: the record of an earlier contact is %+v", cmd, r)
		}
	}
	for _, s := range w.chat.Aside {
		if r := w.records[s.ID]; r.ID != s.ID || r.Ended() == slices.ContainsFunc(w.chat.Work, func(k Work) bool { return k.Contact == s.ID }) {
			w.t.Fatalf("%T: the record aside is %+v", cmd, r)
		}
	}
}

// finish lets everything complete and counts the messages.
func (w *watch) finish() {
	w.t.Helper()
	if !w.chat.Ended {
		w.command(Stop{})
	}
	for range 200 {
		due := w.chat.Due(&w.tail)
		if due.IsZero() {
			break
		}
		if due.After(w.now) {
			w.now = due
		}
		w.command(Tick{})
	}
	if !w.chat.Over() {
		w.t.Fatalf("the chat does not end: %+v", w.chat)
	}
	for len(w.chat.Work) > 0 {
		k := w.chat.Work[0]
		if _, ok := w.command(Clear{User: k.User}); !ok || w.chat.WorkOf(k.User) != nil {
			w.t.Fatalf("after the end %+v cannot be cleared", k)
		}
	}
	if w.chat.Erase {
		if w.reached["erased"] = true; w.chat.Customer().DisplayName != "" {
			w.t.Error("the customer's name outlives the chat although it was to be erased")
		}
	}
	for _, e := range w.chat.Effects {
		if !e.Async() {
			w.t.Errorf("the effect %s is under way after the end", e.ID)
		}
	}
	count := map[said]int{}
	for _, it := range w.items {
		if it.ClientToken == "" {
			continue
		}
		key := said{it.Participant, it.ClientToken}
		count[key]++
		if w.acknowledged[key] != it.ID {
			w.t.Errorf("%s is item %s; its sender was told %s", it.ClientToken, it.ID, w.acknowledged[key])
		}
	}
	for key := range w.acknowledged {
		if count[key] != 1 {
			w.t.Errorf("%s is there %d times", key.token, count[key])
		}
	}
	if last := w.items[len(w.items)-1]; last.ContentType != center.EventEnded {
		w.t.Errorf("the transcript ends in %+v", last)
	}
}

// answer returns a random outcome of an effect.
func answer(of byte) (answer json.RawMessage, problem string) {
	intents := []string{"Call", "Queue", "Show", "Leave", "Other"}
	switch {
	case of%8 == 0:
		return nil, "it failed"
	case of%8 == 1:
		return json.RawMessage(`{"status":"REJECTED","x":"y"}`), ""
	case of%8 == 2:
		return json.RawMessage(`{"status":"PROCESSED","result":{"processedChatContent":{"content":"***","contentType":"text/plain"}}}`), ""
	case of%8 == 3:
		return json.RawMessage(`[1,`), ""
	}
	state := []string{"Fulfilled", "InProgress", "Failed", "ReadyForFulfillment"}[of>>3&3]
	action := map[bool]string{true: "ElicitIntent", false: "Close"}[state == "InProgress"]
	raw, err := json.Marshal(struct {
		machine.Answer
		Status string `json:"status"`
	}{machine.Answer{Intent: intents[int(of>>5)%len(intents)], State: state, DialogAction: action,
		Messages: []machine.BotMessage{{ContentType: center.PlainText, Content: "said the bot"}}}, "APPROVED"})
	if err != nil {
		panic(err)
	}
	return raw, ""
}

// FuzzChat gives a chat commands in any order, two bytes each, and checks after
// each the invariants: numbers without gaps, increasing times, no pushes after
// the end, counters that agree with the state, and every acknowledged message
// stored exactly once, under its id.
func FuzzChat(f *testing.F) {
	f.Add([]byte{0, 0, 1, 9, 9, 44, 1, 3, 9, 0xac, 6, 0, 7, 1, 1, 2, 7, 2})
	f.Add([]byte{0, 0, 10, 1, 1, 1, 1, 2, 9, 4, 1, 3, 9, 1, 9, 2, 12, 0})
	f.Add([]byte{0, 0, 1, 0, 9, 0x24, 6, 0, 8, 40, 2, 0, 8, 9, 5, 0, 10, 0, 2, 1, 1, 1, 5, 1, 1, 4})
	f.Fuzz(func(t *testing.T, script []byte) { drive(t, script[:min(len(script), 600)]) })
}

// TestRandomChats is FuzzChat with random scripts, and makes sure that they
// reach every state.
func TestRandomChats(t *testing.T) {
	reached := map[string]int{}
	chance := rand.New(rand.NewPCG(3, 4))
	for i := range 600 {
		script := make([]byte, 360+2*(i%2))
		for i := range script {
			script[i] = byte(chance.Uint32())
		}
		for where := range drive(t, script).reached {
			reached[where]++
		}
	}
	for _, where := range []string{"queue", "agent", "pending", "ended with pending items", "second contact", "view", "withheld", "erased", "ringing", "missed", "rejected", "after-contact work",
		"transfer", "transferred", "transfer that failed", "invitation", "two agents", "supervisor", "barged supervisor"} {
		if reached[where] < 5 {
			t.Errorf("%d of 600 chats came to: %s", reached[where], where)
		}
	}
}

// drive gives a chat the commands of a script and then ends it.
func drive(t *testing.T, script []byte) *watch {
	p := newChatTest(t, nil)
	p.env.Catalog = everythingCatalog(t)
	if len(script)%4 == 2 {
		p.env.Catalog = busyCatalog(t)
	}
	w := &watch{chatTest: p, acknowledged: map[said]center.ItemID{}, ids: map[center.ItemID]int64{}, queued: map[center.QueueID]int64{}, hands: map[center.UserID]Work{}, slots: map[center.UserID]int{}, active: 1, reached: map[string]bool{}}
	ana := p.start(Start{ContentTypes: []string{center.PlainText, center.Markdown, center.Interactive, center.InteractiveResponse}})
	people := []center.ParticipantID{ana}
	w.customer = ana
	for i := 0; i+1 < len(script); i += 2 {
		what, n := script[i], script[i+1]
		who := people[int(n)%len(people)]
		token := fmt.Sprintf("t%d", i)
		switch what % 19 {
		case 0:
			w.command(Connect{Participant: who})
		case 1, 2, 3:
			if n >= 128 && i >= 2 {
				token = fmt.Sprintf("t%d", i-2) // retried, as when the answer was lost
			}
			send := Send{Participant: who, ContentType: center.PlainText, Content: "hello " + token, ClientToken: token}
			if what%19 == 3 {
				send.ContentType, send.Content = center.InteractiveResponse, `{"action":"Send","data":{},"templateType":"ViewResource","version":"1.0"}`
			}
			if r, ok := w.command(send); ok {
				key := said{who, token}
				if first := w.acknowledged[key]; first != "" && first != r.Item {
					t.Fatalf("%s was acknowledged as %s and as %s", token, first, r.Item)
				}
				w.acknowledged[key] = r.Item
			}
		case 4:
			if r, ok := w.command(AddParticipant{DisplayName: "Robo", ClientToken: token}); ok {
				people = append(people, r.Participant)
			}
		case 5:
			w.command(Disconnect{Participant: who})
		case 6:
			if r, ok := w.command(Join{User: center.UserID(fmt.Sprintf("u%d", n%3)), DisplayName: "Bea"}); ok {
				people = append(people, r.Participant)
			}
		case 7, 8:
			p.now = p.now.Add(time.Duration(n) * time.Second / 4)
			if due := w.chat.Due(&w.tail); !due.IsZero() && !due.After(p.now) {
				w.command(Tick{})
			}
		case 9, 10:
			if len(w.answers) > 0 { // an outcome may come late, and twice
				k := int(n) % len(w.answers)
				done := EffectDone{ID: w.answers[len(w.answers)-1-k]}
				done.Answer, done.Err = answer(n)
				w.command(done)
			}
		case 11:
			if n%2 == 0 {
				w.command(SetProcessor{&flow.Processor{Function: "f", Deliver: n%4 == 0}})
			} else {
				w.command(SetProcessor{})
			}
		case 12:
			w.command(SetTimers{[]RoleTimer{{center.RoleCustomer, TimerIdle, 2 * time.Minute}, {center.RoleAgent, TimerDisconnect, 3 * time.Minute}}})
		case 14:
			offer := Offer{User: center.UserID(fmt.Sprintf("u%d", n%5)), Identity: Identity{DisplayName: "Bo"}, Ring: time.Duration(n%4) * 5 * time.Second, Assigned: n >= 224}
			if n%8 >= 4 {
				offer.AfterWork = 30 * time.Second
			}
			if r, ok := w.command(offer); ok {
				people = append(people, r.Participant)
			}
		case 15:
			user := center.UserID(fmt.Sprintf("u%d", n%5))
			if rings := w.chat.Ringing(); rings != nil && n%2 == 0 {
				user = rings.User
			}
			w.command([]Command{Accept{user}, Accept{user}, Reject{user}, Clear{user}, Withdraw{user}, Lose{User: user, Requeue: n >= 128, Watch: n%16 == 7}}[n/5%6])
		case 16, 17, 18:
			if r, ok := w.command(accompany(w.chat, n, who, i)); ok && r.Participant != "" {
				people = append(people, r.Participant)
			}
		case 13:
			switch {
			case n == 255:
				w.command(Stop{})
			case n%16 == 3: // of the first contact, which has ended when there is a second
				w.command(EraseEndpoint{w.chat.ID})
			default:
				w.command(Signal{Participant: who, ContentType: center.EventTyping})
			}
		}
	}
	w.finish()
	return w
}

// accompany returns what an agent or a supervisor may do when others take part.
func accompany(c *Chat, n byte, who center.ParticipantID, i int) Command {
	user, other := center.UserID(fmt.Sprintf("u%d", n%5)), center.UserID(fmt.Sprintf("u%d", n/5%5))
	connected := func(user center.UserID) bool {
		w := c.WorkOf(user)
		return w != nil && w.State == WorkConnected
	}
	for range 5 { // somebody who can do something, if there is anybody
		if connected(user) {
			break
		}
		user = center.UserID(fmt.Sprintf("u%d", (user[1]-'0'+1)%5))
	}
	switch n >> 4 {
	case 0, 1, 2, 3:
		to := Target{Name: "somewhere", Queue: "support", Flow: center.FlowRef(fmt.Sprintf("transfer%d", n%4))}
		if n%8 == 7 {
			to.Queue, to.User = "", "u1"
		}
		return Transfer{User: user, To: to}
	case 4, 5, 6:
		return Invite{By: user, Quick: "a friend", Offer: Offer{User: other, Identity: Identity{DisplayName: "Cy"}, Ring: time.Duration(n%4) * 5 * time.Second}}
	case 7, 8, 9:
		if all := watches(c); len(all) > 0 && n%3 > 0 {
			return Supervise{User: all[0].User, Barge: n%4 > 0}
		}
		return Monitor{User: other, Identity: Identity{DisplayName: "Sue"}, Barge: n%8 > 1, Token: fmt.Sprint("m", i)}
	case 10, 11:
		for _, w := range watches(c) {
			user = w.User
		}
		return Supervise{User: user, Barge: n%4 > 0}
	case 12, 13:
		return Leave{User: user}
	case 14:
		if c.Transfer != nil && n%2 == 0 {
			who = center.ParticipantID(c.Transfer.Contact.ID)
		}
		return Remove{By: user, Participant: who}
	}
	return Lose{User: user, Requeue: n%2 == 0}
}
