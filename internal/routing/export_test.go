package routing

import "fmt"

// Check looks for what the router remembers and should not, and for what contradicts
// itself. It is told how many contacts there are, and how many of them are reserved.
func (r *Router) Check(contacts, taken int) error {
	reserved := 0
	for user, a := range r.agents {
		reserved += len(a.reserved)
		for _, c := range a.reserved {
			if c.holder != a || c.at >= 0 {
				return fmt.Errorf("%s is reserved for %s, and waits or belongs to another", c.ID, user)
			}
		}
		if !a.known && len(a.reserved) == 0 && a.own == [channels]*queue{} {
			return fmt.Errorf("the agent %s has been dropped and is remembered", user)
		}
	}
	if reserved != taken || len(r.contacts) != contacts {
		return fmt.Errorf("%d contacts of %d are reserved; want %d of %d", reserved, len(r.contacts), taken, contacts)
	}
	uses := 0
	for _, s := range r.selectors {
		uses += s.uses
	}
	for _, c := range r.contacts {
		uses -= boolean(c.selector != nil)
		if r.queues[c.queue.key] != c.queue {
			return fmt.Errorf("%s waits in the queue %v, which is not there", c.ID, c.queue.key)
		}
	}
	if uses != 0 {
		return fmt.Errorf("%d selectors more are in use than contacts have", uses)
	}
	for key, q := range r.queues {
		if q.uses == 0 && (q.owner != nil || len(q.stages) == 0) {
			return fmt.Errorf("the queue %v has nothing and is remembered", key)
		}
		for _, s := range q.stages {
			for _, l := range s.choosy {
				if len(l.contacts) == 0 {
					return fmt.Errorf("a line of %v is empty", key)
				}
			}
		}
	}
	return nil
}
