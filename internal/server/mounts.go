package server

import (
	"net/http"
	"strings"

	"parley.example/parley/api/agent"
	"parley.example/parley/api/connect"
	"parley.example/parley/api/participant"
	"parley.example/parley/internal/agentapi"
	"parley.example/parley/internal/agentapi/office"
	"parley.example/parley/internal/auth"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/connectapi"
	"parley.example/parley/internal/devapi"
	"parley.example/parley/internal/edge"
	"parley.example/parley/internal/engine"
	"parley.example/parley/internal/erasure"
	"parley.example/parley/internal/outboxapi"
	"parley.example/parley/internal/participantapi"
	"parley.example/parley/internal/ratelimit"
	"parley.example/parley/internal/ui"
	"parley.example/parley/internal/ui/console"
)

// maxConnectBody bounds the body of a connect request: enough for the 256,000
// characters of a flow, each of which some SDKs write as an escape of 6 bytes, or
// of 12 beyond the first plane.
const maxConnectBody = 4 << 20

// operated is the table of what operators ask: on the listener of their own if there is
// one, else among the others.
func (s *Server) operated() []edge.Mount {
	return append(s.health(), edge.Mount{Pattern: "GET /metrics", Handler: s.metrics.Handler()})
}

// health is the table of what load balancers ask, on every listener.
func (s *Server) health() []edge.Mount {
	return []edge.Mount{
		{Pattern: "GET /healthz", Handler: http.HandlerFunc(healthz), CORS: edge.AnyOrigin},
		{Pattern: "GET /readyz", Handler: http.HandlerFunc(s.readyz), CORS: edge.AnyOrigin},
	}
}

// adminMounts is the table of all routes of the operators' listener.
func (s *Server) adminMounts() []edge.Mount {
	return append(s.operated(), edge.Mount{Pattern: "/", Handler: http.NotFoundHandler()})
}

