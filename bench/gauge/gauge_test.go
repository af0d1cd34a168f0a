package gauge

import (
	"os"
	"strings"
	"testing"
	"time"
)

func TestMain(m *testing.M) {
	if os.Getenv(EchoEnv) != "" {
		os.Exit(EchoMain())
	}
	os.Exit(m.Run())
}

func TestHistogram(t *testing.T) {
	var h Histogram
	if h.P50() != 0 {
		t.Error("a median of nothing")
	}
	for i := range 10_000 {
		h.Add(time.Duration(i+1) * time.Microsecond)
	}
	for q, want := range map[float64]time.Duration{.01: 100 * time.Microsecond, .5: 5 * time.Millisecond, .99: 9900 * time.Microsecond, 1: 10 * time.Millisecond} {
		if got := h.Quantile(q); got < want*97/100 || got > want*104/100 {
			t.Errorf("quantile(%v) = %v; want %v within 3%%", q, got, want)
		}
	}
	for v := uint64(0); v < 1<<40; v = v*9/8 + 1 {
		if i := bucketOf(v); floorOf(i) > v || floorOf(i+1) <= v {
			t.Fatalf("%d is in the bucket from %d to %d", v, floorOf(i), floorOf(i+1))
		}
	}
	h.Add(-time.Second) // a clock that went back
	if got := h.Quantile(0); got != 0 {
		t.Errorf("the least = %v; want 0", got)
	}
}

func TestMarker(t *testing.T) {
	text := Content(7, 12345)
	if load, i, ok := ReadMarker(text); !ok || load != 7 || i != 12345 {
		t.Errorf("ReadMarker = %d, %d, %v", load, i, ok)
	}
	if len(text) != ContentLength {
		t.Errorf("the content has %d bytes; want %d", len(text), ContentLength)
	}
	for _, text := range []string{"", "hello", Marker, Marker + "12", Marker + "x.1 ", Marker + "1.x ", Marker + "-1.1 "} {
		if _, _, ok := ReadMarker(text); ok {
			t.Errorf("ReadMarker found one in %q", text)
		}
	}
}

// The bare echo answers both exchanges with what they sent, of all lengths, as often as they ask.
func TestEcho(t *testing.T) {
	e, err := StartEcho(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer e.Kill()
	for _, n := range []int{0, 1, 125, 126, 1000, 5000, 60000} {
		text := []byte(strings.Repeat("x", n))
		for name, open := range map[string]func() (*Exchange, error){
			"HTTP":      func() (*Exchange, error) { return OpenHTTP(e.Addr, text) },
			"WebSocket": func() (*Exchange, error) { return OpenSocket(e.Addr, "/ws", text) },
		} {
			list, err := OpenAll(2, open)
			if err != nil {
				t.Fatalf("%s, %d bytes: %v", name, n, err)
			}
			for i := range 6 {
				if err := list.Task(t.Context(), i%2, i); err != nil || !strings.HasSuffix(string(list[i%2].answer), string(text)) {
					t.Errorf("%s, %d bytes: %d came back, %v", name, n, len(list[i%2].answer), err)
				}
			}
			list.Close()
		}
	}
	if _, err := OpenSocket(e.Addr, "/nowhere", nil); err == nil {
		t.Error("a path without sockets gave one")
	}
}

// What was acknowledged is with both receivers once, and nothing else is with any.
func TestDeliveriesAreHeldAgainstAcknowledgements(t *testing.T) {
	all := func(d *Deliveries) {
		for i := range 3 {
			for end := range Ends {
				d.Arrive(i, end)
			}
		}
	}
	for name, test := range map[string]struct {
		arrive       func(d *Deliveries)
		acknowledged int64
		good         bool
	}{
		"all":                            {all, 3, true},
		"nothing":                        {func(*Deliveries) {}, 0, true},
		"one is lost at one receiver":    {func(d *Deliveries) { d.Arrive(0, 0) }, 1, false},
		"one comes twice to one of both": {func(d *Deliveries) { d.Arrive(0, 0); d.Arrive(0, 0) }, 1, false},
		"one is doubled":                 {func(d *Deliveries) { all(d); d.Arrive(1, 1) }, 3, false},
		"one was not acknowledged":       {all, 2, false},
		"one was not sent":               {func(d *Deliveries) { all(d); d.Arrive(7, 0) }, 3, false},
		"one is elsewhere":               {func(d *Deliveries) { all(d); d.Astray() }, 3, false},
		"more than are followed":         {all, 5, false},
	} {
		d := NewDeliveries(1, 4)
		test.arrive(d)
		if err := d.Check(test.acknowledged); (err == nil) != test.good {
			t.Errorf("%s: Check = %v", name, err)
		}
	}
	d := NewDeliveries(1, 4)
	all(d)
	if n := d.Both.Count(); n != 3 {
		t.Errorf("%d messages are with both; want 3", n)
	}
	if d.Send(3) != nil || d.Send(4) == nil {
		t.Error("a load of four messages has the numbers 0 to 3")
	}
}

// The time of a process includes that of those that it has started.
func TestMeterCountsChildren(t *testing.T) {
	e, err := StartEcho(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer e.Kill()
	x, err := OpenHTTP(e.Addr, []byte("x"))
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	var own, child time.Duration
	for child < 50*time.Millisecond {
		if err := x.Again(); err != nil {
			t.Fatal(err)
		}
		if child, err = CPUTime(e.PID()); err != nil {
			t.Fatal(err)
		}
	}
	if own, err = CPUTime(os.Getpid()); err != nil {
		t.Fatal(err)
	}
	both, err := familyTime([]int{os.Getpid()})
	if err != nil || both < own+child {
		t.Errorf("this process took %v and its child %v, both %v, %v", own, child, both, err)
	}
	if alone, err := familyTime([]int{e.PID()}); err != nil || alone >= both {
		t.Errorf("the child took %v of %v, %v", alone, both, err)
	}
	if _, err := NewMeter(1 << 30); err == nil {
		t.Error("a process that is not there has a meter")
	}
}
