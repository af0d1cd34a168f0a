package client

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"time"
)

// Spend takes n tokens from a quota, for tests.
func Spend(q *Quota, n int) { q.take(n) }

// Sign makes the signature of a webhook's request.
func Sign(secret []byte, at time.Time, body string) string {
	t := strconv.FormatInt(at.Unix(), 10)
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(t + "." + body))
	return "t=" + t + ",v1=" + hex.EncodeToString(mac.Sum(nil))
}

// Rates are what an adaptive policy has measured and what it allows, in attempts a second.
func Rates(a *AdaptiveRetry) (measured, allowed float64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.measured, a.rate
}

// HasLeft reports whether a session knows that its participant has left the chat.
func HasLeft(s *Session) bool { return s.left.Load() }
