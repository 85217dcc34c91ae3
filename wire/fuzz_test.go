package wire

import (
	"reflect"
	"testing"
)

// seed adds the valid encodings of the decoders that start with prefix, and some
// rubbish.
func seed(f *testing.F, name string) {
	for _, b := range encodings()[name] {
		f.Add(b)
	}
	for _, b := range []string{"", "\x00", "\xff\xff\xff\xff", "\x7f\xff\xff\xff", "\xdd\x7f\xff\xff\xff"} {
		f.Add([]byte(b))
	}
}

func FuzzDecodeRequest(f *testing.F) {
	for _, r := range sampleRequests() {
		f.Add(int32(r.Op()), encodeRequest(r))
	}
	f.Add(int32(999), []byte{})
	f.Fuzz(func(t *testing.T, op int32, body []byte) {
		checkAllocation(t, OpCode(op).String(), func(b []byte) { _, _ = DecodeRequest(OpCode(op), b) }, body)
		r, err := DecodeRequest(OpCode(op), body)
		if (r == nil) != (err != nil) {
			t.Fatalf("%+v and %v", r, err)
		}
		if err != nil {
			return
		}
		if r.Op() != OpCode(op) {
			t.Fatalf("%v decoded as %v", OpCode(op), r.Op())
		}
		if again, err := DecodeRequest(r.Op(), encodeRequest(r)); err != nil || !reflect.DeepEqual(again, r) {
			t.Fatalf("%+v came back as %+v, %v", r, again, err)
		}
	})
}

func FuzzDecodeReply(f *testing.F) {
	for _, s := range sampleReplies() {
		f.Add(int32(s.op), encodeBody(s.body))
	}
	f.Fuzz(func(t *testing.T, op int32, body []byte) {
		checkAllocation(t, OpCode(op).String(), func(b []byte) { _, _ = DecodeReply(OpCode(op), NewDecoder(b)) }, body)
		r, err := DecodeReply(OpCode(op), NewDecoder(body))
		if err != nil || r == nil {
			return
		}
		if again, err := DecodeReply(OpCode(op), NewDecoder(encodeBody(r))); err != nil || !reflect.DeepEqual(again, r) {
			t.Fatalf("%+v came back as %+v, %v", r, again, err)
		}
	})
}

func FuzzDecodeConnectRequest(f *testing.F) {
	seed(f, "connect request")
	f.Fuzz(func(t *testing.T, b []byte) {
		checkAllocation(t, "connect request", decoders()["connect request"], b)
		r, err := DecodeConnectRequest(b)
		if err != nil {
			return
		}
		var e Encoder
		e.ConnectRequestFrame(r)
		if again, err := DecodeConnectRequest(e.Bytes()[4:]); err != nil || !reflect.DeepEqual(again, r) {
			t.Fatalf("%+v came back as %+v, %v", r, again, err)
		}
	})
}

func FuzzDecodeConnectResponse(f *testing.F) {
	seed(f, "connect response")
	f.Fuzz(func(t *testing.T, b []byte) {
		checkAllocation(t, "connect response", decoders()["connect response"], b)
		r, err := DecodeConnectResponse(b)
		if err != nil {
			return
		}
		var e Encoder
		e.ConnectResponseFrame(r)
		if again, err := DecodeConnectResponse(e.Bytes()[4:]); err != nil || !reflect.DeepEqual(again, r) {
			t.Fatalf("%+v came back as %+v, %v", r, again, err)
		}
	})
}

func FuzzUnpackRecord(f *testing.F)  { fuzzUnpack(f, "record") }
func FuzzUnpackZnode(f *testing.F)   { fuzzUnpack(f, "znode") }
func FuzzUnpackSession(f *testing.F) { fuzzUnpack(f, "session") }

func fuzzUnpack(f *testing.F, kind string) {
	seed(f, kind)
	f.Fuzz(func(t *testing.T, b []byte) {
		checkAllocation(t, kind, func(b []byte) { _, _ = unpackers[kind](b) }, b)
		v, err := unpackers[kind](b)
		if err != nil {
			return
		}
		if again, err := unpackers[kind](pack(v)); err != nil || !reflect.DeepEqual(again, v) {
			t.Fatalf("%+v came back as %+v, %v", v, again, err)
		}
	})
}

func FuzzValidPath(f *testing.F) {
	for _, p := range []string{"/", "", "/a/b", "/..", "/a/./b", "/\ufffd", "/\x7f", "//", "/\U0001F600", "/\xed\xa0\x80"} {
		f.Add(p)
	}
	f.Fuzz(func(t *testing.T, p string) {
		if ValidPath(p) != oracleValidPath(p) {
			t.Fatalf("%q: %v, the oracle %v", p, ValidPath(p), oracleValidPath(p))
		}
		if ValidPath(p) && p != "/" {
			if parent, name := SplitPath(p); !ValidPath(parent) || !ValidPath("/"+name) {
				t.Fatalf("%q is split into %q and %q", p, parent, name)
			}
		}
	})
}
