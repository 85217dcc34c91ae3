//go:build faults

package main

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"math/rand"
	"net"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/rs/zerolog"

	"troupe/actors"
	"troupe/actors/inject"
	"troupe/persistence"
	"troupe/persistence/faulty"
)

// faultsVariable names the socket at which a server takes commands, one a line and
// connection, and answers "ok" or "error: why":
//
//	disk slow MS     each sync takes so much longer
//	disk full        what is on the disk now is all that fits
//	disk error       syncs fail
//	disk lose        the power of this machine fails: what was not synced is gone, and so
//	                 is the process
//	disk ok          the disk is well again
//	clock +5s        the wall clock jumps; the other way with a minus
//	clock ok         it is the machine's again
//	panic KIND       the actors of a kind panic, if there are any
//	delay KIND MS    each message of theirs takes so much longer, for a second
//	drop KIND N      their next messages are lost
//
// Kinds are those of the supervision tree (package actors), and inject.Frame.
const faultsVariable = "TROUPE_FAULTS"

// faults are injected into this server if it has been told where.
type faults struct {
	listener net.Listener // nil: nobody has told it
	device   *faulty.Disk
	server   *actors.Server
	log      zerolog.Logger
}

// open makes what the server keeps its files on, and listens.
func (f *faults) open() (persistence.Options, error) {
	path := os.Getenv(faultsVariable)
	if path == "" {
		return persistence.Options{}, nil
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) { // of a run that was killed
		return persistence.Options{}, fmt.Errorf("faults: %w", err)
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return persistence.Options{}, fmt.Errorf("faults: %w", err)
	}
	f.listener, f.device = l, faulty.New(rand.Int63(), persistence.OpenFiles)
	return persistence.Options{Open: f.device.Open}, nil
}

// serve takes commands for a server, for as long as the process lives.
func (f *faults) serve(s *actors.Server, log zerolog.Logger) {
	if f.listener == nil {
		return
	}
	f.server, f.log = s, log
	log.Warn().Stringer("socket", f.listener.Addr()).Msg("faults can be injected into this server")
	go func() {
		for {
			c, err := f.listener.Accept()
			if err != nil {
				log.Error().Err(err).Msg("no more faults can be injected")
				return
			}
			f.take(c)
		}
	}()
}

// take takes the command of one connection.
func (f *faults) take(c net.Conn) {
	defer c.Close()
	line, err := bufio.NewReader(c).ReadString('\n')
	if err != nil {
		return // whoever it was has gone
	}
	answer, then := "ok", func() {}
	if err := f.obey(strings.Fields(line), &then); err != nil {
		answer = "error: " + err.Error()
	}
	f.log.Warn().Str("command", strings.TrimSpace(line)).Str("answer", answer).Msg("fault injected")
	fmt.Fprintln(c, answer)
	then()
}

// obey carries out a command, but for what may end the process and is to be done
// behind the answer.
func (f *faults) obey(words []string, then *func()) error {
	at := func(i int) string {
		if i < len(words) {
			return words[i]
		}
		return ""
	}
	switch at(0) {
	case "disk":
		if at(1) == "lose" {
			*then = func() { _ = syscall.Kill(os.Getpid(), syscall.SIGKILL) } // can't fail
			return f.device.LosePower()
		}
		return f.hurtDisk(at(1), at(2))
	case "clock":
		if at(1) == "ok" {
			inject.Adjust()
			return nil
		}
		by, err := time.ParseDuration(at(1)) // 0 if there is an error
		inject.Jump(by)
		return err
	case "panic":
		*then = func() { f.server.Crash(at(1), "a fault was injected") } // nothing if there is no such kind
		return inject.Known(at(1))
	case "delay":
		by, err := milliseconds(at(2))
		if err != nil {
			return err
		}
		return inject.Delay(at(1), by)
	case "drop":
		n, err := strconv.ParseUint(at(2), 10, 31)
		if err != nil {
			return err
		}
		return inject.Drop(at(1), int(n))
	}
	return fmt.Errorf("command %q: want disk, clock, panic, delay or drop", at(0))
}

// milliseconds is 0 if there is an error.
func milliseconds(s string) (time.Duration, error) {
	n, err := strconv.ParseUint(s, 10, 31)
	if err != nil {
		return 0, err
	}
	return time.Duration(n) * time.Millisecond, nil
}

func (f *faults) hurtDisk(how, much string) error {
	switch how {
	case "slow":
		by, err := milliseconds(much)
		f.device.SlowSync(by)
		return err
	case "full":
		f.device.Quota(f.device.Used())
		return nil
	case "error":
		f.device.Break(faulty.Sync, syscall.EIO)
		return nil
	case "ok":
		f.device.SlowSync(0)
		f.device.Quota(-1)
		f.device.Break(faulty.Sync, nil)
		return nil
	}
	return fmt.Errorf("disk %q: want slow, full, error, lose or ok", how)
}
