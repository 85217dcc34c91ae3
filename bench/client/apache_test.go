package client

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"troupe/bench/process"
	"troupe/wire"
)

// TestApache_EveryCall goes through the client's calls against the original.
func TestApache_EveryCall(t *testing.T) {
	if err := process.Available(process.Apache); err != nil {
		t.Skip(err)
	}
	server, err := process.Start(t.Context(), process.Spec{Kind: process.Apache, Dir: t.TempDir(), Heap: "128m",
		Config: []string{"extendedTypesEnabled=true"}, Args: []string{"-Dzookeeper.extendedTypesEnabled=true"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Kill() })

	plain := mustDial(t, Options{Servers: []string{server.Addr}})
	if _, err := plain.Create(within(t), "/top", nil, wire.OpenACL, wire.ModePersistent); err != nil {
		t.Fatal(err)
	}
	for _, chroot := range []string{"", "/top"} {
		t.Run("chroot="+chroot, func(t *testing.T) { everyCall(t, server.Addr, chroot) })
	}
	t.Run("resume", func(t *testing.T) { resume(t, server) })
	t.Run("session over a restart", func(t *testing.T) { overRestart(t, server) })
}

func everyCall(t *testing.T, addr, chroot string) {
	events := make(chan wire.WatchEvent, 100)
	c := mustDial(t, Options{Servers: []string{addr}, Chroot: chroot, OnEvent: func(e wire.WatchEvent) { events <- e }})
	ctx := within(t)
	acl := wire.OpenACL
	var got []string
	note := func(what ...any) { got = append(got, strings.TrimSuffix(fmt.Sprintln(what...), "\n")) }

	note(c.AddAuth(ctx, "digest", []byte("user:pass")))
	made, err := c.Create(ctx, "/a", []byte("1"), acl, wire.ModePersistent)
	note(made, err)
	made, stat, err := c.Create2(ctx, "/a/s-", nil, acl, wire.ModeEphemeralSequential)
	note(made, err, stat.EphemeralOwner == c.SessionID())
	made, err = c.Create(ctx, "/a/c", nil, acl, wire.ModeContainer)
	note(made, err)
	made, _, err = c.CreateTTL(ctx, "/a/t", nil, acl, wire.ModeTTL, time.Hour)
	note(made, err)
	note(c.Create(ctx, "/a", nil, acl, wire.ModePersistent))
	names, stat, err := c.Children(ctx, "/a", true)
	slices.Sort(names)
	note(names, stat.Cversion, err)
	stat, err = c.Set(ctx, "/a", []byte("22"), 0)
	note(stat.Version, stat.DataLength, err)
	_, err = c.Set(ctx, "/a", []byte("22"), 0)
	note(err)
	data, _, err := c.Get(ctx, "/a", true)
	note(string(data), err)
	_, err = c.Exists(ctx, "/b", true)
	note(err)
	expect(t, got, "<nil>", "/a <nil>", "/a/s-0000000000 <nil> true", "/a/c <nil>", "/a/t <nil>",
		" create /a: NodeExists", "[c s-0000000000 t] 3 <nil>", "1 2 <nil>", "setData /a: BadVersion", "22 <nil>",
		"exists /b: NoNode")
	otherCalls(t, c)
	got = nil
	for len(events) > 0 {
		e := <-events
		note(e.Type, e.Path)
	}
	expect(t, got, "1 /b", "4 /a")
}

func expect(t *testing.T, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

// otherCalls goes on with what the first calls made, and removes it.
func otherCalls(t *testing.T, c *Conn) {
	ctx := within(t)
	var got []string
	note := func(what ...any) { got = append(got, strings.TrimSuffix(fmt.Sprintln(what...), "\n")) }
	acls, _, err := c.GetACL(ctx, "/a")
	note(acls, err)
	stat, err := c.SetACL(ctx, "/a", wire.OpenACL, AnyVersion)
	note(stat.Aversion, err)
	note(c.Sync(ctx, "/a"))
	note(c.WhoAmI(ctx))
	note(c.AllChildrenNumber(ctx, "/a"))
	note(c.AddWatch(ctx, "/a/w", wire.WatchPersistentRecursive))
	note(c.CheckWatches(ctx, "/a", wire.WatcherData), c.CheckWatches(ctx, "/a/t", wire.WatcherAny))
	note(c.RemoveWatches(ctx, "/a", wire.WatcherData), c.RemoveWatches(ctx, "/a", wire.WatcherData))
	results, err := c.Multi(ctx, &wire.Create{Kind: wire.OpCreate, Path: "/b", ACL: wire.OpenACL}, &wire.Check{Path: "/a", Version: 1})
	note(results[0].Body.(*wire.PathReply).Path, len(results), err)
	_, err = c.Multi(ctx, &wire.Delete{Path: "/b", Version: AnyVersion}, &wire.Check{Path: "/a", Version: 9})
	note(err)
	results, err = c.MultiRead(ctx, &wire.GetData{Path: "/a"}, &wire.GetData{Path: "/none"}, &wire.GetChildren{Path: "/b"})
	note(len(results), results[1].Err, err)
	names, _, err := c.Absolute().Children(ctx, "/zookeeper", false)
	slices.Sort(names)
	note(names, err)
	note(c.Delete(ctx, "/a/s-0000000000", AnyVersion))
	note(c.Delete(ctx, "/a", AnyVersion), c.Delete(ctx, "/b", AnyVersion))
	expect(t, got, "[{31 {world anyone}}] <nil>", "1 <nil>", "<nil>", "[{ip 127.0.0.1} {digest user}] <nil>",
		"3 <nil>", "<nil>", "<nil> checkWatches /a/t: No such watcher", "<nil> removeWatches /a: No such watcher",
		"/b 2 <nil>", "multi, operation 1: BadVersion", "3 NoNode <nil>", "[config quota] <nil>", "<nil>",
		"delete /a: Directory not empty <nil>")
}

// resume gives up a connection, comes back to its session, then ends it.
func resume(t *testing.T, server *process.Server) {
	ctx := within(t)
	first := mustDial(t, Options{Servers: []string{server.Addr}})
	if _, err := first.Create(ctx, "/mine", nil, wire.OpenACL, wire.ModeEphemeral); err != nil {
		t.Fatal(err)
	}
	first.Abandon()
	again := Options{Servers: []string{server.Addr}, Session: first.SessionID(), Password: first.Password(), LastZxidSeen: first.LastZxid()}
	second := mustDial(t, again)
	if mine, err := second.Ephemerals(ctx, "/"); err != nil || !slices.Equal(mine, []string{"/mine"}) {
		t.Fatalf("ephemerals %q, %v", mine, err)
	}
	if err := second.Close(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := Dial(ctx, again); !errors.Is(err, ErrSessionExpired) {
		t.Fatalf("resumed a closed session: %v", err)
	}
}

// overRestart keeps a session and its watch while the server is away.
func overRestart(t *testing.T, server *process.Server) {
	events := make(chan wire.WatchEvent, 10)
	s := mustOpen(t, Options{Servers: []string{server.Addr}, ConnectTimeout: time.Second,
		OnEvent: func(e wire.WatchEvent) { events <- e }}, nil)
	ctx := within(t)
	if _, err := s.Create(ctx, "/kept", nil, wire.OpenACL, wire.ModeEphemeral); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.Get(ctx, "/kept", true); err != nil {
		t.Fatal(err)
	}
	if err := server.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := server.Restart(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Set(ctx, "/kept", []byte("x"), 0); err != nil {
		t.Fatal(err)
	}
	if e := <-events; e.Type != wire.EventNodeDataChanged || e.Path != "/kept" {
		t.Fatalf("event %+v", e)
	}
}
