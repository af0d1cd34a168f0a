package s3

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"parley.example/parley/internal/blob"
)

// Location is where in S3 files are kept.
type Location struct {
	Bucket string
	Prefix string // of the keys of objects; "" or ending in a slash
}

// bucketName is what buckets may be called, those of long ago apart.
var bucketName = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)

// ParseURL reads a location as in s3://BUCKET/PREFIX. The prefix may be left
// out, and is a path as keys of files are: see package blob.
func ParseURL(url string) (Location, error) {
	rest, ok := strings.CutPrefix(url, "s3://")
	bucket, prefix, _ := strings.Cut(strings.TrimSuffix(rest, "/"), "/")
	switch {
	case strings.Contains(url, "@"): // not repeated: it may hold a secret
		return Location{}, errors.New("credentials are not allowed in the URL; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE")
	case !ok:
		return Location{}, fmt.Errorf("%q: want s3://BUCKET or s3://BUCKET/PREFIX", url)
	case !bucketName.MatchString(bucket) || strings.Contains(bucket, ".."):
		return Location{}, fmt.Errorf("%q: %q is not a valid name of a bucket", url, bucket)
	case prefix == "":
		return Location{Bucket: bucket}, nil
	case blob.CheckKey(prefix) != nil:
		return Location{}, fmt.Errorf("%q: the prefix %q: want segments of letters, digits, dots, dashes and underscores", url, prefix)
	}
	return Location{Bucket: bucket, Prefix: prefix + "/"}, nil
}

// String returns the location as [ParseURL] reads it.
func (l Location) String() string {
	return "s3://" + l.Bucket + strings.TrimSuffix("/"+l.Prefix, "/")
}
