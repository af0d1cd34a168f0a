package auth

import (
	"log/slog"
	"strconv"
	"strings"
	"time"

	"parley.example/parley/internal/center"
)

// StreamPath is where agents' streams are opened, below the server's public URL; the token is the query's
// parameter "token".
const StreamPath = "/agent/ws"

// SessionLife is how long a user stays signed in, as at Amazon Connect's agent workspace.
const SessionLife = 12 * time.Hour

// Session is the session of a user who has signed in. That it has not been ended since is for the caller to check.
type Session struct {
	Instance center.InstanceID
	User     center.UserID
	ID       string // at most 64 bytes, without a dot
	Epoch    int64  // how often the user had signed out of all sessions when it began
	Until    time.Time
}

// SignedIn is a user who is signed in.
type SignedIn struct {
	Instance center.InstanceID
	User     center.UserID
}

// String names the user and the instance.
func (p SignedIn) String() string {
	return "user " + string(p.User) + " of instance " + string(p.Instance)
}

// LogAttrs returns the ids of both.
func (p SignedIn) LogAttrs() []slog.Attr {
	return []slog.Attr{slog.String("instance", string(p.Instance)), slog.String("user", string(p.User))}
}

// Principal returns who is signed in.
func (s Session) Principal() SignedIn { return SignedIn{s.Instance, s.User} }

// SealSession returns the token of a session, which is good until its end.
func (s *Sealer) SealSession(of Session) string { return s.sealSession(Desk, of, of.Until) }

// OpenSession returns the session of a token. Errors are those of [Sealer.Open].
func (s *Sealer) OpenSession(sealed string, now time.Time) (Session, error) {
	return s.openSession(Desk, sealed, now)
}

// Stream returns where a client of a session may open a stream from now on, below the server's public URL, which has
// http or https and no slash at the end, and until when. Each one is fresh, and leaves earlier ones valid.
func (s *Sealer) Stream(publicURL string, of Session, now time.Time) (url string, until time.Time) {
	if rest, ok := strings.CutPrefix(publicURL, "http"); ok { // and https
		publicURL = "ws" + rest
	}
	until = now.Add(dialWindow)
	return publicURL + StreamPath + "?token=" + s.sealSession(DeskStream, of, until), until
}

// OpenStream returns the session of a stream, given the token of its URL. Errors are those of [Sealer.Open].
func (s *Sealer) OpenStream(sealed string, now time.Time) (Session, error) {
	of, err := s.openSession(DeskStream, sealed, now)
	if err == nil && !now.Before(of.Until) {
		return Session{}, noAccess("the session expired at " + of.Until.Format(time.RFC3339))
	}
	return of, err
}

// CodeLife is how long a code for a session is good.
const CodeLife = 30 * time.Second

// Code returns a code with which another document of the same browser takes up a session, and until when. That it
// is used once is for whoever opens it to see to.
func (s *Sealer) Code(of Session, now time.Time) (code string, until time.Time) {
	until = now.Add(CodeLife)
	return s.sealSession(DeskCode, of, until), until
}

// OpenCode returns the session of a code. Errors are those of [Sealer.Open].
func (s *Sealer) OpenCode(code string, now time.Time) (Session, error) {
	return s.openSession(DeskCode, code, now)
}

func (s *Sealer) sealSession(kind Kind, of Session, expires time.Time) string {
	detail := of.ID + "." + strconv.FormatInt(of.Epoch, 10) + "." + strconv.FormatInt(of.Until.UnixMilli(), 10)
	return s.Seal(Token{Kind: kind, Chat: center.ContactID(of.Instance), Participant: center.ParticipantID(of.User), Expires: expires, Detail: detail})
}

func (s *Sealer) openSession(kind Kind, sealed string, now time.Time) (of Session, err error) {
	t, err := s.Open(kind, sealed, now)
	if err != nil {
		return of, err
	}
	part := strings.Split(t.Detail, ".")
	if len(part) != 3 {
		return of, noAccess("the token holds something else than expected")
	}
	epoch, err1 := strconv.ParseInt(part[1], 10, 64)
	until, err2 := strconv.ParseInt(part[2], 10, 64)
	if err1 != nil || err2 != nil {
		return of, noAccess("the token holds something else than expected")
	}
	return Session{
		Instance: center.InstanceID(t.Chat), User: center.UserID(t.Participant), ID: part[0], Epoch: epoch, Until: time.UnixMilli(until).UTC(),
	}, nil
}
