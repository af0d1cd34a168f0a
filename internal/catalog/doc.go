// Package catalog keeps what an administrator sets up: instances, contact
// flows, queues, hours of operation, routing and security profiles, agent
// statuses and storage configurations.
//
// # Reading
//
// [Catalog.View] gives everything of one instance as it stands, in memory and
// immutable: asked once per request, it answers any number of questions
// without I/O or locks. A view is loaded on first use and replaced after each
// committed write; the views used least lately are dropped when there are many.
//
// # Writing
//
// Writes go to the store first and are seen by the next View after they are
// durable. Writes to one instance are made one after another, so quotas and
// unique names are exact within a process; between processes the store's
// version check decides, and the write is tried again on what it finds.
//
// # Flows
//
// The content of a flow is kept apart from the flow, under its hash: a chat
// goes on with the content it began with, however often the flow is published
// anew, for longer than a chat can last. The catalog is what package engine
// asks for flows: [Catalog.Prepare] loads, [Catalog.Published] and
// [Catalog.Content] answer from memory.
//
// Errors are *center.Error unless the store fails. Start reading at [Catalog].
package catalog
