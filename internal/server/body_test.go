package server_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/server/servertest"
)

// TestLargestFlow publishes a flow of 256,000 characters as the AWS CLI would
// send it: all that is not ASCII escaped.
func TestLargestFlow(t *testing.T) {
	s := servertest.Start(t)
	document := func(note string) string {
		return `{"Version":"2019-10-30","Metadata":{"note":"` + note + `"},"StartAction":"end","Actions":[{"Identifier":"end","Type":"DisconnectParticipant","Parameters":{},"Transitions":{}}]}`
	}
	note := strings.Repeat(`\ud83d\ude00`, 256_000-len(document("")))
	content := strings.ReplaceAll(document("NOTE"), `"`, `\"`)
	for _, c := range []struct {
		name string
		want int
	}{{"Largest", http.StatusOK}, {"Larger", http.StatusBadRequest}} {
		body := `{"Name":"` + c.name + `","Type":"CONTACT_FLOW","Content":"` + strings.Replace(content, "NOTE", note, 1) + `"}`
		r := call(t, s, http.MethodPut, "/contact-flows/"+catalog.DemoInstance, body)
		if r.status != c.want || c.want != http.StatusOK && !strings.Contains(r.body, "256001") {
			t.Errorf("a body of %d bytes: %d %.300s; want %d", len(body), r.status, r.body, c.want)
		}
		note += "x"
	}
}

// TestHostileBodies sends both APIs what no SDK would. Each is answered with
// the exception of the model, at once, and a chat next door goes on.
func TestHostileBodies(t *testing.T) {
	s := servertest.Start(t)
	n := settle(t, s)
	victim := s.Chat(t)
	manyKeys := func(count int) string {
		var b strings.Builder
		b.WriteString(`{"k":""`)
		for i := range count {
			fmt.Fprintf(&b, `,"%x":""`, i)
		}
		return b.String() + "}"
	}
	start := `{"InstanceId":"` + catalog.DemoInstance + `","ContactFlowId":"` + catalog.DemoFlow + `","ParticipantDetails":{"DisplayName":"Ana"}`
	update := `{"InstanceId":"` + catalog.DemoInstance + `","InitialContactId":"` + victim.Contact + `","Attributes":`
	const (
		chat, attributes, message = "PUT /contact/chat", "POST /contact/attributes", "POST /participant/message"
		invalidRequest            = "InvalidRequestException"
		invalidParameter          = "InvalidParameterException"
		validation                = "ValidationException"
	)
	for _, c := range []struct{ name, to, body, code string }{
		{"nothing", chat, ``, invalidParameter},
		{"half an object", chat, `{"InstanceId":"x`, invalidRequest},
		{"not JSON", chat, `hello`, invalidRequest},
		{"a list", chat, `[]`, invalidRequest},
		{"null", chat, `null`, invalidRequest},
		{"two values", chat, start + `}{}`, invalidRequest},
		{"NUL bytes", chat, "\x00\x00\x00\x00", invalidRequest},
		{"UTF-16", chat, "\xff\xfe{\x00}\x00", invalidRequest},
		{"a number for a string", chat, `{"InstanceId":1}`, invalidRequest},
		{"a string for an object", chat, start + `,"InitialMessage":"hi"}`, invalidRequest},
		{"a list for a map", chat, start + `,"Attributes":["a"]}`, invalidRequest},
		{"an object for a value", chat, start + `,"Attributes":{"a":{}}}`, invalidRequest},
		{"a float for an integer", chat, start + `,"ChatDurationInMinutes":61.5}`, invalidRequest},
		{"an endless number", chat, start + `,"ChatDurationInMinutes":` + strings.Repeat("9", 100_000) + `}`, invalidRequest},
		{"a huge exponent", chat, start + `,"ChatDurationInMinutes":1e999999999}`, invalidRequest},
		{"lists in lists", chat, `{"x":` + strings.Repeat("[", 400_000), invalidRequest},
		{"objects in objects", chat, strings.Repeat(`{"x":`, 150_000), invalidRequest},
		{"deep and closed", chat, start + `,"x":` + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000) + `}`, invalidRequest},
		{"10 MB", chat, start + `,"x":"` + strings.Repeat("x", 10<<20) + `"}`, invalidRequest},
		{"100,000 attributes", chat, start + `,"Attributes":` + manyKeys(100_000) + `}`, invalidRequest},
		{"100,000 attributes for a chat", attributes, update + manyKeys(100_000) + `}`, invalidRequest},
		{"60,000 attributes for a chat", attributes, update + manyKeys(60_000) + `}`, invalidParameter},
		{"an attribute's name of 32,768 letters", chat, start + `,"Attributes":{"` + strings.Repeat("k", 32768) + `":""}}`, invalidParameter},
		{"an attribute of 32,768 letters", chat, start + `,"Attributes":{"k":"` + strings.Repeat("v", 32768) + `"}}`, invalidParameter},
		{"attributes over 32,768 bytes", chat, start + `,"Attributes":{"a":"` + strings.Repeat("v", 16384) + `","b":"` + strings.Repeat("v", 16384) + `"}}`, invalidParameter},
		{"a lone surrogate", message, `{"ContentType":"text/plain","Content":"\ud800"}`, ""},
		{"bytes that are not UTF-8", message, `{"ContentType":"text/plain","Content":"` + "\xff\xfe" + `"}`, ""},
		{"an escaped NUL", message, `{"ContentType":"text/plain","Content":"a\u0000b"}`, ""},
		{"a raw control character", message, `{"ContentType":"text/plain","Content":"a` + "\x01" + `b"}`, validation},
		{"broken JSON", message, `{"ContentType":`, validation},
		{"a wrong type", message, `{"ContentType":["text/plain"],"Content":"x"}`, validation},
		{"10 MB to a participant", message, `{"ContentType":"text/plain","Content":"` + strings.Repeat("x", 10<<20) + `"}`, validation},
		{"deep nesting to a participant", message, strings.Repeat(`{"a":[`, 150_000), validation},
	} {
		t.Run(c.name, func(t *testing.T) {
			method, path, _ := strings.Cut(c.to, " ")
			r := call(t, s, method, path, c.body, "Origin", "https://shop.example", "X-Amz-Bearer", victim.Bearer, "Content-Type", "application/json")
			want := http.StatusBadRequest
			if c.code == "" {
				want = http.StatusOK
			}
			if got := r.header.Get("X-Amzn-Errortype"); r.status != want || got != c.code {
				t.Errorf("answered %d %s %.200s; want %d %s", r.status, got, r.body, want, c.code)
			}
			if c.code != "" {
				r.code(t)
			}
			if len(r.body) > 4096 {
				t.Errorf("the answer has %d bytes", len(r.body))
			}
			if r.header.Get("Access-Control-Allow-Origin") != "*" {
				t.Error("a page cannot read the answer")
			}
			n.undisturbed()
		})
	}
	if got := victim.Texts(); len(got) != 4 { // the greeting and three odd texts
		t.Errorf("the transcript is %q", got)
	}
}
