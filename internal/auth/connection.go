package auth

import (
	"strings"
	"time"

	"parley.example/parley/internal/center"
)

// SocketPath is where sockets are opened, below the server's public URL; the
// token is the query's parameter "token".
const SocketPath = "/ws"

// MaxURL is how many characters a socket's URL may have (PreSignedConnectionUrl).
const MaxURL = 2000

// How long what a participant connects with is valid.
const (
	// dialWindow is how long a socket's URL may be dialled: the documented 100
	// seconds, and some network latency. It may be dialled more than once: clients
	// do so when a first attempt fails.
	dialWindow = 100*time.Second + 5*time.Second
	// socketLife is Websocket.ConnectionExpiry. Clients reconnect with a new
	// connection before it.
	socketLife = 60 * time.Minute
	// ConnectionLife is ConnectionCredentials.Expiry. ChatJS renews the token a
	// minute before it, so it must be longer than that, and at most the 24 days of
	// a browser timer.
	ConnectionLife = 24 * time.Hour
)

// Websocket and ConnectionCredentials have the members of the structures of these
// names, in which the two APIs agree, so that they convert to those of either.
type (
	Websocket             struct{ Url, ConnectionExpiry *string }
	ConnectionCredentials struct{ ConnectionToken, Expiry *string }
)

// Websocket returns where a participant may open a socket from now on, below the
// server's public URL, which has http or https and no slash at the end. Each one is
// fresh, and leaves earlier ones valid. Whether the participant may still listen
// is asked at the handshake.
func (s *Sealer) Websocket(publicURL string, chat center.ContactID, p center.ParticipantID, now time.Time) *Websocket {
	if rest, ok := strings.CutPrefix(publicURL, "http"); ok { // and https
		publicURL = "ws" + rest
	}
	token := s.Seal(Token{Kind: Socket, Chat: chat, Participant: p, Expires: now.Add(dialWindow)})
	return &Websocket{Url: new(publicURL + SocketPath + "?token=" + token), ConnectionExpiry: stamped(now.Add(socketLife))}
}

// Made returns when the URL of a socket was made, given its token.
func (t Token) Made() time.Time { return t.Expires.Add(-dialWindow) }

// Credentials returns a token for the calls of a participant. Each one is fresh,
// and leaves earlier ones valid.
func (s *Sealer) Credentials(chat center.ContactID, p center.ParticipantID, now time.Time) *ConnectionCredentials {
	expires := now.Add(ConnectionLife)
	return &ConnectionCredentials{
		ConnectionToken: new(s.Seal(Token{Kind: Connection, Chat: chat, Participant: p, Expires: expires})), Expiry: stamped(expires),
	}
}

// stamped is a time as both APIs write it.
func stamped(t time.Time) *string { return new(t.UTC().Format(center.TimeLayout)) }
