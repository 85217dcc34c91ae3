package zab

import (
	"testing"
	"time"

	"troupe/wire"
)

// learn is a follower under test, whose leader is 1 and whose join is 9.
func learn(p Position, voter bool) (*Follower, func(Event) []Effect) {
	f := NewFollower(Membership{Self: 2, Leader: 1, Voter: voter, Join: 9, InitTimeout: time.Second}, p, nil)
	step := func(e Event) []Effect { return f.Step(e, nil) }
	step(Start{})
	return f, step
}

func said1(m wire.PeerMessage) Heard { return Heard{From: 1, Message: m} }

func TestFollower_NewEpoch(t *testing.T) {
	for name, c := range map[string]struct {
		epoch          wire.Epoch
		promise, fresh bool
		leave          bool
	}{"lower": {1, false, false, true}, "the same": {2, false, false, false}, "higher": {3, true, true, false}} {
		t.Run(name, func(t *testing.T) {
			_, step := learn(Position{Accepted: 2, Current: 1, Last: wire.MakeZxid(1, 5)}, true)
			out := step(said1(&wire.NewEpoch{Join: 9, Epoch: c.epoch}))
			if p := said[Promise](out); (p != nil) != c.promise || (said[Over](out) != nil) != c.leave {
				t.Fatalf("%v", out)
			}
			if c.promise {
				if _, early := told[*wire.AckEpoch](out, 1); early {
					t.Fatal("acknowledged before it is on disk")
				}
				out = step(Promised{c.epoch})
			}
			if ack, ok := told[*wire.AckEpoch](out, 1); ok == c.leave || ok && ack.Fresh != c.fresh {
				t.Fatalf("%v", out)
			}
		})
	}
}

func TestFollower_NewEpoch_NotBelowWhatItsLogHas(t *testing.T) {
	_, step := learn(Position{Accepted: 1, Current: 1, Last: wire.MakeZxid(3, 0)}, true)
	if out := step(said1(&wire.NewEpoch{Join: 9, Epoch: 2})); said[Over](out) == nil {
		t.Fatalf("%v", out)
	}
}

func TestFollower_NewLeader_IsAcknowledgedAsFarAsItIsOnDisk(t *testing.T) {
	_, step := learn(history(5, 5), true)
	step(said1(&wire.NewEpoch{Join: 9, Epoch: 2}))
	step(Promised{2})
	step(said1(&wire.Propose{Join: 9, Entries: records(wire.MakeZxid(1, 6), 2).Entries}))
	step(said1(&wire.NewLeader{Join: 9, Epoch: 2}))
	step(said1(&wire.Propose{Join: 9, Entries: records(wire.MakeZxid(2, 1), 1).Entries})) // behind Enter
	if ack, ok := told[*wire.AckNewLeader](step(Entered{2}), 1); !ok || ack.Zxid != wire.MakeZxid(1, 7) {
		t.Fatalf("acknowledged %v", ack)
	}
}

func TestFollower_Truncate(t *testing.T) {
	f, step := learn(history(9, 5), true)
	if out := step(said1(&wire.Truncate{Join: 9, After: wire.MakeZxid(1, 7)})); said[TruncateLog](out) == nil {
		t.Fatalf("%v", out)
	}
	if tail, _ := f.Tail(); len(tail) != 1 || tail[0].Last() != wire.MakeZxid(1, 7) {
		t.Fatalf("%v", tail)
	}
	if out := step(said1(&wire.Truncate{Join: 9, After: wire.MakeZxid(1, 4)})); said[Over](out) == nil || !said[Over](out).NeedState {
		t.Fatalf("what is applied is cut: %v", out)
	}
}

func TestFollower_Propose_HasToFollow(t *testing.T) {
	for name, c := range map[string]struct {
		first wire.Zxid
		ok    bool
	}{"the next": {wire.MakeZxid(1, 6), true}, "a gap": {wire.MakeZxid(1, 7), false}, "again": {wire.MakeZxid(1, 5), false},
		"the first of an epoch": {wire.MakeZxid(4, 1), true}, "a step's": {wire.MakeZxid(2, 0), true}, "the second of an epoch": {wire.MakeZxid(2, 2), false}} {
		t.Run(name, func(t *testing.T) {
			_, step := learn(history(5, 5), true)
			out := step(said1(&wire.Propose{Join: 9, Entries: records(c.first, 1).Entries}))
			if (said[Append](out) != nil) != c.ok || (said[Over](out) != nil) == c.ok {
				t.Fatalf("%v", out)
			}
		})
	}
}

