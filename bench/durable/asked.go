package durable

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Function is the ARN of what flows call.
const Function = "arn:aws:lambda:us-east-1:123456789012:function:durable"

// Asked is that function. It takes a while, and knows who else asks the same meanwhile.
type Asked struct {
	URL string

	server http.Server
	mu     sync.Mutex      // guards what follows
	under  map[string]bool // calls that are under way, by what they are about
	calls  int
	again  int
	seen   map[string]bool
	faults []string
}

// takes is how long a call lasts.
const takes = 300 * time.Millisecond

// NewAsked opens the function on loopback.
func NewAsked() (*Asked, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	a := &Asked{URL: "http://" + l.Addr().String(), under: map[string]bool{}, seen: map[string]bool{}}
	a.server = http.Server{Handler: http.HandlerFunc(a.answer)}
	go a.server.Serve(l) // ends with Close
	return a, nil
}

// Close closes the function.
func (a *Asked) Close() error { return a.server.Close() }

// answer answers a call unless its caller is gone before. A call is known by what it is sent, which has the contact, and
// each contact calls once.
func (a *Asked) answer(w http.ResponseWriter, r *http.Request) {
	event, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
	if err != nil {
		return // the caller has died
	}
	about := contactOf(event)
	a.mu.Lock()
	if a.under[about] {
		a.faults = append(a.faults, fmt.Sprintf("the function is called twice at once for contact %s", about))
	}
	if a.seen[about] {
		a.again++
	}
	a.calls++
	a.under[about], a.seen[about] = true, true
	a.mu.Unlock()
	select {
	case <-time.After(takes):
		io.WriteString(w, `{"done":"yes"}`)
	case <-r.Context().Done():
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.under, about)
}

// contactOf returns the contact of an event.
func contactOf(event []byte) string {
	var e struct {
		Details struct {
			ContactData struct{ ContactId string }
		}
	}
	if err := json.Unmarshal(event, &e); err != nil || e.Details.ContactData.ContactId == "" {
		return "none: " + string(event)
	}
	return e.Details.ContactData.ContactId
}

func (a *Asked) summary() string {
	if a == nil {
		return ""
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	return fmt.Sprintf("; %d calls of the function, %d of them again", a.calls, a.again)
}

// wrong returns a line for each fault.
func (a *Asked) wrong() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.faults)
}
