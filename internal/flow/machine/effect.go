package machine

import "time"

// grace is how much longer than its time limit an effect may take before the flow
// stops waiting: the time in which its outcome becomes an event.
const grace = 2 * time.Second

// relate changes the related contact and waits for that.
func (m *machine) relate(u Update) result {
	if u.Contact == "" {
		return fail("the contact has no related contact")
	}
	return m.await(Effect{Kind: EffectUpdate, Update: &u})
}

// await starts an effect and waits for its outcome.
func (m *machine) await(e Effect) result {
	e.ID = m.w.NewID()
	m.out.Effects = append(m.out.Effects, e)
	m.run.Wait = Wait{Kind: WaitEffect, Effect: e.ID, Until: m.w.Now.Add(e.Limit() + grace)}
	return suspend
}

// came is the result of an action whose effect has no answer that matters.
func came(ev Event) result {
	switch {
	case ev.Kind == EventTime:
		return fail("it was not completed in time")
	case ev.Err != "":
		return fail("%s", ev.Err)
	}
	return done
}
