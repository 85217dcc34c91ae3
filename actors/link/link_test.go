package link

import (
	"bytes"
	"encoding/binary"
	"errors"
	"strings"
	"testing"
	"time"

	"troupe/actors/supervise"
	"troupe/wire"
)

func number(i uint64) []byte { return binary.BigEndian.AppendUint64(nil, i) }

// exchange shows that a link that is up brings messages, both ways.
func exchange(t testing.TB, a, b *station) {
	t.Helper()
	a.send(b.id, one(Message{Head: []byte("to "), Body: []byte("b")}))
	b.send(a.id, one(Message{Head: []byte("to "), Body: []byte("a")}))
	if m := receive(t, "a message", b.links[a.id].got); string(m) != "to b" {
		t.Fatalf("%q", m)
	}
	if m := receive(t, "a message", a.links[b.id].got); string(m) != "to a" {
		t.Fatalf("%q", m)
	}
}

func TestLink_BringsMessagesInOrder(t *testing.T) {
	t.Parallel()
	_, a, b := pair(t, setup{})
	const n = 5000
	for i := range uint64(n) {
		a.send(2, one(Message{Head: number(i), Body: []byte("body")}))
		b.send(1, one(Message{Body: number(i)}))
	}
	for i := range uint64(n) {
		if m := receive(t, "a message", b.links[1].got); !bytes.Equal(m, append(number(i), "body"...)) {
			t.Fatalf("%d: %x", i, m)
		}
		if m := receive(t, "a message", a.links[2].got); !bytes.Equal(m, number(i)) {
			t.Fatalf("%d: %x", i, m)
		}
	}
}

// TestLink_BringsMessagesOfAnyLength, around the sizes where they are cut, and
// in order with small ones.
func TestLink_BringsMessagesOfAnyLength(t *testing.T) {
	t.Parallel()
	_, a, b := pair(t, setup{})
	random := make([]byte, 9<<20)
	for i := range random {
		random[i] = byte(i * i >> 7)
	}
	var sent [][]byte
	for _, size := range []int{0, 1, 127, 128, pieceSize - 6, pieceSize - 5, pieceSize - 4, pieceSize, pieceSize + 1,
		3*pieceSize - 1, 3 * pieceSize, 3*pieceSize + 1, 9 << 20, 5, 0} {
		for _, head := range []int{0, size / 3, size} {
			a.send(2, one(Message{Head: random[:head], Body: random[head:size]}))
			sent = append(sent, random[:size])
		}
	}
	for i, want := range sent {
		if m := receive(t, "a message", b.links[1].got); !bytes.Equal(m, want) {
			t.Fatalf("%d: %d bytes of %d", i, len(m), len(want))
		}
	}
}

// TestLink_TooLongAMessageBreaksIt, by the other's limit, which its Hello told;
// what is just as long as that passes.
func TestLink_TooLongAMessageBreaksIt(t *testing.T) {
	t.Parallel()
	_, a, b := pair(t, setup{})
	change(b, func(h *wire.Hello) { h.MaxMessage = 1 << 20 })
	b.send(1, &Cut{"a new limit"})
	again(t, a, b)
	a.send(2, one(Message{Body: make([]byte, 1<<20)}))
	if m := receive(t, "a message", b.links[1].got); len(m) != 1<<20 {
		t.Fatalf("%d bytes", len(m))
	}
	a.send(2, one(Message{Body: make([]byte, 1<<20+1)}))
	if err := receive(t, "down", a.links[2].downs); !strings.Contains(err.Error(), "1048577 bytes") {
		t.Error(err)
	}
	receive(t, "down", b.links[1].downs)
	meet(t, a, b)
	if len(b.links[1].got) > 0 {
		t.Error("it came")
	}
}

func change(s *station, f func(*wire.Hello)) {
	h := *s.hello.Load()
	f(&h)
	s.hello.Store(&h)
}

// again waits until a link has gone down and come up on both sides.
func again(t testing.TB, a, b *station) {
	t.Helper()
	receive(t, "down here", a.links[b.id].downs)
	receive(t, "down there", b.links[a.id].downs)
	meet(t, a, b)
}

// TestLink_CutIsToldOnBothSidesAndMends, at once, and nothing of before arrives
// after.
func TestLink_CutIsToldOnBothSidesAndMends(t *testing.T) {
	t.Parallel()
	_, a, b := pair(t, setup{})
	for round := range uint64(6) {
		for range 100 {
			a.send(2, one(Message{Body: number(round)}))
		}
		a.send(2, &Cut{"a test"})
		again(t, a, b)
		for len(b.links[1].got) > 0 {
			if m := <-b.links[1].got; !bytes.Equal(m, number(round)) {
				t.Fatalf("round %d: %x", round, m)
			}
		}
		exchange(t, a, b)
	}
	if n := a.net.Counters().Broken.Load(); n != 6 {
		t.Errorf("%d are counted", n)
	}
	if n := a.net.Counters().Up.Load(); n != 1 {
		t.Errorf("%d up", n)
	}
}

