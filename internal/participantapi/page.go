package participantapi

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"

	"parley.example/parley/api/participant"
	"parley.example/parley/internal/auth"
	"parley.example/parley/internal/center"
)

// position is the content of a NextToken: where a page of a transcript begins,
// and the parameters of its request. The member names are short because they are
// part of the token.
type position struct {
	Back    bool             `json:"b,omitempty"`
	Contact center.ContactID `json:"c,omitempty"` // the ContactId asked for
	Start   string           `json:"p,omitempty"` // the fingerprint of the StartPosition
	Session int              `json:"s,omitempty"` // 0 for the chat, i for the i-th past contact
	Seq     int64            `json:"n,omitempty"` // the first item; 0 for the end that the scan comes from
}

// pageToken seals the scan's position for its participant.
func (s *Service) pageToken(sc *scan) string {
	detail, err := json.Marshal(sc.position)
	if err != nil {
		return "" // numbers and strings always encode
	}
	return s.Sealer.Seal(auth.Token{Kind: auth.Page, Chat: sc.Chat, Participant: sc.ID, Detail: string(detail)})
}

// resume continues at the position of the request's NextToken.
func (s *Service) resume(sc *scan, in *participant.GetTranscriptRequest) error {
	t, err := s.Sealer.Open(auth.Page, *in.NextToken, sc.now)
	if err != nil || t.Chat != sc.Chat || t.Participant != sc.ID || json.Unmarshal([]byte(t.Detail), &sc.position) != nil {
		return center.Errorf(center.Invalid, "NextToken was not returned by GetTranscript for this chat and participant")
	}
	start, err := startOf(in.StartPosition)
	if err != nil {
		return err
	}
	direction := participant.ScanDirectionFORWARD
	if sc.Back {
		direction = participant.ScanDirectionBACKWARD
	}
	switch {
	case in.ScanDirection != "" && in.ScanDirection != direction,
		in.ContactId != nil && center.ContactID(*in.ContactId) != sc.Contact,
		start != nil && fingerprint(start) != sc.Start:
		return center.Errorf(center.Invalid, "NextToken belongs to a request with a different ScanDirection, ContactId or StartPosition")
	}
	return nil
}

// fingerprint distinguishes StartPositions.
func fingerprint(p *participant.StartPosition) string {
	b, err := json.Marshal(p)
	if err != nil {
		return "" // strings and numbers always encode
	}
	sum := sha256.Sum256(b)
	return base64.RawURLEncoding.EncodeToString(sum[:9])
}
