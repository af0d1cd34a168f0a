#!/usr/bin/env bash
# github.com/aws/aws-lambda-go v1.55.1: events.LexEvent is the event of Lex V1 alone, and takes an event of
# Lex V2 without an error: the handler runs, with the customer's words but no intent, slots or session.
#
# The module has one type of that name and none for V2, whose document shares just enough members with
# V1 (messageVersion "1.0" among them) that nothing looks wrong: V2 keeps the intent, its slots and the session's
# attributes under sessionState, which the type does not have. A code hook written with it answers
# every turn as though the bot had understood nothing; CurrentIntent is nil.
#
# What to do: declare the V2 event oneself (sessionState, interpretations, sessionId), and refuse an event
# in which sessionState is missing. A test needs an event as the bot sends it, not one made from the type.
#
# Seen with Go 1.26:
#   error: <nil>
#   inputTranscript: "where is 4711" (as sent)
#   intent: none (sent: TrackOrder), session attributes: 0 (sent: 1)
#   the event written again has sessionState: false
# Fails when the type understands V2 or refuses it.
set -euo pipefail
dir=$(mktemp -d)
trap 'chmod -R u+w "$dir"; rm -rf "$dir"' EXIT
cd "$dir"
cat > go.mod <<'MOD'
module example.test/lex

go 1.26.0
MOD
cat > main.go <<'GO'
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"github.com/aws/aws-lambda-go/events"
)

// sent is the event of a Lex V2 bot to its code hook, with the members that concern an intent.
const sent = `{
  "messageVersion": "1.0", "invocationSource": "FulfillmentCodeHook", "inputMode": "Text",
  "responseContentType": "text/plain; charset=utf-8", "sessionId": "7d8f0f1c", "inputTranscript": "where is 4711",
  "bot": {"id": "BOTID12345", "name": "Shop", "aliasId": "ALIAS12345", "aliasName": "live", "localeId": "en_US", "version": "3"},
  "interpretations": [{"intent": {"name": "TrackOrder", "state": "ReadyForFulfillment", "confirmationState": "None",
    "slots": {"Order": {"shape": "Scalar", "value": {"originalValue": "4711", "interpretedValue": "4711", "resolvedValues": ["4711"]}}}}}],
  "proposedNextState": null, "requestAttributes": {},
  "sessionState": {"sessionAttributes": {"tier": "gold"}, "activeContexts": [], "originatingRequestId": "1",
    "intent": {"name": "TrackOrder", "state": "ReadyForFulfillment", "confirmationState": "None",
      "slots": {"Order": {"shape": "Scalar", "value": {"originalValue": "4711", "interpretedValue": "4711", "resolvedValues": ["4711"]}}}}}
}`

func main() {
	var event events.LexEvent
	err := json.Unmarshal([]byte(sent), &event)
	fmt.Println("error:", err)
	fmt.Printf("inputTranscript: %q (as sent)\n", event.InputTranscript)
	intent := "none"
	if event.CurrentIntent != nil {
		intent = event.CurrentIntent.Name
	}
	fmt.Printf("intent: %s (sent: TrackOrder), session attributes: %d (sent: 1)\n", intent, len(event.SessionAttributes))
	again, _ := json.Marshal(event)
	kept := strings.Contains(string(again), `"sessionState"`)
	fmt.Println("the event written again has sessionState:", kept)
	if err != nil || event.InputTranscript != "where is 4711" || intent != "none" || len(event.SessionAttributes) != 0 || kept {
		fmt.Println("this has changed")
		os.Exit(1)
	}
}
GO
export CGO_ENABLED=0 GOFLAGS=-mod=mod
timeout 180 go get github.com/aws/aws-lambda-go@v1.55.1 >/dev/null 2>&1
go run .
