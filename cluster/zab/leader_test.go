package zab

import (
	"math"
	"testing"
	"time"

	"troupe/wire"
)

// reign is a leader under test, with what it said last.
type reign struct {
	t   *testing.T
	l   *Leader
	out []Effect
}

// history is a position with a log of n records of epoch 1, k of them committed.
func history(n, k uint32) Position {
	p := Position{Accepted: 1, Current: 1, Founded: true, Last: wire.MakeZxid(1, n), Committed: wire.MakeZxid(1, k), Ends: []wire.Zxid{wire.MakeZxid(1, n)}}
	if k == 0 {
		p.Committed = 0
	}
	if n > k {
		p.Tail = []*Batch{records(wire.MakeZxid(1, k+1), int(n-k))}
	}
	return p
}

// records are n records that follow each other.
func records(first wire.Zxid, n int) *Batch {
	b := &Batch{}
	for i := range n {
		r := wire.Record{Zxid: first + wire.Zxid(i), Op: wire.OpCloseSession}
		b.Records = append(b.Records, r)
		b.Entries = append(b.Entries, wire.Entry{Zxid: r.Zxid, Data: wire.NewPacker().Record(nil, &r)})
	}
	return b
}

func lead(t *testing.T, voters int, p Position) *reign {
	o := Options{Self: 1, InitTimeout: time.Second, GatherTimeout: time.Second, SyncTimeout: time.Second, WindowBytes: 1 << 20, KeepBytes: 1 << 20, Ensemble: "e"}
	for id := range voters {
		o.Voters = append(o.Voters, wire.ServerID(id+1))
	}
	r := &reign{t: t, l: NewLeader(o, p)}
	r.step(Start{})
	return r
}

func (r *reign) step(e Event) *reign {
	r.out = r.l.Step(e, nil)
	return r
}

func (r *reign) heard(from wire.ServerID, m wire.PeerMessage) *reign {
	return r.step(Heard{From: from, Message: m})
}

// info is a server that asks to join; its join is its id.
func info(id wire.ServerID, p Position) *wire.FollowerInfo {
	return &wire.FollowerInfo{Join: wire.Join(id), Voter: true, NeedState: p.NeedState, Accepted: p.Accepted, Credentials: p.Credentials(),
		Committed: p.Committed, Ends: p.Ends}
}

// follow brings a server up to where it serves.
func (r *reign) follow(id wire.ServerID, p Position) *reign {
	r.heard(id, info(id, p))
	r.step(Promised{r.l.Epoch()})
	r.heard(id, &wire.AckEpoch{Join: wire.Join(id), Epoch: r.l.highest(), Fresh: true, Credentials: p.Credentials()})
	r.step(Entered{r.l.Epoch()})
	return r.heard(id, &wire.AckNewLeader{Join: wire.Join(id), Zxid: r.l.proposed, Founded: p.Founded})
}

// said finds an effect of a type, nil if there is none.
func said[E Effect](out []Effect) *E {
	for _, f := range out {
		if f, ok := f.(E); ok {
			return &f
		}
	}
	return nil
}

// told finds a message of a type to somebody.
func told[M wire.PeerMessage](out []Effect, to wire.ServerID) (m M, ok bool) {
	for _, f := range out {
		if s, is := f.(Send); is && s.To == to {
			if m, ok := s.Message.(M); ok {
				return m, true
			}
		}
	}
	return m, false
}

func submit(n int) Submit {
	s := Submit{Now: 1}
	for range n {
		s.Drafts = append(s.Drafts, wire.Record{Op: wire.OpCloseSession})
	}
	return s
}

func TestLeader_Alone_ServesAtOnceAndStepsTheEpoch(t *testing.T) {
	last := wire.MakeZxid(1, math.MaxUint32-3)
	r := lead(t, 1, Position{Current: 1, Last: last, Committed: last, Founded: true})
	if said[Serve](r.out) == nil {
		t.Fatalf("it does not serve: %v", r.out)
	}
	if r.step(submit(1)); said[Promise](r.out) == nil {
		t.Fatalf("the counter is nearly spent, and nothing is promised: %v", r.out)
	}
	r.step(submit(9)) // has no place any more in epoch 1
	if r.l.proposed != last+1 {
		t.Fatalf("proposed %v", r.l.proposed)
	}
	r.step(Promised{2})
	if want := wire.MakeZxid(2, 9); r.l.proposed != want || said[Serve](r.out) == nil {
		t.Fatalf("proposed %v, want %v: %v", r.l.proposed, want, r.out)
	}
	if r.step(Logged{last + 1}).step(Flush{}); r.l.draft != nil || said[Append](r.out).Batch.Records[0].Op != wire.OpNewEpoch {
		t.Fatalf("the epoch does not begin with its record: %v", r.out)
	}
}

