package postgres

import (
	"context"
	"errors"
	"slices"

	"github.com/jackc/pgx/v5"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/store"
	"parley.example/parley/internal/store/rules"
)

// errUnlocked says that a row which was to be locked was not there, or not as it was known: the group is done again.
var errUnlocked = errors.New("a row has changed since it was known")

// chat is a chat as the changes of a group are judged by it: as its row was locked, and as those before it leave it.
type chat struct {
	n        int64 // 0: there is none
	version  int64
	last     int64 // seq of the last item
	lastID   string
	instance string
	fresh    bool        // it begins in this group
	head     *store.Head // in place of the one in the row; nil while that stays
}

// agent is an agent in the same way.
type agent struct {
	n       int64
	version int64
	fresh   bool
	gone    bool
	head    *store.AgentHead
}

// group is what becomes of some entries in one transaction.
type group struct {
	entries   []*entry
	known     *knownCounters
	instances map[center.InstanceID]bool // that exist
	chats     map[center.ContactID]*chat
	agents    map[center.UserID]*agent
	counters  map[string]*counter
	keys      map[string]bool // of Once that are used up
	numbers   []int64         // for new chats
	members   []int64         // for new agents
	out       writes
	erase     *erasing // of the last entry
}

func newGroup(known *knownCounters, entries []*entry) *group {
	g := &group{entries: entries, known: known, instances: map[center.InstanceID]bool{}, chats: map[center.ContactID]*chat{},
		agents: map[center.UserID]*agent{}, counters: map[string]*counter{}, keys: map[string]bool{}}
	for _, e := range entries {
		var quotas []store.Quota
		if c := e.change; c != nil {
			quotas = c.Quotas
			if c.Within != "" {
				g.instances[c.Within] = false
			}
			if c.Chat != "" {
				g.chats[c.Chat] = &chat{}
			}
			if c.Once != nil {
				g.keys[c.Once.Key] = false
			}
		} else {
			quotas = e.agent.Quotas
			g.agents[e.agent.User] = &agent{}
		}
		for _, q := range quotas {
			g.want(q)
		}
	}
	return g
}

// sorted returns keys of a map in the order in which all lock.
func sorted[K ~string, V any](m map[K]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, pack(string(k)))
	}
	slices.Sort(keys)
	return keys
}

const (
	lockInstances = "SELECT id FROM resources WHERE kind = 'instance' AND id = ANY($1) ORDER BY id FOR KEY SHARE"
	lockChats     = "SELECT id, n, version, instance FROM chats WHERE id = ANY($1) ORDER BY id FOR UPDATE"
	lockAgents    = "SELECT member, n, version FROM agents WHERE member = ANY($1) ORDER BY member FOR UPDATE"
	lastItems     = `SELECT c.id, i.seq, i.id FROM chats AS c CROSS JOIN LATERAL (SELECT seq, id FROM items WHERE chat = c.n ORDER BY seq DESC LIMIT 1) AS i
		WHERE c.id = ANY($1)`
	usedKeys    = "SELECT key FROM once WHERE key = ANY($1)"
	chatNumbers = "SELECT nextval('chat_numbers') FROM generate_series(1, $1)"
	nextMembers = "SELECT nextval('agent_numbers') FROM generate_series(1, $1)"
)

// lock begins the transaction, locks what the group touches, and reads it: one round trip. Every node locks in this order.
func (g *group) lock(ctx context.Context, conn *pgx.Conn, w *writer) error {
	var b pgx.Batch
	b.Queue("BEGIN")
	b.Queue(noteSQL, w.name, w.number)
	if len(g.instances) > 0 {
		b.Queue(lockInstances, sorted(g.instances)).Query(func(r pgx.Rows) error {
			return each(r, func() error {
				var id string
				err := r.Scan(&id)
				g.instances[center.InstanceID(unpack(id))] = true
				return err
			})
		})
	}
	if len(g.chats) > 0 {
		g.lockChats(&b)
	}
	if len(g.agents) > 0 {
		g.lockAgents(&b)
	}
	var short bool
	g.lockCounters(&b, &short)
	if len(g.keys) > 0 {
		b.Queue(usedKeys, sorted(g.keys)).Query(func(r pgx.Rows) error {
			return each(r, func() error {
				var key string
				err := r.Scan(&key)
				g.keys[unpack(key)] = true
				return err
			})
		})
	}
	if err := conn.SendBatch(ctx, &b).Close(); err != nil {
		return err
	}
	if short {
		return errUnlocked
	}
	return nil
}

// each calls f for every row.
func each(r pgx.Rows, f func() error) error {
	for r.Next() {
		if err := f(); err != nil {
			return err
		}
	}
	return r.Err()
}

func (g *group) lockChats(b *pgx.Batch) {
	ids := sorted(g.chats)
	b.Queue(lockChats, ids).Query(func(r pgx.Rows) error {
		return each(r, func() error {
			var id string
			var ch chat
			err := r.Scan(&id, &ch.n, &ch.version, &ch.instance)
			g.chats[center.ContactID(unpack(id))] = &ch
			return err
		})
	})
	b.Queue(lastItems, ids).Query(func(r pgx.Rows) error {
		return each(r, func() error {
			var id, last string
			var seq int64
			err := r.Scan(&id, &seq, &last)
			ch := g.chats[center.ContactID(unpack(id))]
			if ch.n != 0 { // else another node has begun it since, and writing it shows
				ch.last, ch.lastID = seq, unpack(last)
			}
			return err
		})
	})
	begin := 0
	for _, e := range g.entries {
		if c := e.change; c != nil && c.State != nil && c.Version == 0 {
			begin++
		}
	}
	if begin > 0 {
		b.Queue(chatNumbers, begin).Query(numbers(&g.numbers))
	}
}