func TestLink_WhatTheOwnerDoesNotTakeBreaksIt(t *testing.T) {
	t.Parallel()
	_, a, b := pair(t, setup{})
	taken := 0
	reject := func(m []byte) error {
		if taken++; taken == 3 {
			return errors.New("not to my liking")
		}
		return nil
	}
	b.links[1].deliver.Store(&reject)
	for range 10 {
		a.send(2, one(Message{Body: []byte("m")}))
	}
	if err := receive(t, "down", b.links[1].downs); !strings.Contains(err.Error(), "liking") {
		t.Error(err)
	}
	receive(t, "down", a.links[2].downs)
	meet(t, a, b)
	if taken != 3 {
		t.Errorf("%d were delivered", taken)
	}
}

// TestLink_SendsNothingWhileDown: what the owner sends to nobody is gone.
func TestLink_SendsNothingWhileDown(t *testing.T) {
	t.Parallel()
	f := newField()
	a := f.stand(t, 1, []wire.ServerID{2}, setup{})
	for range 1000 {
		a.send(2, one(Message{Body: []byte("early")}))
	}
	b := f.stand(t, 2, []wire.ServerID{1}, setup{})
	meet(t, a, b)
	exchange(t, a, b)
}

// TestLink_ADeathIsSeenAtOnce, though PeerTimeout is long, and the other is met
// as soon as it is back.
func TestLink_ADeathIsSeenAtOnce(t *testing.T) {
	t.Parallel()
	f := newField()
	a := f.stand(t, 1, []wire.ServerID{2}, setup{timeout: time.Minute})
	lives := make([]*station, 4) // all listen before there is traffic: see starting
	for i := range lives {
		lives[i] = f.listen(t, 2, []wire.ServerID{1}, setup{})
	}
	for i, b := range lives {
		if i > 0 {
			lives[i-1].close()
			began := time.Now()
			receive(t, "down", a.links[2].downs)
			t.Logf("death seen after %v", time.Since(began))
			if d := time.Since(began); d > time.Second {
				t.Errorf("death seen after %v", d)
			}
		}
		b.place()
		began := time.Now()
		b.link(1, setup{timeout: time.Minute})
		meet(t, a, b)
		t.Logf("met after %v", time.Since(began))
		exchange(t, a, b)
	}
}

// TestLink_BrokenConnectionsMend, whichever of the two breaks.
func TestLink_BrokenConnectionsMend(t *testing.T) {
	t.Parallel()
	f, a, b := pair(t, setup{timeout: time.Minute})
	f.reset(1, 2)
	again(t, a, b)
	f.reset(2, 1)
	again(t, a, b)
	f.reset(1, 2)
	f.reset(2, 1)
	again(t, a, b)
	exchange(t, a, b)
}

// TestLink_SilenceBreaksIt, in both directions or in one, on both sides.
func TestLink_SilenceBreaksIt(t *testing.T) {
	t.Parallel()
	for name, ways := range map[string][][2]wire.ServerID{"both": {{1, 2}, {2, 1}}, "there": {{1, 2}}, "back": {{2, 1}}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const timeout = 400 * time.Millisecond
			f, a, b := pair(t, setup{timeout: timeout})
			for _, w := range ways {
				f.blackhole(w[0], w[1], true)
			}
			began := time.Now()
			receive(t, "down here", a.links[2].downs)
			receive(t, "down there", b.links[1].downs)
			if d := time.Since(began); d < timeout/2 {
				t.Errorf("down after %v", d)
			}
			for _, w := range ways {
				f.blackhole(w[0], w[1], false)
			}
			healed := time.Now()
			meet(t, a, b)
			t.Logf("met %v after healing", time.Since(healed))
			eventually(t, "messages come again", func() bool { // a slow machine may have broken it once more
				a.send(2, one(Message{Body: []byte("again")}))
				b.send(1, one(Message{Body: []byte("again")}))
				return len(a.links[2].got) > 0 && len(b.links[1].got) > 0
			})
		})
	}
}

// TestLink_TheOtherDirectionIsJudgedByTheOthersClock: what a heartbeat says of
// what the other has heard is as old as the heartbeat, which may have waited.
func TestLink_TheOtherDirectionIsJudgedByTheOthersClock(t *testing.T) {
	l := &Link{o: Options{PeerTimeout: time.Second}, port: &port{out: outgoing{sent: 100}}}
	say := func(received, at uint64) error { return l.onHeartbeat(beat{received, at, false}.append(nil)) }
	l.clock.now = time.Hour
	for _, ok := range [][2]uint64{{0, 5000}, {0, 5900}, {10, 6500}, {10, 7400}, {100, 9000}, {100, 10_000}} {
		if err := say(ok[0], ok[1]); err != nil {
			t.Errorf("%v: %v", ok, err)
		}
		l.clock.now += time.Hour
	}
	if err := say(100, 10_001); err == nil || !strings.Contains(err.Error(), "heard nothing for 1001 ms") {
		t.Error(err)
	}
	if err := say(101, 10_002); !errors.Is(err, errBadFrame) {
		t.Errorf("it has heard what was not said: %v", err)
	}
}