func TestLeader_Reign_CountsFromOne(t *testing.T) {
	r := lead(t, 3, history(5, 5)).follow(2, history(5, 5))
	r.step(submit(2)).step(Flush{})
	p, ok := told[*wire.Propose](r.out, 2)
	if !ok || p.Entries[0].Zxid != wire.MakeZxid(2, 1) || len(p.Entries) != 2 {
		t.Fatalf("proposed %v", r.out)
	}
}

func TestLeader_AckEpoch_CountsOnlyIfFresh(t *testing.T) {
	r := lead(t, 3, history(5, 5)).heard(2, info(2, history(5, 5))).step(Promised{2})
	r.heard(2, &wire.AckEpoch{Join: 2, Epoch: 2, Credentials: wire.Credentials{Current: 1, Last: wire.MakeZxid(1, 5)}})
	if r.l.phase != discovering {
		t.Fatal("a promise that may be somebody else's has counted")
	}
}

func TestLeader_AckEpoch_OfMoreHistory(t *testing.T) {
	for name, c := range map[string]struct {
		voters int
		others []wire.ServerID
		over   bool
	}{"is needed": {3, []wire.ServerID{2}, true}, "is not needed": {5, []wire.ServerID{2, 3, 4}, false}} {
		t.Run(name, func(t *testing.T) {
			r := lead(t, c.voters, history(5, 5))
			for _, id := range c.others {
				r.heard(id, info(id, history(5, 5)))
			}
			r.heard(2, &wire.AckEpoch{Join: 2, Epoch: 2, Fresh: true, Credentials: wire.Credentials{Current: 1, Last: wire.MakeZxid(1, 6)}})
			if over := said[Over](r.out) != nil; over != c.over {
				t.Fatalf("over: %v, want %v", over, c.over)
			}
		})
	}
}

func TestLeader_FollowerInfo_OfAHigherPromiseEndsTheReign(t *testing.T) {
	p := history(5, 5)
	r := lead(t, 5, p).heard(2, info(2, p)).follow(3, p)
	r.follow(2, p).heard(3, &wire.AckNewLeader{Join: 3, Zxid: p.Last, Founded: true})
	r.l.o.LastCounter = 1
	if r.step(submit(1)); said[Promise](r.out) == nil {
		t.Fatalf("it does not step to epoch 3: %v", r.out)
	}
	p.Accepted = 3
	observer := info(9, p)
	observer.Voter = false
	if r.heard(9, observer); said[Over](r.out) != nil {
		t.Fatalf("observer 9 has promised the epoch that is stepped to: %v", r.out)
	}
	if r.heard(4, info(4, p)); said[Over](r.out) == nil {
		t.Fatalf("server 4 may have promised epoch 3 to another: %v", r.out)
	}
}

func TestLeader_FollowerInfo_OfALaterReignEndsThisOne(t *testing.T) {
	p := history(5, 5)
	r := lead(t, 3, p).follow(3, p)
	r.l.o.LastCounter = 1
	r.step(submit(1)) // steps to epoch 3
	p.Accepted, p.Current = 3, 3
	observer := info(9, p)
	observer.Voter = false
	if r.heard(9, observer); said[Over](r.out) == nil {
		t.Fatalf("observer 9 has entered epoch 3 with another leader: %v", r.out)
	}
}

func TestLeader_AckNewLeader_BeforeTheSyncPointIsNone(t *testing.T) {
	r := lead(t, 3, history(5, 3)).heard(2, info(2, history(3, 3))).step(Promised{2})
	r.heard(2, &wire.AckEpoch{Join: 2, Epoch: 2, Fresh: true}).step(Entered{2})
	if r.heard(2, &wire.AckNewLeader{Join: 2, Zxid: wire.MakeZxid(1, 3)}); r.l.Serving() {
		t.Fatal("it serves, nobody has its history")
	}
	if r.heard(2, &wire.AckNewLeader{Join: 2, Zxid: wire.MakeZxid(1, 5)}); !r.l.Serving() {
		t.Fatal("it does not serve")
	}
}

