package contact

import (
	"encoding/json"
	"slices"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/flow"
	"parley.example/parley/internal/flow/machine"
)

// A chat may have a message processor: a function that is shown each message
// before anybody else is, and may change or reject it (UpdateContactMediaProcessing,
// StartContactMediaProcessing). What is under way stands in Chat.Line, in the
// order in which it was said, with its place in the transcript settled: a
// message has the id and the time that its sender was told. Everything that
// follows it stands behind it, processed or not, so that nothing overtakes.
// What comes to the head of the line and is ready moves into the transcript.

// Bounds of the line for what participants say, in items and bytes: beyond them
// they are asked to try again. Flows may say as much again; what they say beyond that is
// not processed any more.
const (
	maxLine      = 64
	maxLineBytes = 64 << 10
)

// A function may take 30 seconds for a message. The service goes by the
// function's own limit (3 seconds to 3 minutes), which Parley cannot know.
const (
	processLimit = 30 * time.Second
	processGrace = 2 * time.Second
)

// Waiting is one item in the line.
type Waiting struct {
	Item center.Item `json:"item"`
	// Effect is the call that processes the item; "" when it is ready.
	Effect  string    `json:"effect,omitempty"`
	By      time.Time `json:"by,omitzero"` // when the call is given up
	Deliver bool      `json:"deliver,omitempty"`
	Wakes   bool      `json:"wakes,omitempty"` // flows are told when it arrives
	Heard   string    `json:"heard,omitempty"` // what they are told, when that is not the content
	Last    bool      `json:"last,omitempty"`  // nothing follows: see [center.Push]
}

// SetProcessor sets or, with nil, takes away the chat's message processor
// (StartContactMediaProcessing, StopContactMediaProcessing). Messages that are
// under way are not touched.
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
// the three plain types, whoever says them.
func (d *decision) processed(it *center.Item) bool {
	if d.chat.Processor == nil || it.Type != center.TypeMessage || d.chat.Ended {
		return false
	}
	switch it.ContentType {
	case center.PlainText, center.Markdown, center.JSON:
		return true
	}
	return false
}

// room reports whether another message of a participant fits into the line.
func (d *decision) room(content string) error {
	size := len(content)
	for i := range d.chat.Line {
		size += len(d.chat.Line[i].Item.Content)
	}
	if len(d.chat.Line) >= maxLine || len(d.chat.Line) > 0 && size > maxLineBytes {
		return center.Errorf(center.Throttled, "too many messages wait for the message processor; try again")
	}
	return nil
}

// takeLine goes on numbering where the line ends. A server that did not know of
// the line may have put an item where the line meant to go on: then the line
// moves up.
func (d *decision) takeLine() {
	if d.chat == nil || len(d.chat.Line) == 0 {
		return
	}
	if next := d.seq + 1; d.chat.Line[0].Item.Seq != next {
		d.edit()
		at := d.time
		for i := range d.chat.Line {
			it := &d.chat.Line[i].Item
			it.Seq = next + int64(i)
			if !it.Time.After(at) {
				it.Time = at.Add(time.Millisecond)
			}
			at = it.Time
		}
	}
	last := &d.chat.Line[len(d.chat.Line)-1].Item
	d.seq, d.time = last.Seq, last.Time
}

// wait puts an item into the line, and has it processed when it is to be.
func (d *decision) wait(w *Waiting) {
	c := d.edit()
	if d.processed(&w.Item) {
		w.Deliver = c.Processor.Deliver
		if len(c.Line) < 2*maxLine {
			d.process(w, c.Processor.Function)
		} else {
			d.unprocessed(w, "too much waits for the message processor")
		}
	}
	c.Line = append(c.Line, *w)
}

// process starts the call that processes a message.
func (d *decision) process(w *Waiting, function string) {
	id := d.newID()
	w.Effect, w.By = id, d.env.Now.Add(processLimit+processGrace)
	call := Effect{Effect: machine.Effect{ID: id, Kind: machine.EffectProcess, Invoke: &machine.Invoke{
		ID: id, Function: function, TimeLimit: processLimit, JSON: true,
	}}, Event: d.processorEvent(&w.Item), Worker: d.env.Node}
	c := d.edit()
	c.Effects = append(c.Effects, call)
	d.change.Effects = append(d.change.Effects, call)
}

// processorEvent is what the function is called with: the service's event for
// custom message processors.
func (d *decision) processorEvent(it *center.Item) []byte {
	type content struct {
		AbsoluteTime     string               `json:"absoluteTime"`
		Content          string               `json:"content"`
		ContentType      string               `json:"contentType"`
		ID               center.ItemID        `json:"id"`
		ParticipantID    center.ParticipantID `json:"participantId"`
		DisplayName      string               `json:"displayName"`
		ParticipantRole  center.Role          `json:"participantRole"`
		InitialContactID center.ContactID     `json:"initialContactId"`
		ContactID        center.ContactID     `json:"contactId"`
	}
	b, err := json.Marshal(struct {
		Version  string            `json:"version"`
		Instance center.InstanceID `json:"instanceId"`
		Resource string            `json:"associatedResourceArn"`
		Content  content           `json:"chatContent"`
	}{"1.0", d.chat.Instance, d.env.Partition.ContactARN(d.chat.Instance, it.Contact), content{
		it.Time.UTC().Format(center.TimeLayout), it.Content, it.ContentType, it.ID,
		it.Participant, it.DisplayName, it.Role, it.Chat, it.Contact,
	}})
	if err != nil {
		panic("contact: a processor's event does not encode: " + err.Error()) // only strings
	}
	return b
}

