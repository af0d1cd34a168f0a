package server

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"

	"parley.example/parley/internal/auth"
	"parley.example/parley/internal/bus"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/catalog/setup"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
	"parley.example/parley/internal/contact/frames"
	"parley.example/parley/internal/engine"
	"parley.example/parley/internal/erasure"
	"parley.example/parley/internal/flow/machine"
	"parley.example/parley/internal/flowlog"
	"parley.example/parley/internal/identity"
	"parley.example/parley/internal/integration"
	"parley.example/parley/internal/measurer"
	"parley.example/parley/internal/participantapi"
	"parley.example/parley/internal/record"
	"parley.example/parley/internal/recorder"
	"parley.example/parley/internal/router"
	"parley.example/parley/internal/socket"
	"parley.example/parley/internal/store"
	"parley.example/parley/internal/stream"
)

// wire creates the parts and connects them.
func (s *Server) wire(ctx context.Context) error {
	now := s.clock.Now
	if err := s.openKeys(ctx); err != nil {
		return err
	}
	s.indexing = newIndexing(s.store, s.Log)
	s.router = router.New(router.Config{Store: s.store, Clock: s.clock, Log: s.Log, Leases: s.nodes.divided(), Bus: s.bus, Node: s.node})
	s.desks = desks{s}.hub()
	s.catalog = catalog.New(catalog.Config{
		Store: s.store, Partition: s.partition, Now: now, Log: s.Log, Unassociated: s.Dev, CheckReferences: s.CheckReferences, OldSpellings: s.OldSpellings,
		Limits: s.quotas, Bus: s.bus, Node: s.node, Shared: s.nodes.shared(),
		Changed: desks{s}.changed,

		AssistantSessions: s.AssistantSessions,
	})
	s.router.Catalog, s.desks.Catalog, s.router.Changed = s.catalog, s.catalog, s.desks.Refresh
	if s.Dev {
		if err := setup.SeedDemo(ctx, s.catalog); err != nil {
			return err
		}
		if err := (desks{s}).seed(ctx); err != nil {
			return err
		}
	}
	if err := s.wireOutwards(ctx); err != nil {
		return err
	}
	s.flowLog = s.newFlowLog()
	s.limits = s.newLimits()
	s.hub = s.newHub()
	s.measurer = measurer.New(s.catalog, s.store, s.clock, s.Log)
	cfg := engine.Config{
		Store: s.store, Bus: s.bus, Catalog: s.catalog.Chats(), Clock: s.clock, Partition: s.partition,
		Limits: s.Config.limits(), MaxActive: s.MaxActiveChats, Log: s.Log, Node: s.node, Shared: s.nodes.shared(), Leases: s.nodes.divided(), Peers: s.nodes.peers(),
		Integrations: struct {
			*integration.Lambda
			*integration.Bots
		}{s.lambda, s.bots},
		Streams: s.outbox, Views: viewTokens{s.sealer}, Files: participantapi.Files{Blobs: s.blobs}, Scanner: s.scanning(),
		Observers: []engine.Observer{s.router, s.desks, s.measurer, s.indexing, engine.ObserverFunc(func(c *engine.Commit) { s.flowLog.Add(c.Instance, c.Contact, c.Change.Log) })},
		Staff: struct {
			*catalog.Catalog
			*router.Router
		}{s.catalog, s.router},
		Records: s.targets.Kinds(), AgentObservers: []engine.AgentObserver{s.router, s.desks, s.measurer},
	}
	if cfg.Records.Has(record.AgentEvents) {
		s.beats = &recorder.Beats{Clock: s.clock, Store: s.store, Log: s.Log, Leases: s.nodes.divided(), Bus: s.bus, Node: s.node}
		cfg.Observers, cfg.AgentObservers = append(cfg.Observers, s.beats), append(cfg.AgentObservers, s.beats)
	}
	s.engine = engine.New(cfg)
	if s.nodes.bus != nil {
		if err := s.nodes.bus.Serve(s.node, s.engine.Homes.Answer); err != nil {
			return fmt.Errorf("bus: %w", err)
		}
	}
	s.eraser = &erasure.Worker{
		Store: s.store, Engine: s.engine, Catalog: s.catalog, Clock: s.clock, Files: participantapi.Files{Blobs: s.blobs},
		FlowLog: s.flowLog, Retain: s.retain, Log: s.Log,
	}
	if s.nodes.shared() {
		s.eraser.Told = func() { s.nodes.announce(aboutErasure) }
		s.eraser.Left = s.nodes.announceErased
		s.follower = erasure.NewFollower(erasure.Follower{
			Store: s.store, Catalog: s.catalog, Clock: s.clock, FlowLog: s.flowLog, Dir: s.flowLogDir(), Log: s.Log,
		})
	}
	s.desks.Begin(s.engine)
	s.passwords = identity.NewHasher(identity.Usual, 0)
	s.agents = desks{s}.api()
	s.gauges()
	s.handler = s.edge.Handler(s.mounts())
	return nil
}

