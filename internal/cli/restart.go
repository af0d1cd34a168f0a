package cli

import (
	"context"
	"log/slog"
	"os"
	"os/signal"

	"parley.example/parley/internal/handover"
	"parley.example/parley/internal/server"
)

// succession is how this process comes after another, and another after it.
type succession struct {
	*handover.Handed
	log     *slog.Logger
	signals chan os.Signal // to hand over
}

// succeed takes what this process was given when it was started, and from now on keeps the signal to hand over.
func succeed() (*succession, error) {
	handed, err := handover.Take()
	if err != nil {
		return nil, err
	}
	s := &succession{Handed: handed, signals: make(chan os.Signal, 1)}
	handover.Catch(s.signals)
	return s, nil
}

func (s *succession) release() { signal.Stop(s.signals) }

// configure gives a server the sockets that this process was given.
func (s *succession) configure(cfg *server.Config) {
	cfg.Listener, cfg.AdminListener = s.Listener(handover.Main), s.Listener(handover.Admin)
	cfg.New = cfg.New && !s.Follows() // it was for the first start
	cfg.Kept = s.Kept()
}

// watch hands over when this process is told to, until ctx ends.
func (s *succession) watch(ctx context.Context, srv *server.Server) {
	for {
		select {
		case <-s.signals:
		case <-ctx.Done():
			return
		}
		err := srv.HandOver(ctx, func(sockets []handover.Socket) (server.Successor, error) {
			return handover.Start(ctx, sockets, s.log)
		})
		if err == nil || ctx.Err() != nil {
			return
		}
		s.log.Error("not handed over; this process goes on", "err", err)
	}
}

// tell logs that a supervisor could not be told something. It goes on without.
func (s *succession) tell(err error) {
	if err != nil {
		s.log.Warn("the supervisor was not told how the server is", "err", err)
	}
}
