package scan

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"errors"
	"fmt"
	"hash"
	"io"
	"net"
	"net/http/httputil"
	"net/textproto"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const (
	maxHead  = 64 << 10 // bytes of an answer's heads, ICAP's and HTTP's each
	maxFound = 100      // bytes of what a scanner says it has found
)

// infected are the fields of an answer by which scanners say that there is something in a
// file: the first is that of most, the others are those of some.
var infected = []string{"X-Infection-Found", "X-Violations-Found", "X-Virus-Id"}

// askICAP has an ICAP server look at a file, as the body of an HTTP response (RESPMOD). The
// file is clean when the server answers that nothing is to be modified (204), or answers
// (200) with the same file again. It is not clean when the server says what it has found, or
// answers with another response, such as a page that explains. Everything else is no verdict.
func askICAP(ctx context.Context, u *url.URL, f *file) (verdict, error) {
	body, err := f.open(ctx)
	if err != nil {
		return verdict{}, err
	}
	defer body.Close()
	conn, err := dial(ctx, u)
	if err != nil {
		return verdict{}, err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()

	// The server may answer before it has read all, so both go on at the same time. The
	// goroutine ends with the connection.
	sum := sha256.New()
	sent := make(chan error, 1)
	go func() { sent <- send(conn, u, f, body, sum) }()
	v, err := receive(conn, f, func() ([]byte, error) { err := <-sent; sent <- err; return sum.Sum(nil), err })
	conn.Close()
	var broken *readError
	if sendErr := <-sent; errors.As(sendErr, &broken) {
		return verdict{}, sendErr // whatever the server said of half a file
	} else if err != nil {
		return verdict{}, err
	}
	return v, nil
}

func dial(ctx context.Context, u *url.URL) (net.Conn, error) {
	d := net.Dialer{Timeout: 5 * time.Second}
	if u.Scheme == "icaps" {
		return (&tls.Dialer{NetDialer: &d}).DialContext(ctx, "tcp", hostPort(u, "11344"))
	}
	return d.DialContext(ctx, "tcp", hostPort(u, "1344"))
}

// readError is one of reading the file, not of the connection.
type readError struct{ error }

func (e *readError) Unwrap() error { return e.error }

// send writes the request. sum is that of the file.
func send(w io.Writer, u *url.URL, f *file, body io.Reader, sum hash.Hash) error {
	request := "GET /" + url.PathEscape(f.ID) + "/" + url.PathEscape(f.Name) + " HTTP/1.1\r\nHost: parley\r\n\r\n"
	response := "HTTP/1.1 200 OK\r\nContent-Type: " + f.mediaType() + "\r\nContent-Length: " + strconv.FormatInt(f.Size, 10) + "\r\n\r\n"
	buffered := bufio.NewWriterSize(w, 32<<10)
	fmt.Fprintf(buffered, "RESPMOD %s ICAP/1.0\r\nHost: %s\r\nUser-Agent: Parley\r\nAllow: 204\r\nConnection: close\r\n"+
		"Encapsulated: req-hdr=0, res-hdr=%d, res-body=%d\r\n\r\n%s%s", u, u.Host, len(request), len(request)+len(response), request, response)
	chunks := httputil.NewChunkedWriter(buffered)
	n, err := io.Copy(io.MultiWriter(chunks, sum), readsFile{body})
	if err != nil {
		return err
	}
	if n != f.Size {
		return &readError{fmt.Errorf("the file has %d bytes and was announced with %d", n, f.Size)}
	}
	if err := chunks.Close(); err != nil {
		return err
	}
	if _, err := io.WriteString(buffered, "\r\n"); err != nil {
		return err
	}
	return buffered.Flush()
}

// readsFile marks errors of reading as such.
type readsFile struct{ r io.Reader }

func (r readsFile) Read(p []byte) (int, error) {
	n, err := r.r.Read(p)
	if err != nil && err != io.EOF {
		err = &readError{err}
	}
	return n, err
}

// receive reads the answer. sum waits until the file was sent, and returns its sum.
func receive(conn io.Reader, f *file, sum func() ([]byte, error)) (verdict, error) {
	r := bufio.NewReader(conn)
	status, head, err := readHead(r, "ICAP/")
	if err != nil {
		return verdict{}, err
	}
	if status != 204 && status != 200 {
		return verdict{}, fmt.Errorf("the scanner answered ICAP status %d", status)
	}
	if found := infection(head); found != "" {
		return verdict{found: found}, nil
	}
	if status == 204 {
		return verdict{clean: true}, nil
	}
	parts := head.Get("Encapsulated")
	if !strings.HasPrefix(parts, "res-hdr=0,") {
		return verdict{}, fmt.Errorf("the scanner answered 200 without a response in it (Encapsulated: %.100q)", parts)
	}
	status, head, err = readHead(r, "HTTP/")
	if err != nil {
		return verdict{}, err
	}
	if found := infection(head); found != "" {
		return verdict{found: found}, nil
	}
	if status != 200 || !strings.Contains(parts, "res-body=") {
		return verdict{found: fmt.Sprintf("another response, with status %d", status)}, nil
	}
	got := sha256.New()
	// One byte more than the file has shows that it is another one.
	n, err := io.Copy(got, io.LimitReader(httputil.NewChunkedReader(r), f.Size+1))
	if err != nil {
		return verdict{}, fmt.Errorf("read the scanner's answer: %w", err)
	}
	if n == f.Size {
		want, err := sum()
		if err != nil {
			return verdict{}, err
		}
		if string(got.Sum(nil)) == string(want) {
			return verdict{clean: true}, nil
		}
	}
	return verdict{found: "another body in its place"}, nil
}

// infection returns what a head says was found; "" when it says nothing of the kind.
func infection(head textproto.MIMEHeader) string {
	for _, name := range infected {
		for _, value := range head.Values(name) {
			if value = strings.TrimSpace(value); value != "" && value != "0" {
				return clip(value)
			}
		}
	}
	return ""
}

// readHead reads the first line and the fields of an answer of a protocol.
func readHead(r *bufio.Reader, protocol string) (status int, head textproto.MIMEHeader, err error) {
	var raw []byte
	for !bytes.HasSuffix(raw, []byte("\n\r\n")) && !bytes.HasSuffix(raw, []byte("\n\n")) {
		line, err := r.ReadSlice('\n')
		raw = append(raw, line...)
		switch {
		case len(raw) > maxHead:
			return 0, nil, fmt.Errorf("the scanner answered with more than %d bytes of fields", maxHead)
		case errors.Is(err, io.EOF):
			return 0, nil, fmt.Errorf("read the scanner's answer: %w", io.ErrUnexpectedEOF)
		case err != nil && !errors.Is(err, bufio.ErrBufferFull):
			return 0, nil, fmt.Errorf("read the scanner's answer: %w", err)
		}
	}
	text := textproto.NewReader(bufio.NewReader(bytes.NewReader(raw)))
	line, err := text.ReadLine()
	if err != nil {
		return 0, nil, err
	}
	version, rest, _ := strings.Cut(line, " ")
	code, _, _ := strings.Cut(rest, " ")
	if status, err = strconv.Atoi(code); err != nil || !strings.HasPrefix(version, protocol) || len(code) != 3 {
		return 0, nil, fmt.Errorf("the scanner answered what is not %s: %.60q", strings.TrimSuffix(protocol, "/"), line)
	}
	if head, err = text.ReadMIMEHeader(); err != nil {
		return 0, nil, fmt.Errorf("the scanner's answer has fields that cannot be read: %.100q", err)
	}
	return status, head, nil
}

// clip makes what a scanner says fit for a log.
func clip(s string) string {
	if len(s) > maxFound {
		s = s[:maxFound]
	}
	return strings.ToValidUTF8(s, "?")
}