// wireOutwards creates the parts that call other systems: functions, bots,
// streaming endpoints and identity providers.
func (s *Server) wireOutwards(ctx context.Context) error {
	client := integration.NewClient()
	aws, err := s.aws(ctx)
	if err != nil {
		return err
	}
	if s.bots, err = integration.NewBots(s.Bots, aws, client, s.Log); err != nil {
		return err
	}
	s.signIns = &integration.SignIns{Named: s.SignIns, Client: client, Log: s.Log}
	s.lambda, s.topics = s.functions(aws, client), s.streaming(client)
	s.topics.Wall = s.clock.Wall
	s.targets.Reach(aws)
	if err := s.targets.Open(); err != nil {
		return fmt.Errorf("record: %w", err)
	}
	sender := &recorder.Sender{Catalog: s.catalog, Store: s.store, Partition: s.partition, Targets: s.targets, Others: s.topics}
	s.outbox = &integration.Outbox{Store: s.store, Sender: sender, Partition: s.partition, Now: s.clock.Now, Log: s.Log}
	if s.nodes.shared() {
		s.outbox.Held = s.nodes.leases.Held
	}
	return nil
}

// scanning returns the scanner of attachments; nil when there is none.
func (s *Server) scanning() engine.Scanner {
	if s.scanner = s.Config.scanner(integration.NewClient()); s.scanner == nil {
		return nil
	}
	s.scanner.Files = participantapi.Files{Blobs: s.blobs}
	return s.scanner
}

// viewTokens seals the tokens that participants pass to DescribeView.
type viewTokens struct{ *auth.Sealer }

// ViewToken implements engine.ViewTokens.
func (t viewTokens) ViewToken(chat center.ContactID, v machine.View) string {
	return t.Seal(auth.Token{Kind: auth.View, Chat: chat, Detail: catalog.ShownDetail(v)})
}

// chats connects the hub to chats.
type chats struct{ s *Server }

// chatOf returns the chat of a socket's subject.
func chatOf(subject bus.Subject) (center.ContactID, error) {
	chat, ok := subject.Chat()
	if !ok {
		return "", center.Errorf(center.NotFound, "there are no sockets for %s", subject)
	}
	return chat, nil
}

// Attend implements stream.Source.
func (c chats) Attend(ctx context.Context, t stream.Ticket) (a stream.Attendance, err error) {
	chat, err := chatOf(t.Subject)
	if err != nil {
		return a, err
	}
	state, last, err := c.s.engine.Position(ctx, chat)
	if err != nil {
		return a, err
	}
	p, err := state.Recipient(t.Participant)
	if err != nil {
		return a, err
	}
	a.Role = p.Role
	if p.Role != center.RoleCustomer || !p.Joined.IsZero() && p.Owed == 0 {
		return a, nil
	}
	a.Owed, a.Last = last+1, last
	if p.Owed > 0 { // it has joined without a socket
		items, err := c.s.store.Items(ctx, store.ItemQuery{Chat: chat, From: p.Owed, After: t.Made, Limit: 1})
		if err != nil {
			return a, err
		}
		if len(items) > 0 {
			a.Owed = items[0].Seq
		}
	}
	return a, nil
}

