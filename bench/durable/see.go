package durable

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"parley.example/parley/api/participant"
)

// see reads what there is of the chat.
func (v *visit) see(ctx context.Context) (*Seen, error) {
	s := &Seen{Files: v.before, Notes: v.load.Hook.of(v.Contact)}
	v.mu.Lock()
	s.Heard = v.heard
	v.mu.Unlock()
	var err error
	if s.Transcript, err = v.transcript(ctx); err != nil {
		return nil, err
	}
	out, err := v.load.client.GetContactAttributes().InstanceID(v.load.instance).InitialContactID(v.Contact).Send(ctx)
	if err != nil {
		return nil, err
	}
	s.Attributes = out.Attributes
	for id := range v.Files {
		if v.Ended {
			break
		}
		if s.Files[id], err = v.fetch(ctx, id); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// transcript reads the whole transcript with the customer's connection token.
func (v *visit) transcript(ctx context.Context) (items []Item, err error) {
	in := v.load.client.Participant.GetTranscript().ConnectionToken(v.bearer).MaxResults(100).ScanDirection(participant.ScanDirectionFORWARD).
		SortOrder(participant.SortKeyASCENDING).StartPosition(participant.StartPosition{AbsoluteTime: new("2000-01-01T00:00:00.000Z")})
	for it, err := range in.Items(ctx) {
		if err != nil {
			return nil, err
		}
		items = append(items, flatten(&it))
	}
	return items, nil
}

// eventPrefix stands before the names of events.
const eventPrefix = "application/vnd.amazonaws.connect.event."

// flatten keeps of an item what is compared.
func flatten(it *participant.Item) Item {
	flat := Item{ID: *it.Id, Role: string(it.ParticipantRole), At: *it.AbsoluteTime}
	if it.ParticipantId != nil {
		flat.Participant = *it.ParticipantId
	}
	switch {
	case len(it.Attachments) > 0:
		flat.Text = *it.Attachments[0].AttachmentId
	case it.Content != nil:
		flat.Text = *it.Content
	default:
		name := strings.TrimPrefix(*it.ContentType, eventPrefix)
		flat.Event, flat.Text = true, name[strings.LastIndexByte(name, '.')+1:]
	}
	if flat.Role == "" {
		flat.Role = "SYSTEM" // of a chat's end
	}
	if it.MessageMetadata != nil {
		for _, r := range it.MessageMetadata.Receipts {
			flat.Read = flat.Read || r.ReadTimestamp != nil
		}
	}
	return flat
}

// fetch downloads an attachment; it tries until the server answers.
func (v *visit) fetch(ctx context.Context, id string) (text string, err error) {
	_, err = v.attempt(ctx, false, func(ctx context.Context) error {
		out, err := v.load.client.Participant.GetAttachment().ConnectionToken(v.bearer).AttachmentID(id).Send(ctx)
		if err != nil {
			return err
		}
		text, err = do(ctx, http.MethodGet, *out.Url, nil, "")
		return err
	})
	return text, err
}

// put uploads a file.
func put(ctx context.Context, to *participant.UploadMetadata, text string) error {
	_, err := do(ctx, http.MethodPut, *to.Url, to.HeadersToInclude, text)
	return err
}

func do(ctx context.Context, method, url string, header map[string]string, body string) (string, error) {
	r, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		return "", err
	}
	for name, value := range header {
		r.Header.Set(name, value)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return "", err
	}
	defer res.Body.Close() // read to its end
	text, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode != http.StatusOK {
		err = &refusal{res.StatusCode, string(text)}
	}
	return string(text), err
}

// refusal is an answer of the files' URLs.
type refusal struct {
	status int
	text   string
}

func (r *refusal) Error() string { return fmt.Sprintf("%d %s", r.status, r.text) }

// Status is as that of a [client.Error].
func (r *refusal) Status() int { return r.status }

// metric reads a figure of the server's.
func metric(ctx context.Context, endpoint, name string) (float64, error) {
	text, err := do(ctx, http.MethodGet, endpoint+"/metrics", nil, "")
	if err != nil {
		return 0, err
	}
	for lines := bufio.NewScanner(strings.NewReader(text)); lines.Scan(); {
		if value, ok := strings.CutPrefix(lines.Text(), name+" "); ok {
			return strconv.ParseFloat(value, 64)
		}
	}
	return 0, fmt.Errorf("there is no metric %s", name)
}
