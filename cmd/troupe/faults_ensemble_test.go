package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"troupe/bench/client"
	"troupe/bench/process"
	"troupe/wire"
)

// hurtEnsemble is three servers that faults can be injected into, and a session
// with an ephemeral znode that has to outlive them all.
type hurtEnsemble struct {
	*testing.T
	*process.Ensemble
	session *client.Session
	id      wire.SessionID
	made    int // znodes
}

func startHurt(t *testing.T) *hurtEnsemble {
	t.Helper()
	if testing.Short() {
		t.Skip("builds and starts the program")
	}
	binary, err := process.BuildFaults(within(t), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if err := process.Injectable(binary); err != nil {
		t.Fatal(err)
	}
	e := &hurtEnsemble{T: t}
	e.Ensemble, err = process.StartEnsemble(within(t), process.EnsembleSpec{Kind: process.Troupe, Binary: binary, Dir: t.TempDir(), Servers: 3})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Kill(); err != nil {
			t.Error(err)
		}
	})
	if e.session, err = client.Open(client.Options{Servers: strings.Split(e.Addrs(), ","), SessionTimeout: 6 * time.Second}, nil); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.session.Close(context.WithoutCancel(t.Context())) })
	conn, err := e.session.Wait(within(t))
	if err != nil {
		t.Fatal(err)
	}
	e.id = conn.SessionID()
	if _, err := e.session.Create(within(t), "/alive", nil, wire.OpenACL, wire.ModeEphemeral); err != nil {
		t.Fatal(err)
	}
	return e
}

// write makes a znode, however often the connection ends meanwhile.
func (e *hurtEnsemble) write() {
	e.Helper()
	e.made++
	ctx, path := within(e.T), fmt.Sprintf("/n%d", e.made)
	for {
		_, err := e.session.Create(ctx, path, nil, wire.OpenACL, wire.ModePersistent)
		if err == nil || errors.Is(err, wire.NodeExists) {
			return
		}
		if !errors.Is(err, client.ErrConnectionLost) {
			e.Fatal(err)
		}
	}
}

// inject has a server do something.
func (e *hurtEnsemble) inject(server int, command string) {
	e.Helper()
	if err := e.Servers[server].Inject(command); err != nil {
		e.Fatal(err)
	}
}

// writing makes znodes until something is so.
func (e *hurtEnsemble) writing(until func() bool, what string) {
	e.Helper()
	for deadline := time.Now().Add(patience); !until(); {
		if e.write(); time.Now().After(deadline) {
			e.Fatalf("%s: not so", what)
		}
	}
}

// said writes until a server's log has a text.
func (e *hurtEnsemble) said(server int, text string) {
	e.Helper()
	e.writing(func() bool {
		log, err := os.ReadFile(e.Servers[server].LogPath)
		return err == nil && strings.Contains(string(log), text)
	}, fmt.Sprintf("server.%d says %q", server+1, text))
}

// ends writes until a server has ended by itself, and looks for the reason in what
// it said last.
func (e *hurtEnsemble) ends(server int, why string) {
	e.Helper()
	s := e.Servers[server]
	e.writing(func() bool { return !s.Running() }, fmt.Sprintf("server.%d ends", server+1))
	log := strings.TrimSpace(string(s.LogTail()))
	if last := log[strings.LastIndexByte(log, '\n')+1:]; !strings.HasPrefix(last, "troupe: ") || !strings.Contains(last, why) {
		e.Errorf("server.%d has ended with %q", server+1, last)
	}
	e.write()
}

// roles waits for a leader and two others.
func (e *hurtEnsemble) roles() (leader, one, other int) {
	e.Helper()
	leader, err := e.Leader(within(e.T))
	if err != nil {
		e.Fatal(err)
	}
	return leader, (leader + 1) % 3, (leader + 2) % 3
}

// whole starts what has ended, waits until all serve, and looks whether all is there.
func (e *hurtEnsemble) whole() {
	e.Helper()
	ctx := within(e.T)
	if err := e.Restart(ctx); err != nil {
		e.Fatal(err)
	}
	e.write()
	for _, s := range e.Servers {
		for err := e.look(ctx, s); err != nil; err = e.look(ctx, s) {
			if ctx.Err() != nil { // it may have lost its leader meanwhile, and closes connections then
				e.Fatal(err)
			}
		}
	}
}