// Connected implements stream.Source.
func (c chats) Connected(ctx context.Context, subject bus.Subject, id center.ParticipantID) error {
	chat, err := chatOf(subject)
	if err != nil {
		return err
	}
	_, err = c.s.engine.Do(ctx, chat, contact.Connect{Participant: id, Socket: true})
	return err
}

// repairPage is how many items are read at once for sockets that missed them:
// fewer than fit into a socket's queue.
const repairPage = 200

// Repair implements stream.Source.
func (c chats) Repair(ctx context.Context, subject bus.Subject, from int64) ([]bus.Event, error) {
	chat, err := chatOf(subject)
	if err != nil {
		return nil, err
	}
	items, err := c.s.store.Items(ctx, store.ItemQuery{Chat: chat, From: from, Limit: repairPage})
	if err != nil {
		return nil, err
	}
	head, err := c.s.store.Chat(ctx, chat) // after the items, so that it covers them all
	if err != nil {
		return nil, err
	}
	state, err := contact.DecodeChat(head.State)
	if err != nil {
		return nil, err
	}
	return frames.Again(state, items), nil
}

// Positions implements stream.Source.
func (c chats) Positions(ctx context.Context, subjects []bus.Subject) (map[bus.Subject]int64, error) {
	ids := make([]center.ContactID, 0, len(subjects))
	for _, subject := range subjects {
		if chat, ok := subject.Chat(); ok {
			ids = append(ids, chat)
		}
	}
	versions, err := c.s.store.Versions(ctx, ids)
	if err != nil {
		return nil, err
	}
	positions := make(map[bus.Subject]int64, len(versions))
	for _, v := range versions {
		positions[bus.Chat(v.Chat)] = v.LastSeq
	}
	return positions, nil
}

func (s *Server) newHub() *stream.Hub {
	return &stream.Hub{
		Bus: s.bus, Shared: s.nodes.shared(),
		Open: func(r *http.Request) (stream.Ticket, error) {
			t, err := s.sealer.Open(auth.Socket, r.URL.Query().Get("token"), s.clock.Now())
			if err != nil {
				s.limits.refused(r)
			}
			return stream.Ticket{Subject: bus.Chat(t.Chat), Participant: t.Participant, Made: t.Made()}, err
		},
		AllowOrigin: s.allowOrigin, Source: chats{s}, Log: s.Log, Refused: s.edge.Refused(), Limits: stream.Limits{Limits: socket.Limits{Span: s.CloseSpan}},
	}
}

// newFlowLog returns the flow log. In development mode it goes to the server's log
// too, for trying out flows; otherwise only at level debug.
func (s *Server) newFlowLog() *flowlog.Log {
	level := slog.LevelDebug
	if s.Dev {
		level = slog.LevelInfo
	}
	return &flowlog.Log{Dir: s.flowLogDir(), MaxBytes: s.FlowLogMB << 20, Hide: s.FlowLogHide, Log: s.Log, Level: level, Name: s.flowName}
}

// flowName returns the ARN and the name of a flow or a module; one that has been
// deleted has no name.
func (s *Server) flowName(ctx context.Context, instance center.InstanceID, id center.FlowID, module bool) (arn, name string) {
	kind := center.KindFlow
	if module {
		kind = center.KindFlowModule
	}
	arn = s.partition.ARN(instance, kind, string(id))
	snap, err := s.catalog.Snapshot(ctx, string(instance))
	if err != nil {
		return arn, ""
	}
	if module {
		if m, err := catalog.Get[*catalog.Module](snap, center.ModuleID(id)); err == nil {
			return arn, m.Name
		}
		return arn, ""
	}
	if f, err := catalog.Get[*catalog.Flow](snap, id); err == nil {
		return arn, f.Name
	}
	return arn, ""
}