func TestFollower_Commit_WaitsForTheDisk(t *testing.T) {
	_, step := learn(history(5, 5), true)
	z := wire.MakeZxid(1, 7)
	step(said1(&wire.Propose{Join: 9, Entries: records(wire.MakeZxid(1, 6), 2).Entries}))
	if out := step(said1(&wire.Commit{Join: 9, Zxid: z})); said[Commit](out) != nil {
		t.Fatalf("%v", out)
	}
	out := step(Logged{z - 1})
	if c := said[Commit](out); c == nil || len(c.Records) != 1 {
		t.Fatalf("%v", out)
	}
	if ack, ok := told[*wire.Ack](out, 1); !ok || ack.Zxid != z-1 {
		t.Fatalf("%v", out)
	}
}

func TestFollower_Observer_DoesNotAck(t *testing.T) {
	_, step := learn(history(5, 5), false)
	z := wire.MakeZxid(1, 6)
	step(said1(&wire.Propose{Join: 9, Committed: z, Entries: records(z, 1).Entries}))
	out := step(Logged{z})
	if _, acks := told[*wire.Ack](out, 1); acks {
		t.Fatal("it acks")
	}
	if _, ok := told[*wire.Taken](out, 1); !ok || said[Commit](out) == nil {
		t.Fatalf("%v", out)
	}
}

func TestFollower_Step_IsPromisedOnce(t *testing.T) {
	_, step := learn(history(5, 5), true)
	step(said1(&wire.NewEpoch{Join: 9, Epoch: 2}))
	step(Promised{2})
	step(said1(&wire.NewLeader{Join: 9, Epoch: 2}))
	step(Entered{2})
	if out := step(said1(&wire.UpToDate{Join: 9})); said[Serve](out) == nil || said[Serve](out).Epoch != 2 {
		t.Fatalf("%v", out)
	}
	if out := step(said1(&wire.StepEpoch{Join: 9, Epoch: 3})); said[Promise](out) == nil {
		t.Fatalf("%v", out)
	}
	if ack, ok := told[*wire.AckStep](step(Promised{3}), 1); !ok || !ack.OK {
		t.Fatal("not promised")
	}
	if ack, ok := told[*wire.AckStep](step(said1(&wire.StepEpoch{Join: 9, Epoch: 3})), 1); !ok || ack.OK {
		t.Fatal("promised twice")
	}
}

// TestFollower_UpToDate_TellsWhenItIsFounded: in its first reign it says so once that is on its disk.
func TestFollower_UpToDate_TellsWhenItIsFounded(t *testing.T) {
	_, step := learn(Position{}, true)
	step(said1(&wire.NewEpoch{Join: 9, Epoch: 1}))
	step(Promised{1})
	step(said1(&wire.NewLeader{Join: 9, Epoch: 1}))
	if m, ok := told[*wire.AckNewLeader](step(Entered{1}), 1); !ok || m.Founded {
		t.Fatalf("says %+v before it serves", m)
	}
	if e := said[Enter](step(said1(&wire.UpToDate{Join: 9}))); e == nil || !e.Founded {
		t.Fatalf("is not founded: %v", e)
	}
	if m, ok := told[*wire.AckNewLeader](step(Entered{1}), 1); !ok || !m.Founded {
		t.Fatalf("says %+v once it is founded", m)
	}
}

func TestFollower_Stranger_IsNotHeard(t *testing.T) {
	_, step := learn(history(5, 5), true)
	if out := step(said1(&wire.Leave{Join: 8})); len(out) != 0 {
		t.Fatalf("another attempt's: %v", out)
	}
	if out := step(Heard{From: 3, Message: &wire.Leave{Join: 9}}); len(out) != 0 {
		t.Fatalf("not its leader's: %v", out)
	}
	if out := step(Tick{2 * time.Second}); said[Over](out) == nil {
		t.Fatalf("it waits for ever: %v", out)
	}
}
