package recorder

import (
	"context"
	"fmt"
	"iter"
	"strings"
	"time"

	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/integration"
	"parley.example/parley/internal/record"
	"parley.example/parley/internal/store"
)

// Store is what a [Sender] reads.
type Store interface {
	Contacts(ctx context.Context, q store.ContactQuery) iter.Seq2[center.Contact, error]
	Items(ctx context.Context, q store.ItemQuery) ([]center.Item, error)
}

// Sender sends facts to where their kinds go. Its methods may be called by many goroutines.
type Sender struct {
	Catalog   *catalog.Catalog
	Store     Store
	Partition center.Partition
	Targets   Targets
	// Others sends what is no fact: items to streaming endpoints.
	Others integration.Sender
}

// target is where a kind goes.
type target interface {
	// name tells targets apart that fail and recover independently.
	name() string
	send(ctx context.Context, p *parcel) error
}

// parcel is a fact on its way.
type parcel struct {
	fact  *record.Fact
	body  []byte        // one JSON object
	place *record.Place // of a transcript
	// storage is what the instance has set up for the kind; nil for nothing.
	storage *catalog.StorageConfig
}

// Destination implements integration.Sender.
func (s *Sender) Destination(endpoint string) string {
	kind, ok := record.KindOf(endpoint)
	if !ok {
		return s.Others.Destination(endpoint)
	}
	if t := s.Targets.of[kind]; t != nil {
		return t.name()
	}
	return ""
}

// Send implements integration.Sender.
func (s *Sender) Send(ctx context.Context, d *store.Delivery, now time.Time) error {
	kind, ok := record.KindOf(d.Endpoint)
	if !ok {
		return s.Others.Send(ctx, d, now)
	}
	to := s.Targets.of[kind]
	if to == nil {
		return integration.Refusal(fmt.Sprintf("no destination is configured for %s", kind)) // any more: there was one when it was written
	}
	f, err := record.Read(d)
	if err != nil {
		return integration.Refusal(err.Error())
	}
	snap, err := s.Catalog.SnapshotWith(ctx, center.KindUser, string(f.Instance))
	switch {
	case err != nil && center.ReasonOf(err) == center.NotFound:
		return nil // the instance is gone
	case err != nil:
		return err
	}
	setting, err := s.setting(ctx, snap, f)
	if err != nil || setting == nil {
		return err
	}
	body, err := record.Render(f, setting)
	if err != nil {
		return integration.Refusal(err.Error())
	}
	return to.send(ctx, &parcel{fact: f, body: body, place: setting.Place, storage: storageOf(snap, kind)})
}

