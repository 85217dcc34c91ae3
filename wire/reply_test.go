package wire

import (
	"bytes"
	"errors"
	"reflect"
	"testing"
)

func encodeBody(b Body) []byte {
	var e Encoder
	if b != nil {
		b.Encode(&e)
	}
	return e.Bytes()
}

func TestReply_RoundTrip(t *testing.T) {
	for _, s := range sampleReplies() {
		b := encodeBody(s.body)
		d := NewDecoder(b)
		got, err := DecodeReply(s.op, d)
		if err != nil || d.Left() != 0 || !reflect.DeepEqual(got, s.body) {
			t.Errorf("%v: %+v came back as %+v, %v, %d bytes left", s.op, s.body, got, err, d.Left())
		}
		for n := range b {
			if got, err := DecodeReply(s.op, NewDecoder(b[:n])); !errors.Is(err, ErrShort) {
				t.Errorf("%v: %d of %d bytes: %+v, %v", s.op, n, len(b), got, err)
			}
		}
	}
}

// TestReply_EveryRequestHasItsReply: what the server answers, a client can read.
func TestReply_EveryRequestHasItsReply(t *testing.T) {
	seen := map[OpCode]bool{}
	for _, s := range sampleReplies() {
		seen[s.op] = true
	}
	for _, r := range sampleRequests() {
		switch op := r.Op(); op {
		case OpCreateSession, OpDeleteContainer: // of the log, not of clients
		case OpSasl: // refused: a client of ours sends none
		default:
			if !seen[op] {
				t.Errorf("no reply to %v", op)
			}
		}
	}
	for _, op := range []OpCode{OpSasl, OpCreateSession, 999} {
		var unknown UnknownOp
		if _, err := DecodeReply(op, NewDecoder(make([]byte, 99))); !errors.As(err, &unknown) {
			t.Errorf("%v: %v", op, err)
		}
	}
}

// TestReply_BytesOnTheWire compares with frames as the original sends them.
func TestReply_BytesOnTheWire(t *testing.T) {
	stat := `0000000100000002 0000000100000003 0000018bcfe56804 0000018bcfe56805 00000006 fffffff9 00000008
		800000000000000a 0000000a 0000000b 000000010000000c`
	for _, c := range []struct {
		reply Reply
		want  string
	}{
		{Reply{ReplyHeader{7, 0x2a, NoNode}, nil}, "00000010 00000007 000000000000002a ffffff9b"},
		{Reply{ReplyHeader{1, 5, OK}, &PathReply{"/a"}}, "00000016 00000001 0000000000000005 00000000 00000002 2f61"},
		{Reply{ReplyHeader{2, 5, OK}, &DataReply{nil, sampleStat}},
			"00000058 00000002 0000000000000005 00000000 ffffffff" + stat},
		{Reply{ReplyHeader{XidWatchEvent, ^Zxid(0), OK}, &WatchEvent{EventNodeCreated, StateSyncConnected, "/w"}},
			"0000001e ffffffff ffffffffffffffff 00000000 00000001 00000003 00000002 2f77"},
		{Reply{ReplyHeader{3, 6, OK}, &MultiReply{[]Result{{Op: OpDelete}, {Op: OpCheck, Err: BadVersion}}}},
			`0000002f 00000003 0000000000000006 00000000 00000002 00 00000000
			 ffffffff 00 ffffff99 ffffff99 ffffffff 01 ffffffff`},
		{Reply{ReplyHeader{4, 6, OK}, &CodeReply{}}, "00000014 00000004 0000000000000006 00000000 00000000"},
	} {
		var e Encoder
		e.ReplyFrame(&c.reply)
		if want := unhex(t, c.want); !bytes.Equal(e.Bytes(), want) {
			t.Errorf("%+v:\n got %x\nwant %x", c.reply, e.Bytes(), want)
		}
		d := NewDecoder(e.Bytes()[4:])
		if h := d.ReplyHeader(); h != c.reply.ReplyHeader || d.Err() != nil {
			t.Errorf("header %+v came back as %+v", c.reply.ReplyHeader, h)
		}
	}
}

func TestDecodeReply_MultiRefusesWhatIsNoMember(t *testing.T) {
	for _, body := range []string{
		"00000007 00 00000000" + "ffffffff 01 ffffffff",          // setACL
		"0000000e 00 00000000" + "ffffffff 01 ffffffff",          // multi
		"00000001 00 00000000 7fffffff" + "ffffffff 01 ffffffff", // a path longer than all
	} {
		if got, err := DecodeReply(OpMulti, NewDecoder(unhex(t, body))); err == nil {
			t.Errorf("%s: %+v", body, got)
		}
	}
}
