package stream

// Cause is why a socket was closed.
type Cause uint8

// The causes. All but the first two are the server's doing and send a close
// frame. ChatJS comes back after any code; the native SDKs do not come back after
// 1000, which is therefore kept for chats that are over.
const (
	open        Cause = iota
	Left              // the client closed
	Lost              // the connection broke
	Ended             // 1000: the chat is over, or the participant is out of it
	Expired           // 1001: the socket is as old as a socket may get
	Silent            // 1001: nothing was heard for too long
	Stopping          // 1001: the server is shutting down
	Malformed         // 1002: not the WebSocket protocol
	Binary            // 1003: a binary frame
	NotJSON           // 1007: a text frame that does not begin with a JSON value in UTF-8
	TooBig            // 1009: a message over 16 KiB
	Unconnected       // 1011: the participant could not be marked as connected
	Slow              // 1013: the client does not read what it is sent
	causes            // how many there are
)

// MaxMessage is the longest message a client may send, in bytes, fragments added up.
const MaxMessage = 16 << 10

var causeTable = [causes]struct {
	name string
	code uint16 // of the close frame
	text string // its reason, for people who look at the wire
}{
	Left:        {"left", 1000, ""},
	Lost:        {"lost", 0, ""},
	Ended:       {"ended", 1000, "the chat has ended"},
	Expired:     {"expired", 1001, "the connection has expired, connect again"},
	Silent:      {"silent", 1001, "no heartbeat"},
	Stopping:    {"stopping", 1001, "the server is restarting, connect again"},
	Malformed:   {"malformed", 1002, "protocol error"},
	Binary:      {"binary", 1003, "only text frames are understood"},
	NotJSON:     {"not-json", 1007, "not JSON in UTF-8"},
	TooBig:      {"too-big", 1009, "the message is too long"},
	Unconnected: {"unconnected", 1011, "try again"},
	Slow:        {"slow", 1013, "reading too slowly, connect again"},
}

// String returns the cause's name, as metrics use it.
func (c Cause) String() string {
	if c == open || c >= causes {
		return "open"
	}
	return causeTable[c].name
}

// closeFrames are the close frames of the causes, ready to send.
var closeFrames = func() (frames [causes][]byte) {
	for c, t := range causeTable {
		if t.code != 0 {
			frames[c] = appendFrame(nil, opClose, append([]byte{byte(t.code >> 8), byte(t.code)}, t.text...))
		}
	}
	return frames
}()
