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

// memoryFiles bounds the attachments of a server that keeps all in memory.
const memoryFiles = 256 << 20

// checkFiles checks where attachments are to be kept.
func (c *Config) checkFiles() error {
	if c.Files == "" {
		if c.FilesEndpoint != "" {
			return errors.New("files-endpoint: only files in S3 have one (--files s3://BUCKET)")
		}
		return nil
	}
	if _, err := s3.ParseURL(c.Files); err != nil {
		return fmt.Errorf("files: %w", err)
	}
	if u, err := url.Parse(c.FilesEndpoint); c.FilesEndpoint != "" &&
		(err != nil || !isHTTP(u) || u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.Fragment != "" || u.User != nil) {
		return errors.New("files-endpoint: want the base URL of an S3-compatible service, as in https://minio.example.com:9000")
	}
	return nil
}

// openBlobs opens where attachments are kept.
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
		s.Log.Info("files are kept in S3", "files", at.String(), "endpoint", store.Endpoint())
		return store, nil
	case s.Data == "":
		return memory.New(memoryFiles), nil
	}
	return dir.Open(filepath.Join(s.Data, "files"))
}
