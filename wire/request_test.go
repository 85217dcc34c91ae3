package wire

import (
	"bytes"
	"encoding/hex"
	"errors"
	"math/rand"
	"reflect"
	"strings"
	"testing"
)

func encodeRequest(r Request) []byte {
	var e Encoder
	e.EncodeRequest(r)
	return e.Bytes()
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.Join(strings.Fields(s), ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestRequest_RoundTrip(t *testing.T) {
	for _, want := range sampleRequests() {
		body := encodeRequest(want)
		got, err := DecodeRequest(want.Op(), body)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%v: %+v came back as %+v, %v", want.Op(), want, got, err)
		}
		if got, err := DecodeRequest(want.Op(), append(body, 1, 2, 3)); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%v: bytes left over change it: %+v, %v", want.Op(), got, err)
		}
		for n := range body {
			if _, err := DecodeRequest(want.Op(), body[:n]); !errors.Is(err, ErrShort) {
				t.Errorf("%v: %d of %d bytes: %v", want.Op(), n, len(body), err)
			}
		}
	}
}

// TestRequest_SamplesHaveEveryOperation keeps the samples whole.
func TestRequest_SamplesHaveEveryOperation(t *testing.T) {
	seen := map[OpCode]bool{}
	for _, r := range sampleRequests() {
		seen[r.Op()] = true
	}
	allOps(func(op OpCode) {
		r := newRequest(op)
		if (r != nil) != seen[op] {
			t.Errorf("%v: a request %v, a sample %v", op, r != nil, seen[op])
		}
		if r != nil && r.Op() != op {
			t.Errorf("a request for %v says that it is %v", op, r.Op())
		}
	})
}

func TestRequest_RandomRoundTrip(t *testing.T) {
	m := maker{rand.New(rand.NewSource(1))}
	for range 20000 {
		want := m.request(false)
		got, err := DecodeRequest(want.Op(), encodeRequest(want))
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("%v: %+v came back as %+v, %v", want.Op(), want, got, err)
		}
	}
}

// TestRequest_BytesOnTheWire compares with frames as the field's clients send them.
func TestRequest_BytesOnTheWire(t *testing.T) {
	for _, c := range []struct {
		xid  Xid
		req  Request
		want string
	}{
		{1, &Create{Kind: OpCreate, Path: "/zk", Data: []byte("hi"), ACL: OpenACL},
			`00000034 00000001 00000001 00000003 2f7a6b 00000002 6869
			 00000001 0000001f 00000005 776f726c64 00000006 616e796f6e65 00000000`},
		{2, &GetData{Path: "/zk", Watch: true}, "00000010 00000002 00000004 00000003 2f7a6b 01"},
		{3, &SetData{Path: "/zk", Version: -1}, "00000017 00000003 00000005 00000003 2f7a6b ffffffff ffffffff"},
		{XidPing, &Ping{}, "00000008 fffffffe 0000000b"},
		{XidAuth, &Auth{Scheme: "digest", Auth: []byte("a:b")},
			"0000001d fffffffc 00000064 00000000 00000006 646967657374 00000003 613a62"},
		{4, &Multi{Ops: []Request{&Delete{Path: "/a", Version: 7}}},
			`00000024 00000004 0000000e 00000002 00 ffffffff 00000002 2f61 00000007 ffffffff 01 ffffffff`},
		{5, &CloseSession{}, "00000008 00000005 fffffff5"},
	} {
		var e Encoder
		e.RequestFrame(c.xid, c.req)
		if want := unhex(t, c.want); !bytes.Equal(e.Bytes(), want) {
			t.Errorf("%v:\n got %x\nwant %x", c.req.Op(), e.Bytes(), want)
		}
	}
}

func TestDecodeRequest_UnknownOperations(t *testing.T) {
	for _, op := range []OpCode{OpNotification, 10, 23, 50, 108, 109, 500, 1000, -1, -2, -100, 1<<31 - 1, -1 << 31} {
		r, err := DecodeRequest(op, make([]byte, 64))
		var unknown UnknownOp
		if r != nil || !errors.As(err, &unknown) || OpCode(unknown) != op || unknown.Error() == "" {
			t.Errorf("%d: %v, %v", op, r, err)
		}
	}
}

func TestDecodeRequest_NullPaths(t *testing.T) {
	null := "ffffffff"
	for _, c := range []struct {
		op        OpCode
		rest      string
		malformed bool
	}{
		{OpCreate, "ffffffff 00000000 00000000", false}, {OpCreate2, "ffffffff 00000000 00000000", false},
		{OpCreateContainer, "ffffffff 00000000 00000000", false}, {OpDelete, "00000000", true},
		{OpExists, "00", true}, {OpGetData, "00", true}, {OpGetACL, "", true}, {OpGetChildren, "00", true},
		{OpGetChildren2, "00", true}, {OpGetAllChildrenNumber, "", true}, {OpCheckWatches, "00000001", true},
		{OpRemoveWatches, "00000001", true},
		{OpSetData, "ffffffff 00000000", false}, {OpSetACL, "00000000 00000000", false}, {OpCheck, "00000000", false},
		{OpSync, "", false}, {OpGetEphemerals, "", false}, {OpAddWatch, "00000000", false},
	} {
		r, err := DecodeRequest(c.op, unhex(t, null+c.rest))
		if (err != nil) != c.malformed {
			t.Errorf("%v of a null path: %v", c.op, err)
		}
		if q, ok := r.(*Create); ok && q.Path != NullPath {
			t.Errorf("%v of a null path is of %q", c.op, q.Path)
		}
		if _, err := DecodeRequest(c.op, unhex(t, "fffffffe"+c.rest)); !errors.Is(err, ErrShort) {
			t.Errorf("%v of a path of length -2: %v", c.op, err)
		}
	}
}

