// Package catalog keeps what an administrator sets up: instances, contact
// flows and their modules, views, queues, hours of operation, quick connects, routing and
// security profiles, agent statuses, users with the hierarchy of their groups and
// predefined attributes, storage configurations, and the functions, bots and
// origins that an instance may use.
//
// # Reading
//
// [Catalog.Snapshot] gives everything of one instance as it stands, in memory and
// immutable: asked once per request, it answers any number of questions
// without I/O or locks. A snapshot is loaded on first use and replaced after each
// committed write; those used least lately are evicted when there are many. Users, of
// which there may be very many, are in it once somebody has asked for them
// ([Catalog.SnapshotWith]).
// References of the API, an id or an ARN, are resolved by [Find], [FindContent]
// and their like; everything else takes ids, each kind a type of its own ([Get]).
//
// # Writing
//
// [Catalog.Change], and [Add], [Update] and [Remove] for one resource, write to the
// store first; the next Snapshot shows what is durable. Writes to one instance
// are made one after another, so quotas of an instance and unique names are
// exact; between nodes the store's version check decides, and the change is
// decided again on what is there. What can be changed is in the packages below:
// publishing for flows, modules and views, queueing for queues, hours, routing profiles,
// quick connects and agent statuses, permission for security profiles, staffing for users,
// setup for instances.
//
// What a kind of resource is (its Go type, its quota, whether it has tags,
// contents or unique names, what searches may name of it) is one row of a table.
//
// # Other nodes
//
// With [Config.Shared] other nodes write to the same store. Each publishes the
// revision of the instance after its write, on the subject [bus.Instance]; a
// catalog subscribes to the instances that it has in memory, and loads again what
// is older when it is next asked for. A chat in the middle of a command finishes
// on what it has. Notices may be late, lost or repeated: a snapshot is compared
// with the store's revision often enough to be no more than [Fresh] behind, or
// Snapshot and Prepare report the store's failure. A node alone does none of this.
//
// # Contents
//
// The contents of flows, modules and views are kept apart from their
// resources, under their hashes: a chat goes on with the content it began with,
// and a customer can read the view that was shown, however often something is
// published anew or deleted, for longer than a chat can last (package contents).
// A snapshot holds what is published of flows and modules. What a version has is
// read when a chat comes to it ([contact.Need], [Chats.Prepare]), by its number or
// an alias.
//
// # What flows ask for
//
// [Catalog.Chats] is package contact's Catalog: [Chats.Prepare] loads, the other
// methods, as [Chats.Published], [Chats.Module], [Chats.Queue] and [Chats.Hours],
// answer from memory.
//
// Errors are *center.Error unless the store fails. Start reading at [Catalog]:
// below it are a cache of snapshots, the loader that makes them, and the rowStore
// with all that is asked of the store.
package catalog