// look looks whether all is on a server. The error says that it could not.
func (e *hurtEnsemble) look(ctx context.Context, s *process.Server) error {
	if err := s.WaitServing(ctx); err != nil {
		return err
	}
	c, err := client.Dial(ctx, client.Options{Servers: []string{s.Addr}})
	if err != nil {
		return err
	}
	if err := c.Sync(ctx, "/"); err != nil {
		return errors.Join(err, c.Close(ctx))
	}
	names, _, err := c.Children(ctx, "/", false)
	if err != nil {
		return errors.Join(err, c.Close(ctx))
	}
	stat, err := c.Exists(ctx, "/alive", false)
	if err != nil && !errors.Is(err, wire.NoNode) {
		return errors.Join(err, c.Close(ctx))
	}
	if want := e.made + 2; len(names) != want {
		e.Errorf("%d znodes below /, want %d", len(names), want)
	}
	if err != nil || stat.EphemeralOwner != e.id {
		e.Errorf("the session is gone: %+v, %v", stat, err)
	}
	return c.Close(ctx)
}

// TestFaults_AreSurvived injects each fault once. What has been acknowledged is on
// every server, and the session goes on.
func TestFaults_AreSurvived(t *testing.T) {
	e := startHurt(t)
	for _, f := range []struct {
		name string
		hurt func(e *hurtEnsemble)
	}{
		{"disk error", func(e *hurtEnsemble) {
			_, v, _ := e.roles()
			e.inject(v, "disk error")
			e.ends(v, "input/output error")
		}},
		{"disk full", func(e *hurtEnsemble) {
			v, _, _ := e.roles()
			e.inject(v, "disk full")
			e.ends(v, "no space left")
		}},
		{"disk slow", func(e *hurtEnsemble) {
			leader, a, b := e.roles()
			for _, v := range []int{leader, a, b} {
				e.inject(v, "disk slow 200")
			}
			begun := time.Now()
			if e.write(); time.Since(begun) < 200*time.Millisecond {
				e.Errorf("acknowledged after %v", time.Since(begun))
			}
			for _, v := range []int{leader, a, b} {
				e.inject(v, "disk ok")
			}
		}},
		{"disk lose", func(e *hurtEnsemble) {
			for v := range e.Servers {
				e.inject(v, "disk lose")
			}
			for _, s := range e.Servers {
				if err := s.WaitExited(within(e.T)); err != nil {
					e.Fatal(err)
				}
			}
		}},
		{"clock", func(e *hurtEnsemble) {
			leader, _, _ := e.roles()
			e.inject(leader, "clock +24h")
			e.write()
			stat, err := e.session.Exists(within(e.T), fmt.Sprintf("/n%d", e.made), false)
			if ahead := time.Until(time.UnixMilli(stat.Ctime)); err != nil || ahead < 23*time.Hour {
				e.Errorf("made %v from now, %v", ahead, err)
			}
			e.inject(leader, "clock -48h")
			e.write()
			e.inject(leader, "clock ok")
		}},
		{"panic", func(e *hurtEnsemble) {
			leader, _, _ := e.roles()
			e.inject(leader, "panic elector")
			e.said(leader, "the replica failed and is rebuilt from disk")
		}},
		{"panic at the top", func(e *hurtEnsemble) {
			_, v, _ := e.roles()
			e.inject(v, "panic replica")
			e.ends(v, "a fault was injected")
		}},
		{"delay", func(e *hurtEnsemble) {
			_, v, _ := e.roles()
			e.inject(v, "delay txlog 50")
			e.write()
		}},
		{"drop", func(e *hurtEnsemble) {
			leader, _, _ := e.roles()
			e.inject(leader, "drop frame 1")
			e.said(leader, "link")
		}},
	} {
		ok := t.Run(f.name, func(t *testing.T) {
			own := *e
			own.T = t
			own.write()
			f.hurt(&own)
			own.whole()
			e.made = own.made
		})
		if !ok {
			return
		}
	}
	if err := e.Servers[0].Inject("rain"); err == nil || !strings.Contains(err.Error(), `"rain"`) {
		t.Errorf("error %v", err)
	}
}

// TestFaults_AreNotInTheProgram that is not built for them.
func TestFaults_AreNotInTheProgram(t *testing.T) {
	if err := process.Injectable(binary(t)); err == nil || !strings.Contains(err.Error(), "-tags faults") {
		t.Errorf("error %v", err)
	}
	s := foreground(t)
	if err := s.Inject("disk ok"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error %v", err)
	}
}