// setting gathers what a fact lacks; nil when it is told of no more, because it is about what has been erased.
func (s *Sender) setting(ctx context.Context, snap *catalog.Snapshot, f *record.Fact) (_ *record.Setting, err error) {
	out := &record.Setting{Partition: s.Partition, Queues: map[center.QueueID]string{}, Agents: map[center.UserID]record.Agent{}}
	if f.Kind == record.AgentEvents {
		out.Agents[f.User] = agentOf(snap, f.User)
		for _, list := range []*record.Snapshot{f.Was, f.Is} {
			if list == nil {
				continue
			}
			for _, h := range list.Hands {
				name(snap, out, h.Queue)
			}
		}
		return out, nil
	}
	if f.Contact == nil {
		if f.Contact, err = s.contact(ctx, f.Of); err != nil || f.Contact == nil {
			return nil, err
		}
	}
	name(snap, out, f.Contact.Queue)
	if user := f.Contact.Agent; user != "" {
		out.Agents[user] = agentOf(snap, user)
	}
	out.Place = placeOf(snap, f.Contact, s.Targets.of[record.Transcripts])
	if f.Kind != record.ContactEvents || f.Type == record.Completed {
		if out.Items, err = s.items(ctx, f); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// contact reads the record of a contact; nil when it has been erased.
func (s *Sender) contact(ctx context.Context, id center.ContactID) (*center.Contact, error) {
	for c, err := range s.Store.Contacts(ctx, store.ContactQuery{IDs: []center.ContactID{id}}) {
		return &c, err
	}
	return nil, nil
}

// items reads what was said in a contact.
func (s *Sender) items(ctx context.Context, f *record.Fact) (all []center.Item, err error) {
	for from := int64(1); ; {
		page, err := s.Store.Items(ctx, store.ItemQuery{Chat: f.Chat, Contact: f.Of, From: from})
		if err != nil || len(page) == 0 {
			return all, err
		}
		all = append(all, page...)
		from = page[len(page)-1].Seq + 1
	}
}

// name looks up the name of a queue; an agent's own has none.
func name(snap *catalog.Snapshot, out *record.Setting, id center.QueueID) {
	if q, err := catalog.Get[*catalog.Queue](snap, id); err == nil {
		out.Queues[id] = q.Name
	}
}

// Where the transcripts of an instance are stored that has no storage configuration for them.
const (
	usualBucket = "chat-transcripts"
	usualFolder = "ChatTranscripts"
)

// placeOf returns where the transcript of a contact is stored: as the instance's storage configuration for
// CHAT_TRANSCRIPTS says. It is nil when transcripts go nowhere.
func placeOf(snap *catalog.Snapshot, c *center.Contact, to target) *record.Place {
	if to == nil {
		return nil
	}
	bucket, prefix := usualBucket, "connect/"+snap.Instance.Name+"/"+usualFolder
	if config := storageOf(snap, record.Transcripts); config != nil && config.S3 != nil {
		bucket, prefix = config.S3.Bucket, strings.Trim(config.S3.Prefix, "/")
	} else if _, ok := to.(*cloud); ok {
		return nil
	}
	return &record.Place{Bucket: bucket, Key: strings.TrimPrefix(record.TranscriptKey(prefix, c), "/")}
}

// agentOf returns what has been set up for an agent. Of one who does not exist nothing is known.
func agentOf(snap *catalog.Snapshot, id center.UserID) (a record.Agent) {
	u, err := catalog.Get[*catalog.User](snap, id)
	if err != nil {
		return a
	}
	a.UserName, a.FirstName, a.LastName = u.Name, u.Identity.FirstName, u.Identity.LastName
	if g, err := catalog.Get[*catalog.Group](snap, u.Group); err == nil {
		for _, above := range catalog.Path(snap, g) {
			if above != nil {
				a.Groups = append(a.Groups, record.Named{ARN: snap.ARNOf(above), Name: above.Name})
			}
		}
	}
	for _, p := range u.Proficiencies {
		a.Proficiencies = append(a.Proficiencies, record.Proficiency{Name: p.Attribute, Value: p.Value, Level: float64(p.Level)})
	}
	p, err := catalog.Get[*catalog.RoutingProfile](snap, u.RoutingProfile)
	if err != nil {
		return a
	}
	a.Profile = record.Named{ARN: snap.ARNOf(p), Name: p.Name}
	for _, c := range p.Concurrency {
		a.Concurrency = append(a.Concurrency, record.Concurrency{Channel: c.Channel, Max: c.Max})
	}
	if q, err := catalog.Get[*catalog.Queue](snap, p.DefaultOutbound); err == nil {
		a.Outbound = record.Inbound{Named: record.Named{ARN: snap.ARNOf(q), Name: q.Name}, Channels: []string{"VOICE"}}
	}
	for _, id := range p.QueueIDs() {
		q, err := catalog.Get[*catalog.Queue](snap, center.QueueID(id))
		if err != nil {
			continue
		}
		in := record.Inbound{Named: record.Named{ARN: snap.ARNOf(q), Name: q.Name}}
		for _, from := range p.Queues {
			if from.Queue == q.ID {
				in.Channels = append(in.Channels, from.Channel)
			}
		}
		a.Inbound = append(a.Inbound, in)
	}
	return a
}