func numbers(into *[]int64) func(pgx.Rows) error {
	return func(r pgx.Rows) error {
		return each(r, func() error {
			var n int64
			err := r.Scan(&n)
			*into = append(*into, n)
			return err
		})
	}
}

func (g *group) lockAgents(b *pgx.Batch) {
	b.Queue(lockAgents, sorted(g.agents)).Query(func(r pgx.Rows) error {
		return each(r, func() error {
			var member string
			var a agent
			err := r.Scan(&member, &a.n, &a.version)
			g.agents[center.UserID(unpack(member))] = &a
			return err
		})
	})
	begin := 0
	for _, e := range g.entries {
		if c := e.agent; c != nil && c.State != nil && c.Version == 0 {
			begin++
		}
	}
	if begin > 0 {
		b.Queue(nextMembers, begin).Query(numbers(&g.members))
	}
}

// judge judges every entry in order and collects what those that are not refused write.
func (g *group) judge(t *tx) error {
	for _, e := range g.entries {
		e.err = nil
		var err error
		if e.agent != nil {
			e.err, err = g.judgeAgent(t, e.agent)
		} else {
			e.err, err = g.judgeChat(t, e.change)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// judgeChat judges a change. What it returns as refused is for the change's author; err is for the whole group.
func (g *group) judgeChat(t *tx, c *store.Change) (refused, err error) {
	if refused := rules.CheckChange(c); refused != nil {
		return refused, nil
	}
	if c.Within != "" && !g.instances[c.Within] {
		return store.ErrNoInstance, nil
	}
	ch := g.chats[c.Chat]
	if ch != nil {
		refused = fits(c, ch)
	}
	over, err := g.over(t, c.Quotas)
	if err != nil {
		return nil, err
	}
	if refused == nil {
		refused = over
	}
	if c.Once != nil && g.keys[c.Once.Key] { // a request made again gets its first answer, whatever has happened since
		refused = store.ErrReplay
	}
	if refused != nil {
		return refused, nil
	}
	if c.Once != nil {
		g.keys[c.Once.Key] = true
	}
	if ch != nil {
		g.follow(c, ch)
	}
	if err := g.out.change(c, ch); err != nil {
		return nil, refuse(err)
	}
	if c.Erase != nil {
		g.erase = &erasing{change: c, chat: ch}
	}
	g.move(c.Quotas)
	return nil, nil
}

// fits compares a change with the chat it was decided on.
func fits(c *store.Change, ch *chat) error {
	exists := ch.n != 0
	switch {
	case !exists && (c.State == nil || c.Version != 0),
		exists && (c.State != nil || c.Version != 0) && c.Version != ch.version,
		exists && len(c.Items) > 0 && c.After != "" && string(c.After) != ch.lastID:
		return store.ErrConflict
	}
	for i := range c.Items {
		if c.Items[i].Seq != ch.last+int64(i)+1 {
			return store.ErrConflict
		}
	}
	return nil
}

// follow makes a chat what it is after a change.
func (g *group) follow(c *store.Change, ch *chat) {
	if n := len(c.Items); n > 0 {
		ch.last, ch.lastID = c.Items[n-1].Seq, string(c.Items[n-1].ID)
	}
	if c.State == nil {
		return
	}
	if ch.n == 0 {
		ch.n, ch.fresh = g.numbers[0], true
		g.numbers = g.numbers[1:]
	}
	ch.head, ch.instance = c.State, pack(string(c.State.Instance))
	if ch.version = c.Next; ch.version == 0 {
		ch.version = c.Version + 1
	}
}

// judgeAgent is [group.judgeChat] for a change of an agent.
func (g *group) judgeAgent(t *tx, c *store.AgentChange) (refused, err error) {
	if refused := rules.CheckAgentChange(c); refused != nil {
		return refused, nil
	}
	a := g.agents[c.User]
	exists := a.n != 0
	if !exists && (c.State == nil || c.Version != 0) || exists && (c.State != nil || c.Version != 0) && c.Version != a.version {
		return store.ErrConflict, nil
	}
	if refused, err := g.over(t, c.Quotas); refused != nil || err != nil {
		return refused, err
	}
	switch {
	case c.Gone:
		a.gone = true
	case c.State != nil:
		if !exists {
			a.n, a.fresh = g.members[0], true
			g.members = g.members[1:]
		}
		a.head = c.State
		if a.version = c.Next; a.version == 0 {
			a.version = c.Version + 1
		}
	}
	g.out.changed = true
	g.out.deliveries = append(g.out.deliveries, c.Deliveries...)
	g.out.tallies = append(g.out.tallies, c.Tallies...)
	g.move(c.Quotas)
	return nil, nil
}

// empty reports whether no entry writes anything.
func (g *group) empty() bool { return !g.out.changed }
