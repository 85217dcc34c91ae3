package zab

import (
	"math/rand"
	"slices"
	"testing"

	"troupe/wire"
)

// record of the model: unique, so that equal zxids of different branches differ.
type written struct {
	zxid wire.Zxid
	id   int
}

// TestCommon_IsTheLongestCommonPrefix: for logs as reigns leave them (a leader
// goes on from what it has; who follows forgets what the leader lacks and gets some
// of the rest), the ends of their epochs tell exactly what two logs share.
func TestCommon_IsTheLongestCommonPrefix(t *testing.T) {
	for seed := range 300 {
		rnd := rand.New(rand.NewSource(int64(seed)))
		logs, next := make([][]written, 4), 0
		for e := wire.Epoch(1); e < 12; e++ {
			leader := rnd.Intn(len(logs))
			for i, z := rnd.Intn(4), wire.MakeZxid(e, uint32(1-rnd.Intn(2))); i > 0; i, z = i-1, z+1 {
				logs[leader], next = append(logs[leader], written{z, next}), next+1
			}
			for f := range logs {
				if rnd.Intn(2) == 0 {
					k := shared(logs[f], logs[leader])
					k += rnd.Intn(len(logs[leader]) - k + 1)
					logs[f] = slices.Clone(logs[leader][:k])
				}
			}
			for a := range logs {
				for b := range logs {
					check(t, seed, logs[a], logs[b], rnd)
				}
			}
		}
	}
}

func check(t *testing.T, seed int, leader, learner []written, rnd *rand.Rand) {
	t.Helper()
	k := shared(leader, learner)
	committed, want := wire.Zxid(0), wire.Zxid(0)
	if k > 0 {
		want = leader[k-1].zxid
		committed = leader[rnd.Intn(k)].zxid
	}
	if got := common(endsOf(leader), endsOf(learner), committed); got != want {
		t.Fatalf("seed %d: %v and %v share %v, common says %v", seed, leader, learner, want, got)
	}
}

func shared(a, b []written) (k int) {
	for k < len(a) && k < len(b) && a[k] == b[k] {
		k++
	}
	return k
}

func endsOf(log []written) (ends []wire.Zxid) {
	for _, w := range slices.Backward(log) {
		if len(ends) == 0 || ends[len(ends)-1].Epoch() != w.zxid.Epoch() {
			ends = append(ends, w.zxid)
		}
	}
	return ends
}

// TestQueue_TakesAndDropsByZxid, also within a batch.
func TestQueue_TakesAndDropsByZxid(t *testing.T) {
	first := wire.MakeZxid(1, 1)
	q := queue{records(first, 3), records(first+3, 3)}
	if taken := q.take(first + 3); len(taken) != 2 || taken[1].Last() != first+3 || q[0].Entries[0].Zxid != first+4 {
		t.Fatalf("%v, %v", taken, q)
	}
	if q.drop(first + 4); len(q) != 1 || q[0].Last() != first+4 {
		t.Fatalf("%v", q)
	}
	if q.drop(first); len(q) != 0 {
		t.Fatalf("%v", q)
	}
}

// TestWindow_LetsGoOfWhatIsAppliedOnly: the rest cannot be read from the log yet.
func TestWindow_LetsGoOfWhatIsAppliedOnly(t *testing.T) {
	first := wire.MakeZxid(1, 1)
	w := window{low: first - 1}
	w.add(records(first, 2))
	w.add(records(first+2, 2))
	w.shrink(0, first+2)
	if w.low != first+1 || len(w.batches) != 1 {
		t.Fatalf("%+v", w)
	}
	if s, _ := w.after(first); s != nil {
		t.Fatal("what is gone is found")
	}
	if s, i := w.after(first + 2); s == nil || s.entries[i].Zxid != first+3 {
		t.Fatal("what is there is not found")
	}
}
