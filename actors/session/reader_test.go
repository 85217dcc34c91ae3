package session

import (
	"bytes"
	"encoding/binary"
	"io"
	"math/rand"
	"net"
	"runtime"
	"testing"
	"time"

	"troupe/wire"
)

// tape is a connection on which everything has been sent already, and comes in
// pieces of some size.
type tape struct {
	net.Conn
	left  []byte
	piece func() int
}

func (c *tape) SetReadDeadline(time.Time) error { return nil }

func (c *tape) Read(b []byte) (int, error) {
	if len(c.left) == 0 {
		return 0, io.EOF
	}
	n := copy(b, c.left[:min(len(c.left), max(1, c.piece()))])
	c.left = c.left[n:]
	return n, nil
}

const testFrame = 1 << 17

// play lets a reader read bytes, and returns what it tells the actor.
func play(input []byte, piece func() int) (told []any) {
	newReader(&Options{Conn: &tape{left: input, piece: piece}, Settings: &Settings{MaxFrame: testFrame}}, NewWindow(1<<40, NewShared(1<<40, 1<<40)),
		func(m any) { told = append(told, m) }).run()
	return told
}

func frame(body []byte) []byte {
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(body))), body...)
}

func hello() []byte {
	var e wire.Encoder
	e.ConnectRequestFrame(&wire.ConnectRequest{Timeout: 4000, Password: make([]byte, 16)})
	return e.Bytes()
}

// requests makes n requests, and their frames.
func requests(rnd *rand.Rand, n int) (all []wire.Request, bytes []byte) {
	var e wire.Encoder
	for i := range n {
		size := rnd.Intn(300)
		if rnd.Intn(40) == 0 {
			size = testFrame - 100
		}
		q := &wire.SetData{Path: "/a", Data: make([]byte, size), Version: int32(i)}
		rnd.Read(q.Data)
		e.RequestFrame(wire.Xid(i), q)
		all = append(all, q)
	}
	return all, e.Bytes()
}

// TestReader_AnyPieces: however the bytes come, the same requests are told, in
// order, in batches of bounded size.
func TestReader_AnyPieces(t *testing.T) {
	for seed := range 60 {
		rnd := rand.New(rand.NewSource(int64(seed)))
		want, stream := requests(rnd, 300)
		input := append(hello(), stream...)
		pieces := []func() int{func() int { return 1 }, func() int { return 1 + rnd.Intn(9000) }, func() int { return len(input) }}
		told := play(input, pieces[seed%3])
		if h, ok := told[0].(*Hello); !ok || !bytes.Equal(h.Frame, hello()[4:]) {
			t.Fatalf("first comes %T", told[0])
		}
		if b, ok := told[len(told)-1].(*Broken); !ok || b.Err != io.EOF {
			t.Fatalf("last comes %T", told[len(told)-1])
		}
		n := 0
		for _, m := range told[1 : len(told)-1] {
			batch := m.(*Frames).Frames
			if len(batch) == 0 || len(batch) > maxBatch {
				t.Fatalf("a batch of %d", len(batch))
			}
			for _, f := range batch {
				q := f.Request.(*wire.SetData)
				if f.Err != nil || f.Xid != wire.Xid(n) || q.Version != int32(n) || !bytes.Equal(q.Data, want[n].(*wire.SetData).Data) {
					t.Fatalf("seed %d: request %d is told as %+v", seed, n, f)
				}
				n++
			}
		}
		if n != len(want) {
			t.Fatalf("seed %d: %d requests of %d", seed, n, len(want))
		}
	}
}

