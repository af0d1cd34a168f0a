package contact

import (
	"cmp"
	"slices"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact/content"
	"parley.example/parley/internal/contact/transcript"
	"parley.example/parley/internal/flow"
	"parley.example/parley/internal/flow/machine"
)

// A chat may have a message processor: a function that gets each message before
// anybody sees it, and may change or reject it (UpdateContactMediaProcessing,
// StartContactMediaProcessing). Messages that are being processed are held in
// Chat.Pending, in the order in which they were sent. Their position in the
// transcript is fixed: a message keeps the id and the time that its sender was
// given. Every later item queues up behind them, processed or not, so nothing
// overtakes. Items at the head that are ready move into the transcript.

// Bounds of Chat.Pending for messages of participants, in items and bytes:
// beyond them participants are asked to try again. Flows may add as many items
// again; messages beyond that are not processed.
const (
	maxPending      = 64
	maxPendingBytes = 64 << 10
)

// A function may take 30 seconds for a message. The service uses the function's
// own timeout (3 seconds to 3 minutes), which Parley cannot know.
const (
	processLimit = 30 * time.Second
	processGrace = 2 * time.Second
)

// PendingItem is an item that is not in the transcript yet.
type PendingItem struct {
	Item center.Item `json:"item"`
	// Effect is the call that processes the item; "" when it is ready.
	Effect   string    `json:"effect,omitempty"`
	By       time.Time `json:"by,omitzero"` // when the call times out
	Deliver  bool      `json:"deliver,omitempty"`
	Wakes    bool      `json:"wakes,omitempty"` // flows are notified when it arrives
	FlowText string    `json:"heard,omitempty"` // the text that flows get, when that is not the content
	Last     bool      `json:"last,omitempty"`  // nothing follows: see [center.Push]
}

// SetProcessor sets or, with nil, removes the chat's message processor
// (StartContactMediaProcessing, StopContactMediaProcessing). Messages that are
// being processed are not affected.
type SetProcessor struct {
	Processor *flow.Processor
}

func (s SetProcessor) decide(d *decision) error {
	if d.chat.Ended {
		return center.Errorf(center.BadRequest, "the contact has ended")
	}
	if s.Processor != nil {
		if err := d.env.Catalog.LambdaAllowed(d.chat.Instance, s.Processor.Function); err != nil {
			return err
		}
	}
	d.edit().Processor = s.Processor
	return nil
}

// processed reports whether an item goes through the processor: messages of
// the three plain types, whoever sends them, but for whispers.
func (d *decision) processed(it *center.Item) bool {
	if d.chat.Processor == nil || it.Type != center.TypeMessage || d.chat.Ended || it.Whispered() {
		return false
	}
	switch it.ContentType {
	case center.PlainText, center.Markdown, center.JSON:
		return true
	}
	return false
}

// checkPending returns an error if there is no room for another message of a participant.
func (d *decision) checkPending(content string) error {
	size := len(content)
	for i := range d.chat.Pending {
		size += len(d.chat.Pending[i].Item.Content)
	}
	if len(d.chat.Pending) >= maxPending || len(d.chat.Pending) > 0 && size > maxPendingBytes {
		return center.Errorf(center.Throttled, "too many messages are waiting for the message processor; try again")
	}
	return nil
}

// numberAfterPending continues numbering behind the pending items. An older
// server, which does not know of them, may have used their first number: then
// they are renumbered.
func (d *decision) numberAfterPending() {
	if d.chat == nil || len(d.chat.Pending) == 0 {
		return
	}
	if next := d.seq + 1; d.chat.Pending[0].Item.Seq != next {
		d.edit()
		at := d.time
		for i := range d.chat.Pending {
			it := &d.chat.Pending[i].Item
			it.Seq = next + int64(i)
			if !it.Time.After(at) {
				it.Time = at.Add(time.Millisecond)
			}
			at = it.Time
		}
	}
	last := &d.chat.Pending[len(d.chat.Pending)-1].Item
	d.seq, d.time = last.Seq, last.Time
}

// hold adds a pending item, and starts its processing if it is to be processed.
func (d *decision) hold(w *PendingItem) {
	c := d.edit()
	if d.processed(&w.Item) {
		w.Deliver = c.Processor.Deliver
		if len(c.Pending) < 2*maxPending {
			d.process(w, c.Processor.Function)
		} else {
			d.processingFailed(w, "too many messages are waiting for the message processor")
		}
	}
	c.Pending = append(c.Pending, *w)
}

