package contact

import (
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact/transcript"
	"parley.example/parley/internal/flow/machine"
)

// TimerType is what an idle timer does (TimerType of UpdateParticipantRoleConfig).
type TimerType string

// The timer types.
const (
	TimerIdle       TimerType = "IDLE"
	TimerDisconnect TimerType = "DISCONNECT_NONCUSTOMER"
)

// RoleTimer is one configured idle timer.
type RoleTimer struct {
	Role    center.Role   `json:"role"` // CUSTOMER, or AGENT for agents and custom participants
	Type    TimerType     `json:"type"`
	Timeout time.Duration `json:"timeout"` // 2 to 480 minutes
}

// Idle is the state of the idle timers. They run while the customer and an
// agent or custom participant are connected, with the configuration stored
// when the latter joined. If the customer was idle when they ended, only that is
// kept, without Timers, until the customer returns.
type Idle struct {
	Since  time.Time                 `json:"since"`
	Timers []RoleTimer               `json:"timers"`
	Fired  map[center.Role]time.Time `json:"fired,omitempty"` // when a role became idle
	Back   time.Time                 `json:"back,omitzero"`   // when the customer connected again after that
}

// SetTimers configures idle timers (UpdateParticipantRoleConfig). A timer with
// Timeout 0 is unset. Running timers keep their configuration.
type SetTimers struct {
	Timers []RoleTimer
}

func (s SetTimers) decide(d *decision) error {
	if d.chat.Ended {
		return center.Errorf(center.BadRequest, "the contact has ended")
	}
	type key struct {
		center.Role
		TimerType
	}
	seen := map[key]bool{}
	for _, t := range s.Timers {
		k := key{t.Role, t.Type}
		if seen[k] {
			return center.Errorf(center.Invalid, "ParticipantTimerConfigList has more than one entry for %s and %s", t.Role, t.Type)
		}
		seen[k] = true
	}
	var timers []RoleTimer
	for _, t := range d.chat.RoleTimers {
		if !seen[key{t.Role, t.Type}] {
			timers = append(timers, t)
		}
	}
	for _, t := range s.Timers {
		if t.Timeout > 0 {
			timers = append(timers, t)
		}
	}
	d.edit().RoleTimers = timers
	return nil
}

// timerRole is the role whose timers a participant's silence runs.
func timerRole(r center.Role) center.Role {
	if r == center.RoleCustomBot {
		return center.RoleAgent
	}
	return r
}

// startIdle starts the idle timers when both sides are there.
func (d *decision) startIdle() {
	c := d.chat
	if len(c.RoleTimers) == 0 || c.Idle != nil && c.Idle.Timers != nil || !c.Customer().Present() || d.partner() == nil {
		return
	}
	d.edit().Idle = &Idle{Since: d.env.Now, Timers: c.RoleTimers}
}

func (d *decision) stopIdle() {
	if d.chat.Idle != nil && d.chat.Idle.Timers != nil && d.partner() == nil {
		d.endIdle()
	}
}

// endIdle ends the idle timers. A flow may be waiting for an idle customer to
// return, so that state is kept.
func (d *decision) endIdle() {
	c := d.edit()
	since, idle := c.Idle.Fired[center.RoleCustomer]
	if c.Idle = nil; idle {
		c.Idle = &Idle{Fired: map[center.Role]time.Time{center.RoleCustomer: since}}
	}
}

// partner returns an agent or custom participant who is connected.
func (d *decision) partner() *Participant {
	for i := range d.chat.Participants {
		p := &d.chat.Participants[i]
		if p.Present() && (p.Role == center.RoleAgent || p.Role == center.RoleCustomBot) {
			return p
		}
	}
	return nil
}

// returned ends a role's idleness, because it sent something or reconnected.
func (d *decision) returned(r center.Role) {
	c := d.edit()
	delete(c.Idle.Fired, timerRole(r))
	if c.Idle.Timers == nil {
		c.Idle = nil
	}
	if p := d.speaker(timerRole(r)); p != nil {
		d.pushTransient(center.Push{Item: d.event(center.EventReturned, *p)})
	}
}

// speaker returns the participant whose silence counts for a timer's role.
func (d *decision) speaker(r center.Role) *Participant {
	if r == center.RoleCustomer {
		return d.chat.Customer()
	}
	return d.partner()
}

// idleDue returns when the next idle timer of a role falls due, and which one.
func (d *decision) idleDue(r center.Role) (due time.Time, kind TimerType) {
	c := d.chat
	if c.Idle == nil || c.Idle.Timers == nil {
		return time.Time{}, ""
	}
	var idle, disconnect time.Duration
	for _, t := range c.Idle.Timers {
		switch {
		case t.Role != r:
		case t.Type == TimerIdle:
			idle = t.Timeout
		case t.Type == TimerDisconnect:
			disconnect = t.Timeout
		}
	}
	silent := c.Idle.Since
	if r == center.RoleCustomer && c.Idle.Back.After(silent) {
		silent = c.Idle.Back
	}
	for i := range c.Participants {
		if p := &c.Participants[i]; timerRole(p.Role) == r && d.lastSpoke(p.ID).After(silent) {
			silent = d.lastSpoke(p.ID)
		}
	}
	switch fired := c.Idle.Fired[r]; {
	case !fired.IsZero() && disconnect > 0:
		return fired.Add(disconnect), TimerDisconnect
	case !fired.IsZero():
		return time.Time{}, ""
	case idle > 0:
		return silent.Add(idle), TimerIdle
	case disconnect > 0:
		return silent.Add(disconnect), TimerDisconnect
	}
	return time.Time{}, ""
}