func TestLeader_Ack_CommitsWithoutItsOwnDisk(t *testing.T) {
	p := history(5, 5)
	r := lead(t, 3, p).heard(3, info(3, p)).follow(2, p)
	r.follow(3, p).step(submit(1)).step(Flush{})
	z := wire.MakeZxid(2, 1)
	r.heard(2, &wire.Ack{Join: 2, Zxid: z}).heard(3, &wire.Ack{Join: 3, Zxid: z})
	if said[Commit](r.out) != nil || r.l.Committed() != z {
		t.Fatalf("committed %v, %v", r.l.Committed(), r.out)
	}
	if r.step(Flush{}); func() bool { c, ok := told[*wire.Commit](r.out, 2); return !ok || c.Zxid != z }() {
		t.Fatalf("the others are not told: %v", r.out)
	}
	if r.step(Logged{z}); said[Commit](r.out) == nil {
		t.Fatalf("not applied: %v", r.out)
	}
}

// TestLeader_Flush_GathersBehindWhatIsUnderWay: a lone request goes at once; what comes before it is
// committed goes together, unless that is much.
func TestLeader_Flush_GathersBehindWhatIsUnderWay(t *testing.T) {
	p := history(5, 5)
	r := lead(t, 3, p).follow(2, p)
	proposed := func() int {
		r.step(Flush{})
		if m, ok := told[*wire.Propose](r.out, 2); ok {
			return len(m.Entries)
		}
		return 0
	}
	if r.step(submit(1)); proposed() != 1 {
		t.Fatal("a lone request waits")
	}
	for range 3 {
		if r.step(submit(2)); proposed() != 0 {
			t.Fatal("a few records do not wait for what is under way")
		}
	}
	z := wire.MakeZxid(2, 1)
	r.step(Logged{z}).heard(2, &wire.Ack{Join: 2, Zxid: z})
	if n := proposed(); n != 6 {
		t.Fatalf("%d records go together once that is committed", n)
	}
	if r.step(submit(someRecords)); proposed() != someRecords {
		t.Fatal("many records wait for one batch")
	}
	if r.step(submit(manyRecords - 1)); proposed() != 0 {
		t.Fatal("many records do not wait for two batches")
	}
	if r.step(submit(1)); proposed() != manyRecords {
		t.Fatal("very many records wait")
	}
	r.step(submit(1)).step(Retire{})
	z = r.l.Proposed()
	r.step(Logged{z}).heard(2, &wire.Ack{Join: 2, Zxid: z - 1})
	if r.step(Flush{}); said[Append](r.out) == nil {
		t.Fatal("what is drafted is not proposed before the end")
	}
	if r.heard(2, &wire.Ack{Join: 2, Zxid: z}).step(Flush{}); said[Over](r.out) == nil {
		t.Fatalf("it does not end: %v", r.out)
	}
}

// What a learner has missed in many batches goes to it as few, and each record once.
func TestLeader_LearnerBehindManyBatches_GetsThemAsOne(t *testing.T) {
	p := history(5, 5)
	r := lead(t, 3, p).follow(2, p)
	for range 30 {
		r.step(submit(2)).step(Flush{})
		r.step(Logged{r.l.Proposed()}).heard(2, &wire.Ack{Join: 2, Zxid: r.l.Proposed()})
	}
	r.heard(3, info(3, p))
	r.heard(3, &wire.AckEpoch{Join: 3, Epoch: r.l.highest(), Fresh: true, Credentials: p.Credentials()})
	var sent []*wire.Propose
	for _, f := range r.out {
		if m, ok := f.(Send); ok && m.To == 3 {
			if m, ok := m.Message.(*wire.Propose); ok {
				sent = append(sent, m)
			}
		}
	}
	if len(sent) != 1 || len(sent[0].Entries) != 60 {
		t.Fatalf("%d messages: %v", len(sent), r.out)
	}
	for i, e := range sent[0].Entries {
		if e.Zxid != wire.MakeZxid(2, uint32(i+1)) {
			t.Errorf("record %d is %v", i, e.Zxid)
		}
	}
}

