#!/usr/bin/env bash
# github.com/aws/aws-sdk-go-v2/service/s3 v1.114.10 with Go 1.26: PutObject of more than 2 MB
# carries "Expect: 100-continue", and its body is sent at once all the same.
#
# net/http waits for the service's 100 only when the request is of HTTP 1.1 or later by
# its fields (Request.ProtoAtLeast). The SDK makes its requests as struct literals that leave
# Proto, ProtoMajor and ProtoMinor zero. A busy service that answers 503 to the header alone
# has been sent, and has to read or cut off, what the header was to spare it; and a body that
# cannot be rewound cannot be retried, though nothing had to be sent.
#
# Prints how much of a body arrives while the service says nothing for a second: from
# the SDK, and from the same SDK with the three fields set. Fails when the first is nothing.
set -euo pipefail
dir=$(mktemp -d)
trap 'chmod -R u+w "$dir"; rm -rf "$dir"' EXIT
cd "$dir"
cat > go.mod <<'MOD'
module example.test/expect

go 1.26.0
MOD
cat > main.go <<'GO'
package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

const size = 3 << 20

// early returns whether the header asked to wait, and how many bytes of the body came within a second.
func early(options ...func(*middleware.Stack) error) (asked bool, n int64) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	defer l.Close()
	done := make(chan struct{})
	go func() {
		defer close(done)
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		r := bufio.NewReader(c)
		for {
			line, err := r.ReadString('\n')
			if err != nil || line == "\r\n" {
				break
			}
			asked = asked || line == "Expect: 100-continue\r\n"
		}
		c.SetReadDeadline(time.Now().Add(time.Second))
		n, _ = io.Copy(io.Discard, r)
		io.WriteString(c, "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
	}()
	client := s3.New(s3.Options{
		Region: "us-east-1", BaseEndpoint: aws.String("http://" + l.Addr().String()), UsePathStyle: true,
		Credentials:                aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return aws.Credentials{AccessKeyID: "a", SecretAccessKey: "b"}, nil }),
		RequestChecksumCalculation: aws.RequestChecksumCalculationWhenRequired, RetryMaxAttempts: 1,
		HTTPClient: &http.Client{Transport: &http.Transport{ExpectContinueTimeout: 10 * time.Second}},
	})
	client.PutObject(context.Background(), &s3.PutObjectInput{
		Bucket: aws.String("b"), Key: aws.String("k"), Body: bytes.NewReader(make([]byte, size)),
	}, s3.WithAPIOptions(append(options, v4.SwapComputePayloadSHA256ForUnsignedPayloadMiddleware)...))
	<-done
	return asked, n
}

func main() {
	asked, n := early()
	fmt.Printf("the SDK:                 asks to wait: %t, sends without an answer: %d bytes\n", asked, n)
	askedToo, none := early(func(stack *middleware.Stack) error {
		return stack.Build.Add(middleware.BuildMiddlewareFunc("HTTP11", func(ctx context.Context, in middleware.BuildInput, next middleware.BuildHandler) (middleware.BuildOutput, middleware.Metadata, error) {
			r := in.Request.(*smithyhttp.Request)
			r.Proto, r.ProtoMajor, r.ProtoMinor = "HTTP/1.1", 1, 1
			return next.HandleBuild(ctx, in)
		}), middleware.After)
	})
	fmt.Printf("the SDK, as of HTTP 1.1: asks to wait: %t, sends without an answer: %d bytes\n", askedToo, none)
	if !asked || !askedToo || n < 64<<10 || none != 0 {
		fmt.Println("this has changed")
		os.Exit(1)
	}
}
GO
export CGO_ENABLED=0 GOFLAGS=-mod=mod
go get github.com/aws/aws-sdk-go-v2@v1.48.0 github.com/aws/aws-sdk-go-v2/service/s3@v1.114.10 github.com/aws/smithy-go@v1.28.9 >/dev/null 2>&1
go mod tidy >/dev/null 2>&1
go run .