// TestLink_IdleIsNotSilent: heartbeats keep a link up that nobody uses.
func TestLink_IdleIsNotSilent(t *testing.T) {
	t.Parallel()
	_, a, b := pair(t, setup{timeout: 500 * time.Millisecond})
	before := a.links[2]
	select {
	case err := <-before.downs:
		t.Error(err)
	case err := <-b.links[1].downs:
		t.Error(err)
	case <-time.After(1500 * time.Millisecond): // three times what silence may last
	}
}

// TestClock_DoesNotCountPauses: a tick that is late by more than a tick says
// that this server was paused, not that the other was silent.
func TestClock_DoesNotCountPauses(t *testing.T) {
	t.Parallel()
	var k clock
	k.start(100 * time.Millisecond)
	at := k.last
	for _, d := range []time.Duration{100, 150, 10_000, 100, 201} {
		at = at.Add(d * time.Millisecond)
		k.advance(at)
	}
	if k.now != (100+150+100+100+100)*time.Millisecond {
		t.Error(k.now)
	}
}

// TestLink_GoodbyeIsToldAtOnce, and nobody tries again until another comes in
// the place of the one that left.
func TestLink_GoodbyeIsToldAtOnce(t *testing.T) {
	t.Parallel()
	f := newField()
	o := setup{timeout: time.Minute}
	a := f.stand(t, 1, []wire.ServerID{2}, o)
	next := f.listen(t, 2, []wire.ServerID{1}, o)
	b := f.stand(t, 2, []wire.ServerID{1}, o)
	meet(t, a, b)
	b.send(1, one(Message{Body: []byte("last")}))
	b.send(1, &Goodbye{})
	if err := receive(t, "down", b.links[1].downs); !errors.Is(err, ErrGoodbye) {
		t.Error(err)
	}
	b.send(1, one(Message{Body: []byte("too late")}))
	b.close()
	if err := receive(t, "down", a.links[2].downs); !errors.Is(err, ErrGoodbye) {
		t.Error(err)
	}
	if m := receive(t, "the last message", a.links[2].got); string(m) != "last" {
		t.Errorf("%q", m)
	}
	next.place()
	next.link(1, o)
	meet(t, a, next)
	exchange(t, a, next)
	if len(b.links[1].ups) > 0 {
		t.Error("up again after goodbye")
	}
}

// TestLink_ANewActorTakesThePlaceOfAnOld, as when an incarnation of the replica
// ends and the next begins, with the other side noticing.
func TestLink_ANewActorTakesThePlaceOfAnOld(t *testing.T) {
	t.Parallel()
	_, a, b := pair(t, setup{})
	for range 5 {
		old := a.links[2]
		if err := a.system.Root.StopFuture(old.pid).Wait(); err != nil {
			t.Fatal(err)
		}
		receive(t, "down here", old.downs)
		receive(t, "down there", b.links[1].downs)
		a.link(2, setup{})
		meet(t, a, b)
		exchange(t, a, b)
	}
	a.system.Root.Send(a.links[2].pid, &supervise.Crash{Reason: "a test"})
	eventually(t, "the failure is logged", func() bool { return strings.Contains(a.log.String(), "actor failed") })
	a.system.Root.Stop(a.links[2].pid)
	receive(t, "down there", b.links[1].downs)
	a.link(2, setup{})
	meet(t, a, b)
	exchange(t, a, b)
}

// TestLink_ThreeServers each with two links, one of them leaving.
func TestLink_ThreeServers(t *testing.T) {
	t.Parallel()
	f := newField()
	a := f.stand(t, 1, []wire.ServerID{2, 3}, setup{})
	b := f.stand(t, 2, []wire.ServerID{1, 3}, setup{})
	c := f.stand(t, 3, []wire.ServerID{1, 2}, setup{})
	meet(t, a, b)
	meet(t, b, c)
	meet(t, a, c)
	c.close()
	receive(t, "down", a.links[3].downs)
	receive(t, "down", b.links[3].downs)
	exchange(t, a, b)
}

// TestLink_IsQuiet: a line when it goes up, a line when it goes down, none in
// between.
func TestLink_IsQuiet(t *testing.T) {
	t.Parallel()
	_, a, b := pair(t, setup{})
	before := a.log.String()
	for range 1000 {
		exchange(t, a, b)
	}
	if s := strings.TrimPrefix(a.log.String(), before); s != "" {
		t.Errorf("it says\n%s", s)
	}
	b.close()
	receive(t, "down", a.links[2].downs)
	a.log.has(t, `"link down"`, `"level":"info"`, `"peer":2`, `"address":"127.0.0.1:`, `"why":`)
	if s := a.log.String(); strings.Count(s, `"link up"`) != 1 || strings.Contains(s, "proto.actor") {
		t.Errorf("it says\n%s", s)
	}
}
