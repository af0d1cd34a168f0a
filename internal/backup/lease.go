package backup

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"parley.example/parley/internal/blob"
)

// A bucket has no locks that end with a process. Whoever writes to a place in S3 puts an object
// below locks/, then lists that directory, and gives way when another is there: of two that
// begin at once, each or one sees the other. The object is put again every minute; one that was
// not for five minutes, by the clock of the service, is of a process that died.
const (
	locks      = "locks"
	leaseRenew = time.Minute
	leaseLife  = 5 * time.Minute
)

// lease takes the place, and renews that until the place is closed. The context that it
// returns ends when the lease could not be renewed in time.
func (p *Place) lease(ctx context.Context) (context.Context, error) {
	host, _ := os.Hostname() // the text is for people
	text := fmt.Sprintf("process %d on %s", os.Getpid(), host)
	key := locks + "/" + uuid.NewString()
	renew := func(ctx context.Context) error {
		return p.store.Put(ctx, key, strings.NewReader(text), int64(len(text)))
	}
	renewed := time.Now()
	if err := renew(ctx); err != nil {
		return nil, err
	}
	drop := func() error { return p.store.Delete(context.WithoutCancel(ctx), key) }
	if err := p.giveWay(ctx, key); err != nil {
		return nil, errors.Join(err, drop())
	}
	var last atomic.Pointer[time.Time]
	last.Store(&renewed)
	p.holding = func() error {
		if time.Since(*last.Load()) > leaseLife/2 {
			return fmt.Errorf("the lock of %s could not be renewed; try again", p.where)
		}
		return nil
	}
	held, cancel := context.WithCancelCause(ctx)
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		tick := time.NewTicker(leaseRenew)
		defer tick.Stop()
		for {
			select {
			case <-held.Done():
				return
			case <-tick.C:
			}
			if now := time.Now(); renew(held) == nil {
				last.Store(&now)
			} else if err := p.holding(); err != nil {
				cancel(err)
			}
		}
	}()
	p.release = func() error {
		cancel(nil)
		<-stopped
		return drop()
	}
	return held, nil
}

// giveWay fails when another process has the place, and removes the locks of those that died.
func (p *Place) giveWay(ctx context.Context, mine string) error {
	var all []blob.Info
	var now time.Time
	err := p.store.List(ctx, locks, func(f blob.Info) error {
		if all = append(all, f); f.Key == mine {
			now = f.Modified
		}
		return nil
	})
	if err == nil && now.IsZero() {
		err = fmt.Errorf("%s does not list what was just written; backups need a store that does", p.where)
	}
	for _, f := range all {
		if err != nil {
			break
		}
		switch age := now.Sub(f.Modified); {
		case f.Key == mine:
		case age > leaseLife:
			err = p.store.Delete(ctx, f.Key)
		default:
			who, _ := p.read(ctx, f.Key, 1024) // for people; it may just be going
			err = fmt.Errorf("%s is in use by another backup or prune (%s): wait until it has ended. If it was killed, its lock is ignored after %s", p.where, who, leaseLife)
		}
	}
	return err
}
