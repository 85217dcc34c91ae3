package zab

import (
	"testing"

	"troupe/cluster/quorum"
	"troupe/wire"
)

func drafts(n int) []wire.Record { return make([]wire.Record, n) }

func three() quorum.Majority { return quorum.Majority{Voters: []wire.ServerID{1, 2, 3}} }

func TestLeader_SubmitGivesConsecutiveZxids(t *testing.T) {
	l := NewLeader(three(), wire.MakeZxid(2, 7), wire.FlagSkipACL)
	out := l.Step(Submit{drafts(3), 42}, nil)
	records := out[0].(Append).Records
	for i, r := range records {
		if want := wire.MakeZxid(2, uint32(8+i)); r.Zxid != want || r.Time != 42 || r.Flags != wire.FlagSkipACL || r.Eval != wire.EvalVersion {
			t.Errorf("record %d: %+v, want zxid %v", i, r, want)
		}
	}
	if len(out) != 1 || len(records) != 3 {
		t.Fatalf("effects %v", out)
	}
}

func TestLeader_CommitsWhatAQuorumHas(t *testing.T) {
	l := NewLeader(three(), 0, 0)
	l.Step(Submit{drafts(2), 1}, nil)
	l.Step(Submit{drafts(2), 1}, nil)
	if out := l.Step(Acked{1, 4}, nil); len(out) != 0 {
		t.Fatalf("one of three committed %v", out)
	}
	if out := l.Step(Acked{2, 3}, nil); committed(out) != 3 || l.Committed() != 3 {
		t.Fatalf("two of three: %v", out)
	}
	if out := l.Step(Acked{2, 2}, nil); len(out) != 0 {
		t.Fatalf("a late ack committed %v", out)
	}
	if out := l.Step(Acked{3, 4}, nil); committed(out) != 1 {
		t.Fatalf("the rest: %v", out)
	}
}

func committed(out []Effect) (n int) {
	for _, e := range out {
		n += len(e.(Commit).Records)
	}
	return n
}

func TestLeader_CounterSpentStepsTheEpoch(t *testing.T) {
	l := NewLeader(three(), wire.MakeZxid(4, 1<<32-2), 0)
	r := l.Step(Submit{drafts(2), 1}, nil)[0].(Append).Records
	if r[0].Zxid != wire.MakeZxid(4, 1<<32-1) || r[1].Zxid != wire.MakeZxid(5, 1) {
		t.Errorf("got %v, %v", r[0].Zxid, r[1].Zxid)
	}
}

func TestLeader_SyncPointIsTheLastProposed(t *testing.T) {
	l := NewLeader(three(), 0, 0)
	l.Step(Submit{drafts(5), 1}, nil)
	if p := l.Step(Sync{"t"}, nil)[0].(SyncPoint); p.Zxid != 5 || p.Ticket != "t" {
		t.Errorf("got %+v", p)
	}
}
