package server

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"

	"parley.example/parley/internal/blob"
	"parley.example/parley/internal/blob/dir"
	"parley.example/parley/internal/blob/memory"
	"parley.example/parley/internal/blob/s3"
)

// memoryFiles bounds the attachments of a server that keeps everything in memory.
const memoryFiles = 256 << 20

// checkFiles checks where attachments are stored.
func (c *Config) checkFiles() error {
	if c.Files == "" {
		if c.FilesEndpoint != "" {
			return errors.New("files-endpoint: requires files in S3 (--files s3://BUCKET)")
		}
		return nil
	}
	if _, err := s3.ParseURL(c.Files); err != nil {
		return fmt.Errorf("files: %w", err)
	}
	if u, err := url.Parse(c.FilesEndpoint); c.FilesEndpoint != "" &&
		(err != nil || !isHTTP(u) || u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.Fragment != "" || u.User != nil) {
		return errors.New("files-endpoint: not the base URL of an S3-compatible service, like https://minio.example.com:9000")
	}
	return nil
}

// openBlobs opens the store of attachments.
func (s *Server) openBlobs(ctx context.Context) (blob.Store, error) {
	switch {
	case s.Files != "":
		at, err := s3.ParseURL(s.Files)
		if err != nil {
			return nil, fmt.Errorf("files: %w", err)
		}
		store, err := s3.Open(ctx, s3.Options{Location: at, Endpoint: s.FilesEndpoint, Region: s.Region})
		if err != nil {
			return nil, fmt.Errorf("files: %w", err)
		}
		s.Log.Info("storing files in S3", "files", at.String(), "endpoint", store.Endpoint())
		return store, nil
	case s.Data == "":
		return memory.New(memoryFiles), nil
	}
	if files := filepath.Join(s.Data, "files"); s.nodes.shared() { // by nodes on one directory
		return dir.Share(files)
	} else {
		return dir.Open(files)
	}
}