// outcome takes what a function answered for a message, and moves what has
// become ready into the transcript.
func (d *decision) outcome(e EffectDone) error {
	i := slices.IndexFunc(d.chat.Line, func(w Waiting) bool { return w.Effect == e.ID })
	if i < 0 {
		return nil
	}
	w := d.ready(i)
	if problem := d.judge(w, e); problem != "" {
		d.unprocessed(w, problem)
	}
	return d.drain()
}

// ready takes note that nothing is awaited any more for the i-th of the line,
// and returns it to change.
func (d *decision) ready(i int) *Waiting {
	w := &d.edit().Line[i]
	w.Effect, w.By = "", time.Time{}
	return w
}

// judge applies a function's answer to a message. A problem is why it is no answer.
func (d *decision) judge(w *Waiting, e EffectDone) (problem string) {
	if e.Err != "" {
		return e.Err
	}
	var answer struct {
		Status string `json:"status"`
		Result struct {
			Content *struct {
				Content     string `json:"content"`
				ContentType string `json:"contentType"`
			} `json:"processedChatContent"`
		} `json:"result"`
	}
	if err := json.Unmarshal(e.Answer, &answer); err != nil {
		return "its answer is not an object with a status and a result"
	}
	switch answer.Status {
	case "APPROVED":
	case "REJECTED":
		d.withhold(w, center.ProcessingRejected)
	case "FAILED":
		return "it answered FAILED"
	case "PROCESSED":
		to := answer.Result.Content
		if to == nil {
			return "its answer is PROCESSED and has no result.processedChatContent"
		}
		if to.ContentType == "" {
			to.ContentType = w.Item.ContentType
		}
		if err := checkMessage("result.processedChatContent.", to.ContentType, to.Content, d.chat.ContentTypes, d.env.Limits); err != nil {
			return err.Error()
		}
		w.Item.Content, w.Item.ContentType = to.Content, to.ContentType
	default:
		return "its answer's status is none of PROCESSED, APPROVED, REJECTED and FAILED"
	}
	return ""
}

// unprocessed is what becomes of a message that could not be processed.
func (d *decision) unprocessed(w *Waiting, problem string) {
	if !w.Deliver {
		d.withhold(w, center.ProcessingFailed)
	}
	d.change.Log = append(d.change.Log, machine.LogEntry{
		Time: d.env.Now, Flow: d.chat.Flow, Logging: d.chat.Logging, Always: true,
		Problem: "the message " + string(w.Item.ID) + " could not be processed: " + problem,
	})
}

// withhold keeps a message from everybody but its sender's side: from flows and
// streaming endpoints, too.
func (d *decision) withhold(w *Waiting, status center.Processing) {
	w.Item.Processing, w.Wakes = status, false
	switch w.Item.Role {
	case center.RoleCustomer:
		w.Item.Visibility = center.VisibleCustomer
	case center.RoleAgent, center.RoleSupervisor:
		w.Item.Visibility = center.VisibleAgent
	default:
		w.Item.Visibility = center.VisibleNone
	}
}

// drain moves what is ready from the head of the line into the transcript.
// What follows from that may put more into the line, or end the chat.
func (d *decision) drain() error {
	for len(d.chat.Line) > 0 && d.chat.Line[0].Effect == "" {
		c := d.edit()
		w := c.Line[0]
		c.Line = c.Line[1:]
		d.publish(&w)
		if err := d.arrived(&w); err != nil {
			return err
		}
	}
	if c := d.edit(); c.Ended && len(c.Line) == 0 {
		c.Streams = nil
	}
	return nil
}

// arrived is what follows from an item being in the transcript.
func (d *decision) arrived(w *Waiting) error {
	if !w.Wakes || d.chat.Ended {
		return nil
	}
	it := &w.Item
	contentType, heard := it.ContentType, w.Heard
	if it.Type == center.TypeAttachment {
		contentType = center.AttachmentMessage
	} else if heard == "" {
		heard = it.Content
	}
	return d.spoken(it.Role, contentType, heard)
}

// giveUp ends the processing of the head of the line, unsuccessfully.
func (d *decision) giveUp(problem string) error {
	d.forget(d.chat.Line[0].Effect)
	d.unprocessed(d.ready(0), problem)
	return d.drain()
}

// waitingToken finds the item in the line that a participant made with a token.
func (d *decision) waitingToken(k tokenKey) (Reply, bool) {
	if k.token == "" {
		return Reply{}, false
	}
	for i := range d.chat.Line {
		if it := &d.chat.Line[i].Item; tokenOf(it) == k {
			return Reply{Item: it.ID, Time: it.Time, Processing: d.chat.Line[i].Effect != ""}, true
		}
	}
	return Reply{}, false
}
