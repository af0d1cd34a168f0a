package agent

import (
	"reflect"
	"testing"
	"time"

	"parley.example/parley/api/restjson"
)

// TestFrames writes frames of each type and reads them back.
func TestFrames(t *testing.T) {
	now := time.Date(2026, 12, 1, 9, 0, 0, 120e6, time.UTC)
	for _, f := range []struct {
		frame Frame
		text  string
	}{
		{Frame{Type: FrameHeartbeat}, `{"Type":"HEARTBEAT"}`},
		{Frame{Type: FrameBroadcast, Content: `a "b"`}, `{"Type":"BROADCAST","Content":"a \"b\""}`},
		{Frame{Type: FrameItem, InitialContactId: "c", Sequence: 7, Frame: []byte(`{"topic":"aws/chat"}`)},
			`{"Type":"ITEM","InitialContactId":"c","Sequence":7,"Frame":{"topic":"aws/chat"}}`},
		{Frame{Type: FrameSnapshot, Snapshot: &AgentSnapshot{Version: 3, Time: now, Contacts: []AgentContact{}, ConfigurationTag: "t",
			Status: &CurrentStatus{Id: "s", Arn: "a", Name: "Available", Type: AgentStatusTypeROUTABLE, Since: now}}},
			`{"Type":"SNAPSHOT","Snapshot":{"Version":3,"Time":"2026-12-01T09:00:00.12Z","Status":{"Id":"s","Arn":"a","Name":"Available","Type":"ROUTABLE","Since":"2026-12-01T09:00:00.12Z"},"Contacts":[],"ConfigurationTag":"t"}}`},
	} {
		if got := string(restjson.Marshal(&f.frame)); got != f.text {
			t.Errorf("a frame is written %s; want %s", got, f.text)
		}
		var back Frame
		if err := restjson.Unmarshal([]byte(f.text), &back); err != nil || !reflect.DeepEqual(back, f.frame) {
			t.Errorf("%s is read as %+v, %v; want %+v", f.text, back, err, f.frame)
		}
	}
	start := ClientFrame{Type: FrameStart, Seen: []Seen{{"c", 7}, {"d", 0}}}
	var back ClientFrame
	if err := restjson.Unmarshal(restjson.Marshal(&start), &back); err != nil || !reflect.DeepEqual(back, start) {
		t.Errorf("a start is read back as %+v, %v; want %+v", back, err, start)
	}
	for range MaxSeen {
		start.Seen = append(start.Seen, Seen{"e", 1})
	}
	if err := restjson.Unmarshal(restjson.Marshal(&start), &back); err != nil || len(back.Seen) != MaxSeen {
		t.Errorf("a start with %d chats is read with %d, %v; want %d", len(start.Seen), len(back.Seen), err, MaxSeen)
	}
}
