package cli

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/flowlog"
)

// flowLogs follows the flow logs of a server.
type flowLogs struct {
	Endpoint string `help:"The server, in development mode (${default})." default:"http://127.0.0.1:8790" env:"PARLEY_ENDPOINT,AWS_ENDPOINT_URL_CONNECT,AWS_ENDPOINT_URL" placeholder:"URL"`
	Dir      string `help:"Read the files in this directory instead of asking a server, such as flow-logs in the server's data directory." placeholder:"DIR" env:"PARLEY_FLOW_LOGS"`
	Instance string `help:"Instance id. Default with --dir: the demo instance." placeholder:"ID" env:"PARLEY_INSTANCE"`
	Contact  string `help:"Only this contact." placeholder:"ID"`
	Flow     string `help:"Only this flow or module, by id." placeholder:"ID"`
	Recent   int    `help:"Start with this many of the latest records, at most 200 (${default})." default:"20" placeholder:"N"`
	Follow   bool   `help:"With --dir: follow the file as it grows." short:"f"`
	JSON     bool   `help:"Print raw records, one JSON object per line." name:"json"`
}

// Help is shown below the flags.
func (flowLogs) Help() string {
	return `Examples:
  parley flow logs                                   follow a server in development mode
  parley flow logs --contact ID --json
  parley flow logs --dir /var/lib/parley/flow-logs --instance ID --follow

Flows log what they do after the action UpdateFlowLoggingBehavior with Enabled
(Set logging behavior).`
}

// Run prints records until there are no more, or until it is interrupted.
func (c *flowLogs) Run(ctx context.Context, std streams) error {
	if c.Recent < 0 || c.Recent > 200 {
		return usage{errors.New("--recent must be from 0 to 200")}
	}
	show := func(line []byte) error { return c.print(std.out, line) }
	if c.Dir != "" {
		return c.read(ctx, show)
	}
	return c.tail(ctx, std.err, show)
}

// print writes one record.
func (c *flowLogs) print(w io.Writer, line []byte) error {
	if c.JSON {
		_, err := fmt.Fprintf(w, "%s\n", line)
		return err
	}
	var r flowlog.Record
	if json.Unmarshal(line, &r) != nil {
		return nil // not a record: the end of a file that was truncated
	}
	var b strings.Builder
	flow := r.FlowName
	if flow == "" {
		flow = r.FlowID[strings.LastIndexByte(r.FlowID, '/')+1:]
	}
	fmt.Fprintf(&b, "%s %s %s: %s", clock(r.Timestamp), r.ContactID, flow, r.Block)
	if r.Identifier != "" {
		fmt.Fprintf(&b, " %q", r.Identifier)
	}
	for _, key := range slices.Sorted(maps.Keys(r.Parameters)) {
		fmt.Fprintf(&b, " %s=%s", key, brief(r.Parameters[key]))
	}
	if r.External != nil {
		fmt.Fprintf(&b, " answer=%s", brief(r.External))
	}
	if r.Results != "" {
		fmt.Fprintf(&b, " -> %s", r.Results)
	}
	if r.ErrorDetail != nil {
		fmt.Fprintf(&b, " (%s)", r.ErrorDetail.Message)
	}
	_, err := fmt.Fprintln(w, strings.Join(strings.Fields(b.String()), " "))
	return err
}

// clock is the time of day of a timestamp.
func clock(timestamp string) string {
	_, t, ok := strings.Cut(timestamp, "T")
	if !ok {
		return timestamp
	}
	return strings.TrimSuffix(t, "Z")
}

// brief formats a value, shortened.
func brief(v any) string {
	const longest = 120
	text, ok := v.(string)
	if !ok {
		b, err := json.Marshal(v)
		if err != nil {
			return "?"
		}
		text = string(b)
	} else if strings.ContainsAny(text, " \t\n\"") || text == "" {
		text = strconv.Quote(text)
	}
	if short := []rune(text); len(short) > longest {
		return string(short[:longest]) + "…"
	}
	return text
}

