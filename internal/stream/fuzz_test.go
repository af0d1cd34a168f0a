package stream

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzFrame holds the reader of text frames against encoding/json: the same
// frames are JSON, and they say the same.
func FuzzFrame(f *testing.F) {
	for _, text := range []string{
		subscribe, ping, heartbeat, subscribe + ")", `{"topic": "aws/subscribe", "content": {"topics": ["aws/chat"]}})`, "",
		`{"topic":"a\u00e9\ud83d\ude00\/","n":[-0.5e+10,0,1E2,true,false,null,{"a":{}}]}`, `{"content":{"topics":["x",1]},"topic":"t"}`,
		`{"content":{"a":,"topic":"aws/ping"}`, `{"topic":"a","topic":"b","topic":1}`, `{"content":{"topics":["a" , "b"],"topics":[]}}`, `{"a":01}`, `{"":"\x"}`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		before := bytes.Clone(text)
		m, ok := readMessage(text)
		if !bytes.Equal(before, text) {
			t.Fatal("the text was changed")
		}
		if ok && m.topics != nil && !json.Valid(m.topics) {
			t.Fatalf("topics %s is not JSON", m.topics)
		}
		trimmed := bytes.TrimLeft(text, " \t\r\n")
		if !utf8.Valid(text) || len(trimmed) == 0 || trimmed[0] != '{' || depth(text) > maxDepth {
			return
		}
		var members map[string]json.RawMessage
		err := json.NewDecoder(bytes.NewReader(text)).Decode(&members)
		if ok != (err == nil) {
			t.Fatalf("valid = %t; encoding/json says %v", ok, err)
		}
		if err != nil || strings.Count(string(text), "topic") > 2 {
			return // of members that come twice each reader takes its own
		}
		var topic string
		json.Unmarshal(members["topic"], &topic)
		if !slices.Contains([]string{topicSubscribe, topicPing, topicHeartbeat}, topic) {
			topic = ""
		}
		if m.topic != topic {
			t.Fatalf("topic = %q; encoding/json says %q", m.topic, topic)
		}
	})
}

// depth is an upper bound of how deep a text is nested.
func depth(text []byte) int { return bytes.Count(text, []byte("{")) + bytes.Count(text, []byte("[")) }
