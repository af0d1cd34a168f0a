package stream

import (
	"bytes"
	"encoding/json"
	"unicode/utf8"

	"parley.example/parley/api/restjson"
)

// The topics that clients send; chat items come back under topicChat.
const (
	topicSubscribe = "aws/subscribe"
	topicPing      = "aws/ping"
	topicHeartbeat = "aws/heartbeat"
	topicChat      = "aws/chat"
)

// maxDepth is how deep objects and lists in a frame may lie in one another.
const maxDepth = 32

// message is what a client's text frame says.
type message struct {
	topic string // one of those that clients send, or ""
	// topics is content.topics as it came, a list of strings between brackets;
	// nil when there is no such list.
	topics []byte
	chat   bool // topics has aws/chat in it
}

// readMessage reads the first JSON value of a text frame. What follows it is
// not looked at: the iOS SDK sends a stray ")". ok is false when there is no
// valid JSON value; a value that is not an object, or without a topic, is a
// message that says nothing.
func readMessage(text []byte) (m message, ok bool) {
	if !utf8.Valid(text) {
		return m, false
	}
	if len(bytes.TrimLeft(text, " \t\r\n")) == 0 {
		return m, true // an empty frame keeps a connection busy, no more
	}
	d := restjson.First(text, maxDepth)
	m.read(d)
	return m, d.Done() == nil
}

func (m *message) read(d *restjson.Decoder) {
	if d.Peek() != '{' {
		d.Skip()
		return
	}
	for d.Object(); d.Next(); {
		switch string(d.Key()) {
		case "topic":
			m.topic = readTopic(d)
		case "content":
			m.readContent(d)
		default:
			d.Skip()
		}
	}
}

// readTopic reads a topic, if the value is one.
func readTopic(d *restjson.Decoder) string {
	if d.Peek() != '"' {
		d.Skip()
		return ""
	}
	switch string(d.Text()) {
	case topicSubscribe:
		return topicSubscribe
	case topicPing:
		return topicPing
	case topicHeartbeat:
		return topicHeartbeat
	}
	return ""
}

// readContent reads the member content: an object with topics, or anything else.
func (m *message) readContent(d *restjson.Decoder) {
	if d.Peek() != '{' {
		d.Skip()
		return
	}
	for d.Object(); d.Next(); {
		if string(d.Key()) == "topics" && d.Peek() == '[' {
			m.readTopics(d.Raw())
		} else {
			d.Skip()
		}
	}
}

// readTopics takes a list that is of strings, without the spaces in between.
func (m *message) readTopics(list []byte) {
	m.topics, m.chat = nil, false
	d := restjson.First(list, maxDepth)
	defer d.Done()
	chat := false
	for d.Array(); d.NextElement(); {
		if d.Peek() != '"' {
			return
		}
		chat = string(d.Text()) == topicChat || chat
	}
	var b bytes.Buffer
	if json.Compact(&b, list) == nil {
		m.topics, m.chat = b.Bytes(), chat
	}
}
