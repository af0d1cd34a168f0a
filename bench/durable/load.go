package durable

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"parley.example/parley/api/connect"
	"parley.example/parley/client"
	"parley.example/parley/internal/center"
)

// Load is chats with one server. Its fields are set before Under is called.
type Load struct {
	Endpoint    string          // where the server is, and comes back to
	Credentials aws.Credentials // of a key that may do everything
	Hook        *Hook           // where the server delivers streams
	Asked       *Asked          // the function that the server calls; nil for none
	Late        time.Duration   // how late a timer may be; 0 for any time
	Seed        uint64          // what is done, and in which order, follows from it
	Workers     int             // chats at the same time; 8 when 0

	client   *client.Client
	instance string
	flows    []flow
	floor    *floor
	acked    atomic.Int64
	repeated atomic.Int64
	unknown  atomic.Int64
	settling sync.WaitGroup // chats whose last items are on their way to somebody
	still    sync.RWMutex   // held by calls, and by Look, which wants nobody to call

	looks int // see Look, which is not called by two at once

	mu     sync.Mutex // guards what follows
	begun  []*visit   // whose customers may not be connected yet
	chats  []*visit   // whose customers are
	faults []string
}

// flow is what greets customers.
type flow struct {
	id    string
	says  []string
	timed bool // it ends the chat after a while

	staffed bool // it puts the chat into the queue of the agents, who end it
}

// ends reports whether chats end that nobody who plays them has ended.
func (f flow) ends() bool { return f.timed || f.staffed }

// Flows of a load: one that waits for ever, one that hands over to it, one whose timer ends the chat, and one that queues it for agents.
const (
	greeting = "Hello"
	answered = "The function has answered"
	handover = "You are with somebody else now"
	timeout  = "Time is up"

	say        = `{"Identifier":"%s","Type":"MessageParticipant","Parameters":{"Text":"%s"},"Transitions":{"NextAction":"%s","Errors":[{"NextAction":"%[3]s","ErrorType":"NoMatchingError"}]}}`
	wait       = `{"Identifier":"wait","Type":"Wait","Parameters":{"TimeLimitSeconds":"%d"},"Transitions":{"NextAction":"%s","Conditions":[{"NextAction":"%[2]s","Condition":{"Operator":"Equals","Operands":["WaitCompleted"]}}],"Errors":[{"NextAction":"%[2]s","ErrorType":"NoMatchingError"}]}}`
	invoke     = `{"Identifier":"ask","Type":"InvokeLambdaFunction","Parameters":{"LambdaFunctionARN":"` + Function + `","InvocationTimeLimitSeconds":"8"},"Transitions":{"NextAction":"told","Errors":[{"NextAction":"failed","ErrorType":"NoMatchingError"}]}}`
	transfer   = `{"Identifier":"go","Type":"TransferToFlow","Parameters":{"ContactFlowId":"%s"},"Transitions":{"NextAction":"end","Errors":[{"NextAction":"end","ErrorType":"NoMatchingError"}]}}`
	choose     = `{"Identifier":"choose","Type":"UpdateContactTargetQueue","Parameters":{"QueueId":"%s"},"Transitions":{"NextAction":"queue","Errors":[{"NextAction":"end","ErrorType":"NoMatchingError"}]}}`
	queue      = `{"Identifier":"queue","Type":"TransferContactToQueue","Parameters":{},"Transitions":{"NextAction":"end","Errors":[{"NextAction":"end","ErrorType":"QueueAtCapacity"},{"NextAction":"end","ErrorType":"NoMatchingError"}]}}`
	disconnect = `{"Identifier":"end","Type":"DisconnectParticipant","Parameters":{},"Transitions":{}}`
	week       = 604800
	soon       = 3 // seconds
)

func content(actions ...string) string {
	return `{"Version":"2019-10-30","StartAction":"greet","Metadata":{},"Actions":[` + strings.Join(append(actions, disconnect), ",") + `]}`
}

