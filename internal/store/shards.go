package store

// Shards is a set of the 64 shards into which chats, and the work that they
// leave (timers, effects, deliveries, uploads, replay keys), are divided: bit n
// stands for shard n. Nodes share the work by shard.
type Shards uint64

// AllShards has every shard: those of a single node.
const AllShards = ^Shards(0)

// ShardOf returns the shard of a chat, or of a replay key: 0 to 63. Stores may
// keep it in their tables, so it never changes.
func ShardOf[ID ~string](id ID) int {
	h := uint64(14695981039346656037) // FNV-1a
	for i := range len(id) {
		h = (h ^ uint64(id[i])) * 1099511628211
	}
	return int(h >> 58)
}

// Has reports whether the set has a shard.
func (s Shards) Has(shard int) bool { return s>>shard&1 == 1 }
