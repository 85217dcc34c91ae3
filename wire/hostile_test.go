package wire

import (
	"bytes"
	"encoding/binary"
	"runtime"
	"testing"
)

// decoders are all of them, by name. Each gets a frame and says what it made of
// it; a decoder of one operation carries it in its name.
func decoders() map[string]func([]byte) {
	all := map[string]func([]byte){
		"connect request":  func(b []byte) { _, _ = DecodeConnectRequest(b) },
		"connect response": func(b []byte) { _, _ = DecodeConnectResponse(b) },
		"reply header":     func(b []byte) { NewDecoder(b).ReplyHeader() },
		"record":           func(b []byte) { _, _ = UnpackRecord(b) },
		"znode":            func(b []byte) { _, _ = UnpackZnode(b) },
		"session":          func(b []byte) { _, _ = UnpackSession(b) },
	}
	allOps(func(op OpCode) {
		all["request "+op.String()] = func(b []byte) { _, _ = DecodeRequest(op, b) }
		all["reply to "+op.String()] = func(b []byte) { _, _ = DecodeReply(op, NewDecoder(b)) }
	})
	return all
}

// encodings are valid inputs, by decoder.
func encodings() map[string][][]byte {
	all := make(map[string][][]byte)
	for kind, b := range packed() {
		all[kind] = append(all[kind], b)
	}
	for _, r := range sampleRequests() {
		name := "request " + r.Op().String()
		all[name] = append(all[name], encodeRequest(r))
	}
	for _, s := range sampleReplies() {
		name := "reply to " + s.op.String()
		all[name] = append(all[name], encodeBody(s.body))
	}
	var request, response Encoder
	request.ConnectRequestFrame(&ConnectRequest{Password: make([]byte, 16), HasReadOnly: true})
	response.ConnectResponseFrame(&ConnectResponse{Password: make([]byte, 16), HasReadOnly: true})
	all["connect request"] = [][]byte{request.Bytes()[4:]}
	all["connect response"] = [][]byte{response.Bytes()[4:]}
	return all
}

// allocated is how many bytes f allocates, at least.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// Decoding may allocate a multiple of the frame, and a little besides for the
// decoder itself, its errors, and whatever else runs in this process.
const (
	allocFactor = 16
	allocBase   = 16 << 10
)

func checkAllocation(t *testing.T, name string, decode func([]byte), frame []byte) {
	t.Helper()
	limit := uint64(len(frame)*allocFactor + allocBase)
	if n := allocated(func() { decode(frame) }); n > limit {
		// Another goroutine may have been at it: it is not every time.
		if n = min(n, allocated(func() { decode(frame) })); n > limit {
			t.Errorf("%s: %d bytes allocated for a frame of %d: %.80x", name, n, len(frame), frame)
		}
	}
}

var hostileLengths = []uint32{1<<31 - 1, 1 << 31, 1<<32 - 2, 1 << 24}

// TestDecoders_HostileLengths puts huge and negative lengths at every place of
// every valid encoding, also cut off right behind.
func TestDecoders_HostileLengths(t *testing.T) {
	all := decoders()
	for name, frames := range encodings() {
		for _, frame := range frames {
			for at := 0; at+4 <= len(frame) && at < 400; at++ {
				for _, n := range hostileLengths {
					b := bytes.Clone(frame)
					binary.BigEndian.PutUint32(b[at:], n)
					checkAllocation(t, name, all[name], b)
					checkAllocation(t, name, all[name], b[:at+4])
				}
			}
		}
		if t.Failed() {
			return
		}
	}
}

// TestUnpack_HostileLengths does so with msgpack's headers for long values.
func TestUnpack_HostileLengths(t *testing.T) {
	for kind, frame := range packed() {
		unpack := decoders()[kind]
		for at := range frame {
			for _, header := range []byte{0xdb, 0xc6, 0xdd, 0xdf, 0xc9} { // str, bin, array, map, ext with 32 bits
				for _, n := range hostileLengths {
					long := binary.BigEndian.AppendUint32([]byte{header}, n)
					inserted := append(append(bytes.Clone(frame[:at]), long...), frame[at:]...)
					checkAllocation(t, kind, unpack, inserted)
					replaced := append(append(bytes.Clone(frame[:at]), long...), frame[at+1:]...)
					checkAllocation(t, kind, unpack, replaced)
					checkAllocation(t, kind, unpack, replaced[:at+5])
				}
			}
		}
	}
}

// TestDecoders_DenseFrames are frames in which every byte costs as much memory
// as it can: many elements, none with anything in it.
func TestDecoders_DenseFrames(t *testing.T) {
	const size = 1 << 20
	vector := func(n int, rest []byte) []byte {
		return append(binary.BigEndian.AppendUint32(nil, uint32(n)), rest...)
	}
	zeros := make([]byte, size)
	member := []byte{0, 0, 0, byte(OpCheck), 0, 255, 255, 255, 255, 0, 0, 0, 0, 0, 0, 0, 0}
	result := []byte{0, 0, 0, byte(OpDelete), 0, 0, 0, 0, 0}
	end := []byte{255, 255, 255, 255, 1, 255, 255, 255, 255}
	ids := append([]byte{0x9b, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0xdd, 0, 0x04, 0, 0}, bytes.Repeat([]byte{0x92, 0xa0, 0xa0}, 1<<18)...)
	acls := append([]byte{0x9d, 1, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0xdd, 0, 0x04, 0, 0}, bytes.Repeat([]byte{0x93, 0, 0xa0, 0xa0}, 1<<18)...)
	for name, frame := range map[string][]byte{
		"request setWatches":   append(make([]byte, 8), vector(size/4, zeros)...),
		"request setACL":       append(make([]byte, 4), vector(size/12, zeros)...),
		"request multi":        append(bytes.Repeat(member, size/len(member)), end...),
		"reply to getChildren": vector(size/4, zeros),
		"reply to getACL":      vector(size/12, zeros),
		"reply to whoAmI":      vector(size/8, zeros),
		"reply to multi":       append(bytes.Repeat(result, size/len(result)), end...),
		"record":               append(ids, 0xc0),
		"znode":                append(acls, 0xc0),
	} {
		checkAllocation(t, name, decoders()[name], frame)
	}
	if r, err := UnpackRecord(append(ids, 0xc0)); err != nil || len(r.Auth) != 1<<18 {
		t.Errorf("the dense record does not decode: %v", err)
	}
	if z, err := UnpackZnode(append(acls, 0xc0)); err != nil || len(*z.ACL) != 1<<18 {
		t.Errorf("the dense znode does not decode: %v", err)
	}
}
