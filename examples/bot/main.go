// Command bot is an example of a bot for contact flows that needs no AWS: a
// flower shop that answers in the format of Lex V2's operation RecognizeText.
//
//	go run ./examples/bot
//	parley serve --dev --bot '*=http://127.0.0.1:8791'
//
// StartAssistantContact begins a chat with it without any flow, under any UUID as
// AiAgentId.
//
// A flow asks it with the action ConnectParticipantWithLexBot, with the ARN of
// any bot alias. Its intents are OrderFlowers (slots FlowerType and PickupDate),
// TalkToAgent and FallbackIntent, on which the action's conditions may branch.
//
// The bot is stateless: each utterance has the state of its session and each
// answer returns it, so any number of copies may run. To make a bot of your own,
// change dialog.go; lex.go has the types of requests and responses.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:8791", "address to listen on")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *listen); err != nil {
		fmt.Fprintln(os.Stderr, "bot:", err)
		os.Exit(1)
	}
}

// run serves until ctx ends.
func run(ctx context.Context, listen string) error {
	l, err := net.Listen("tcp", listen)
	if err != nil {
		return err
	}
	slog.Info("listening", "url", "http://"+l.Addr().String())
	srv := &http.Server{Handler: handler(time.Now), ReadTimeout: 10 * time.Second, WriteTimeout: 10 * time.Second}
	failed := make(chan error, 1)
	go func() { failed <- srv.Serve(l) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		return errors.Join(srv.Shutdown(grace))
	}
}

// maxBody bounds a request: an utterance and the state of a session.
const maxBody = 64 << 10

// handler answers utterances. now is for words like "tomorrow".
func handler(now func() time.Time) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var in request
		err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody)).Decode(&in)
		switch {
		case r.Method != http.MethodPost:
			refuse(w, http.StatusMethodNotAllowed, "POST an utterance")
		case err != nil:
			refuse(w, http.StatusBadRequest, "the body must be the input of RecognizeText as JSON: "+err.Error())
		case in.Text == "":
			refuse(w, http.StatusBadRequest, "text must not be empty")
		default:
			w.Header().Set("Content-Type", "application/json")
			if err := json.NewEncoder(w).Encode(answer(&in, now())); err != nil {
				slog.Warn("the client did not accept the answer", "session", in.SessionID, "err", err)
			}
		}
	})
}

// refuse answers an error in the format of AWS.
func refuse(w http.ResponseWriter, status int, why string) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Amzn-ErrorType", "ValidationException")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"message": why}) // the client may be gone
}
