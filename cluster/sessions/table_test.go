package sessions

import (
	"testing"
	"time"

	"troupe/wire"
)

func newTable(existing map[wire.SessionID]int32) *Table {
	return New(3, existing, 10*time.Millisecond, 0, func(time.Duration) time.Duration { return 0 })
}

func TestTable_NewIDsAreNotTaken(t *testing.T) {
	first, _ := newTable(nil).Admit(2, 0, 4000, 0, 1000)
	table := newTable(map[wire.SessionID]int32{first: 4000, first + 1: 4000, first + 3: 4000})
	for _, want := range []wire.SessionID{first + 2, first + 4, first + 5} { // as when the clock has gone back
		if id, _ := table.Admit(2, 0, 4000, 0, 1000); id != want || uint64(id)>>56 != 2 {
			t.Errorf("%v, not %v", id, want)
		}
	}
}

func TestTable_TheHigherGenerationIsThePresentOne(t *testing.T) {
	table := newTable(map[wire.SessionID]int32{7: 4000})
	_, first := table.Admit(1, 7, 4000, 0, 0)
	_, second := table.Admit(2, 7, 4000, 0, 0)
	if first >= second || uint64(first)>>32 != 3 {
		t.Fatalf("%x, %x", first, second)
	}
	if table.Pass(&wire.Record{Session: 7, Generation: first}) || !table.Pass(&wire.Record{Session: 7, Generation: second}) {
		t.Error("the connection that was left may write, or the present one may not")
	}
	if g, ok := table.Report(wire.Attachment{Session: 7, Generation: first}); ok || g != second {
		t.Errorf("reported %x, %v", g, ok)
	}
	if _, ok := table.Report(wire.Attachment{Session: 8, Generation: 1}); !ok {
		t.Error("an only connection is not taken")
	}
	table.Step(9)
	if _, g := table.Admit(1, 7, 4000, 0, 0); uint64(g)>>32 != 9 {
		t.Errorf("%x after the epoch was stepped over", g)
	}
}

func TestTable_ClosedAndExpiredAreForgotten(t *testing.T) {
	table := newTable(map[wire.SessionID]int32{5: 50, 6: 50})
	if !table.Pass(&wire.Record{Session: 6, Op: wire.OpCloseSession}) {
		t.Error("a close is refused")
	}
	var over []wire.SessionID
	for now := time.Duration(0); now < 200*time.Millisecond; now += 10 * time.Millisecond {
		over = append(over, table.Tick(now)...)
	}
	if len(over) != 1 || over[0] != 5 {
		t.Errorf("over: %v", over)
	}
	for _, id := range []wire.SessionID{5, 6, 7} {
		if got, g := table.Admit(1, id, 50, 200*time.Millisecond, 0); got != 0 || g != 0 {
			t.Errorf("%v is resumed as %v, %x", id, got, g)
		}
	}
	if over = table.Tick(time.Second); len(over) != 0 {
		t.Errorf("over once more: %v", over)
	}
}