func TestDecodeRequest_ACLs(t *testing.T) {
	create := func(acl string) error {
		_, err := DecodeRequest(OpCreate, unhex(t, "00000002 2f61 ffffffff"+acl+"00000000"))
		return err
	}
	world, anyone := "00000005 776f726c64", "00000006 616e796f6e65"
	for acl, fine := range map[string]bool{
		"00000000": true, "ffffffff": true, "80000000": true, // none, for the operation to refuse
		"00000001 0000001f" + world + anyone:                   true,
		"00000001 0000001f" + world + "ffffffff":               true, // for the operation to refuse
		"00000001 0000001f" + "ffffffff" + anyone:              true,
		"00000001 0000001f" + "00000004 61757468" + "ffffffff": true,
		"00000002 0000001f" + world + anyone:                   false,
	} {
		if err := create(acl); (err == nil) != fine {
			t.Errorf("%s: %v", acl, err)
		}
	}
}

func TestDecodeRequest_Multi(t *testing.T) {
	end := "ffffffff 01 ffffffff"
	for _, c := range []struct {
		body string
		ops  int // < 0: malformed
	}{
		{end, 0}, {"00000001 01 00000000", 0}, {"00000001 ff 00000000 junk"[:20], 0},
		{"0000000d 00 00000000 00000000 00000001" + end, 1},                     // a header's err is not looked at
		{"0000000d 00 ffffffff 00000000 00000001", -1},                          // no end
		{"0000000d 00 ffffffff 00000000 000000", -1},                            // cut
		{"ffffffff 00 ffffffff" + end, -1},                                      // an end that is not done
		{"0000000e 00 ffffffff" + end + end, -1},                                // a multi in a multi
		{"00000007 00 ffffffff 00000000 00000000 00000000" + end, -1},           // setACL
		{"00000003 00 ffffffff 00000000 00" + end, -1},                          // exists
		{"0000000c 00 ffffffff 00000000 00" + end, -1},                          // getChildren2
		{"fffffff6 00 ffffffff 00000000 00000000" + end, -1},                    // createSession
		{"00000014 00 ffffffff 00000000 0000000000000000 0000000000000000", -1}, // deleteContainer
	} {
		r, err := DecodeRequest(OpMulti, unhex(t, c.body))
		switch {
		case c.ops < 0 && err == nil:
			t.Errorf("%s: %+v", c.body, r)
		case c.ops >= 0 && (err != nil || len(r.(*Multi).Ops) != c.ops):
			t.Errorf("%s: %+v, %v", c.body, r, err)
		}
	}
}

func TestDecoder_NotUTF8IsReplaced(t *testing.T) {
	d := NewDecoder([]byte{0, 0, 0, 3, 'a', 0xff, 'b'})
	if s := d.String(); s != "a\uFFFDb" || d.Err() != nil || d.Left() != 0 {
		t.Errorf("%q, %v", s, d.Err())
	}
}

func TestDecoder_FirstErrorSticks(t *testing.T) {
	d := NewDecoder([]byte{0, 0, 0, 9, 1, 2, 3})
	d.Buffer()
	first := d.Err()
	if first == nil || d.Int32() != 0 || d.Int64() != 0 || d.Bool() || d.String() != "" || d.Strings() != nil ||
		d.Count(1) != 0 || d.Err() != first || d.Left() != 0 || len(d.Rest()) != 0 {
		t.Errorf("%v, then %v", first, d.Err())
	}
}

// TestDecoder_BuffersAreViews holds what the package promises: appending to a
// decoded buffer cannot reach what follows it in the frame.
func TestDecoder_BuffersAreViews(t *testing.T) {
	frame := []byte{0, 0, 0, 1, 'a', 0, 0, 0, 1, 'b'}
	d := NewDecoder(frame)
	a := d.Buffer()
	_ = append(a, 'x', 'x', 'x', 'x')
	if b := d.Buffer(); string(b) != "b" || &a[0] != &frame[4] {
		t.Errorf("%q", b)
	}
}

func TestEncoder_Frames(t *testing.T) {
	e := NewEncoder(make([]byte, 0, 4))
	e.RequestFrame(1, &Ping{})
	outer := e.BeginFrame()
	e.RequestFrame(2, &Ping{})
	e.EndFrame(outer)
	want := "00000008 00000001 0000000b 0000000c 00000008 00000002 0000000b"
	if !bytes.Equal(e.Bytes(), unhex(t, want)) || e.Len() != 28 {
		t.Errorf("%x", e.Bytes())
	}
	if e.Reset(); e.Len() != 0 {
		t.Error("Reset keeps something")
	}
}
