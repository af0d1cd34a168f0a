//go:build upgrade

package server_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"parley.example/parley/api/connect"
	"parley.example/parley/api/participant"
	"parley.example/parley/api/restjson"
	"parley.example/parley/internal/auth/authtest"
	"parley.example/parley/internal/server"
	"parley.example/parley/internal/server/servertest"
)

// action is one of a flow: what, and where it leads, in the end and in each error.
func action(id, kind, parameters, next string, errs ...string) string {
	var list []string
	for _, e := range errs {
		list = append(list, fmt.Sprintf(`{"NextAction":%q,"ErrorType":%q}`, strings.SplitN(e, ">", 2)[1], strings.SplitN(e, ">", 2)[0]))
	}
	conditions := ""
	if kind == "Wait" {
		conditions = fmt.Sprintf(`{"NextAction":%q,"Condition":{"Operator":"Equals","Operands":["WaitCompleted"]}}`, next)
	}
	if next != "" {
		next = fmt.Sprintf(`"NextAction":%q,`, next)
	}
	return fmt.Sprintf(`{"Identifier":%q,"Type":%q,"Parameters":{%s},"Transitions":{%s"Errors":[%s],"Conditions":[%s]}}`, id, kind, parameters, next, strings.Join(list, ","), conditions)
}

func says(id, text, next string) string {
	return action(id, "MessageParticipant", fmt.Sprintf(`"Text":%q`, text), next, "NoMatchingError>end")
}

func waits(id string, seconds int, next string) string {
	return action(id, "Wait", fmt.Sprintf(`"TimeLimitSeconds":"%d"`, seconds), next, "NoMatchingError>end")
}

func document(actions ...string) string {
	return `{"Version":"2019-10-30","StartAction":"0","Metadata":{},"Actions":[` + strings.Join(append(actions, action("end", "DisconnectParticipant", "", "")), ",") + "]}"
}

