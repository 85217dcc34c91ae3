package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"
)

// longestLine bounds a line of a script: it may carry a znode's data.
const longestLine = 64 << 20

const long = `A shell for Troupe and for every other server of ZooKeeper's protocol, with the
commands of zkCli, their flags and their output.

  troupe cli                                  a shell on the terminal
  troupe cli --server a:2181,b:2181/app       one of two servers, below /app
  troupe cli create -e /lock "held by me"     one command; quote as your shell wants it
  troupe cli < script                         a command per line

On a terminal there is line editing, a history kept in ~/.troupe_history, and
completion of commands and znode paths with Tab. Ctrl-C abandons a line or stops
waiting for a command, Ctrl-D leaves. Watch events are shown as they come.

From a pipe, or with a command as argument, only results are printed, and errors
on the standard error. A script goes on after a command that failed, and stops
where no server is there for 5 seconds. The exit status is 0 if all commands
succeeded, 1 if any failed. The session ends with the shell, and its ephemeral
znodes with it.

With --json every result is one line with one object:

  {"command":"get","ok":true,"path":"/a","data":"x","stat":{...}}
  {"command":"get","ok":false,"error":"Node does not exist: /a","code":"NoNode"}
  {"event":"NodeDataChanged","path":"/a","state":"SyncConnected"}

  command, ok     always
  error, code     if it failed; code is ZooKeeper's name of the error, where a
                  server or the lack of one was the reason
  path, paths     what it was about; what was found (ls -R, getEphemerals)
  children        ls
  data            get: a string or null; dataBase64 instead, if it is not UTF-8
  stat            czxid, mzxid, pzxid, ephemeralOwner as "0x..." strings; ctime
                  and mtime in milliseconds since 1970; version, cversion,
                  aversion, dataLength, numChildren
  acl             getAcl: a list of {"scheme","id","perms"}
  quota, stat     listquota, setquota: count, bytes, countHardLimit,
                  byteHardLimit; -1 is none
  deleted         deleteall: how many znodes
  number, ids, config, version, on, lines, commands, scheme, server
                  getAllChildrenNumber, whoami, config, version, printwatches,
                  history, help, addauth, connect

Commands:
`

// New is the command "troupe cli". The version it shows is the root command's.
// When it returns ErrFailed the reason has been printed.
func New() *cobra.Command {
	var s settings
	var timeout int
	cmd := &cobra.Command{
		Use:   "cli [flags] [command [args...]]",
		Short: "Talk to a server: zkCli's commands, on a terminal or in a script",
		Long:  long + usages(),
		Args:  cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if timeout <= 0 {
				return fmt.Errorf("--timeout is %d, and must be more than 0 milliseconds", timeout)
			}
			s.timeout = time.Duration(timeout) * time.Millisecond
			s.version = cmd.Root().Version
			return run(cmd.Context(), s, args, os.Stdin, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	cmd.Flags().SortFlags = false
	cmd.Flags().StringVarP(&s.server, "server", "s", "localhost:2181", "servers to connect to, host:port[,host:port...][/chroot]")
	cmd.Flags().IntVar(&timeout, "timeout", 30000, "session timeout to ask for, in milliseconds")
	cmd.Flags().BoolVarP(&s.readOnly, "readonly", "r", false, "also take a server that is cut off from its quorum, for reading")
	cmd.Flags().BoolVar(&s.json, "json", false, "print one JSON object per result")
	// What follows the shell's command is that command's own.
	cmd.Flags().SetInterspersed(false)
	return cmd
}

func usages() string {
	text := ""
	for _, name := range names() {
		text += "  " + name + " " + commands[name].usage + "\n"
	}
	return text
}

// run is the shell in the form that fits its input.
func run(ctx context.Context, s settings, args []string, in io.Reader, out, errs io.Writer) error {
	if ctx == nil {
		ctx = context.Background()
	}
	if len(args) == 0 && !s.json && isTerminal(in) && isTerminal(out) {
		return runTerminal(ctx, s, in.(*os.File), out.(*os.File))
	}
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt)
	defer stop()
	sh := newShell(s, newPrinter(out, errs, isTerminal(out)), false)
	if err := sh.connect(ctx, s.server); err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	var err error
	if len(args) > 0 {
		err = sh.execute(ctx, args)
	} else {
		err = sh.script(ctx, in)
	}
	if end := sh.disconnect(context.WithoutCancel(ctx)); end != nil && err == nil {
		err = fmt.Errorf("ending the session: %w", end)
	}
	if errors.Is(err, errNoServer) {
		return ErrFailed
	}
	return err
}

// script carries out lines until they end, one is quit, or there is no server.
func (s *shell) script(ctx context.Context, in io.Reader) error {
	var result error
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, longestLine)
	for !s.quit && ctx.Err() == nil && lines.Scan() {
		err := s.executeLine(ctx, lines.Text())
		if err != nil {
			result = err
		}
		if err != nil && !errors.Is(err, ErrFailed) {
			return err
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("read commands: %w", err)
	}
	return result
}

// isTerminal tells whether f is a file that is a terminal.
func isTerminal(f any) bool {
	file, ok := f.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}
