package recorder

// Known returns how many agents may have heartbeats.
func Known(b *Beats) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.known)
}
