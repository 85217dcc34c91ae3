package quorum

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"troupe/bench/client"
	"troupe/bench/process"
	"troupe/bench/process/mesh"
	"troupe/wire"
)

const (
	sessionTimeout = 2 * time.Second
	ephemeral      = "/ephemeral"
)

// guest is a session with an ephemeral.
func (e *ensemble) guest(server int, path string, timeout time.Duration) *client.Conn {
	e.Helper()
	conn := e.session(server, timeout)
	_, err := conn.Create(e.within(patience), path, nil, wire.OpenACL, wire.ModeEphemeral)
	e.must(err)
	return conn
}

// there says whether a znode is, as a server shows it after a sync.
func (e *ensemble) there(server int, path string) bool {
	e.Helper()
	conn := e.session(server, 30*time.Second)
	defer conn.Abandon()
	e.must(conn.Sync(e.within(patience), path))
	_, err := conn.Exists(e.within(patience), path, false)
	if err != nil && !errors.Is(err, wire.NoNode) {
		e.Fatal(err)
	}
	return err == nil
}

// TestSession_Moves: a session is resumed on another server with id and password, and not with another
// password; the connection that it had is closed.
func TestSession_Moves(t *testing.T) {
	e := start(t, mesh.Spec{})
	leader := e.leader()
	at, to := e.others(leader)[0], e.others(leader)[1]
	conn := e.guest(at, ephemeral, 30*time.Second)
	moved, err := e.resume(conn, to)
	e.must(err)
	if moved.SessionID() != conn.SessionID() {
		t.Errorf("resumed %v as %v", conn.SessionID(), moved.SessionID())
	}
	select {
	case <-conn.Done():
	case <-time.After(5 * time.Second):
		t.Error("the old connection is not closed")
	}
	paths, err := moved.Ephemerals(e.within(patience), "/")
	if err != nil || !slices.Equal(paths, []string{ephemeral}) {
		t.Errorf("ephemerals %q, %v", paths, err)
	}
	_, err = e.dial(leader, client.Options{Session: conn.SessionID(), Password: make([]byte, wire.PasswordSize)})
	if !errors.Is(err, client.ErrSessionExpired) {
		t.Errorf("with a wrong password: %v", err)
	}
	e.must(moved.Close(e.within(patience)))
	for i := range e.Servers {
		if e.there(i, ephemeral) {
			t.Errorf("the ephemeral of a closed session is there on server.%d", i+1)
		}
	}
	if _, err := e.resume(conn, leader); !errors.Is(err, client.ErrSessionExpired) {
		t.Errorf("a closed session was resumed: %v", err)
	}
}

// TestSession_CutOff: clients of a server that reaches no other are told to go, soon, however long their
// timeout is, and go on elsewhere. There is nothing under way for which they would be closed at once.
func TestSession_CutOff(t *testing.T) {
	t.Parallel()
	e := start(t, mesh.Spec{Cuttable: true})
	leader := e.leader()
	for _, server := range []int{e.others(leader)[0], leader} {
		conn := e.guest(server, fmt.Sprint(ephemeral, server), 60*time.Second)
		e.Isolate(server)
		began := time.Now()
		select {
		case <-conn.Done():
			t.Logf("server.%d sends its clients away %v after it was cut off", server+1, time.Since(began).Round(time.Millisecond))
		case <-time.After(10 * time.Second):
			t.Fatalf("server.%d still has its client", server+1)
		}
		if _, err := e.resume(conn, e.others(leader)[1]); err != nil {
			t.Errorf("elsewhere: %v", err)
		}
		e.Heal()
		e.up()
	}
}

// TestSession_OverLeaders: sessions, their ephemerals and their connections survive a change of leader where
// nothing was under way; those that nobody comes back to expire, not before their time.
func TestSession_OverLeaders(t *testing.T) {
	t.Parallel()
	e := start(t, mesh.Spec{})
	leader := e.leader()
	at := e.others(leader)[0]
	stays := e.guest(at, "/stays", 10*time.Second)
	if _, err := stays.Exists(e.within(patience), "/news", true); !errors.Is(err, wire.NoNode) {
		t.Fatal(err)
	}
	goes := e.guest(at, "/goes", sessionTimeout)
	orphan := e.guest(leader, "/orphan", sessionTimeout) // its server is the one to be killed
	goes.Abandon()
	abandoned := time.Now()
	e.kill(leader)
	e.must(stays.Sync(e.within(10*time.Second), "/"))
	if _, err := stays.Create(e.within(10*time.Second), "/news", nil, wire.OpenACL, wire.ModePersistent); err != nil {
		t.Fatalf("over the same connection: %v", err)
	}
	for _, path := range []string{"/stays", "/goes", "/orphan"} {
		if there, early := e.there(at, path), time.Since(abandoned) < sessionTimeout; !there && early {
			t.Errorf("%s went with its leader", path)
		}
	}
	<-orphan.Done()
	e.until("what nobody came back to has expired", 4*sessionTimeout, func() bool { return !e.there(at, "/goes") && !e.there(at, "/orphan") })
	if took := time.Since(abandoned); took < sessionTimeout {
		t.Errorf("it expired after %v", took)
	}
	if _, err := e.resume(orphan, at); !errors.Is(err, client.ErrSessionExpired) {
		t.Errorf("an expired session was resumed: %v", err)
	}
	if !e.there(at, "/stays") || stays.Err() != nil {
		t.Errorf("the session that stayed: %v", stays.Err())
	}
}