// Due returns when the next timer of a chat falls due, zero for never, given its
// current tail: Change.Due is what it was when the state last changed.
func (c *Chat) Due(tail *transcript.Tail) time.Time {
	d := decision{chat: c, tail: tail}
	t, _ := d.nextTimer()
	return t
}

type timer int

const (
	timerNone timer = iota
	timerExpiry
	timerConnect
	timerBot
	timerFlow
	timerWhisper
	timerStep
	timerProcessor
	timerScan
	timerIdleCustomer
	timerIdleAgent
	timerWork
)

// nextTimer returns the timer that falls due first.
func (d *decision) nextTimer() (due time.Time, which timer) {
	c := d.chat
	if len(c.Pending) > 0 {
		due, which = c.Pending[0].By, timerProcessor
	}
	offer := func(t time.Time, w timer) {
		if !t.IsZero() && (due.IsZero() || t.Before(due)) {
			due, which = t, w
		}
	}
	work, _ := c.workDue()
	offer(work, timerWork)
	if c.Ended {
		return due, which
	}
	offer(c.Expires, timerExpiry)
	offer(c.ConnectBy, timerConnect)
	for i := range c.Participants {
		if p := &c.Participants[i]; p.Left.IsZero() {
			offer(p.ConnectBy, timerBot)
		}
	}
	for i := range c.Scans {
		offer(c.Scans[i].By, timerScan)
	}
	offer(c.WhisperBy, timerWhisper)
	if c.Run != nil {
		offer(c.Run.Wait.Until, timerFlow)
	}
	if c.Whisper != nil {
		offer(c.Whisper.Wait.Until, timerFlow)
	}
	if c.Queue != nil {
		offer(c.Queue.StepBy, timerStep)
	}
	t, _ := d.idleDue(center.RoleCustomer)
	offer(t, timerIdleCustomer)
	t, _ = d.idleDue(center.RoleAgent)
	offer(t, timerIdleAgent)
	return due, which
}

// Tick fires the chat's due timers. It always renews the state, so that a timer
// that has fired, or was early, is not found due again.
type Tick struct{}

// maxTimersPerTick bounds one tick; what is left is found due again.
const maxTimersPerTick = 32

func (Tick) decide(d *decision) error {
	if d.chat.Ended && len(d.chat.Pending) == 0 && len(d.chat.Work) == 0 {
		return nil
	}
	d.edit()
	for range maxTimersPerTick {
		due, which := d.nextTimer()
		if which == timerNone || due.After(d.env.Now) {
			return nil
		}
		if err := d.fire(which, due); err != nil {
			return err
		}
	}
	return nil
}

func (d *decision) fire(which timer, due time.Time) error {
	switch which {
	case timerExpiry:
		return d.end(center.ReasonExpired)
	case timerConnect:
		return d.end(center.ReasonNotConnected)
	case timerBot:
		for i := range d.chat.Participants {
			if p := &d.edit().Participants[i]; p.Left.IsZero() && !p.ConnectBy.IsZero() && !p.ConnectBy.After(d.env.Now) {
				p.ConnectBy, p.Left = time.Time{}, d.env.Now
			}
		}
		return d.wake(machine.Event{Kind: machine.EventBotLeft}) // to a flow it is as if the bot had left
	case timerFlow:
		return d.wake(machine.Event{Kind: machine.EventTime})
	case timerWhisper:
		return d.whisperTimedOut()
	case timerStep:
		d.expireStep()
		return nil
	case timerWork:
		return d.workTimedOut(due)
	case timerProcessor:
		return d.giveUp("the function did not answer in time")
	case timerScan:
		return d.scanTimedOut()
	case timerIdleCustomer:
		return d.idle(center.RoleCustomer, due)
	default:
		return d.idle(center.RoleAgent, due)
	}
}

// idle fires an idle timer of a role: first the role is reported as idle; if it
// stays so, everybody but the customer is removed.
func (d *decision) idle(r center.Role, due time.Time) error {
	p := d.speaker(r)
	if _, kind := d.idleDue(r); kind == TimerIdle {
		d.edit().Idle.Fired = mergeMaps(d.chat.Idle.Fired, map[center.Role]time.Time{r: due})
		if p != nil {
			d.pushTransient(center.Push{Item: d.event(center.EventIdle, *p)})
		}
		return nil
	}
	if p != nil {
		d.pushTransient(center.Push{Item: d.event(center.EventAutoDisconnection, *p)})
	}
	agents := d.agents()
	d.endIdle()
	c := d.edit()
	for i := range c.Participants {
		if q := &c.Participants[i]; q.Role != center.RoleCustomer && q.Left.IsZero() && q.ID != c.Joining {
			d.leave(q.ID)
		}
	}
	if agents > 0 {
		return d.customerRemains(center.ReasonIdle)
	}
	return d.wake(machine.Event{Kind: machine.EventBotLeft})
}
