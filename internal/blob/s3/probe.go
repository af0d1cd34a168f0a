package s3

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// probe writes, reads and deletes an object whose key no file can have.
func (s *Store) probe(ctx context.Context) error {
	const content = "parley"
	key := ".probe-" + rand.Text()
	if err := s.put(ctx, key, &body{r: strings.NewReader(content), size: len(content)}); err != nil {
		return explained("write", err)
	}
	out, err := s.get(ctx, key, nil, nil)
	if err != nil {
		return explained("read", err)
	}
	got, err := io.ReadAll(io.LimitReader(out.Body, 1<<10))
	if err := errors.Join(err, out.Body.Close()); err != nil {
		return explained("read", err)
	}
	if string(got) != content {
		return fmt.Errorf("%q was written and %.20q read", content, got)
	}
	if err := s.delete(ctx, key); err != nil {
		return explained("delete", err)
	}
	// Without the right to list a bucket, what is missing is answered as forbidden.
	_, err = s.head(ctx, key)
	if err == nil {
		return errors.New("a deleted object is still there")
	}
	if status, _ := answered(err); status != http.StatusNotFound {
		return explained("look up", err)
	}
	return nil
}
