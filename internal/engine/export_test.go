package engine

// Following returns how many agents have a next status that the engine remembers.
func Following(e *Engine) int {
	e.Agents.mu.Lock()
	defer e.Agents.mu.Unlock()
	return len(e.Agents.next) + len(e.Agents.loose)
}