// mounts is the table of all routes of the main listener.
func (s *Server) mounts() []edge.Mount {
	participants := &participantapi.Service{
		Engine: s.engine, Store: s.store, Sealer: s.sealer, Blobs: s.blobs, Views: s.catalog, SignIns: s.signIns, Partition: s.partition,
		Now: s.clock.Now, PublicURL: s.urlFor, Log: s.Log, Refused: s.edge.Refused(),
	}
	contacts := connectapi.New(connectapi.Config{
		Catalog: s.catalog, Engine: s.engine, Router: s.router, Store: s.store, History: s.measurer, Sealer: s.sealer, Partition: s.partition,
		Now: s.clock.Now, PublicURL: s.urlFor, KnowsStream: s.topics.Knows, KnowsAIAgent: s.bots.Knows, SignIns: s.signIns,
		Deleted: s.eraser.Wake, Passwords: s.passwords,
	})
	gates := s.gates()
	chat := participant.NewHandler(participants, s.edge.Options(edge.API{
		Before: s.limits.participants(participants.Before), MapError: participantapi.MapError, Gates: gates,
	}))
	desk := s.agents.Cookies.Open(agent.NewHandler(agentapi.Console{Service: s.agents}, s.edge.Options(edge.API{
		Before: s.limits.agents(s.agents.Before), MapError: agentapi.MapError, Gates: gates,
	})))
	people := &office.Service{Console: agentapi.Console{Service: s.agents}, Connect: contacts}
	offices := s.agents.Cookies.Open(http.StripPrefix(office.Path, connect.NewHandler(people, s.edge.Options(edge.API{
		Before: s.limits.agents(people.Before), MapError: office.MapError(connectapi.MapError), Gates: gates,
	}))))
	signed := signed{s, contacts}
	administration := connect.NewHandler(contacts, s.edge.Options(edge.API{
		Before: s.limits.administrators(signed.authenticate), Authorize: s.limits.requests(signed.authorize),
		MapError: connectapi.MapError, Gates: gates, MaxBody: maxConnectBody,
	}))
	clock, flowLogs := devapi.Clock{Clock: s.clock, Mover: &engine.Mover{Engine: s.engine, Others: []engine.Timed{s.router}}}, devapi.FlowLogs{Log: s.flowLog}
	start := ui.Start{
		Instance: string(catalog.DemoInstance), Flow: string(catalog.DemoFlow), Region: s.Region, URL: s.urlFor,
		Agent: func(url string) string { return CommandLine(s.Command, "agent", url) },
	}
	root := edge.Mount{Pattern: "GET /{$}", Handler: ui.Home{}}
	if s.Dev {
		root.Handler = start
	}
	visitors := &devapi.Visitors{Log: s.Log, URL: s.URL}
	dev := []edge.Mount{
		{Pattern: "GET /dev/clock", Handler: http.HandlerFunc(clock.Get), Help: "the server's time"},
		{Pattern: "POST /dev/clock", Handler: http.HandlerFunc(clock.Set), Help: `moves it: {"Advance":"25h"} or "7d"; {"Freeze":true} stops it, false lets it run on`},
		{Pattern: "GET /dev/faults", Handler: http.HandlerFunc(s.faults.Get), Help: "the faults that are left"},
		{Pattern: "POST /dev/faults", Handler: http.HandlerFunc(s.faults.Set), Help: `replaces them: [{"Operation":"SendMessage","Status":503,"Count":2}]; [] ends them`},
		{Pattern: "GET /dev/flowlogs", Handler: flowLogs, Help: "follows what flows do, as server-sent events; ?contact=ID of one contact, ?recent=20 with the last ones first"},
	}
	index := devapi.Index{{Method: "GET", Path: "/dev", Help: "this list"}}
	for i, m := range dev {
		method, path, _ := strings.Cut(m.Pattern, " ")
		index = append(index, devapi.Endpoint{Method: method, Path: path, Help: m.Help})
		dev[i].Handler, dev[i].Dev, dev[i].CORS = visitors.Watch(m.Handler), true, edge.AnyOrigin
	}
	asked := s.operated()
	if s.AdminListen != "" {
		asked = s.health()
	}
	alias := "" // of the instance where somebody signs in
	if s.Dev {
		alias = catalog.DemoAlias
	}
	pages := append(desks{s}.pages().Mounts(), console.New(alias).Mounts()...)
	for i, m := range pages {
		pages[i].Handler = s.limits.outside(m.Handler)
	}
	erasures, letters := unkept(signed.erasures()), unkept(signed.letters())
	return append(append(asked, []edge.Mount{
		{Pattern: "/", Handler: administration, CORS: edge.AnyOrigin},
		{Pattern: "/participant/", Handler: chat, CORS: edge.AnyOrigin},
		{Pattern: edge.OwnPath, Handler: unkept(signed.keys())},
		{Pattern: erasure.Path, Handler: erasures},
		{Pattern: erasure.Path + "/", Handler: erasures},
		{Pattern: "/agent", Handler: desk},
		{Pattern: "/agent/", Handler: desk},
		{Pattern: office.Path + "/", Handler: offices},
		{Pattern: auth.StreamPath, Handler: s.limits.outside(s.desks)},
		{Pattern: outboxapi.Path, Handler: letters},
		{Pattern: outboxapi.Path + "/", Handler: letters},
		{Pattern: participantapi.FilesPath, Handler: s.limits.outside(edge.Patient(participants.Files())), CORS: edge.AnyOrigin, Secret: true},
		{Pattern: auth.SocketPath, Handler: s.limits.outside(s.hub), CORS: edge.AnyOrigin},
		root,
		{Pattern: "GET /assets/", Handler: start, Dev: true, CORS: edge.AnyOrigin},
		{Pattern: "GET /dev", Handler: index, Dev: true, CORS: edge.AnyOrigin},
		{Pattern: "GET /dev/", Handler: index, Dev: true, CORS: edge.AnyOrigin},
	}...), append(pages, dev...)...)
}

// gates are checks in front of both APIs.
func (s *Server) gates() (gates []edge.Gate) {
	if s.Dev {
		gates = append(gates, s.faults.Strike)
	}
	if s.CloudLimits {
		limits := &ratelimit.Limiter{Now: s.clock.Now}
		gates = append(gates, limits.Allow)
	}
	return gates
}
