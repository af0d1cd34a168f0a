package store

import (
	"testing"
	"time"

	"parley.example/parley/internal/center"
)

// Tables may hold what ShardOf has returned: it stays as it is.
func TestShardOfNeverChanges(t *testing.T) {
	for id, want := range map[center.ContactID]int{
		"": 50, "c": 43, "00000000-0000-7000-8000-000000000001": 54, "0192f0c4-5e4b-7c1d-9a51-0a1b2c3d4e5f": 7, "StartChatContact/i/token": 10,
	} {
		if got := ShardOf(id); got != want {
			t.Errorf("ShardOf(%q) = %d; want %d", id, got, want)
		}
	}
}

func TestShardsAreEven(t *testing.T) {
	const each = 1000
	var n [64]int
	now := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	for i := range each * len(n) {
		n[ShardOf(center.NewContactID(now.Add(time.Duration(i)*time.Millisecond)))]++
	}
	for shard, got := range n {
		if got < each*3/4 || got > each*5/4 {
			t.Errorf("shard %d has %d chats; want about %d", shard, got, each)
		}
	}
}

func TestShardsHas(t *testing.T) {
	for shard := range 64 {
		if one := Shards(1) << shard; !one.Has(shard) || (^one).Has(shard) || !AllShards.Has(shard) || Shards(0).Has(shard) {
			t.Errorf("Has(%d) is wrong", shard)
		}
	}
}