// prepare makes an instance and flows. The server must be there.
func (l *Load) prepare(ctx context.Context) (err error) {
	l.Workers = cmp.Or(l.Workers, 8)
	l.client, err = client.New(client.Config{
		Region: "us-east-1", Endpoint: l.Endpoint, UserAgent: "durable", Retry: client.NoRetry{}, AttemptTimeout: time.Minute,
		Connector:   afterEnd{client.NewConnector(client.ConnectorConfig{IdleConnections: 2 * l.Workers})},
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return l.Credentials, nil }),
	})
	if err != nil {
		return err
	}
	made, err := l.client.CreateInstance().IdentityManagementType(connect.DirectoryTypeCONNECT_MANAGED).
		InstanceAlias("durable-" + center.NewUUID()[:8]).InboundCallsEnabled(false).OutboundCallsEnabled(false).Send(ctx)
	if err != nil {
		return err
	}
	l.instance = *made.Id
	publish := func(name, content string, kind flow, says ...string) error {
		out, err := l.client.CreateContactFlow().InstanceID(l.instance).Name(name).Type(connect.ContactFlowTypeCONTACT_FLOW).Content(content).Send(ctx)
		if err != nil {
			return fmt.Errorf("flow %s: %w", name, err)
		}
		kind.id, kind.says = *out.ContactFlowId, says
		l.flows = append(l.flows, kind)
		return nil
	}
	if err := publish("Waits", content(fmt.Sprintf(say, "greet", handover, "wait"), fmt.Sprintf(wait, week, "end")), flow{}, handover); err != nil {
		return err
	}
	if err := publish("Hands over", content(fmt.Sprintf(say, "greet", greeting, "go"), fmt.Sprintf(transfer, l.flows[0].id)), flow{}, greeting, handover); err != nil {
		return err
	}
	if err := publish("Ends", content(fmt.Sprintf(say, "greet", greeting, "wait"), fmt.Sprintf(wait, soon, "bye"), fmt.Sprintf(say, "bye", timeout, "end")), flow{timed: true}, greeting, timeout); err != nil {
		return err
	}
	if l.Asked != nil {
		if _, err := l.client.AssociateLambdaFunction().InstanceID(l.instance).FunctionARN(Function).Send(ctx); err != nil {
			return err
		}
		if err := publish("Asks", content(fmt.Sprintf(say, "greet", greeting, "ask"), invoke, fmt.Sprintf(say, "failed", "The function has failed", "wait"),
			fmt.Sprintf(say, "told", answered, "wait"), fmt.Sprintf(wait, week, "end")), flow{}, greeting, answered); err != nil {
			return err
		}
	}
	if l.floor, err = l.staff(ctx); err != nil {
		return err
	}
	for _, name := range []string{"Queues", "Queues as well"} { // two of five, so that agents have something to do
		if err := publish(name, content(fmt.Sprintf(say, "greet", greeting, "choose"), fmt.Sprintf(choose, l.floor.queue), queue), flow{staffed: true}, greeting); err != nil {
			return err
		}
	}
	return nil
}

// afterEnd lets transcripts be read after the end of their chats.
type afterEnd struct{ next client.Connector }

func (a afterEnd) RoundTrip(r *http.Request) (*http.Response, error) {
	r.Header.Set("X-Parley-After-End", "read")
	return a.next.RoundTrip(r)
}

// run chats until enough is closed or a fault was found, finishes the chats that are under way, and returns. The
// server may be killed at any time, as long as it comes back.
func (l *Load) run(ctx context.Context, enough <-chan struct{}) {
	leave := l.floor.open(ctx, enough)
	var workers sync.WaitGroup
	for n := range l.Workers {
		workers.Go(func() {
			r := rand.New(rand.NewPCG(l.Seed, uint64(n)))
			for i := 0; ctx.Err() == nil && !l.Faulty(); i++ {
				select {
				case <-enough:
					return
				default:
				}
				v := &visit{player: player{load: l, rand: r, name: fmt.Sprintf("w%d.%d", n, i)}, flow: l.flows[r.IntN(len(l.flows))], enough: enough}
				v.play(ctx)
			}
		})
	}
	workers.Wait()
	l.settling.Wait()
	leave()
}

