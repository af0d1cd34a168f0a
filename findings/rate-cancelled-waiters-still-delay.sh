#!/usr/bin/env bash
# golang.org/x/time v0.16.0, package rate: a queue of waiters who all went away still delays the next one,
# almost as long as if they had been served; how long depends on the order in which they left.
#
# Cancelling a Reservation (which is what Wait does when its context is cancelled) gives back no token
# that a later reservation may already count on, and a later one counts on it whether it has itself
# been cancelled or not. So of sixty callers who queue at one per second and hang up in the order
# in which they came, only the last gives anything back, and the next caller waits a minute for
# nobody. When they leave last first, all is given back. Wait refuses at once what a deadline
# rules out, but the context of an HTTP request has none: it ends when the client goes away. A
# limiter in front of a slow upstream (a bot, a function, a CRM) stays shut after the crowd has gone.
#
# What to do: reserve only when the wait is acceptable (Allow, or look at Tokens before Wait and refuse at
# once), so that nobody queues in the limiter; queue in a list of your own where leaving is exact.
#
# Seen with Go 1.26:
#   60 waiters left first to last: the next one waits 1m0s
#   60 waiters left last to first: the next one waits 1s
# Fails when the order does not matter any more.
set -euo pipefail
dir=$(mktemp -d)
trap 'chmod -R u+w "$dir"; rm -rf "$dir"' EXIT
cd "$dir"
cat > go.mod <<'MOD'
module example.test/rate

go 1.26.0
MOD
cat > main.go <<'GO'
package main

import (
	"fmt"
	"os"
	"slices"
	"time"

	"golang.org/x/time/rate"
)

// next returns how long a newcomer waits after the given number of waiters have come and gone.
func next(waiters int, lastFirst bool) time.Duration {
	now := time.Date(2026, 11, 30, 9, 0, 0, 0, time.UTC)
	limiter := rate.NewLimiter(rate.Every(time.Second), 1)
	limiter.AllowN(now, 1) // the one who is being served
	var queue []*rate.Reservation
	for range waiters {
		queue = append(queue, limiter.ReserveN(now, 1))
	}
	if lastFirst {
		slices.Reverse(queue)
	}
	for _, waiter := range queue {
		waiter.CancelAt(now)
	}
	return limiter.ReserveN(now, 1).DelayFrom(now)
}

func main() {
	inOrder, reversed := next(60, false), next(60, true)
	fmt.Println("60 waiters left first to last: the next one waits", inOrder)
	fmt.Println("60 waiters left last to first: the next one waits", reversed)
	if inOrder != time.Minute || reversed != time.Second {
		fmt.Println("this has changed")
		os.Exit(1)
	}
}
GO
export CGO_ENABLED=0 GOFLAGS=-mod=mod
timeout 180 go get golang.org/x/time@v0.16.0 >/dev/null 2>&1
go run .