func TestLeader_Sync_IsAskedAgainOfWhoComesBack(t *testing.T) {
	p := history(5, 5)
	r := lead(t, 3, p).follow(2, p).step(Sync{"ticket"})
	if said[SyncPoint](r.out) != nil {
		t.Fatal("answered without a round")
	}
	p.Accepted, p.Current = 2, 2
	r.heard(2, info(2, p)).heard(2, &wire.AckEpoch{Join: 2, Epoch: 2}).heard(2, &wire.AckNewLeader{Join: 2, Zxid: r.l.proposed})
	c, ok := told[*wire.Confirm](r.out, 2)
	if !ok {
		t.Fatalf("not asked again: %v", r.out)
	}
	if r.heard(2, &wire.Confirmed{Join: 2, Round: c.Round}); said[SyncPoint](r.out) == nil {
		t.Fatalf("not answered: %v", r.out)
	}
}

func TestLeader_Retire_LosesNobodyElse(t *testing.T) {
	p := history(5, 5)
	r := lead(t, 3, p).heard(3, info(3, p)).follow(2, p)
	r.follow(3, p).step(submit(1)).step(Retire{}).heard(2, info(2, p)) // rejoins
	r.step(Flush{})
	z := wire.MakeZxid(2, 1)
	if r.step(Logged{z}).heard(3, &wire.Ack{Join: 3, Zxid: z}).step(Flush{}); said[Over](r.out) == nil {
		t.Fatalf("what was proposed is committed, the reign goes on: %v", r.out)
	}
	if _, ok := told[*wire.Leave](r.out, 3); !ok {
		t.Fatalf("server 3 is not told: %v", r.out)
	}
}

func TestLeader_LearnerFarBehind_GetsTheState(t *testing.T) {
	p := history(9, 9)
	r := lead(t, 3, p).heard(2, info(2, history(3, 2))).step(Promised{2})
	r.heard(2, &wire.AckEpoch{Join: 2, Epoch: 2, Fresh: true})
	read := said[ReadLog](r.out)
	if _, cut := told[*wire.Truncate](r.out, 2); cut || read == nil || read.After != wire.MakeZxid(1, 3) {
		t.Fatalf("%v", r.out)
	}
	if r.step(LogRead{Peer: 2, Join: 2, Trimmed: true}); said[Transfer](r.out) == nil {
		t.Fatalf("%v", r.out)
	}
}

func TestLeader_LearnerOfAnotherHistory_IsCutBeforeItGetsMore(t *testing.T) {
	p := Position{Accepted: 3, Current: 3, Last: wire.MakeZxid(3, 1), Committed: wire.MakeZxid(1, 4),
		Ends: []wire.Zxid{wire.MakeZxid(3, 1), wire.MakeZxid(1, 5)}, Tail: []*Batch{records(wire.MakeZxid(1, 5), 1), records(wire.MakeZxid(3, 1), 1)}}
	other := Position{Accepted: 2, Current: 2, Last: wire.MakeZxid(2, 7), Committed: wire.MakeZxid(1, 4), Ends: []wire.Zxid{wire.MakeZxid(2, 7), wire.MakeZxid(1, 5)}}
	r := lead(t, 3, p).heard(2, info(2, other)).step(Promised{4})
	r.heard(2, &wire.AckEpoch{Join: 2, Epoch: 4, Fresh: true, Credentials: other.Credentials()})
	cut, ok := told[*wire.Truncate](r.out, 2)
	if !ok || cut.After != wire.MakeZxid(1, 5) {
		t.Fatalf("%v", r.out)
	}
	if m, ok := told[*wire.Propose](r.out, 2); !ok || m.Entries[0].Zxid != wire.MakeZxid(3, 1) {
		t.Fatalf("%v", r.out)
	}
}

func TestLeader_LearnerWithoutState_CountsByItsLogAndGetsTheState(t *testing.T) {
	p := history(5, 4)
	p.NeedState = true
	r := lead(t, 3, history(5, 4)).follow(2, p)
	if !r.l.Serving() || said[Transfer](r.out) == nil {
		t.Fatalf("%v", r.out)
	}
	if _, ok := told[*wire.UpToDate](r.out, 2); ok {
		t.Fatal("it is let serve")
	}
}