// process starts the call that processes a message.
func (d *decision) process(w *PendingItem, function string) {
	id := d.newID()
	w.Effect, w.By = id, d.env.Now.Add(processLimit+processGrace)
	call := Effect{Effect: machine.Effect{ID: id, Kind: machine.EffectProcess, Invoke: &machine.Invoke{
		ID: id, Function: function, TimeLimit: processLimit, JSON: true,
	}}, Event: content.ProcessorEvent(d.chat.Instance, d.env.Partition.ContactARN(d.chat.Instance, w.Item.Contact), &w.Item), Worker: d.env.Node}
	c := d.edit()
	c.Effects = append(c.Effects, call)
	d.change.Effects = append(d.change.Effects, call)
}

// outcome applies a function's answer for a message, and moves the items that
// are ready into the transcript.
func (d *decision) outcome(e EffectDone) error {
	i := slices.IndexFunc(d.chat.Pending, func(w PendingItem) bool { return w.Effect == e.ID })
	if i < 0 {
		return nil
	}
	w := d.ready(i)
	if problem := d.applyAnswer(w, e); problem != "" {
		d.processingFailed(w, problem)
	}
	return d.drain()
}

// ready marks the i-th pending item as ready, and returns it for changes.
func (d *decision) ready(i int) *PendingItem {
	w := &d.edit().Pending[i]
	w.Effect, w.By = "", time.Time{}
	return w
}

// applyAnswer applies a function's answer to a message. problem says what is
// wrong with the answer.
func (d *decision) applyAnswer(w *PendingItem, e EffectDone) (problem string) {
	if e.Err != "" {
		return e.Err
	}
	a, problem := content.ReadAnswer(e.Answer)
	if to := a.Processed; to != nil {
		if err := content.Message(content.Processed, cmp.Or(to.ContentType, w.Item.ContentType), to.Content, d.chat.ContentTypes, d.env.Limits.Text()); err != nil {
			return err.Error()
		}
		w.Item.Content, w.Item.ContentType = to.Content, cmp.Or(to.ContentType, w.Item.ContentType)
	}
	if a.Rejected {
		d.withhold(w, center.ProcessingRejected)
	}
	return problem
}

// processingFailed delivers or withholds a message that could not be processed, and logs why.
func (d *decision) processingFailed(w *PendingItem, problem string) {
	if !w.Deliver {
		d.withhold(w, center.ProcessingFailed)
	}
	d.change.Log = append(d.change.Log, machine.LogEntry{
		Time: d.env.Now, Flow: d.chat.Flow.ID(), Logging: d.chat.Logging, Always: true,
		Problem: "message " + string(w.Item.ID) + " could not be processed: " + problem,
	})
}

// withhold hides a message from everybody but its sender's side, including flows
// and streaming endpoints.
func (d *decision) withhold(w *PendingItem, status center.Processing) {
	w.Item.Processing, w.Wakes = status, false
	w.Item.Visibility = sideOf(w.Item.Role)
}

// sideOf is the visibility for the side of a role alone.
func sideOf(r center.Role) center.Visibility {
	switch r {
	case center.RoleCustomer:
		return center.VisibleCustomer
	case center.RoleAgent, center.RoleSupervisor:
		return center.VisibleAgent
	}
	return center.VisibleNone
}

// drain moves ready items from the head of the pending ones into the transcript.
// That may add more pending items, or end the chat.
func (d *decision) drain() error {
	for len(d.chat.Pending) > 0 && d.chat.Pending[0].Effect == "" {
		c := d.edit()
		w := c.Pending[0]
		c.Pending = c.Pending[1:]
		d.publish(&w)
		if err := d.arrived(&w); err != nil {
			return err
		}
	}
	if c := d.edit(); c.Ended && len(c.Pending) == 0 {
		c.Streams = nil
	}
	return nil
}

// arrived notifies flows of an item that is in the transcript now.
func (d *decision) arrived(w *PendingItem) error {
	if !w.Wakes || d.chat.Ended {
		return nil
	}
	it := &w.Item
	contentType, text := it.ContentType, w.FlowText
	if it.Type == center.TypeAttachment {
		contentType = center.AttachmentMessage
	} else if text == "" {
		text = it.Content
	}
	return d.spoken(it.Role, contentType, text)
}

// giveUp ends the processing of the first pending item, or the scan of its file, unsuccessfully.
func (d *decision) giveUp(problem string) error {
	d.dropEffect(d.chat.Pending[0].Effect)
	if w := d.ready(0); w.Item.Type == center.TypeAttachment {
		d.settleFile(w, false, "the scanner gave no verdict in time")
	} else {
		d.processingFailed(w, problem)
	}
	return d.drain()
}

// pendingToken finds the pending item that a participant sent with a token.
func (d *decision) pendingToken(k transcript.Token) (Reply, bool) {
	for i := range d.chat.Pending {
		if it := &d.chat.Pending[i].Item; transcript.TokenOf(it) == k {
			return Reply{Item: it.ID, Time: it.Time, Processing: d.chat.Pending[i].Effect != ""}, true
		}
	}
	return Reply{}, false
}
