package zab

import (
	"math/rand"
	"testing"

	"troupe/cluster/quorum"
	"troupe/wire"
)

// TestLeader_CommitsEverythingOnceInOrder: whatever acks come and in whichever
// order, what is committed is what was proposed, in zxid order, without a gap,
// as soon as a quorum has it, and never before.
func TestLeader_CommitsEverythingOnceInOrder(t *testing.T) {
	for seed := range 200 {
		rnd := rand.New(rand.NewSource(int64(seed)))
		m := quorum.Majority{}
		for id := wire.ServerID(1); id <= wire.ServerID(1+rnd.Intn(5)); id++ {
			m.Voters = append(m.Voters, id)
		}
		last := wire.MakeZxid(1, ^uint32(0)-uint32(rnd.Intn(40))) // the epoch is stepped over on the way
		l := NewLeader(m, last, 0)
		acked := map[wire.ServerID]wire.Zxid{}
		var proposed, committed []wire.Record
		cxid := wire.Xid(0)
		take := func(out []Effect) {
			for _, e := range out {
				switch e := e.(type) {
				case Append:
					proposed = append(proposed, e.Records...)
				case Commit:
					committed = append(committed, e.Records...)
				case SyncPoint:
					if e.Zxid != l.Proposed() {
						t.Fatalf("seed %d: a sync point at %v, proposed is %v", seed, e.Zxid, l.Proposed())
					}
				}
			}
		}
		for range 120 {
			switch rnd.Intn(4) {
			case 0:
				s := Submit{Now: 1, Drafts: drafts(rnd.Intn(4))}
				for i := range s.Drafts {
					cxid++
					s.Drafts[i].Cxid = cxid
				}
				take(l.Step(s, nil))
			case 1:
				take(l.Step(Sync{}, nil))
			default:
				if len(proposed) == 0 {
					continue
				}
				a := Acked{m.Voters[rnd.Intn(len(m.Voters))], proposed[rnd.Intn(len(proposed))].Zxid}
				acked[a.From] = max(acked[a.From], a.Zxid)
				take(l.Step(a, nil))
			}
			upTo := max(m.Committed(acked), last)
			if n := len(committed); l.Committed() != upTo || n > 0 && committed[n-1].Zxid != upTo || n == 0 && upTo != last {
				t.Fatalf("seed %d: committed %v, a quorum has %v", seed, l.Committed(), upTo)
			}
			for i, r := range committed {
				if r.Cxid != wire.Xid(i+1) || r.Zxid != proposed[i].Zxid {
					t.Fatalf("seed %d: commit %d is %v, %v", seed, i, r.Zxid, r.Cxid)
				}
			}
		}
	}
}
