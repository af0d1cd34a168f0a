package s3_test

import (
	"testing"

	"parley.example/parley/internal/blob"
	"parley.example/parley/internal/blob/blobtest"
	"parley.example/parley/internal/blob/s3"
	"parley.example/parley/internal/blob/s3/s3test"
)

func TestContract(t *testing.T) {
	blobtest.Run(t, func(t *testing.T) blob.Store { return open(t, s3test.Start(t, "files")) }, blobtest.Streams, blobtest.Lists)
}

// options are those of a store in a server's bucket.
func options(s *s3test.Server) s3.Options {
	return s3.Options{Location: s3.Location{Bucket: s.Bucket, Prefix: "chats/"}, Endpoint: s.URL, Region: "us-east-1", Dial: s.Dial}
}

func open(t *testing.T, s *s3test.Server) *s3.Store {
	t.Helper()
	store, err := s3.Open(t.Context(), options(s))
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	return store
}