func TestReader_LengthsThatEndIt(t *testing.T) {
	whole := func() int { return 1 << 30 }
	ping := frame([]byte{0, 0, 0, 1, 0, 0, 0, 11})
	for name, c := range map[string]struct {
		input  []byte
		hellos int
		frames int
		bad    bool
	}{
		"nothing":                  {nil, 0, 0, false},
		"half a length":            {[]byte{0, 0}, 0, 0, false},
		"half a hello":             {hello()[:20], 0, 0, false},
		"negative":                 {[]byte{0xff, 0xff, 0xff, 0xff, 1}, 0, 0, true},
		"huge":                     {[]byte{0x7f, 0xff, 0xff, 0xff, 1}, 0, 0, true},
		"over the limit":           {frame(make([]byte, testFrame+1)), 0, 0, true},
		"a hello at its limit":     {frame(make([]byte, maxHello)), 1, 0, false},
		"a hello over its limit":   {frame(make([]byte, maxHello+1)), 0, 0, true},
		"at the limit":             {append(hello(), frame(make([]byte, testFrame))...), 1, 1, false},
		"over it after hello":      {append(hello(), frame(make([]byte, testFrame+1))...), 1, 0, true},
		"negative after hello":     {append(hello(), 0x80, 0, 0, 0), 1, 0, true},
		"huge after a ping":        {append(append(hello(), ping...), 0x7f, 0xff, 0xff, 0xff), 1, 1, true},
		"no header":                {append(hello(), 0, 0, 0, 0), 1, 0, true},
		"half a header":            {append(hello(), frame([]byte{0, 0, 0, 1, 0, 0, 0})...), 1, 0, true},
		"half a header, pipelined": {append(append(hello(), ping...), frame([]byte{1, 2, 3})...), 1, 1, true},
		"half a frame":             {append(hello(), ping[:9]...), 1, 0, false},
	} {
		hellos, frames, bad := 0, 0, false
		for _, m := range play(c.input, whole) {
			switch m := m.(type) {
			case *Hello:
				hellos++
			case *Frames:
				frames += len(m.Frames)
			case *Broken:
				bad = isBadFrame(m.Err)
			}
		}
		if hellos != c.hellos || frames != c.frames || bad != c.bad {
			t.Errorf("%s: %d hellos, %d requests, a bad frame %v", name, hellos, frames, bad)
		}
	}
}

func TestReader_Words(t *testing.T) {
	one := func() int { return 1 }
	for input, want := range map[string]*Word{
		"ruok": {"ruok", nil}, "ruok\n": {"ruok", nil}, "abcd": {"abcd", nil}, "stmk\x00\x01\x02\x03\x04\x05\x06\x07": {"stmk", []byte{0, 1, 2, 3, 4, 5, 6, 7}},
		"stmk\x00": nil, "RUOK": nil,
	} {
		told := play([]byte(input), one)
		w, ok := told[0].(*Word)
		if ok != (want != nil) || ok && (w.Word != want.Word || !bytes.Equal(w.Arg, want.Arg)) {
			t.Errorf("%q: %+v", input, told[0])
		}
	}
}

// TestReader_AnnouncedBytesCostNothing: memory grows as bytes come.
func TestReader_AnnouncedBytesCostNothing(t *testing.T) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range 100 {
		play(append(hello(), 0, 1, 0xff, 0xff, 1, 2, 3), func() int { return 100 })
	}
	runtime.ReadMemStats(&after)
	if n := (after.TotalAlloc - before.TotalAlloc) / 100; n > 16<<10 {
		t.Errorf("%d bytes are allocated for a connection that announces %d and sends 3", n, 0x1ffff)
	}
}

// TestReader_LetsALargeBufferGo once it is empty.
func TestReader_LetsALargeBufferGo(t *testing.T) {
	var e wire.Encoder
	e.RequestFrame(1, &wire.SetData{Path: "/a", Data: make([]byte, 3*keepBuffer)})
	r := newReader(&Options{Conn: &tape{left: e.Bytes(), piece: func() int { return 1 << 20 }}, Settings: &Settings{MaxFrame: 1 << 20}},
		NewWindow(10, NewShared(10, 10)), func(any) {})
	if err := r.requests(); err != nil || r.buf != nil || r.size > keepBuffer {
		t.Errorf("%v, a buffer of %d is kept, the next will have %d", err, len(r.buf), r.size)
	}
}

func FuzzReader(f *testing.F) {
	var e wire.Encoder
	e.RequestFrame(1, &wire.SetData{Path: "/a", Data: []byte("data")})
	e.RequestFrame(2, &wire.Ping{})
	f.Add(append(hello(), e.Bytes()...), uint8(7))
	f.Add([]byte("ruok"), uint8(1))
	f.Add([]byte{0x7f, 0xff, 0xff, 0xff}, uint8(2))
	f.Fuzz(func(t *testing.T, input []byte, size uint8) {
		used := 0
		told := play(input, func() int { return int(size) })
		for i, m := range told {
			switch m := m.(type) {
			case *Hello:
				used += 4 + len(m.Frame)
			case *Frames:
				for _, f := range m.Frames {
					used += 12 + len(f.Body)
				}
			case *Broken:
				if m.Err == nil || i != len(told)-1 {
					t.Fatalf("broken by %v, message %d of %d", m.Err, i, len(told))
				}
			}
		}
		if used > len(input) {
			t.Fatalf("%d bytes came, %d were told", len(input), used)
		}
	})
}
