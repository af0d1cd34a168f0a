package server

import (
	"path/filepath"

	"parley.example/parley/internal/blob"
	"parley.example/parley/internal/blob/dir"
	"parley.example/parley/internal/blob/memory"
)

// memoryFiles bounds the attachments of a server that keeps all in memory.
const memoryFiles = 256 << 20

// openBlobs opens where attachments are kept.
func (s *Server) openBlobs() (blob.Store, error) {
	if s.Data == "" {
		return memory.New(memoryFiles), nil
	}
	return dir.Open(filepath.Join(s.Data, "files"))
}