// call makes a call, unless nobody is to call at the moment.
func (l *Load) call(ctx context.Context, call func(context.Context) error) error {
	l.still.RLock()
	defer l.still.RUnlock()
	return call(ctx)
}

// Acknowledged returns how many calls were answered so far.
func (l *Load) Acknowledged() int64 { return l.acked.Load() }

// summary says what was done.
func (l *Load) summary() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	deeds, files, open := 0, 0, 0
	for _, v := range l.chats {
		deeds, files = deeds+len(v.Deeds), files+len(v.Files)
		if !v.Ended {
			open++
		}
	}
	notes, again := l.Hook.counts()
	return fmt.Sprintf("%d calls acknowledged, %d of them when they were repeated, %d never known; %d chats, %d of them open; %d messages and files, %d files; %d deliveries to the webhook, %d of them repeated;\n%s; %d looks at all agents at once",
		l.acked.Load(), l.repeated.Load(), l.unknown.Load(), len(l.chats), open, deeds, files, notes, again, l.floor.summary(), l.looks) + l.Asked.summary()
}

// Under runs the load while harm is done to the server, which returns when that is enough, and checks what is
// left. It prints what was done and each fault; a fault is an error.
func (l *Load) Under(ctx context.Context, out io.Writer, harm func(context.Context) error) error {
	began := time.Now()
	if err := l.prepare(ctx); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	enough, played := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(played)
		l.run(ctx, enough)
	}()
	if err := harm(ctx); err != nil {
		cancel()
		<-played
		return err
	}
	close(enough)
	<-played
	faults, err := l.check(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%s, in %s\n", l.summary(), time.Since(began).Round(time.Second))
	for _, f := range faults {
		fmt.Fprintln(out, f)
	}
	if len(faults) > 0 {
		return fmt.Errorf("%d faults with seed %d", len(faults), l.Seed)
	}
	fmt.Fprintln(out, "nothing is lost, doubled or out of order")
	return nil
}

// Faulty reports whether a fault was found while the load ran. It does not run on then.
func (l *Load) Faulty() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.faults) > 0
}

// check reads every chat again, and the server's own count of those that have not ended. It
// returns a line for each fault, those that were found while the load ran included.
func (l *Load) check(ctx context.Context) ([]string, error) {
	l.mu.Lock()
	chats, faults := l.chats, append(l.Hook.wrong(), l.faults...)
	l.mu.Unlock()
	if l.Asked != nil {
		faults = append(faults, l.Asked.wrong()...)
	}
	open, ids, holds := 0.0, map[string]bool{}, l.floor.holds()
	for _, all := range holds {
		for _, h := range all {
			faults = append(faults, h.Check()...)
		}
	}
	for _, v := range chats {
		v.Holds = holds[v.Contact]
		if ids[v.Contact] {
			faults = append(faults, "two starts were answered with chat "+v.Contact)
		}
		if ids[v.Contact] = true; !v.Ended {
			open++
		}
		seen, err := v.see(ctx)
		for statusOf(err) == http.StatusTooManyRequests && ctx.Err() == nil { // it is asked faster than strangers may
			v.pause(ctx)
			seen, err = v.see(ctx)
		}
		if err != nil && ctx.Err() != nil {
			return nil, err
		}
		if err != nil {
			faults = append(faults, fmt.Sprintf("chat %s cannot be read: %v", v.Contact, err))
			continue
		}
		faults = append(faults, v.Check(seen)...)
		if v.flow.timed && l.Late > 0 {
			faults = append(faults, v.late(seen, soon*time.Second, l.Late)...)
		}
	}
	// A chat that its flow ended before its customer was connected is in no list.
	for late := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		count, err := metric(ctx, l.Endpoint, "parley_active_chats")
		if err != nil || count == open {
			return faults, err
		}
		if time.Now().After(late) || l.Faulty() {
			return append(faults, fmt.Sprintf("the server counts %v chats that have not ended; there are %v", count, open)), nil
		}
	}
}

func (l *Load) fault(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.faults = append(l.faults, fmt.Sprintf(format, args...))
}
