package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"time"

	"parley.example/parley/api/participant"
	"parley.example/parley/api/restjson"
	"parley.example/parley/bench/gauge"
	"parley.example/parley/bench/target"
)

// boots is how often a server is started to see how long it takes.
const boots = 5

// boot measures what a server costs that does nothing: its binary, the time
// from the start of the process to its first answer, its memory.
func (b *bench) boot(ctx context.Context) error {
	b.report.scenario = "boot"
	info, err := os.Stat(b.server)
	if err != nil {
		return err
	}
	b.report.add("binary, stripped", float64(info.Size())/1e6, "MB").atMost(35)
	var empty []time.Duration
	var memory float64
	for i := range boots {
		took, s, err := b.firstAnswer(ctx, filepath.Join(b.dir, fmt.Sprintf("boot-%d", i)))
		if err != nil {
			return err
		}
		empty = append(empty, took)
		if i == boots-1 {
			time.Sleep(b.settle())
			n, err := gauge.Resident(s.PID())
			if err != nil {
				return err
			}
			memory = float64(n) / 1e6
		}
		if err := s.Stop(); err != nil {
			return err
		}
	}
	slices.Sort(empty)
	b.report.add("decode, validate and encode a SendMessage", bindingTime(), "us").atMost(3)
	b.report.add("cold start to first answer, empty directory", gauge.Milliseconds(empty[boots/2]), "ms").atMost(80)
	b.report.add("resident when idle", memory, "MB").atMost(30)
	return nil
}

// bindingTime returns the microseconds that the generated code takes for one
// SendMessage, its answer included. The least of some rounds is the one that nobody disturbed.
func bindingTime() float64 {
	const rounds, each = 20, 5000
	body := gauge.MessageBody()
	var out []byte
	least := time.Hour
	for range rounds {
		began := time.Now()
		for range each {
			in := &participant.SendMessageRequest{ConnectionToken: "token"}
			if restjson.Unmarshal(body, in) != nil || restjson.Validate(in) != nil {
				return 0 // which a test would see
			}
			out = (&participant.SendMessageResponse{Id: &in.Content, AbsoluteTime: in.ClientToken}).AppendJSON(out[:0])
		}
		least = min(least, time.Since(began)/each)
	}
	return float64(least.Nanoseconds()) / 1e3
}

// firstAnswer starts a server and returns how long it took to answer a request.
func (b *bench) firstAnswer(ctx context.Context, data string) (time.Duration, *target.Server, error) {
	began := time.Now()
	s, err := b.startServer(ctx, data)
	if err != nil {
		return 0, nil, err
	}
	res, err := http.Get("http://" + s.Addr + "/readyz")
	took := time.Since(began)
	if err == nil {
		_ = res.Body.Close() // it is not of interest
		if res.StatusCode != http.StatusOK {
			err = fmt.Errorf("the server has started but is not ready: %s", res.Status)
		}
	}
	if err != nil {
		s.Kill()
		return 0, nil, err
	}
	return took, s, nil
}
