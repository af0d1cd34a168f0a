package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"parley.example/parley/bench/durable"
	"parley.example/parley/bench/gauge"
)

// nats starts a NATS server. With a directory it has JetStream, which flushes each message to the disk before it acknowledges it.
func (r *run) nats(ctx context.Context, store string) (*gauge.Process, error) {
	addr, err := durable.FreeAddress()
	if err != nil {
		return nil, err
	}
	config := fmt.Sprintf("listen: %q\n", addr)
	if store != "" {
		config += fmt.Sprintf("jetstream { store_dir: %q, sync_interval: always }\n", store)
	}
	file := filepath.Join(r.dir, "nats-"+filepath.Base(addr)+".conf")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		return nil, err
	}
	return gauge.SpawnAt(ctx, addr, r.natsServer, "-c", file)
}

// jetStream returns NATS with rooms as subjects, of one stream or each of a stream of its own, and two consumers a room that push what comes and want no acknowledgements.
func jetStream(streams bool) func(context.Context, *run) (*place, error) {
	return func(ctx context.Context, r *run) (*place, error) {
		p := &place{}
		s, err := r.nats(ctx, filepath.Join(r.dir, fmt.Sprint("jetstream-", streams)))
		if err != nil {
			return p, err
		}
		p.runs(s)
		admin, err := natsConnect(s.Addr, "admin")
		if err != nil {
			return p, err
		}
		defer admin.close()
		if !streams {
			if err := admin.manage("STREAM.CREATE.rooms", `{"name":"rooms","subjects":["room.>"],"storage":"file","num_replicas":1}`); err != nil {
				return p, err
			}
		}
		for room := range r.rooms {
			stream := "rooms"
			if streams {
				stream = fmt.Sprint("room-", room)
				if err := admin.manage("STREAM.CREATE."+stream, fmt.Sprintf(`{"name":%q,"subjects":["room.%d"],"storage":"file","num_replicas":1}`, stream, room)); err != nil {
					return p, err
				}
			}
			for end := range gauge.Ends {
				inbox := fmt.Sprintf("to.%d.%d", room, end)
				w, err := natsConnect(s.Addr, inbox)
				if err != nil {
					return p, err
				}
				p.listens(w.wire, room, end, w.message)
				if err := admin.manage("CONSUMER.CREATE."+stream, fmt.Sprintf(
					`{"stream_name":%q,"config":{"deliver_subject":%q,"deliver_policy":"new","ack_policy":"none","replay_policy":"instant","filter_subject":"room.%d"}}`, stream, inbox, room)); err != nil {
					return p, err
				}
			}
		}
		return p, p.writes(r.writers, func(worker int) (*wire, write, error) {
			w, err := natsConnect(s.Addr, fmt.Sprint("ack.", worker))
			if err != nil {
				return nil, nil, err
			}
			return w.wire, func(room int, content string) error { return w.publish("room."+strconv.Itoa(room), content) }, nil
		})
	}
}

// natsWire speaks the protocol of NATS as text, and hears one subject.
type natsWire struct {
	*wire
	inbox string
}

func natsConnect(addr, inbox string) (*natsWire, error) {
	w, err := dial(addr)
	if err != nil {
		return nil, err
	}
	n := &natsWire{w, inbox}
	info, err := w.line()
	if err == nil && !bytes.HasPrefix(info, []byte("INFO ")) {
		err = fmt.Errorf("NATS begins with %.100q", info)
	}
	if err == nil {
		_, err = fmt.Fprintf(w.conn, "CONNECT {\"verbose\":false,\"pedantic\":false}\r\nSUB %s 1\r\nPING\r\n", inbox)
	}
	for err == nil {
		var line []byte
		if line, err = w.line(); bytes.Equal(line, []byte("PONG")) {
			return n, nil
		} else if bytes.HasPrefix(line, []byte("-ERR")) {
			err = fmt.Errorf("NATS: %s", line)
		}
	}
	w.close()
	return nil, err
}

// message reads the next message, and answers pings before it.
func (n *natsWire) message() ([]byte, error) {
	for {
		line, err := n.line()
		if err != nil {
			return nil, err
		}
		switch {
		case bytes.HasPrefix(line, []byte("MSG ")):
			size, err := strconv.Atoi(string(line[bytes.LastIndexByte(line, ' ')+1:]))
			if err != nil {
				return nil, err
			}
			b, err := n.exactly(size + len("\r\n"))
			if err != nil {
				return nil, err
			}
			return b[:size], nil
		case bytes.Equal(line, []byte("PING")):
			if _, err := n.conn.Write([]byte("PONG\r\n")); err != nil {
				return nil, err
			}
		case bytes.HasPrefix(line, []byte("INFO ")):
		default:
			return nil, fmt.Errorf("NATS: %.100q", line)
		}
	}
}

// ask publishes and returns the answer.
func (n *natsWire) ask(subject, payload string) ([]byte, error) {
	n.out = append(n.out[:0], "PUB "...)
	n.out = append(n.out, subject...)
	n.out = append(n.out, ' ')
	n.out = append(n.out, n.inbox...)
	n.out = append(n.out, ' ')
	n.out = strconv.AppendInt(n.out, int64(len(payload)), 10)
	n.out = append(n.out, "\r\n"...)
	n.out = append(n.out, payload...)
	n.out = append(n.out, "\r\n"...)
	if _, err := n.conn.Write(n.out); err != nil {
		return nil, err
	}
	return n.message()
}

// publish returns when a stream has acknowledged a message.
func (n *natsWire) publish(subject, content string) error {
	answer, err := n.ask(subject, content)
	return answered(answer, err, bytes.Contains(answer, []byte(`"seq":`)), "publish")
}

// manage asks the API of JetStream.
func (n *natsWire) manage(what, payload string) error {
	answer, err := n.ask("$JS.API."+what, payload)
	return answered(answer, err, !bytes.Contains(answer, []byte(`"error":`)), what)
}
