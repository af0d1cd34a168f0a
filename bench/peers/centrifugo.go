package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"

	"parley.example/parley/bench/durable"
	"parley.example/parley/bench/gauge"
)

// centrifugoConfig has a history in Redis that keeps all messages of a run, and asks nobody who he is.
const centrifugoConfig = `{
  "http_server": {"address": %q, "port": %s},
  "http_api": {"insecure": true},
  "client": {"insecure": true, "allowed_origins": ["*"]},
  "engine": {"type": "redis", "redis": {"address": ["redis://%s"]}},
  "channel": {"without_namespace": {"history_size": 1000000, "history_ttl": "1h", "allow_subscribe_for_client": true}},
  "log": {"level": "error"}
}`

// centrifugo returns Centrifugo on a Redis that flushes each command to the disk before it answers.
func centrifugo(ctx context.Context, r *run) (*place, error) {
	p := &place{}
	redisAddr, err := durable.FreeAddress()
	if err != nil {
		return p, err
	}
	_, port, err := net.SplitHostPort(redisAddr)
	if err != nil {
		return p, err
	}
	data := filepath.Join(r.dir, "redis")
	if err := os.Mkdir(data, 0o700); err != nil {
		return p, err
	}
	redis, err := gauge.SpawnAt(ctx, redisAddr, r.redisServer, "--bind", "127.0.0.1", "--port", port, "--dir", data, "--appendonly", "yes", "--appendfsync", "always", "--save", "")
	if err != nil {
		return p, err
	}
	p.runs(redis)
	addr, err := durable.FreeAddress()
	if err != nil {
		return p, err
	}
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return p, err
	}
	file := filepath.Join(r.dir, "centrifugo.json")
	if err := os.WriteFile(file, fmt.Appendf(nil, centrifugoConfig, host, port, redisAddr), 0o600); err != nil {
		return p, err
	}
	s, err := gauge.SpawnAt(ctx, addr, r.centrifugo, "-c", file)
	if err != nil {
		return p, err
	}
	p.runs(s)
	return p, p.centrifugoRooms(r, addr)
}

// centrifugoRooms opens two sockets for each channel, and connections for those who publish.
func (p *place) centrifugoRooms(r *run, addr string) error {
	for room := range r.rooms {
		for end := range gauge.Ends {
			w, err := openSocket(addr, "/connection/websocket")
			if err != nil {
				return err
			}
			p.listens(w, room, end, w.publication)
			for _, command := range []string{`{"id":1,"connect":{}}`, fmt.Sprintf(`{"id":2,"subscribe":{"channel":"room%d"}}`, room)} {
				if err := w.say(command); err != nil {
					return err
				}
				answer, err := w.publication()
				if err := answered(answer, err, !bytes.Contains(answer, []byte(`"error"`)), command); err != nil {
					return err
				}
			}
		}
	}
	head := fmt.Sprintf("POST /api/publish HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\n", addr)
	return p.writes(r.writers, func(int) (*wire, write, error) {
		w, err := dial(addr)
		if err != nil {
			return nil, nil, err
		}
		var body []byte
		return w, func(room int, content string) error {
			body = append(body[:0], `{"channel":"room`...)
			body = strconv.AppendInt(body, int64(room), 10)
			body = append(body, `","data":{"content":"`...)
			body = append(body, content...)
			body = append(body, `"}}`...)
			answer, err := w.post(head, body)
			return answered(answer, err, bytes.Contains(answer, []byte(`"offset":`)), "publish")
		}, nil
	})
}

// publication reads a frame that is no ping, and answers pings before it: those of Centrifugo are empty commands.
func (w *wire) publication() ([]byte, error) {
	for {
		text, err := w.frame()
		if err != nil || !bytes.Equal(bytes.TrimSpace(text), []byte("{}")) {
			return text, err
		}
		if err := w.say("{}"); err != nil {
			return nil, err
		}
	}
}

// inPath finds a program, and says which package of Debian has it.
func inPath(program, debian string) (string, error) {
	at, err := exec.LookPath(program)
	if err != nil {
		return "", errors.Join(fmt.Errorf("%s is missing: install the package %s", program, debian), err)
	}
	return at, nil
}