// TestMakeUpgradeData has the program PARLEY_OLD of format PARLEY_OLD_FORMAT serve a new directory,
// PARLEY_OLD_DATA, speaks with it, kills it, and leaves there what it was told: see test/upgrade.
func TestMakeUpgradeData(t *testing.T) {
	dir := os.Getenv("PARLEY_OLD_DATA")
	var format int
	if _, err := fmt.Sscan(os.Getenv("PARLEY_OLD_FORMAT"), &format); err != nil {
		t.Fatal(err)
	}
	called := make(chan struct{}, 8)
	function := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		called <- struct{}{}
		<-r.Context().Done()
	}))
	defer function.CloseClientConnections()
	listen := freeAddress(t)
	cmd := exec.Command(os.Getenv("PARLEY_OLD"), "serve", "--data", dir, "--listen", listen, "--lambda", hanging+"="+function.URL,
		"--stream", oldTopic+"=http://127.0.0.1:9", "--stream-secret", scanSecret)
	cmd.Env = append(os.Environ(), "PARLEY_RATE=all=off") // older programs do not know it
	cmd.Stderr = t.Output()
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Process.Kill()
	for lines := bufio.NewScanner(out); lines.Scan() && !strings.Contains(lines.Text(), listen); {
	}

	cfg := restjson.ClientConfig{Endpoint: "http://" + listen, HTTPClient: &http.Client{Timeout: 30 * time.Second}}
	s := &servertest.Server{Server: &server.Server{}, URL: cfg.Endpoint, HTTP: cfg.HTTPClient, Participant: participant.NewClient(cfg)}
	key := servertest.FirstKey(t, dir)
	cfg.Sign = func(r *http.Request, body []byte) error {
		return authtest.Signer{ID: key.ID, Secret: key.Secret, Region: "us-east-1"}.Sign(r, body, time.Now())
	}
	s.Connect = connect.NewClient(cfg)
	ctx := t.Context()
	old := oldData{Instance: s.Instance(t), Flows: map[string]oldFlow{}, Chats: map[string]oldChat{}, Token: "the token of a start"}

	flow := func(name, content string, kind connect.ContactFlowType, status connect.ContactFlowStatus) string {
		in := &connect.CreateContactFlowRequest{InstanceId: old.Instance, Name: name, Type: kind, Content: content, Status: status}
		made, err := s.Connect.CreateContactFlow(ctx, in)
		if err != nil {
			t.Fatalf("CreateContactFlow(%s): %v", name, err)
		}
		id := *made.ContactFlowId
		if status == connect.ContactFlowStatusSAVED {
			id += ":$SAVED"
			name += ":$SAVED"
		}
		is, err := s.Connect.DescribeContactFlow(ctx, &connect.DescribeContactFlowRequest{InstanceId: old.Instance, ContactFlowId: id})
		if err != nil {
			t.Fatalf("DescribeContactFlow(%s): %v", name, err)
		}
		old.Flows[name] = oldFlow{id, *is.ContactFlow.Content, string(is.ContactFlow.Status)}
		return id
	}
	inbound, published := connect.ContactFlowTypeCONTACT_FLOW, connect.ContactFlowStatusPUBLISHED
	talkFlow := flow("Talk", document(says("0", "Hello", "1"), waits("1", 86000, "end")), inbound, published)
	flow("Draft", document(says("0", "Not said yet", "end")), inbound, connect.ContactFlowStatusSAVED)
	_, err = s.Connect.CreateContactFlowVersion(ctx, &connect.CreateContactFlowVersionRequest{InstanceId: old.Instance, ContactFlowId: talkFlow, Description: new("the first")})
	old.Versioned = err == nil // in older programs only flows of campaigns have versions
	if _, err := s.Connect.AssociateLambdaFunction(ctx, &connect.AssociateLambdaFunctionRequest{InstanceId: old.Instance, FunctionArn: hanging}); err != nil {
		t.Fatalf("AssociateLambdaFunction: %v", err)
	}
	begin := func(flow string, change ...func(*connect.StartChatContactRequest)) *servertest.Chat {
		in := &connect.StartChatContactRequest{InstanceId: old.Instance, ContactFlowId: flow, ParticipantDetails: &connect.ParticipantDetails{DisplayName: "Ana"}, Attributes: map[string]string{"tier": "gold"}}
		for _, f := range change {
			f(in)
		}
		started, err := s.Connect.StartChatContact(ctx, in)
		if err != nil {
			t.Fatalf("StartChatContact: %v", err)
		}
		c := s.Customer(t, started)
		c.Connect()
		return c
	}
	note := func(name string, c *servertest.Chat, bot string) {
		old.Chats[name] = oldChat{c.Contact, c.Participant, c.Token, c.Bearer, bot, transcript(t, s, c.Bearer)}
	}
	until := func(c *servertest.Chat, text string) {
		eventually(t, text, func() bool { return slices.Contains(c.Texts(), text) })
	}

	timer := begin(flow("Timer", document(waits("0", 400, "1"), says("1", "Time is up", "2"), waits("2", 86000, "end")), inbound, published))
	timer.Send("I wait")
	talk := begin(talkFlow, func(in *connect.StartChatContactRequest) { in.ClientToken = &old.Token })
	until(talk, "Hello")
	bot := talk.Bot("Helper")
	if _, err := s.Connect.StartContactStreaming(ctx, &connect.StartContactStreamingRequest{
		InstanceId: old.Instance, ContactId: talk.Contact, ClientToken: "stream", ChatStreamingConfiguration: &connect.ChatStreamingConfiguration{StreamingEndpointArn: oldTopic}}); err != nil {
		t.Fatalf("StartContactStreaming: %v", err)
	}
	talk.Send("Good day, with ümläuts 🙂")
	said := bot.Send("How can I help?")
	if _, err := s.Participant.SendEvent(ctx, &participant.SendEventRequest{ConnectionToken: talk.Bearer, ContentType: "application/vnd.amazonaws.connect.event.message.read",
		Content: new(fmt.Sprintf(`{"messageId":%q}`, said))}); err != nil {
		t.Fatalf("SendEvent: %v", err)
	}
	old.File = attached(t, s, talk, true)
	talk.Send("That is all")
	upload := begin(talkFlow)
	attached(t, s, upload, false)
	ended := begin(talkFlow)
	until(ended, "Hello")
	ended.Send("Good bye")
	note("ended", ended, "")
	ended.Stop()
	again := begin(talkFlow, func(in *connect.StartChatContactRequest) {
		in.PersistentChat = &connect.PersistentChat{RehydrationType: connect.RehydrationTypeENTIRE_PAST_SESSION, SourceContactId: &ended.Contact}
	})
	until(again, "Hello")
	if format >= 3 { // before, chats waited in no queues
		list, err := s.Connect.ListQueues(ctx, &connect.ListQueuesRequest{InstanceId: old.Instance, QueueTypes: []connect.QueueType{connect.QueueTypeSTANDARD}})
		if err != nil || len(list.QueueSummaryList) == 0 {
			t.Fatalf("ListQueues: %v", err)
		}
		first := *list.QueueSummaryList[0].Id
		hours, err := s.Connect.ListHoursOfOperations(ctx, &connect.ListHoursOfOperationsRequest{InstanceId: old.Instance})
		if err != nil || len(hours.HoursOfOperationSummaryList) == 0 {
			t.Fatalf("ListHoursOfOperations: %v", err)
		}
		second, err := s.Connect.CreateQueue(ctx, &connect.CreateQueueRequest{InstanceId: old.Instance, Name: "Second", HoursOfOperationId: *hours.HoursOfOperationSummaryList[0].Id, MaxContacts: new(int32(5))})
		if err != nil {
			t.Fatalf("CreateQueue: %v", err)
		}
		waiting := flow("Waiting", document(says("0", "You wait", "1"), waits("1", 86000, "1")), connect.ContactFlowTypeCUSTOMER_QUEUE, published)
		moving := flow("Moving", document(waits("0", 2, "1"), action("1", "UpdateContactEventHooks", fmt.Sprintf(`"EventHooks":{"CustomerQueue":%q}`, waiting), "2", "NoMatchingError>end"),
			action("2", "DequeueContactAndTransferToQueue", fmt.Sprintf(`"QueueId":%q`, *second.QueueId), "end", "QueueAtCapacity>end", "NoMatchingError>end")), connect.ContactFlowTypeCUSTOMER_QUEUE, published)
		queueing := func(name, hook string) string {
			return flow(name, document(action("0", "UpdateContactEventHooks", fmt.Sprintf(`"EventHooks":{"CustomerQueue":%q}`, hook), "1", "NoMatchingError>end"),
				action("1", "UpdateContactTargetQueue", fmt.Sprintf(`"QueueId":%q`, first), "2", "NoMatchingError>end"),
				action("2", "TransferContactToQueue", "", "end", "QueueAtCapacity>end", "NoMatchingError>end")), inbound, published)
		}
		queue, moved := begin(queueing("Queue", waiting)), begin(queueing("Move", moving))
		until(queue, "You wait")
		until(moved, "You wait")
		note("queue", queue, "")
		note("moved", moved, "")
	}
	calling := begin(flow("Function", document(action("0", "InvokeLambdaFunction", fmt.Sprintf(`"LambdaFunctionARN":%q,"InvocationTimeLimitSeconds":"8"`, hanging), "1", "NoMatchingError>2"),
		says("1", "It answered", "3"), says("2", "It failed", "3"), waits("3", 86000, "end")), inbound, published))
	calling.Send("Who is there?")
	<-called
	note("talk", talk, bot.Bearer)
	note("timer", timer, "")
	note("upload", upload, "")
	note("again", again, "")
	note("function", calling, "")
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it was killed: that is its error
	old.Made = time.Now().UTC().Truncate(time.Second)
	text, err := json.MarshalIndent(old, "", " ")
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "told.json"), text, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// attached announces and uploads a file, and may complete it.
func attached(t *testing.T, s *servertest.Server, c *servertest.Chat, complete bool) string {
	out := c.File("people.csv", "text/csv", int64(len(oldFile)))
	if r := do(t, s, servertest.Put(t, out, []byte(oldFile))); r.status != 200 {
		t.Fatalf("upload %d %s", r.status, r.body)
	}
	if complete {
		if _, err := s.Participant.CompleteAttachmentUpload(t.Context(), &participant.CompleteAttachmentUploadRequest{
			ConnectionToken: c.Bearer, AttachmentIds: []string{*out.AttachmentId}, ClientToken: "file"}); err != nil {
			t.Fatalf("CompleteAttachmentUpload: %v", err)
		}
	}
	return *out.AttachmentId
}
