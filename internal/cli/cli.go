package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"parley.example/parley/internal/server"
)

// command is the grammar of the command line.
type command struct {
	Config configFile `help:"JSON file with settings, named like the flags: {\"listen\": \"127.0.0.1:9000\"}." placeholder:"FILE" env:"PARLEY_CONFIG"`

	Serve   serveCmd   `cmd:"" help:"Run the server."`
	Chat    chatCmd    `cmd:"" help:"Chat as a customer, in this terminal."`
	Agent   agentCmd   `cmd:"" help:"Answer chats as an agent, in this terminal."`
	Keys    keysCmd    `cmd:"" help:"Manage the access keys that SDKs sign with."`
	Policy  policyCmd  `cmd:"" help:"Check and try the policies of access keys."`
	Flow    flowCmd    `cmd:"" help:"Work with contact flows."`
	Backup  backupCmd  `cmd:"" help:"Back up a server's data, while it runs."`
	Restore restoreCmd `cmd:"" help:"Restore a backup, or check that it could be restored."`
	Export  exportCmd  `cmd:"" help:"Write an instance, or contacts, to a file, while the server runs."`
	Import  importCmd  `cmd:"" help:"Read such a file into another database, or the set-up of an instance of Amazon Connect."`
	Erase   eraseCmd   `cmd:"" help:"Erase a customer on a running server, for good."`
	Outbox  outboxCmd  `cmd:"" help:"List, replay and drop what could not be delivered."`
	Health  healthCmd  `cmd:"" help:"Ask a server whether it is ready."`
	Version versionCmd `cmd:"" help:"Print the version, its commit, and the date of the API that it speaks."`

	Completion completionCmd `cmd:"" help:"Print a script with which a shell completes parley's command lines."`
	Complete   completeCmd   `cmd:"" name:"__complete" passthrough:"" hidden:"" help:"Say how a command line can go on."`
	Manual     manualCmd     `cmd:"" name:"__manual" hidden:"" help:"Write the manual pages."`
}

// words are what help texts name by ${…} and the code knows.
var words = kong.Vars{"quotas": strings.Join(server.QuotaNames(), ", ")}

// streams are where a verb reads and writes.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

// usage is an error in how the command was called: exit status 2.
type usage struct{ error }

// silent is an error that has been shown already: exit status 1.
type silent struct{ error }

// Run runs the command line and returns the exit status.
func Run(args []string, in io.Reader, out, errw io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return run(ctx, args, streams{in, out, errw})
}

func run(ctx context.Context, args []string, io streams) int {
	switch {
	case len(args) == 0:
		args = []string{"--help"}
	case len(args) == 1 && args[0] == "--version": // what people try first with any command
		args = []string{"version"}
	}
	exited := -1
	var read reader
	read = func() (*command, *kong.Context, error) {
		cmd := new(command)
		parser, err := kong.New(cmd, grammar(ctx, io, read, func(status int) { exited = status })...)
		if err != nil {
			return nil, nil, err
		}
		k, err := parser.Parse(args)
		return cmd, k, err
	}
	_, k, err := read()
	if exited >= 0 {
		return exited
	}
	if err == nil {
		err = k.Run(k)
	} else {
		err = usage{wanted(err)}
	}
	switch {
	case err == nil:
		return 0
	case errors.As(err, new(silent)):
		return 1
	case errors.As(err, new(misread)):
		return 2
	case errors.As(err, new(usage)):
		fmt.Fprintln(io.err, "parley:", oneLine(err))
		return 2
	}
	fmt.Fprintln(io.err, "parley:", oneLine(err))
	return 1
}

// grammar is how the command line is read and what verbs are given to run with. exit is
// called with a status by flags that end the command, such as --help.
func grammar(ctx context.Context, io streams, read reader, exit func(int)) []kong.Option {
	return []kong.Option{
		kong.Name("parley"),
		kong.Description("Parley is a contact centre for chat that speaks Amazon Connect's APIs: point any AWS SDK, the AWS CLI or ChatJS at it.\n\nExamples:\n  parley serve --dev    start a server to experiment with\n  parley chat           chat with it, in another terminal\n  parley chat --agent   ask for a person\n  parley agent          be that person, in a third"),
		kong.Writers(io.out, io.err),
		kong.Exit(exit),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Bind(io, read),
		words,
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 100}),
	}
}

// wanted adds to an error in a command line what can be done about it: what the value of a flag looks like, where the rest is
// described.
func wanted(err error) error {
	e, ok := errors.AsType[*kong.ParseError](err)
	if !ok {
		return err
	}
	for _, flag := range e.Context.Flags() {
		at := "--" + flag.Name + ": "
		if flag.PlaceHolder == "" || !strings.HasPrefix(err.Error(), at) {
			continue
		}
		if strings.Contains(err.Error(), "<EOL>") {
			return fmt.Errorf("--%s needs a value; want --%[1]s=%s", flag.Name, flag.PlaceHolder)
		}
		return fmt.Errorf("%w; want --%s=%s", err, flag.Name, flag.PlaceHolder)
	}
	verb := "parley"
	if node := e.Context.Selected(); node != nil {
		verb += " " + node.Path()
	}
	switch text := err.Error(); {
	case verb == "parley" && strings.HasPrefix(text, "unexpected argument "):
		return fmt.Errorf("there is no command %s; parley --help lists them", strings.TrimPrefix(text, "unexpected argument "))
	case strings.HasPrefix(text, "unexpected argument "), strings.HasPrefix(text, "unknown flag "), strings.HasPrefix(text, "expected "):
		return fmt.Errorf("%w; see %s --help", err, verb)
	}
	return err
}

func oneLine(err error) string { return strings.Join(strings.Fields(err.Error()), " ") }
