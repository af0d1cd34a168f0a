package server_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime/debug"
	"runtime/metrics"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"parley.example/parley/api/connect"
	"parley.example/parley/internal/auth"
	"parley.example/parley/internal/auth/authtest"
	"parley.example/parley/internal/server/servertest"
)

// withheld is a request whose last byte a client does not send.
type withheld struct {
	name    string
	header  http.Header
	method  string
	path    string
	size    int      // of the body
	refused string   // the exception it is refused with before it is read; "" when it must be read
	ends    []string // what it may be answered later, besides that there is no memory and that it is slow
}

// head is the request's line and header.
func (w withheld) head() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: parley\r\nContent-Length: %d\r\n", w.method, w.path, w.size)
	for name, values := range w.header {
		fmt.Fprintf(&b, "%s: %s\r\n", name, values[0])
	}
	return b.String() + "\r\n"
}

// withheldKinds are one request for each thing that is known, or not, of who makes it.
func withheldKinds(t *testing.T, s *servertest.Server, bearer string) []withheld {
	t.Helper()
	signed := func(key auth.Key, size int, hash string) http.Header {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPut, s.URL+"/contact/chat", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Host, r.ContentLength = "parley", int64(size)
		if hash != "" {
			r.Header.Set("X-Amz-Content-Sha256", hash)
		}
		if err := (authtest.Signer{ID: key.ID, Secret: key.Secret}).Sign(r, nil, s.Clock().Now()); err != nil {
			t.Fatal(err)
		}
		return r.Header
	}
	wrong, stranger := s.Key, auth.NewKey("stranger", auth.FullAccess(), s.Clock().Now())
	wrong.Secret = strings.Repeat("x", 40)
	hash := strings.Repeat("ab", 32) // of another body
	const start, message = "/contact/chat", "/participant/message"
	const largest, large = 4 << 20, 1 << 20
	return []withheld{
		{"a forged bearer", http.Header{"X-Amz-Bearer": {"AAAA" + bearer[4:]}}, "POST", message, large, "AccessDeniedException", nil},
		{"no bearer", nil, "POST", message, large, "AccessDeniedException", nil},
		{"no signature", nil, "PUT", start, largest, auth.MissingAuthenticationToken, nil},
		{"a key that is none", signed(stranger, largest, ""), "PUT", start, largest, auth.UnrecognizedClient, nil},
		{"a wrong secret, with the body's hash", signed(wrong, largest, hash), "PUT", start, largest, auth.InvalidSignature, nil},
		{"a wrong secret, without it", signed(wrong, largest, ""), "PUT", start, largest, "", []string{auth.InvalidSignature}},
		{"the same, shorter", signed(wrong, large, ""), "PUT", start, large, "", []string{auth.InvalidSignature}},
		{"another body's hash", signed(s.Key, largest, hash), "PUT", start, largest, "", []string{auth.InvalidSignature}},
		{"a good bearer", http.Header{"X-Amz-Bearer": {bearer}}, "POST", message, large, "", []string{"ValidationException"}},
		{"no operation", nil, "PUT", "/none", largest, "UnknownOperationException", nil},
	}
}

// TestWithheldBodies opens 2,000 connections that withhold the last byte of a large body,
// from one address and from many: who cannot say who asks is refused before any of it is
// read, what the others hold is bounded, and everybody else is served.
func TestWithheldBodies(t *testing.T) {
	const connections, bound = 2000, 200 << 20
	for _, addresses := range []int{1, 200} {
		t.Run(fmt.Sprint(addresses), func(t *testing.T) {
			s := servertest.Start(t, servertest.Production(t.TempDir()), rates(map[string]string{"all": "off"}), servertest.Quietly(t))
			kinds := withheldKinds(t, s, s.Chat(t).Bearer)
			honest := settle(t, s)
			flow := largeFlow(t, s)
			debug.FreeOSMemory()
			before := inUse()

			ctx, stop := context.WithCancel(t.Context())
			a := &attack{t: t, s: s, answers: map[string]int{}}
			for i := range connections {
				from := net.IPv4(127, 0, 1, byte(1+i%addresses))
				a.clients.Go(func() { a.withhold(ctx, kinds[i%len(kinds)], from) })
			}
			most, took := uint64(0), []time.Duration(nil)
			for a.settled.Load() < connections {
				began := time.Now()
				honest.undisturbed()
				took = append(took, time.Since(began))
				flow()
				most = max(most, inUse())
			}
			t.Logf("holding %.0f bytes for bodies", metric(t, s, "parley_body_bytes"))
			for range 20 {
				began := time.Now()
				honest.undisturbed()
				took = append(took, time.Since(began))
				flow()
				most = max(most, inUse())
			}
			stop()
			a.clients.Wait()
			slices.Sort(took)
			t.Logf("from %d to %d MiB at most; of %d messages with their echo the slowest took %s, the median %s; answers: %v",
				before>>20, most>>20, len(took), took[len(took)-1], took[len(took)/2], a.answers)
			if most > before+bound {
				t.Errorf("the process used %d MiB more", (most-before)>>20)
			}
			if a.answers["ThrottlingException 429"]+a.answers["TooManyRequestsException 429"] == 0 {
				t.Errorf("nothing was refused for want of memory: %v", a.answers)
			}
			eventually(t, "no memory is claimed", func() bool { return metric(t, s, "parley_body_bytes") == 0 })
		})
	}
}

