package contact

import (
	"encoding/json"
	"slices"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact/transcript"
	"parley.example/parley/internal/flow/machine"
)

// Where a scanner looks at files (Limits.ScanTime), a file that is completed is IN_PROGRESS
// and not shown until there is a verdict. APPROVED, its item comes into the transcript, at
// that moment: nothing waits behind it meanwhile. REJECTED, or without a verdict in time,
// an item says so to its sender's side alone, as the service does. When a chat ends, its last
// files take their places in front of that end, as messages do that are being processed.

// EffectScan has a scanner look at a file: see [Effect.Scan].
const EffectScan machine.EffectKind = "scan"

// Verdict is the answer of [EffectScan].
type Verdict struct {
	Clean bool `json:"clean"`
}

// Scan is a file that a scanner looks at.
type Scan struct {
	Effect string      `json:"effect"`
	By     time.Time   `json:"by"`   // without a verdict by then the file is rejected
	Item   center.Item `json:"item"` // by which the file will be shown
}

// scan has a file looked at that somebody has completed.
func (d *decision) scan(it center.Item) {
	c := d.edit()
	a := c.Attachment(it.Attachment.ID)
	a.Status = center.AttachmentInProgress
	scanned := *a
	call := Effect{Effect: machine.Effect{ID: d.newID(), Kind: EffectScan}, Scan: &scanned, ScanTime: d.env.Limits.ScanTime, Worker: d.env.Node}
	c.Effects = append(c.Effects, call)
	d.change.Effects = append(d.change.Effects, call)
	c.Scans = append(c.Scans, Scan{call.ID, d.env.Now.Add(d.env.Limits.ScanTime), it})
}

// scanning reports whether a file that is looked at was completed with a token.
func (d *decision) scanning(k transcript.Token) bool {
	return k.Text != "" && slices.ContainsFunc(d.chat.Scans, func(s Scan) bool { return transcript.TokenOf(&s.Item) == k })
}

// scanned applies what came of looking at a file.
func (d *decision) scanned(e EffectDone) error {
	var v Verdict
	problem := e.Err
	if problem == "" && json.Unmarshal(e.Answer, &v) != nil {
		problem = "the verdict cannot be decoded"
	}
	if i := slices.IndexFunc(d.chat.Pending, func(w PendingItem) bool { return w.Effect == e.ID }); i >= 0 {
		w := d.ready(i)
		d.settleFile(w, v.Clean, problem)
		return d.drain()
	}
	return d.endScan(e.ID, v.Clean, problem)
}

// endScan shows a file that was looked at: to everybody when it is clean, else to its sender's side.
func (d *decision) endScan(effect string, clean bool, problem string) error {
	i := slices.IndexFunc(d.chat.Scans, func(s Scan) bool { return s.Effect == effect })
	if i < 0 {
		return nil
	}
	c := d.edit()
	w := PendingItem{Item: c.Scans[i].Item, Wakes: true}
	c.Scans = slices.Delete(c.Scans, i, i+1)
	d.settleFile(&w, clean, problem)
	if d.put(&w) {
		return nil
	}
	return d.arrived(&w)
}

// settleFile gives a file, and the item that shows it, the status of a verdict. A file for
// which there is none, because of a problem, is rejected.
func (d *decision) settleFile(w *PendingItem, clean bool, problem string) {
	status := center.AttachmentApproved
	if !clean || problem != "" {
		status = center.AttachmentRejected
		w.Item.Visibility, w.Wakes = sideOf(w.Item.Role), false
	}
	shown := *w.Item.Attachment
	shown.Status = status
	w.Item.Attachment = &shown
	if a := d.edit().Attachment(shown.ID); a != nil {
		a.Status = status
	}
	if problem != "" {
		d.change.Log = append(d.change.Log, machine.LogEntry{
			Time: d.env.Now, Flow: d.chat.Flow.ID(), Logging: d.chat.Logging, Always: true,
			Problem: "attachment " + shown.ID + " could not be scanned and was rejected: " + problem,
		})
	}
}

// scanTimedOut rejects the file whose time is over.
func (d *decision) scanTimedOut() error {
	s := slices.MinFunc(d.chat.Scans, func(a, b Scan) int { return a.By.Compare(b.By) })
	d.dropEffect(s.Effect)
	return d.endScan(s.Effect, false, "the scanner gave no verdict in time")
}

// lineUpFiles puts the files that are looked at into the line of pending items, since the chat ends.
func (d *decision) lineUpFiles() {
	scans := d.chat.Scans
	d.edit().Scans = nil
	for _, s := range scans {
		d.put(&PendingItem{Item: s.Item, Effect: s.Effect, By: s.By})
	}
}

// withheld reports whether an item is kept from everybody but its sender's side.
func withheld(it *center.Item) bool {
	return it.Processing != "" || it.Attachment != nil && it.Attachment.Status == center.AttachmentRejected
}
