package gauge

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"

	"github.com/lxzan/gws"
)

// EchoEnv makes this program a bare echo: net/http and gws with nothing behind
// them, which is as fast as a server on them can be.
const EchoEnv = "PARLEY_BENCH_ECHO"

// StartEcho starts it, as a process of its own.
func StartEcho(ctx context.Context) (*Process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return Spawn(ctx, []string{EchoEnv + "=1"}, self)
}

type echo struct{ gws.BuiltinEventHandler }

// OnMessage implements gws.Event.
func (echo) OnMessage(c *gws.Conn, m *gws.Message) {
	defer m.Close()
	if err := c.WriteMessage(m.Opcode, m.Bytes()); err != nil {
		c.WriteClose(1011, nil) // the client sees the end
	}
}

// EchoMain is the main of that process: every program that probes calls it first, where [EchoEnv] is set. It returns the exit status.
func EchoMain() int {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	up := gws.NewUpgrader(echo{}, &gws.ServerOption{ReadBufferSize: 1024, WriteBufferSize: 1024})
	mux := http.NewServeMux()
	mux.HandleFunc("/ws", func(w http.ResponseWriter, r *http.Request) {
		if c, err := up.Upgrade(w, r); err == nil {
			go c.ReadLoop()
		}
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		w.Write(body) // the client sees the end
	})
	fmt.Printf("http://%s\n", l.Addr())
	fmt.Fprintln(os.Stderr, http.Serve(l, mux))
	return 1
}