// tail follows a server until it ends.
func (c *flowLogs) tail(ctx context.Context, errw io.Writer, show func([]byte) error) error {
	if err := address("endpoint", &c.Endpoint); err != nil {
		return err
	}
	q := url.Values{"recent": {strconv.Itoa(c.Recent)}}
	for name, value := range map[string]string{"instance": c.Instance, "contact": c.Contact, "flow": c.Flow} {
		if value != "" {
			q.Set(name, value)
		}
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, c.Endpoint+"/dev/flowlogs?"+q.Encode(), nil)
	if err != nil {
		return usage{fmt.Errorf("--endpoint: %w", err)}
	}
	res, err := http.DefaultClient.Do(r)
	if errors.Is(err, syscall.ECONNREFUSED) {
		return fmt.Errorf("no server answers at %s: start one with parley serve --dev, or read files with --dir", c.Endpoint)
	}
	if err != nil {
		return stopped(ctx, fmt.Errorf("%w (is the server running? Start one with parley serve --dev, or read files with --dir)", err))
	}
	defer func() { _ = res.Body.Close() }() // read to the end, or abandoned
	if res.StatusCode != http.StatusOK {
		text, err := io.ReadAll(io.LimitReader(res.Body, 1<<10))
		if err != nil {
			text = nil
		}
		return fmt.Errorf("%s answered %s: %s (live logs exist in development mode only; otherwise read the files with --dir)", c.Endpoint, res.Status, strings.TrimSpace(string(text)))
	}
	lines := bufio.NewScanner(res.Body)
	lines.Buffer(nil, 256<<10)
	lost := false
	for lines.Scan() {
		data, found := strings.CutPrefix(lines.Text(), "data: ")
		switch {
		case lines.Text() == "event: lost":
			lost = true
		case found && lost:
			lost = false
			fmt.Fprintln(errw, "lost records:", data)
		case found:
			if err := show([]byte(data)); err != nil {
				return err
			}
		}
	}
	return stopped(ctx, lines.Err())
}

// stopped returns nil if the user interrupted the command, else err.
func stopped(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// read prints the latest records of a file, and follows it when asked to.
func (c *flowLogs) read(ctx context.Context, show func([]byte) error) error {
	if c.Instance == "" {
		c.Instance = catalog.DemoInstance
	}
	path := filepath.Join(c.Dir, flowlog.FileName(c.Instance))
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // only read
	latest := make([][]byte, 0, c.Recent)
	from := bufio.NewReader(f)
	rest, err := records(from, nil, func(line []byte) error {
		if !c.wants(line) || c.Recent == 0 {
			return nil
		}
		if len(latest) == c.Recent {
			latest = append(latest[:0], latest[1:]...)
		}
		latest = append(latest, slices.Clone(line))
		return nil
	})
	if err != nil {
		return err
	}
	for _, line := range latest {
		if err := show(line); err != nil {
			return err
		}
	}
	wait := time.NewTicker(pollFile)
	defer wait.Stop()
	for c.Follow {
		select {
		case <-ctx.Done():
			return nil
		case <-wait.C:
		}
		next := replaced(f, path) // before the rest of the old file is read, so that the rest is complete
		if rest, err = records(from, rest, func(line []byte) error {
			if !c.wants(line) {
				return nil
			}
			return show(line)
		}); err != nil {
			return err
		}
		if next != nil {
			_ = f.Close() // only read
			f, rest = next, nil
			from.Reset(f)
		}
	}
	return nil
}

// pollFile is how often a file is checked for new records.
const pollFile = 300 * time.Millisecond

// maxRest bounds a line; a record is much shorter.
const maxRest = 1 << 20

// records passes the complete lines up to the end of the file to show. begun is
// the part of the first line that was read before; rest is that of the last one.
func records(from *bufio.Reader, begun []byte, show func([]byte) error) (rest []byte, err error) {
	rest = begun
	for {
		part, err := from.ReadSlice('\n')
		rest = append(rest, part...)
		switch {
		case err == nil:
			if err := show(rest[:len(rest)-1]); err != nil {
				return nil, err
			}
			rest = rest[:0]
		case errors.Is(err, bufio.ErrBufferFull) && len(rest) < maxRest:
		case errors.Is(err, io.EOF):
			return rest, nil
		default:
			return nil, err
		}
	}
}

// replaced opens the file at path if it is not f any more, because f was
// rotated. Otherwise it returns nil.
func replaced(f *os.File, path string) *os.File {
	old, err := f.Stat()
	if err != nil {
		return nil
	}
	now, err := os.Stat(path)
	if err != nil || os.SameFile(old, now) {
		return nil
	}
	next, err := os.Open(path)
	if err != nil {
		return nil
	}
	return next
}

// wants reports whether a line matches the filters.
func (c *flowLogs) wants(line []byte) bool {
	if c.Contact == "" && c.Flow == "" {
		return true
	}
	var r flowlog.Record
	return json.Unmarshal(line, &r) == nil && (c.Contact == "" || r.ContactID == c.Contact) && (c.Flow == "" || strings.HasSuffix(r.FlowID, "/"+c.Flow))
}
