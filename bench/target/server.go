package target

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"

	"parley.example/parley/bench/durable"
	"parley.example/parley/bench/gauge"
)

// Build builds the server as it is released: static, stripped.
func Build(ctx context.Context, dir string) (string, error) {
	path := filepath.Join(dir, "parley")
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", path, "parley.example/parley/cmd/parley")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the server: %w\n%s", err, out)
	}
	return path, nil
}

// Config says which server is started.
type Config struct {
	Binary   string
	Data     string  // its directory, new or used
	Shared   *Shared // nil for a server on its directory alone
	Profiled bool    // it serves profiles
}

// Server is a Parley under load.
type Server struct {
	*gauge.Process                  // the first, or only, node
	More           []*gauge.Process // other nodes
	Data           string
	Key            aws.Credentials
	Debug          string // where it serves profiles, "" for nowhere
}

// Start starts a server, with nodes beside it where they are shared, outside
// development mode and without limits that a load would meet.
func Start(ctx context.Context, cfg Config) (*Server, error) {
	args := []string{"serve", "--listen", "127.0.0.1:0", "--data", cfg.Data, "--max-active-chats", "10000000", "--close-span", "100ms", "--rate", "all=off"}
	s := &Server{Data: cfg.Data}
	if cfg.Profiled {
		addr, err := durable.FreeAddress()
		if err != nil {
			return nil, err
		}
		s.Debug = addr
		args = append(args, "--pprof", addr)
	}
	if cfg.Shared != nil {
		among, err := cfg.Shared.args(ctx, cfg.Data)
		if err != nil {
			return nil, err
		}
		args = append(args, among...)
	}
	var err error
	if s.Process, err = gauge.Spawn(ctx, nil, cfg.Binary, args...); err != nil {
		return nil, err
	}
	for n := 1; cfg.Shared != nil && n < cfg.Shared.Nodes; n++ {
		p, err := gauge.Spawn(ctx, nil, cfg.Binary, append(args, "--flow-logs", filepath.Join(cfg.Data, fmt.Sprint("logs", n)))...)
		if err != nil {
			s.Kill()
			return nil, err
		}
		s.More = append(s.More, p)
	}
	if s.Key, err = durable.FirstKey(cfg.Data); err != nil {
		s.Kill()
		return nil, err
	}
	return s, nil
}

// Nodes are all of it.
func (s *Server) Nodes() []*gauge.Process { return append([]*gauge.Process{s.Process}, s.More...) }

// Kill ends all nodes at once.
func (s *Server) Kill() {
	for _, p := range s.Nodes() {
		p.Kill()
	}
}

// Stop ends all nodes as an operator does.
func (s *Server) Stop() error {
	var errs []error
	for _, p := range append(s.More, s.Process) {
		errs = append(errs, p.Stop())
	}
	return errors.Join(errs...)
}

// Meter begins to measure what the nodes use.
func (s *Server) Meter() (gauge.Meter, error) {
	var pids []int
	for _, p := range s.Nodes() {
		pids = append(pids, p.PID())
	}
	return gauge.NewMeter(pids...)
}

// Counters reads figures of a server's /metrics by their names.
func (s *Server) Counters(names ...string) (map[string]float64, error) {
	res, err := http.Get("http://" + s.Addr + "/metrics")
	if err != nil {
		return nil, err
	}
	defer res.Body.Close() // read to its end, or of no use
	found := map[string]float64{}
	for lines := bufio.NewScanner(res.Body); lines.Scan(); {
		name, value, _ := strings.Cut(lines.Text(), " ")
		for _, want := range names {
			if name == want {
				var v float64
				if _, err := fmt.Sscan(value, &v); err != nil {
					return nil, fmt.Errorf("metric %s: %w", name, err)
				}
				found[name] = v
			}
		}
	}
	return found, nil
}