// TestSession_Watch: a watch set before a change of leader tells of what happens after it, on the same connection.
func TestSession_Watch(t *testing.T) {
	e := start(t, mesh.Spec{})
	leader := e.leader()
	rest := e.others(leader)
	events := make(chan wire.WatchEvent, 10)
	conn, err := e.dial(rest[0], client.Options{OnEvent: func(w wire.WatchEvent) { events <- w }})
	e.must(err)
	if _, err := conn.Exists(e.within(patience), mark, true); !errors.Is(err, wire.NoNode) {
		t.Fatal(err)
	}
	e.kill(leader)
	e.put(rest[1], mark)
	select {
	case w := <-events:
		if w.Type != wire.EventNodeCreated || w.Path != mark {
			t.Errorf("event %+v", w)
		}
	case <-conn.Done():
		t.Errorf("the connection ended: %v", conn.Err())
	case <-time.After(10 * time.Second):
		t.Error("no event")
	}
}

// TestSession_Pauses: a session does not expire because servers were paused for longer than its timeout:
// all of them, or the leader, after whose return another leads.
func TestSession_Pauses(t *testing.T) {
	const pause = sessionTimeout + time.Second
	for _, c := range []struct {
		name  string
		which func(e *ensemble, leader int) []int
	}{
		{"all", func(e *ensemble, _ int) []int { return e.others() }},
		{"leader", func(_ *ensemble, leader int) []int { return []int{leader} }},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			e := start(t, mesh.Spec{})
			leader := e.leader()
			at := e.others(leader)[0]
			session, err := client.Open(client.Options{Servers: []string{e.Addr(at)}, SessionTimeout: sessionTimeout, RetryPause: interval}, nil)
			e.must(err)
			defer func() { e.must(session.Close(e.within(patience))) }()
			_, err = session.Create(e.within(patience), ephemeral, nil, wire.OpenACL, wire.ModeEphemeral)
			e.must(err)
			paused := c.which(e, leader)
			e.signal(syscall.SIGSTOP, paused...)
			<-time.After(pause) // the pause itself
			e.signal(syscall.SIGCONT, paused...)
			e.writable(at)
			e.never("the session expires after the pause", sessionTimeout, func() bool { return session.State() == client.Expired })
			if !e.there(at, ephemeral) {
				t.Error("the ephemeral is gone")
			}
		})
	}
}

// TestSync: a read after a sync sees what another session wrote on another server before, every time, also
// while leaders change.
func TestSync(t *testing.T) {
	e := start(t, mesh.Spec{})
	const rounds = 300
	e.put(0, mark)
	var conns []*client.Session
	for i := range e.Servers {
		s, err := client.Open(client.Options{Servers: e.Addrs(i), RetryPause: interval, ConnectTimeout: silence}, nil)
		e.must(err)
		defer s.Close(context.WithoutCancel(e.ctx))
		conns = append(conns, s)
	}
	for n := range rounds {
		if n == rounds/2 {
			e.kill(e.leader())
		}
		writer, reader := conns[n%len(conns)], conns[(n+1)%len(conns)]
		want := fmt.Sprint(n)
		e.persist(func() error {
			_, err := writer.Set(e.within(patience), mark, []byte(want), client.AnyVersion)
			return err
		})
		var got []byte
		e.persist(func() (err error) {
			if err = reader.Sync(e.within(patience), mark); err == nil {
				got, _, err = reader.Get(e.within(patience), mark, false)
			}
			return err
		})
		if string(got) != want {
			t.Fatalf("%q was written before the sync, and %q is read after it", want, got)
		}
	}
}

// persist does something again until the connection holds.
func (e *ensemble) persist(do func() error) {
	e.Helper()
	e.until("it is done", patience, func() bool {
		err := do()
		if err != nil && !errors.Is(err, client.ErrConnectionLost) {
			e.Fatal(err)
		}
		return err == nil
	})
}

// TestMonotonic: a client that has seen more than a server has is not served by it what is older.
func TestMonotonic(t *testing.T) {
	e := start(t, mesh.Spec{EnsembleSpec: process.EnsembleSpec{}, Cuttable: true})
	leader := e.leader()
	behind := e.others(leader)[0]
	e.put(leader, mark)
	conn := e.session(leader, 10*time.Second)
	e.Isolate(behind)
	var stat wire.Stat
	var err error
	for range 20 {
		stat, err = conn.Set(e.within(patience), mark, []byte("new"), client.AnyVersion)
		e.must(err)
	}
	ctx, cancel := context.WithTimeout(e.ctx, 700*time.Millisecond)
	defer cancel()
	old, err := client.Dial(ctx, client.Options{Servers: []string{e.Addr(behind)}, LastZxidSeen: stat.Mzxid, ConnectTimeout: 500 * time.Millisecond})
	if err == nil {
		if data, _, err := old.Get(ctx, mark, false); err == nil && string(data) != "new" {
			t.Errorf("a client that had seen %v read %q", stat.Mzxid, data)
		}
		old.Abandon()
	}
	e.Heal()
	e.up()
	if tree := e.agree(); !strings.HasPrefix(tree[mark].data, "new") {
		t.Errorf("%s is %+v", mark, tree[mark])
	}
}
