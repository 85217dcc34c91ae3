package wire

import (
	"strings"
	"testing"
)

func TestOpCode_NamesAndWrites(t *testing.T) {
	writes := map[OpCode]bool{OpCreate: true, OpCreate2: true, OpCreateContainer: true, OpCreateTTL: true, OpDelete: true,
		OpDeleteContainer: true, OpSetData: true, OpSetACL: true, OpCheck: true, OpMulti: true, OpReconfig: true,
		OpCreateSession: true, OpCloseSession: true}
	names := map[string]OpCode{}
	allOps(func(op OpCode) {
		if op.IsWrite() != writes[op] {
			t.Errorf("%v is a write: %v", op, op.IsWrite())
		}
		if newRequest(op) != nil && strings.HasPrefix(op.String(), "op") {
			t.Errorf("%d has no name", op)
		}
		if other, taken := names[op.String()]; taken {
			t.Errorf("%d and %d are both %v", op, other, op)
		}
		names[op.String()] = op
	})
	if OpCode(999).String() != "op999" {
		t.Errorf("999 is %v", OpCode(999))
	}
}

func TestErrorCode_EveryOneHasItsWords(t *testing.T) {
	seen := map[string]bool{}
	for code := range errorNames {
		if s := code.Error(); s == "" || seen[s] {
			t.Errorf("%d is %q", code, s)
		} else {
			seen[s] = true
		}
	}
	if s := ErrorCode(-999).Error(); s != "error -999" {
		t.Error(s)
	}
}

func TestCreateMode(t *testing.T) {
	for m, want := range map[CreateMode][4]bool{ // valid, sequential, ephemeral, TTL
		-1: {}, ModePersistent: {true}, ModeEphemeral: {true, false, true}, ModePersistentSequential: {true, true},
		ModeEphemeralSequential: {true, true, true}, ModeContainer: {true}, ModeTTL: {true, false, false, true},
		ModeTTLSequential: {true, true, false, true}, 7: {},
	} {
		if got := [4]bool{m.Valid(), m.Sequential(), m.Ephemeral(), m.TTL()}; got != want {
			t.Errorf("%d: %v, want %v", m, got, want)
		}
	}
}

func TestIDs_AsZooKeeperPrintsThem(t *testing.T) {
	z := MakeZxid(5, 0x1a)
	if z.String() != "0x50000001a" || z.Epoch() != 5 || z.Counter() != 0x1a || Zxid(0).String() != "0x0" {
		t.Errorf("%v, %v, %v", z, z.Epoch(), z.Counter())
	}
	if s := SessionID(-0x7f00000000000000); s.String() != "0x8100000000000000" {
		t.Error(s)
	}
}

func TestZnode_Stat(t *testing.T) {
	z := Znode{Data: []byte("abc"), Czxid: 1, Mzxid: 2, Pzxid: 3, Ctime: 4, Mtime: 5, Version: 6, Aversion: 7, Creates: 8,
		Kind: Ephemeral, Owner: 9}
	want := Stat{Czxid: 1, Mzxid: 2, Ctime: 4, Mtime: 5, Version: 6, Cversion: 13, Aversion: 7, EphemeralOwner: 9,
		DataLength: 3, NumChildren: 3, Pzxid: 3}
	if got := z.Stat(3); got != want {
		t.Errorf("%+v", got)
	}
	for _, kind := range []NodeKind{Persistent, Container, TTL} {
		z.Kind = kind
		if z.Stat(0).EphemeralOwner != 0 {
			t.Errorf("kind %d shows an owner", kind)
		}
	}
}
