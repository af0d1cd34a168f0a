// Package cluster has no program. Its test runs three Parley nodes on one PostgreSQL database and one NATS server behind a
// balancer, under the load and the checks of package durable, while nodes are killed, frozen and replaced, and what
// they share fails. It lasts about a minute; make soak-nodes has it last ten, with nodes of two commits, one of which has a clock that is a minute off.
//
// It prints how long each takeover has taken, from the signal to the first delivery by another node.
//
// Start reading at TestNodes.
package cluster