func TestLeader_Digests_AreJudgedByAQuorum(t *testing.T) {
	p := history(5, 5)
	for name, c := range map[string]struct {
		second, third uint64
		over, halt    bool
		expelled      wire.ServerID
	}{"all equal": {7, 7, false, false, 0}, "one differs": {7, 8, false, false, 3}, "the leader differs": {8, 8, true, false, 0},
		"all differ": {8, 9, true, true, 0}} {
		t.Run(name, func(t *testing.T) {
			r := lead(t, 3, p).heard(3, info(3, p)).follow(2, p)
			r.follow(3, p).step(OwnDigest{p.Last, 7})
			out := append([]Effect(nil), r.heard(2, &wire.Digest{Join: 2, Zxid: p.Last, Value: c.second}).out...)
			out = append(out, r.heard(3, &wire.Digest{Join: 3, Zxid: p.Last, Value: c.third}).out...)
			over := said[Over](out)
			if (over != nil) != c.over || over != nil && (over.Halt != c.halt || over.NeedState == c.halt) {
				t.Fatalf("over: %+v", over)
			}
			if _, ok := told[*wire.Diverged](out, c.expelled); c.expelled != 0 && !ok {
				t.Fatalf("%v", out)
			}
		})
	}
}

func TestLeader_Blank(t *testing.T) {
	empty, full := Position{Blank: true}, history(5, 0)
	if r := lead(t, 3, empty).follow(2, empty); !r.l.Serving() {
		t.Error("a first start: two of three suffice")
	}
	if r := lead(t, 3, empty).heard(2, info(2, full)); said[Over](r.out) == nil {
		t.Error("an empty server leads one with data")
	}
	if r := lead(t, 3, full).heard(2, info(2, empty)); r.l.phase != gathering {
		t.Error("a server that may have forgotten something is needed for the quorum")
	}
	r := lead(t, 3, full).heard(3, info(3, full)).follow(2, full)
	if r.follow(3, empty); r.l.learners[3].stage != serving {
		t.Error("it is not taken in, though it is not needed")
	}
	if r := lead(t, 3, Position{Accepted: 1, Current: 1, Founded: true}).heard(2, info(2, empty)); r.l.phase != gathering {
		t.Error("an empty server is part of a quorum beside one that has been part of a reign")
	}
	begun := Position{Accepted: 1, Current: 1} // entered, before there was a quorum
	if r := lead(t, 3, begun).follow(2, empty); !r.l.Serving() {
		t.Error("a first start whose first leader came to nothing")
	}
}

// TestLeader_First_ProposesNothingBeforeAQuorumIsFounded: whoever knows of an acknowledged write and whoever
// can vouch must be a quorum, whatever crashes.
func TestLeader_First_ProposesNothingBeforeAQuorumIsFounded(t *testing.T) {
	empty := Position{}
	r := lead(t, 3, empty).heard(3, info(3, empty)).follow(2, empty)
	enter := said[Enter](r.out)
	if enter == nil || !enter.Founded || said[Serve](r.out) == nil {
		t.Fatalf("the reign does not begin: %v", r.out)
	}
	proposed := func() bool {
		r.step(Flush{})
		_, ok := told[*wire.Propose](r.out, 2)
		return ok
	}
	if r.step(submit(1)); proposed() {
		t.Fatal("proposed while nobody is founded")
	}
	if r.step(Entered{1}); proposed() {
		t.Fatal("proposed while only the leader is founded")
	}
	if r.heard(2, &wire.AckNewLeader{Join: 2, Founded: true}); !proposed() || r.l.Proposed() != wire.MakeZxid(1, 1) {
		t.Fatal("not proposed once a quorum is founded")
	}
}

func TestLeader_Tail_IsWhatTheLogHas(t *testing.T) {
	r := lead(t, 3, history(5, 5)).follow(2, history(5, 5)).step(submit(1)).step(Flush{}).step(submit(1))
	if tail, _ := r.l.Tail(); len(tail) != 1 || tail[0].Last() != wire.MakeZxid(2, 1) {
		t.Fatalf("%v", tail)
	}
}
