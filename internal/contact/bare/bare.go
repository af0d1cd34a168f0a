// Package bare has a catalog without anything, for those who fill in a part of one.
package bare

import (
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/flow"
	"parley.example/parley/internal/flow/machine"
)

// Empty is a catalog, as package contact wants one, without any resources, which allows all functions and bots.
// It is meant to be embedded.
type Empty struct{}

// Published finds nothing.
func (Empty) Published(_ center.InstanceID, ref string) (*flow.Flow, center.FlowID, error) {
	return nil, "", center.Missing(center.KindFlow, ref)
}

// Content finds nothing.
func (Empty) Content(id center.FlowID, _ string) (*flow.Flow, error) {
	return nil, center.Missing(center.KindFlow, string(id))
}

// Default finds nothing.
func (Empty) Default(_ center.InstanceID, typ string) (*flow.Flow, center.FlowID, error) {
	return nil, "", center.Errorf(center.NotFound, "the instance has no default flow of the type %s", typ)
}

// Module finds nothing.
func (Empty) Module(_ center.InstanceID, ref string) (*flow.Flow, center.FlowID, error) {
	return nil, "", center.Missing(center.KindFlowModule, ref)
}

// Queue finds nothing.
func (Empty) Queue(_ center.InstanceID, ref string) (machine.Queue, error) {
	return machine.Queue{}, center.Missing(center.KindQueue, ref)
}

// Hours finds nothing.
func (Empty) Hours(_ center.InstanceID, ref string, _ time.Time) (machine.Opening, error) {
	return machine.Opening{}, center.Missing(center.KindHours, ref)
}

// FindView finds nothing.
func (Empty) FindView(_ center.InstanceID, ref string) (machine.View, error) {
	return machine.View{}, center.Missing(center.KindView, ref)
}

// LambdaAllowed allows all.
func (Empty) LambdaAllowed(center.InstanceID, string) error { return nil }

// Assistant finds nothing.
func (Empty) Assistant(_ center.InstanceID, assistant string) error {
	return center.Errorf(center.NotFound, "there is no assistant %s: Parley has none, and makes up a session only if --assistant-sessions is set", assistant)
}

// BotAllowed allows all.
func (Empty) BotAllowed(center.InstanceID, string) error { return nil }
