package edge

import (
	"io"
	"math"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"parley.example/parley/api/restjson"
	"parley.example/parley/internal/ratelimit"
)

const (
	// freeBody is how much of a body needs no claim: a connection costs as much
	// anyway, and connections have a bound. Nearly all messages of chats are smaller,
	// and come through whatever large bodies hold.
	freeBody = 4 << 10

	// The memory for bodies, in bytes. The least lets one caller alone send the
	// largest body that there is, which is half of it.
	mostBodies  = 32 << 20
	leastBodies = 8 << 20
	// bodiesPart is which part of a memory limit bodies may take: the collector lets
	// garbage grow to twice of what lives, and chats need memory too.
	bodiesPart = 16
	// unknownPart is which part of it requests may take whose caller is not known yet.
	unknownPart = 4
)

// Bodies bounds the memory that bodies of requests hold together, and what of it is
// for requests of which it is not known yet who makes them. Nobody may hold more of
// either than is left for others: one alone gets half, two get a third each. Those
// who are not known are told apart by their address, IPv6 ones by their network
// (/64). [NewBodies] makes it; it may be used by many goroutines.
type Bodies struct {
	all, unknown budget
	refused      atomic.Int64
}

// NewBodies returns the bounds for a process that may use so many bytes of memory;
// math.MaxInt64 and 0 are no limit.
func NewBodies(limit int64) *Bodies {
	if limit == 0 {
		limit = math.MaxInt64
	}
	all := min(max(limit/bodiesPart, leastBodies), mostBodies)
	return &Bodies{all: budget{size: all}, unknown: budget{size: max(all/unknownPart, leastBodies)}}
}

// Held returns how many bytes are claimed.
func (b *Bodies) Held() int64 { return b.all.taken() }

// Refused returns how many requests were refused for want of memory.
func (b *Bodies) Refused() int64 { return b.refused.Load() }

// budget is a number of bytes that is shared fairly.
type budget struct {
	size int64

	mu   sync.Mutex // guards what follows
	held int64
	by   map[string]int64 // by holder; those that hold nothing are not in it
}

// claim takes n bytes for a holder who is going to need as many as need in all,
// unless it would then hold more than is left: what cannot be had in the end is not begun.
func (b *budget) claim(holder string, n, need int64) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.by[holder]+need > b.size-b.held-need {
		return false
	}
	if b.by == nil {
		b.by = map[string]int64{}
	}
	b.by[holder] += n
	b.held += n
	return true
}

// release gives back what claim took.
func (b *budget) release(holder string, n int64) {
	if n == 0 {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.held -= n
	if b.by[holder] -= n; b.by[holder] == 0 {
		delete(b.by, holder)
	}
}

func (b *budget) taken() int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.held
}

// body reads the body of a request within the bounds of [Bodies], and at least at
// its [pace]. It belongs to the request's goroutine; the zero value reads nothing.
type body struct {
	io.ReadCloser
	bodies  *Bodies
	writer  http.ResponseWriter
	op      *restjson.Operation
	holder  string // who is known, else the address
	unknown bool
	most    int64 // bytes that it may have
	sized   bool  // it has announced that it has so many
	read    int64 // bytes that have come
	claimed int64 // bytes claimed, besides those that are free
	paced   int64 // bytes that had come when the deadline was moved
	end     time.Time
	done    bool
}

// guard has the body of r read within bounds. known is who makes the request, "" when
// that is not known yet; most is how many bytes the body may have.
func (e *Edge) guard(op *restjson.Operation, r *http.Request, known string, most int64) {
	req := requestOf(r.Context())
	if req == nil || r.ContentLength == 0 {
		return
	}
	sized := r.ContentLength > 0
	if sized {
		most = min(most, r.ContentLength)
	}
	req.body = body{ReadCloser: r.Body, bodies: e.Bodies, writer: req.ResponseWriter, op: op, holder: known, unknown: known == "", most: most, sized: sized}
	if known == "" && most > freeBody {
		req.body.holder = Network(r)
	}
	r.Body = &req.body
}

// Read implements [io.Reader]. Where memory is to be claimed that is not to be had, the error is a
// [restjson.Coded], answered 429.
func (b *body) Read(p []byte) (int, error) {
	if room := freeBody + b.claimed; room < b.most {
		if b.read == room {
			n := min(room, b.most-room)
			need := n
			if b.sized {
				need = b.most - room
			}
			if err := b.grow(n, need); err != nil {
				return 0, err
			}
			room = freeBody + b.claimed
		}
		p = p[:min(int64(len(p)), room-b.read)]
	}
	if b.read-b.paced >= pace {
		b.move()
	}
	n, err := b.ReadCloser.Read(p)
	b.read += int64(n)
	b.done = err == io.EOF
	return n, err
}

// grow claims n bytes more of those that the body is known to need.
func (b *body) grow(n, need int64) error {
	ok := b.bodies.all.claim(b.holder, n, need)
	if ok && b.unknown && !b.bodies.unknown.claim(b.holder, n, need) {
		b.bodies.all.release(b.holder, n)
		ok = false
	}
	if !ok {
		b.bodies.refused.Add(1)
		return ratelimit.Refuse(b.op, "too many large requests are under way; try again", soon)
	}
	b.claimed += n
	return nil
}

// move gives the next bytes their time.
func (b *body) move() {
	now := time.Now() // of the connection, which keeps to the wall clock
	if b.end.IsZero() {
		b.end = now.Add(requestTime)
	}
	until := now.Add(paceTime)
	if until.After(b.end) {
		until = b.end
	}
	b.paced = b.read
	_ = http.NewResponseController(b.writer).SetReadDeadline(until) // a writer without deadlines keeps what it has
}

// proven is called when it is known who makes the request.
func (b *body) proven() {
	if b.unknown {
		b.bodies.unknown.release(b.holder, b.claimed)
		b.unknown = false
	}
}

// release gives back what the body holds.
func (b *body) release() {
	if b.claimed > 0 {
		b.proven()
		b.bodies.all.release(b.holder, b.claimed)
		b.claimed = 0
	}
}

// What a refused request may still send, so that its connection can be used again.
const (
	tailBytes = 64 << 10
	tailTime  = time.Second
)

// abandon is called before a request is answered that is refused: what has not come
// of its body is not waited for. A little that is on its way is taken.
func (r *request) abandon() {
	if r.length == 0 || r.body.done {
		return
	}
	if r.length < 0 || r.length > tailBytes {
		r.header.Set("Connection", "close")
	}
	_ = http.NewResponseController(r.ResponseWriter).SetReadDeadline(time.Now().Add(tailTime)) // likewise
}

// Network returns where a request comes from, as bounds that are for each address tell callers
// apart: the address, of IPv6 the network (/64).
func Network(r *http.Request) string {
	from, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr // of a listener that is no network's
	}
	ip := from.Addr().Unmap()
	if ip.Is6() {
		if network, err := ip.WithZone("").Prefix(64); err == nil {
			return network.String()
		}
	}
	return ip.String()
}