// largeFlow returns a function that saves a flow, in a request of some size whose signature cannot be
// checked before its body has been read.
func largeFlow(t *testing.T, s *servertest.Server) func() {
	t.Helper()
	instance, id := s.Instance(t), s.Flow(t, "Large", largeContent)
	return func() {
		t.Helper()
		if _, err := s.Connect.UpdateContactFlowContent(t.Context(), &connect.UpdateContactFlowContentRequest{
			InstanceId: instance, ContactFlowId: id, Content: largeContent}); err != nil {
			t.Errorf("UpdateContactFlowContent: %v", err)
		}
	}
}

var largeContent = `{"Version":"2019-10-30","Metadata":{"note":"` + strings.Repeat("x", 20_000) +
	`"},"StartAction":"end","Actions":[{"Identifier":"end","Type":"DisconnectParticipant","Parameters":{},"Transitions":{}}]}`

// inUse is the memory that the process has from the system, as the Go runtime knows it.
func inUse() uint64 {
	s := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64() - s[1].Value.Uint64()
}

// attack counts what became of connections that withhold a byte.
type attack struct {
	t       *testing.T
	s       *servertest.Server
	clients sync.WaitGroup
	settled atomic.Int64 // connections that were answered, or hold what they have sent

	mu      sync.Mutex // guards answers
	answers map[string]int
}

// withhold makes a request but for its last byte, which it sends when ctx ends, and reads the answer.
func (a *attack) withhold(ctx context.Context, w withheld, from net.IP) {
	settle := sync.OnceFunc(func() { a.settled.Add(1) })
	defer settle()
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: from}}
	c, err := d.Dial("tcp", a.s.Addr)
	if err != nil {
		a.t.Errorf("dial: %v", err)
		return
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(prompt))
	_ = c.(*net.TCPConn).SetWriteBuffer(32 << 10) // or 2,000 connections fill the kernel instead
	a.clients.Go(func() {
		if _, err := io.WriteString(c, w.head()); err != nil {
			return // it was refused
		}
		for left := w.size - 1; left > 0; {
			n := min(left, len(filler))
			if _, err := c.Write(filler[:n]); err != nil {
				return // likewise
			}
			left -= n
		}
		settle()
		<-ctx.Done()
		_, _ = io.WriteString(c, "}")
	})
	res, err := http.ReadResponse(bufio.NewReaderSize(c, 512), nil) // 2,000 of them are in this process too
	if err != nil {
		a.count("no answer")
		a.t.Logf("%s: %v", w.name, err)
		return
	}
	defer res.Body.Close()
	code := res.Header.Get("X-Amzn-Errortype")
	a.count(code + " " + strconv.Itoa(res.StatusCode))
	if w.refused != "" {
		if code != w.refused || ctx.Err() != nil {
			a.t.Errorf("%s: %d %s; want %s before the body has come", w.name, res.StatusCode, code, w.refused)
		}
		return
	}
	switch {
	case res.StatusCode == http.StatusTooManyRequests:
		if res.Header.Get("Retry-After") == "" || res.Header.Get("X-Amz-Retry-After") == "" {
			a.t.Errorf("%s: refused without a time to come back", w.name)
		}
	case ctx.Err() != nil && slices.Contains(w.ends, code):
	case code == "InvalidRequestException" || code == "ValidationException": // it was too slow
	default:
		a.t.Errorf("%s: %d %s", w.name, res.StatusCode, code)
	}
}

func (a *attack) count(answer string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.answers[answer]++
}

var filler = bytes.Repeat([]byte(" "), 16<<10)

// TestSlowBodies holds a body to its pace, in virtual time.
func TestSlowBodies(t *testing.T) {
	const size = 400 << 10
	for _, c := range []struct {
		name  string
		step  int
		pause time.Duration
		slow  bool
	}{
		{"64 kB every nine seconds", 64 << 10, 9 * time.Second, false},
		{"a kilobyte a second", 1 << 10, time.Second, true},
		{"all but the last byte", size - 1, time.Minute, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := servertest.Inside(t)
				bearer := s.Chat(t).Bearer
				conn, began := s.Dial(), time.Now()
				var client sync.WaitGroup
				client.Go(func() {
					_, _ = io.WriteString(conn, withheld{header: http.Header{"X-Amz-Bearer": {bearer}}, method: "POST", path: "/participant/message", size: size}.head())
					body := `{"ContentType":"text/plain","Content":"slow"}`
					body += strings.Repeat(" ", size-len(body))
					for len(body) > 0 {
						n := min(len(body), c.step)
						if _, err := io.WriteString(conn, body[:n]); err != nil {
							return // cut off
						}
						body = body[n:]
						time.Sleep(c.pause)
					}
				})
				res, err := http.ReadResponse(bufio.NewReader(conn), nil)
				if err != nil {
					t.Fatal(err)
				}
				text, err := io.ReadAll(res.Body)
				if err != nil {
					t.Fatal(err)
				}
				if took := time.Since(began); (res.StatusCode == 400) != c.slow || c.slow && (!strings.Contains(string(text), "too slowly") || took > 20*time.Second) {
					t.Errorf("%d %s after %s", res.StatusCode, text, took)
				}
				conn.Close()
				client.Wait()
				if got := metric(t, s, "parley_body_bytes"); got != 0 {
					t.Errorf("%v bytes are claimed", got)
				}
			})
		})
	}
}
