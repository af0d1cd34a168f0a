// Package connectapi answers the Amazon Connect API: it turns requests into
// questions and commands of the packages below, and what they say into responses.
//
// There are no rules here beyond those of the API itself: names of members,
// paging tokens, and which exception stands for which error. The operations
// are answered by families, a package each; what they ask alike is in package
// query. What none of them answers is 501, through [connect.Unimplemented].
//
// Members that name an instance or a resource of one take an id or an ARN
// everywhere. Start reading at [Service] and [MapError].
package connectapi

import (
	"context"
	"time"

	"parley.example/parley/api/connect"
	"parley.example/parley/internal/auth"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/connectapi/agents"
	"parley.example/parley/internal/connectapi/contacts"
	"parley.example/parley/internal/connectapi/flows"
	"parley.example/parley/internal/connectapi/instances"
	"parley.example/parley/internal/connectapi/people"
	"parley.example/parley/internal/connectapi/queues"
	"parley.example/parley/internal/connectapi/reports"
	"parley.example/parley/internal/engine"
	"parley.example/parley/internal/identity"
	"parley.example/parley/internal/router"
	"parley.example/parley/internal/store"
)

// Service implements [connect.Service]: each family by its own methods. Make it
// with [New]. Its errors are exceptions of the API or *center.Error, which
// [MapError] understands.
type Service struct {
	agents.Agents
	contacts.Contacts
	flows.Flows
	flows.Modules
	instances.Instances
	people.People
	people.Users
	people.Hierarchy
	people.Attributes
	people.SecurityProfiles
	queues.Queues
	queues.Profiles
	queues.QuickConnects
	reports.Reports

	unanswered
}

// unanswered are all operations, one level deeper than those of the families,
// so that a method of a family is the one that counts.
type unanswered struct{ connect.Unimplemented }

var _ connect.Service = (*Service)(nil)

// Config is what a service is made of: see the members of the families.
type Config struct {
	Catalog      *catalog.Catalog
	Engine       *engine.Engine
	Router       *router.Router
	Store        store.Store
	History      reports.History
	Sealer       *auth.Sealer
	Partition    center.Partition
	Now          func() time.Time
	PublicURL    func(context.Context) string
	KnowsStream  func(arn string) bool
	KnowsAIAgent func(id center.AIAgentID) bool
	SignIns      contacts.SignIns
	Deleted      func() // see instances.Instances
	Passwords    *identity.Hasher
}

// New returns the service. All members of c are needed.
func New(c Config) *Service {
	return &Service{
		Agents: agents.Agents{Catalog: c.Catalog, Engine: c.Engine, Router: c.Router},
		Contacts: contacts.Contacts{
			Catalog: c.Catalog, Engine: c.Engine, Store: c.Store, Sealer: c.Sealer, Partition: c.Partition, Now: c.Now,
			PublicURL: c.PublicURL, KnowsStream: c.KnowsStream, KnowsAIAgent: c.KnowsAIAgent, SignIns: c.SignIns,
		},
		Flows:     flows.Flows{Catalog: c.Catalog},
		Modules:   flows.Modules{Catalog: c.Catalog},
		Instances: instances.Instances{Catalog: c.Catalog, Store: c.Store, Now: c.Now, Deleted: c.Deleted, AccessURL: c.PublicURL},
		People:    people.People{Catalog: c.Catalog},

		Users:            people.Users{Catalog: c.Catalog, Hash: c.Passwords.Hash, Agents: c.Engine.Agents},
		Hierarchy:        people.Hierarchy{Catalog: c.Catalog},
		Attributes:       people.Attributes{Catalog: c.Catalog},
		SecurityProfiles: people.SecurityProfiles{Catalog: c.Catalog},
		Queues:           queues.Queues{Catalog: c.Catalog, Store: c.Store},
		Profiles:         queues.Profiles{Catalog: c.Catalog},
		QuickConnects:    queues.QuickConnects{Catalog: c.Catalog},
		Reports:          reports.Reports{Catalog: c.Catalog, History: c.History, Now: c.Now},
	}
}
