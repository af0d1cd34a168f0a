#!/usr/bin/env bash
# github.com/alecthomas/kong v1.17.0: a program that parses its command line with kong
# holds every exported method of every type that it can reach, called or not.
#
# kong looks methods up by name (AfterApply, Help, Run …) with reflect. The linker
# then cannot tell which methods are needed, and keeps all of them. A program that makes one
# request with a generated client of a service, here PutObject of aws-sdk-go-v2's S3 client,
# grows by the client's whole API: all of its operations, with what they decode.
#
# Prints the sizes of the same program with package flag and with kong, and fails
# when kong does not cost the S3 client's other operations any more.
set -euo pipefail
dir=$(mktemp -d)
trap 'chmod -R u+w "$dir"; rm -rf "$dir"' EXIT
cd "$dir"
cat > go.mod <<'MOD'
module example.test/size

go 1.26.0
MOD
mkdir plain withkong
cat > plain/main.go <<'GO'
package main

import (
	"context"
	"flag"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

func main() {
	bucket := flag.String("bucket", "b", "a bucket")
	flag.Parse()
	_, err := s3.New(s3.Options{Region: "us-east-1"}).PutObject(context.Background(), &s3.PutObjectInput{Bucket: bucket, Key: aws.String("k")})
	fmt.Println(err)
}
GO
cat > withkong/main.go <<'GO'
package main

import (
	"context"
	"fmt"

	"github.com/alecthomas/kong"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

func main() {
	var cli struct {
		Bucket string `help:"A bucket." default:"b"`
	}
	kong.Parse(&cli)
	_, err := s3.New(s3.Options{Region: "us-east-1"}).PutObject(context.Background(), &s3.PutObjectInput{Bucket: &cli.Bucket, Key: aws.String("k")})
	fmt.Println(err)
}
GO
export CGO_ENABLED=0 GOFLAGS=-mod=mod
go get github.com/alecthomas/kong@v1.17.0 github.com/aws/aws-sdk-go-v2@v1.48.0 github.com/aws/aws-sdk-go-v2/service/s3@v1.114.10 >/dev/null 2>&1
go mod tidy >/dev/null 2>&1
for p in plain withkong; do go build -trimpath -o $p.bin ./$p; done
operations() { go tool nm "$1" | grep -cE 's3\.\(\*Client\)\.[A-Z][A-Za-z0-9]*$'; }
plain=$(stat -c %s plain.bin) withkong=$(stat -c %s withkong.bin)
few=$(operations plain.bin) all=$(operations withkong.bin)
echo "with package flag: $plain bytes, $few methods of the S3 client"
echo "with kong:         $withkong bytes, $all methods of the S3 client"
[ "$few" -lt 20 ] && [ "$all" -gt 100 ] || { echo "kong keeps no more methods than flag does: this has changed"; exit 1; }
