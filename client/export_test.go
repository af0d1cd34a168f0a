package client

// Spend takes n tokens from a quota, for tests.
func Spend(q *Quota, n int) { q.take(n) }
